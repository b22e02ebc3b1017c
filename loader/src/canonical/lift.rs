//! Lifting of values whose types are known when they come: from core values,
//! and from memory.

use crate::canonical::canon::{Canon, Flat};
use crate::canonical::shape::{self, Types, align_up};
use crate::canonical::value::Value;
use crate::error::Result;
use precast_artifact::component::{ComponentVal, CompositeVal};
use precast_artifact::trap::TrapCode;

/// Lifts a value from core values.
pub(crate) fn flat(
    canon: &mut Canon<'_>,
    types: &Types,
    ty: ComponentVal,
    from: &mut Flat<'_>,
) -> Result<Value> {
    match types.composite(ty) {
        None if ty == ComponentVal::String => {
            let (at, length) = (from.u32(), from.u32());
            canon.string(at, length).map(Value::String)
        }
        None => simple(canon, ty, from.u64()),
        Some(CompositeVal::List(_) | CompositeVal::Map(..)) => {
            let (at, length) = (from.u32(), from.u32());
            list(canon, types, ty, at, length)
        }
        Some(CompositeVal::Flags(names)) => {
            let words = (0..names.len().div_ceil(32)).map(|_| from.u32()).collect::<Vec<_>>();
            Ok(flags(names, &words))
        }
        Some(composite) if shape::case_count(composite) > 0 => {
            let count = types.flat(ty).map_or(1, <[_]>::len);
            let mut own = from.part(count);
            let case = own.u32();
            let payload = shape::payload(composite, case).ok_or(TrapCode::InvalidDiscriminant)?;
            let carried = match payload {
                Some(ty) => Some(Box::new(flat(canon, types, ty, &mut own)?)),
                None => None,
            };
            Ok(with_case(composite, case as usize, carried))
        }
        Some(composite) => {
            let tys = parts(composite);
            let parts = tys.into_iter().map(|ty| flat(canon, types, ty, from));
            let parts = parts.collect::<Result<Vec<_>>>()?;
            Ok(assembled(composite, parts))
        }
    }
}

/// Lifts a value from memory; the address is aligned.
pub(crate) fn load(
    canon: &mut Canon<'_>,
    types: &Types,
    ty: ComponentVal,
    at: u32,
) -> Result<Value> {
    match types.composite(ty) {
        None if ty == ComponentVal::String => {
            let (address, length) = pair(canon, at)?;
            canon.string(address, length).map(Value::String)
        }
        None => {
            let bits = canon.load(at, types.size(ty) as u32)?;
            simple(canon, ty, bits)
        }
        Some(CompositeVal::List(_) | CompositeVal::Map(..)) => {
            let (address, length) = pair(canon, at)?;
            list(canon, types, ty, address, length)
        }
        Some(CompositeVal::Flags(names)) => {
            let size = types.size(ty) as u32;
            let words = (0..size.div_ceil(4)).map(|word| {
                let bits = canon.load(at + word * 4, size.min(4));
                bits.map(|bits| bits as u32)
            });
            let words = words.collect::<Result<Vec<_>>>()?;
            Ok(flags(names, &words))
        }
        Some(composite) if shape::case_count(composite) > 0 => {
            let number = shape::number_size(shape::case_count(composite));
            let case = canon.load(at, number)? as u32;
            let payload = shape::payload(composite, case).ok_or(TrapCode::InvalidDiscriminant)?;
            let carried = match payload {
                Some(carried) => {
                    let at = at + types.payload_offset(ty);
                    Some(Box::new(load(canon, types, carried, at)?))
                }
                None => None,
            };
            Ok(with_case(composite, case as usize, carried))
        }
        Some(composite) => {
            let parts = in_order(canon, types, parts(composite), at)?;
            Ok(assembled(composite, parts))
        }
    }
}

/// Lifts values that lie in memory as the fields of a record do.
pub(crate) fn in_order(
    canon: &mut Canon<'_>,
    types: &Types,
    tys: impl IntoIterator<Item = ComponentVal>,
    at: u32,
) -> Result<Vec<Value>> {
    let mut offset = 0;
    let tys = tys.into_iter();
    tys.map(|ty| {
        offset = align_up(offset, types.align(ty));
        // What holds all of them was found to be in memory.
        let value = load(canon, types, ty, at.wrapping_add(offset as u32));
        offset += types.size(ty);
        value
    })
    .collect()
}

/// Address and length.
fn pair(canon: &Canon<'_>, at: u32) -> Result<(u32, u32)> {
    let both = canon.load(at, 8)?;
    Ok((both as u32, (both >> 32) as u32))
}

