//! Lowering of values whose types are known when they come: to core values, and
//! into memory.

use crate::canonical::canon::Canon;
use crate::canonical::lift::parts;
use crate::canonical::shape::{self, Types, align_up};
use crate::canonical::state::{ComponentState, HeldResource};
use crate::canonical::value::{Resource, Value};
use crate::error::{Error, Result};
use crate::vm::raw::RawValue;
use precast_artifact::component::{ComponentVal, CompositeVal};
use precast_artifact::index::ResourceTableIndex;

/// Lowers a value to core values.
pub(crate) fn flat(
    canon: &mut Canon<'_>,
    types: &Types,
    ty: ComponentVal,
    value: &Value,
    to: &mut Vec<RawValue>,
) -> Result<()> {
    let Some(composite) = types.composite(ty) else {
        if let (ComponentVal::String, Value::String(text)) = (ty, value) {
            let (at, length) = canon.new_string(text)?;
            to.extend([RawValue::from(at), length.into()]);
        } else {
            to.push(simple(canon, types, ty, value)?.into());
        }
        return Ok(());
    };
    match composite {
        CompositeVal::List(_) | CompositeVal::Map(..) => {
            let (at, length) = list(canon, types, composite, value)?;
            to.extend([RawValue::from(at), length.into()]);
        }
        CompositeVal::Flags(names) => {
            to.extend(flags(names, value)?.into_iter().map(RawValue::from));
        }
        _ if shape::case_count(composite) > 0 => {
            let end = to.len() + types.flat(ty).map_or(1, <[_]>::len);
            let (case, carried) = case_of(composite, value)?;
            to.push(case.into());
            if let Some((ty, value)) = carried {
                flat(canon, types, ty, value, to)?;
            }
            // What the other cases would have used.
            to.resize(end, RawValue::default());
        }
        _ => {
            for (ty, value) in parts(composite).into_iter().zip(fields(composite, value)?) {
                flat(canon, types, ty, value, to)?;
            }
        }
    }
    Ok(())
}

/// Lowers a value into memory, to an address that is aligned and has room.
pub(crate) fn store(
    canon: &mut Canon<'_>,
    types: &Types,
    ty: ComponentVal,
    value: &Value,
    at: u32,
) -> Result<()> {
    let Some(composite) = types.composite(ty) else {
        if let (ComponentVal::String, Value::String(text)) = (ty, value) {
            let (address, length) = canon.new_string(text)?;
            return canon.store_number(at, 8, pair(address, length));
        }
        let bits = simple(canon, types, ty, value)?;
        return canon.store_number(at, types.size(ty) as u32, bits);
    };
    match composite {
        CompositeVal::List(_) | CompositeVal::Map(..) => {
            let (address, length) = list(canon, types, composite, value)?;
            canon.store_number(at, 8, pair(address, length))
        }
        CompositeVal::Flags(names) => {
            let size = types.size(ty) as u32;
            for (index, word) in flags(names, value)?.into_iter().enumerate() {
                canon.store_number(at + index as u32 * 4, size.min(4), word.into())?;
            }
            Ok(())
        }
        _ if shape::case_count(composite) > 0 => {
            let (case, carried) = case_of(composite, value)?;
            let number = shape::number_size(shape::case_count(composite));
            canon.store_number(at, number, case.into())?;
            match carried {
                Some((carried, value)) => {
                    store(canon, types, carried, value, at + types.payload_offset(ty))
                }
                None => Ok(()),
            }
        }
        _ => {
            let values = fields(composite, value)?;
            in_order(canon, types, parts(composite).into_iter().zip(values), at)
        }
    }
}

/// Lowers values into memory as the fields of a record lie.
pub(crate) fn in_order<'v>(
    canon: &mut Canon<'_>,
    types: &Types,
    values: impl IntoIterator<Item = (ComponentVal, &'v Value)>,
    at: u32,
) -> Result<()> {
    let mut offset = 0;
    for (ty, value) in values {
        offset = align_up(offset, types.align(ty));
        store(canon, types, ty, value, at.wrapping_add(offset as u32))?;
        offset += types.size(ty);
    }
    Ok(())
}

