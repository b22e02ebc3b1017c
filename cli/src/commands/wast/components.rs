//! Values of components in scripts: arguments and results.

use precast_loader::component::Value;
use wast::component::WastVal;

/// The value of an argument.
pub(super) fn value(arg: &WastVal<'_>) -> Value {
    let boxed = |carried: &Option<Box<WastVal<'_>>>| {
        carried.as_ref().map(|carried| Box::new(value(carried)))
    };
    match arg {
        WastVal::Bool(value) => Value::Bool(*value),
        WastVal::U8(value) => Value::U8(*value),
        WastVal::S8(value) => Value::S8(*value),
        WastVal::U16(value) => Value::U16(*value),
        WastVal::S16(value) => Value::S16(*value),
        WastVal::U32(value) => Value::U32(*value),
        WastVal::S32(value) => Value::S32(*value),
        WastVal::U64(value) => Value::U64(*value),
        WastVal::S64(value) => Value::S64(*value),
        WastVal::F32(value) => Value::F32(f32::from_bits(value.bits)),
        WastVal::F64(value) => Value::F64(f64::from_bits(value.bits)),
        WastVal::Char(value) => Value::Char(*value),
        WastVal::String(value) => Value::String((*value).to_owned()),
        WastVal::List(values) => Value::List(values.iter().map(value).collect()),
        WastVal::Map(entries) => {
            Value::Map(entries.iter().map(|(key, of)| (value(key), value(of))).collect())
        }
        WastVal::Record(fields) => {
            let fields = fields.iter().map(|(name, of)| ((*name).to_owned(), value(of)));
            Value::Record(fields.collect())
        }
        WastVal::Tuple(values) => Value::Tuple(values.iter().map(value).collect()),
        WastVal::Variant(name, carried) => Value::Variant((*name).to_owned(), boxed(carried)),
        WastVal::Enum(name) => Value::Enum((*name).to_owned()),
        WastVal::Option(carried) => Value::Option(boxed(carried)),
        WastVal::Result(Ok(carried)) => Value::Result(Ok(boxed(carried))),
        WastVal::Result(Err(carried)) => Value::Result(Err(boxed(carried))),
        WastVal::Flags(names) => {
            Value::Flags(names.iter().map(|name| (*name).to_owned()).collect())
        }
    }
}

/// Whether a result is what a script expects: numbers bit by bit, but any NaN
/// for a NaN, and names of flags in any order.
pub(super) fn matches(found: &Value, expected: &WastVal<'_>) -> bool {
    same(found, &value(expected))
}

fn same(a: &Value, b: &Value) -> bool {
    let all = |a: &[Value], b: &[Value]| a.len() == b.len() && a.iter().zip(b).all(pair);
    let carried = |a: &Option<Box<Value>>, b: &Option<Box<Value>>| match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    match (a, b) {
        (Value::F32(a), Value::F32(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
        (Value::F64(a), Value::F64(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => all(a, b),
        (Value::Map(a), Value::Map(b)) => {
            let entry =
                |((a, x), (b, y)): (&(Value, Value), &(Value, Value))| same(a, b) && same(x, y);
            a.len() == b.len() && a.iter().zip(b).all(entry)
        }
        (Value::Record(a), Value::Record(b)) => {
            let field =
                |((a, x), (b, y)): (&(String, Value), &(String, Value))| a == b && same(x, y);
            a.len() == b.len() && a.iter().zip(b).all(field)
        }
        (Value::Variant(a, x), Value::Variant(b, y)) => a == b && carried(x, y),
        (Value::Option(a), Value::Option(b)) => carried(a, b),
        (Value::Result(Ok(a)), Value::Result(Ok(b)))
        | (Value::Result(Err(a)), Value::Result(Err(b))) => carried(a, b),
        (Value::Flags(a), Value::Flags(b)) => {
            a.len() == b.len() && a.iter().all(|name| b.contains(name))
        }
        (a, b) => a == b,
    }
}

fn pair((a, b): (&Value, &Value)) -> bool {
    same(a, b)
}

/// Whether a trap's message is the one that a script means: traps of the
/// canonical ABI say more than their code.
pub(super) fn is_trap(message: &str, expected: &str) -> bool {
    let plain = |text: &str| text.strip_prefix("wasm trap: ").unwrap_or(text).to_owned();
    plain(message).starts_with(&plain(expected))
}