fn list(
    canon: &mut Canon<'_>,
    types: &Types,
    ty: ComponentVal,
    at: u32,
    length: u32,
) -> Result<Value> {
    let (size, align) = match types.composite(ty) {
        Some(CompositeVal::Map(key, value)) => types.tuple([*key, *value]),
        Some(CompositeVal::List(element)) => (types.size(*element), types.align(*element)),
        _ => unreachable!("callers have a list"),
    };
    canon.check_list(at, length, size, align)?;
    let addresses = (0..length).map(|index| at + index * size as u32);
    match types.composite(ty) {
        Some(CompositeVal::Map(key, value)) => {
            let entries = addresses.map(|at| {
                let mut both = in_order(canon, types, [*key, *value], at)?;
                let value = both.pop();
                Ok(both.pop().zip(value).expect("two were lifted"))
            });
            Ok(Value::Map(entries.collect::<Result<_>>()?))
        }
        Some(CompositeVal::List(ComponentVal::U8)) => {
            let bytes = canon.bytes(at, length.into())?;
            Ok(Value::List(bytes.iter().map(|byte| Value::U8(*byte)).collect()))
        }
        Some(CompositeVal::List(element)) => {
            let elements = addresses.map(|at| load(canon, types, *element, at));
            Ok(Value::List(elements.collect::<Result<_>>()?))
        }
        _ => unreachable!("callers have a list"),
    }
}

/// A value that is one core value.
fn simple(canon: &mut Canon<'_>, ty: ComponentVal, bits: u64) -> Result<Value> {
    Ok(match ty {
        ComponentVal::Bool => Value::Bool(bits as u32 != 0),
        ComponentVal::S8 => Value::S8(bits as i8),
        ComponentVal::U8 => Value::U8(bits as u8),
        ComponentVal::S16 => Value::S16(bits as i16),
        ComponentVal::U16 => Value::U16(bits as u16),
        ComponentVal::S32 => Value::S32(bits as i32),
        ComponentVal::U32 => Value::U32(bits as u32),
        ComponentVal::S64 => Value::S64(bits as i64),
        ComponentVal::U64 => Value::U64(bits),
        ComponentVal::F32 => Value::F32(f32::from_bits(bits as u32)),
        ComponentVal::F64 => Value::F64(f64::from_bits(bits)),
        ComponentVal::Char => {
            Value::Char(char::from_u32(bits as u32).ok_or(TrapCode::InvalidChar)?)
        }
        ComponentVal::Own(table) => {
            let held = canon.lift_own(table, bits as u32)?;
            Value::Resource(canon.hold(held))
        }
        ComponentVal::Borrow(table) => {
            let held = canon.lift_borrow(table, bits as u32)?;
            Value::Resource(canon.hold(held))
        }
        ComponentVal::String | ComponentVal::Composite(_) => {
            unreachable!("callers know these to be more than one")
        }
    })
}

fn flags(names: &[String], words: &[u32]) -> Value {
    let set = |index: usize| words[index / 32] >> (index % 32) & 1 != 0;
    let set = names.iter().enumerate().filter(|(index, _)| set(*index));
    Value::Flags(set.map(|(_, name)| name.clone()).collect())
}

/// What a type without cases is made of.
pub(crate) fn parts(composite: &CompositeVal) -> Vec<ComponentVal> {
    match composite {
        CompositeVal::Record(fields) => fields.iter().map(|field| field.ty).collect(),
        CompositeVal::Tuple(tys) => tys.clone(),
        CompositeVal::FixedList(ty, count) => vec![*ty; *count as usize],
        _ => Vec::new(),
    }
}

fn assembled(composite: &CompositeVal, parts: Vec<Value>) -> Value {
    match composite {
        CompositeVal::Record(fields) => {
            let names = fields.iter().map(|field| field.name.clone());
            Value::Record(names.zip(parts).collect())
        }
        CompositeVal::FixedList(..) => Value::List(parts),
        _ => Value::Tuple(parts),
    }
}

fn with_case(composite: &CompositeVal, case: usize, carried: Option<Box<Value>>) -> Value {
    match composite {
        CompositeVal::Variant(cases) => Value::Variant(cases[case].name.clone(), carried),
        CompositeVal::Enum(names) => Value::Enum(names[case].clone()),
        CompositeVal::Option(_) => Value::Option(carried),
        _ if case == 0 => Value::Result(Ok(carried)),
        _ => Value::Result(Err(carried)),
    }
}