fn pair(at: u32, length: u32) -> u64 {
    u64::from(at) | u64::from(length) << 32
}

fn mismatch(expected: &str, value: &Value) -> Error {
    Error::usage(format!("a {} was given where a {expected} is expected", value.kind()))
}

fn list(
    canon: &mut Canon<'_>,
    types: &Types,
    composite: &CompositeVal,
    value: &Value,
) -> Result<(u32, u32)> {
    let too_long = |_| Error::usage("a list is too long for a component");
    match (composite, value) {
        (CompositeVal::List(element), Value::List(values)) => {
            let length = u32::try_from(values.len()).map_err(too_long)?;
            let (size, align) = (types.size(*element), types.align(*element));
            let at = canon.allocate(size.saturating_mul(length.into()), align)?;
            for (index, value) in values.iter().enumerate() {
                store(canon, types, *element, value, at + index as u32 * size as u32)?;
            }
            Ok((at, length))
        }
        (CompositeVal::Map(key_type, value_type), Value::Map(entries)) => {
            let length = u32::try_from(entries.len()).map_err(too_long)?;
            let (size, align) = types.tuple([*key_type, *value_type]);
            let at = canon.allocate(size.saturating_mul(length.into()), align)?;
            for (index, (key, value)) in entries.iter().enumerate() {
                let entry = [(*key_type, key), (*value_type, value)];
                in_order(canon, types, entry, at + index as u32 * size as u32)?;
            }
            Ok((at, length))
        }
        (CompositeVal::Map(..), _) => Err(mismatch("map", value)),
        _ => Err(mismatch("list", value)),
    }
}

/// A value that is one core value, as its bits.
fn simple(canon: &mut Canon<'_>, types: &Types, ty: ComponentVal, value: &Value) -> Result<u64> {
    Ok(match (ty, value) {
        (ComponentVal::Bool, Value::Bool(value)) => (*value).into(),
        (ComponentVal::S8, Value::S8(value)) => (i32::from(*value) as u32).into(),
        (ComponentVal::U8, Value::U8(value)) => (*value).into(),
        (ComponentVal::S16, Value::S16(value)) => (i32::from(*value) as u32).into(),
        (ComponentVal::U16, Value::U16(value)) => (*value).into(),
        (ComponentVal::S32, Value::S32(value)) => (*value as u32).into(),
        (ComponentVal::U32, Value::U32(value)) => (*value).into(),
        (ComponentVal::S64, Value::S64(value)) => *value as u64,
        (ComponentVal::U64, Value::U64(value)) => *value,
        (ComponentVal::F32, Value::F32(value)) => value.to_bits().into(),
        (ComponentVal::F64, Value::F64(value)) => value.to_bits(),
        (ComponentVal::Char, Value::Char(value)) => u32::from(*value).into(),
        (ComponentVal::Own(table), Value::Resource(resource)) => {
            let held = given(canon, table, *resource, true)?;
            canon.lower_own(table, held.rep)?.into()
        }
        (ComponentVal::Borrow(table), Value::Resource(resource)) => {
            let held = given(canon, table, *resource, false)?;
            canon.lower_borrow(table, held.rep)?.into()
        }
        _ => return Err(mismatch(&crate::canonical::text::value_type(types, ty), value)),
    })
}

/// What the host gives away, or lends, if it is of the type.
fn given(
    canon: &mut Canon<'_>,
    table: ResourceTableIndex,
    resource: Resource,
    own: bool,
) -> Result<HeldResource> {
    let (expected, _) = canon.state().table(table)?;
    let expected = canon.state().resources[expected.index()].ty;
    let core = canon.store().core();
    core.owns(resource.store)?;
    let holder = ComponentState::of(core, resource.component);
    let gone = || Error::usage("a resource was used that had been dropped or given away");
    let held = holder.held.get(resource).ok_or_else(gone)?;
    if holder.resources[held.resource.index()].ty != expected {
        return Err(Error::usage("a resource of another type was given"));
    }
    if own && !held.own {
        return Err(Error::usage("a borrowed resource cannot be given away"));
    }
    if own {
        holder.held.take(resource);
    }
    Ok(held)
}

