//! The encoding of values of components in requests and answers: a number for
//! the kind, then what it holds.

use precast_artifact::wire::{Reader, Result, Writer};
use precast_loader::component::Value;

/// Appends a value. A resource is good on its own side only, and is left out.
pub(super) fn write(w: &mut Writer, value: &Value) {
    match value {
        Value::Bool(value) => number(w, 0, (*value).into()),
        Value::S8(value) => number(w, 1, *value as u8 as u64),
        Value::U8(value) => number(w, 2, (*value).into()),
        Value::S16(value) => number(w, 3, *value as u16 as u64),
        Value::U16(value) => number(w, 4, (*value).into()),
        Value::S32(value) => number(w, 5, *value as u32 as u64),
        Value::U32(value) => number(w, 6, (*value).into()),
        Value::S64(value) => number(w, 7, *value as u64),
        Value::U64(value) => number(w, 8, *value),
        Value::F32(value) => number(w, 9, value.to_bits().into()),
        Value::F64(value) => number(w, 10, value.to_bits()),
        Value::Char(value) => number(w, 11, u32::from(*value).into()),
        Value::String(text) => name(w, 12, text),
        Value::List(values) => several(w, 13, values),
        Value::Tuple(values) => several(w, 14, values),
        Value::Map(entries) => {
            w.u8(15);
            w.list(entries, |w, (key, value)| {
                write(w, key);
                write(w, value);
            });
        }
        Value::Record(fields) => {
            w.u8(16);
            w.list(fields, |w, (name, value)| {
                w.str(name);
                write(w, value);
            });
        }
        Value::Variant(case, value) => {
            name(w, 17, case);
            carried(w, value);
        }
        Value::Enum(case) => name(w, 18, case),
        Value::Option(value) => {
            w.u8(19);
            carried(w, value);
        }
        Value::Result(Ok(value)) => {
            w.u8(20);
            carried(w, value);
        }
        Value::Result(Err(value)) => {
            w.u8(21);
            carried(w, value);
        }
        Value::Flags(names) => {
            w.u8(22);
            w.list(names, |w, name| w.str(name));
        }
        _ => w.u8(23),
    }
}

fn number(w: &mut Writer, tag: u8, bits: u64) {
    w.u8(tag);
    w.u64(bits);
}

fn name(w: &mut Writer, tag: u8, name: &str) {
    w.u8(tag);
    w.str(name);
}

fn several(w: &mut Writer, tag: u8, values: &[Value]) {
    w.u8(tag);
    w.list(values, write);
}

fn carried(w: &mut Writer, value: &Option<Box<Value>>) {
    w.option(value, |w, value| write(w, value));
}

/// Reads what [`write()`] wrote.
pub(super) fn read(r: &mut Reader<'_>) -> Result<Value> {
    let tag = r.u8()?;
    Ok(match tag {
        0 => Value::Bool(r.u64()? != 0),
        1 => Value::S8(r.u64()? as i8),
        2 => Value::U8(r.u64()? as u8),
        3 => Value::S16(r.u64()? as i16),
        4 => Value::U16(r.u64()? as u16),
        5 => Value::S32(r.u64()? as i32),
        6 => Value::U32(r.u64()? as u32),
        7 => Value::S64(r.u64()? as i64),
        8 => Value::U64(r.u64()?),
        9 => Value::F32(f32::from_bits(r.u64()? as u32)),
        10 => Value::F64(f64::from_bits(r.u64()?)),
        11 => {
            let char = char::from_u32(r.u64()? as u32);
            Value::Char(char.ok_or_else(|| r.error("a char"))?)
        }
        12 => Value::String(r.str()?.to_owned()),
        13 => Value::List(r.list(read)?),
        14 => Value::Tuple(r.list(read)?),
        15 => Value::Map(r.list(|r| Ok((read(r)?, read(r)?)))?),
        16 => Value::Record(r.list(|r| Ok((r.str()?.to_owned(), read(r)?)))?),
        17 => Value::Variant(r.str()?.to_owned(), read_carried(r)?),
        18 => Value::Enum(r.str()?.to_owned()),
        19 => Value::Option(read_carried(r)?),
        20 => Value::Result(Ok(read_carried(r)?)),
        21 => Value::Result(Err(read_carried(r)?)),
        22 => Value::Flags(r.list(|r| Ok(r.str()?.to_owned()))?),
        other => return Err(r.error(format!("value {other} of a component"))),
    })
}

fn read_carried(r: &mut Reader<'_>) -> Result<Option<Box<Value>>> {
    Ok(if r.bool()? { Some(Box::new(read(r)?)) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let text = |text: &str| Value::String(text.to_owned());
        let some = |value| Some(Box::new(value));
        let values = [
            Value::S8(-1),
            Value::S64(i64::MIN),
            Value::F32(0.5),
            Value::Char('\u{1f370}'),
            Value::List(vec![text("a"), text("")]),
            Value::Map(vec![(Value::U8(1), Value::Bool(true))]),
            Value::Record(vec![("f".to_owned(), Value::Tuple(vec![Value::U16(7)]))]),
            Value::Variant("v".to_owned(), some(Value::Enum("e".to_owned()))),
            Value::Result(Ok(None)),
            Value::Result(Err(some(Value::Option(None)))),
            Value::Flags(vec!["x".to_owned()]),
        ];
        for value in values {
            let mut w = Writer::new();
            write(&mut w, &value);
            let bytes = w.finish();
            let mut r = Reader::new("value", &bytes);
            assert_eq!(read(&mut r).unwrap(), value);
            r.finish().unwrap();
        }
    }
}