fn flags(names: &[String], value: &Value) -> Result<Vec<u32>> {
    let Value::Flags(set) = value else { return Err(mismatch("flags", value)) };
    let mut words = vec![0; names.len().div_ceil(32)];
    for name in set {
        let index = names.iter().position(|known| known == name);
        let index = index.ok_or_else(|| Error::usage(format!("there is no flag `{name}`")))?;
        words[index / 32] |= 1 << (index % 32);
    }
    Ok(words)
}

/// The number of a case, and what it carries.
fn case_of<'v>(
    composite: &CompositeVal,
    value: &'v Value,
) -> Result<(u32, Option<(ComponentVal, &'v Value)>)> {
    let unknown = |name: &str| Error::usage(format!("there is no case `{name}`"));
    let (case, carried) = match (composite, value) {
        (CompositeVal::Variant(cases), Value::Variant(name, carried)) => {
            let case = cases.iter().position(|case| case.name == *name);
            (case.ok_or_else(|| unknown(name))? as u32, carried.as_deref())
        }
        (CompositeVal::Enum(names), Value::Enum(name)) => {
            let case = names.iter().position(|known| known == name);
            (case.ok_or_else(|| unknown(name))? as u32, None)
        }
        (CompositeVal::Option(_), Value::Option(carried)) => {
            (carried.is_some().into(), carried.as_deref())
        }
        (CompositeVal::Result { .. }, Value::Result(Ok(carried))) => (0, carried.as_deref()),
        (CompositeVal::Result { .. }, Value::Result(Err(carried))) => (1, carried.as_deref()),
        (CompositeVal::Variant(_), _) => return Err(mismatch("variant", value)),
        (CompositeVal::Enum(_), _) => return Err(mismatch("enum", value)),
        (CompositeVal::Option(_), _) => return Err(mismatch("option", value)),
        _ => return Err(mismatch("result", value)),
    };
    match (shape::payload(composite, case).flatten(), carried) {
        (Some(ty), Some(value)) => Ok((case, Some((ty, value)))),
        (None, None) => Ok((case, None)),
        (Some(_), None) => Err(Error::usage("a case was given without the value it carries")),
        (None, Some(_)) => Err(Error::usage("a case was given with a value, which carries none")),
    }
}

/// What a type without cases is made of, in its order.
fn fields<'v>(composite: &CompositeVal, value: &'v Value) -> Result<Vec<&'v Value>> {
    let values: Vec<&Value> = match (composite, value) {
        (CompositeVal::Record(fields), Value::Record(values)) => {
            for (field, (name, _)) in fields.iter().zip(values) {
                if field.name != *name {
                    let expected = &field.name;
                    return Err(Error::usage(format!("field `{name}` where `{expected}` is next")));
                }
            }
            values.iter().map(|(_, value)| value).collect()
        }
        (CompositeVal::Tuple(_), Value::Tuple(values)) => values.iter().collect(),
        (CompositeVal::FixedList(..), Value::List(values)) => values.iter().collect(),
        (CompositeVal::Record(_), _) => return Err(mismatch("record", value)),
        (CompositeVal::Tuple(_), _) => return Err(mismatch("tuple", value)),
        _ => return Err(mismatch("list", value)),
    };
    let expected = match composite {
        CompositeVal::Record(fields) => fields.len(),
        CompositeVal::Tuple(tys) => tys.len(),
        CompositeVal::FixedList(_, count) => *count as usize,
        _ => 0,
    };
    match values.len() == expected {
        true => Ok(values),
        false => {
            Err(Error::usage(format!("{} values where {expected} are expected", values.len())))
        }
    }
}
