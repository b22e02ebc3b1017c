//! Values of components as people write them, in WAVE
//! (<https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave>):
//! calls with arguments, and results.

use precast_loader::component::{Value, ValueType};
use std::borrow::Cow;
use wasm_wave::untyped::UntypedFuncCall;
use wasm_wave::value::{Type, Value as WaveValue};
use wasm_wave::wasm::WasmValue;

/// A call as it was written: what is called, and the arguments, which are read
/// when their types are known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrittenCall<'t> {
    /// The function's name, perhaps after that of an instance.
    pub(crate) name: &'t str,
    arguments: Cow<'t, str>,
}

impl<'t> WrittenCall<'t> {
    /// Splits `name(arguments)`, or a name alone.
    pub(crate) fn new(text: &'t str) -> Self {
        match text.find('(') {
            Some(at) => Self { name: text[..at].trim(), arguments: text[at..].trim().into() },
            None => Self { name: text.trim(), arguments: "()".into() },
        }
    }

    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// They are not of these types, or no WAVE.
    pub(crate) fn arguments(&self, params: &[(String, ValueType)]) -> Result<Vec<Value>, String> {
        let tys = params.iter().map(|(_, ty)| wave_type(ty)).collect::<Result<Vec<_>, _>>()?;
        let call = format!("f{}", self.arguments);
        let call = UntypedFuncCall::parse(&call).map_err(|error| error.to_string())?;
        let given: Vec<WaveValue> = call.to_wasm_params(&tys).map_err(|error| error.to_string())?;
        Ok(given.iter().zip(params).map(|(value, (_, ty))| from_wave(value, ty)).collect())
    }
}

/// A result, in WAVE.
///
/// # Errors
///
/// It holds a resource, which cannot be written.
pub(crate) fn show(value: &Value, ty: &ValueType) -> Result<String, String> {
    let value = to_wave(value, ty, &wave_type(ty)?)?;
    wasm_wave::to_string(&value).map_err(|error| error.to_string())
}

fn wave_type(ty: &ValueType) -> Result<Type, String> {
    let empty = || "a type without parts".to_owned();
    let optional = |ty: &Option<ValueType>| ty.as_ref().map(wave_type).transpose();
    let boxed = |ty: &Option<Box<ValueType>>| ty.as_deref().map(wave_type).transpose();
    Ok(match ty {
        ValueType::Bool => Type::BOOL,
        ValueType::S8 => Type::S8,
        ValueType::U8 => Type::U8,
        ValueType::S16 => Type::S16,
        ValueType::U16 => Type::U16,
        ValueType::S32 => Type::S32,
        ValueType::U32 => Type::U32,
        ValueType::S64 => Type::S64,
        ValueType::U64 => Type::U64,
        ValueType::F32 => Type::F32,
        ValueType::F64 => Type::F64,
        ValueType::Char => Type::CHAR,
        ValueType::String => Type::STRING,
        // How many there are is seen when they are passed.
        ValueType::List(element) | ValueType::FixedList(element, _) => {
            Type::list(wave_type(element)?)
        }
        ValueType::Map(key, value) => {
            Type::map(wave_type(key)?, wave_type(value)?).ok_or_else(empty)?
        }
        ValueType::Record(fields) => {
            let fields = fields.iter().map(|(name, ty)| Ok((name.as_str(), wave_type(ty)?)));
            Type::record(fields.collect::<Result<Vec<_>, String>>()?).ok_or_else(empty)?
        }
        ValueType::Tuple(tys) => {
            let tys = tys.iter().map(wave_type).collect::<Result<Vec<_>, _>>()?;
            Type::tuple(tys).ok_or_else(empty)?
        }
        ValueType::Variant(cases) => {
            let cases = cases.iter().map(|(name, ty)| Ok((name.as_str(), optional(ty)?)));
            Type::variant(cases.collect::<Result<Vec<_>, String>>()?).ok_or_else(empty)?
        }
        ValueType::Enum(names) => {
            Type::enum_ty(names.iter().map(String::as_str)).ok_or_else(empty)?
        }
        ValueType::Option(some) => Type::option(wave_type(some)?),
        ValueType::Result(ok, err) => Type::result(boxed(ok)?, boxed(err)?),
        ValueType::Flags(names) => {
            Type::flags(names.iter().map(String::as_str)).ok_or_else(empty)?
        }
        other => return Err(format!("a value of type {other:?} cannot be written as text")),
    })
}

/// A value that was read along this type.
fn from_wave(value: &WaveValue, ty: &ValueType) -> Value {
    let carried = |value: Option<Cow<'_, WaveValue>>, ty: Option<&ValueType>| {
        value.zip(ty).map(|(value, ty)| Box::new(from_wave(&value, ty)))
    };
    match ty {
        ValueType::Bool => Value::Bool(value.unwrap_bool()),
        ValueType::S8 => Value::S8(value.unwrap_s8()),
        ValueType::U8 => Value::U8(value.unwrap_u8()),
        ValueType::S16 => Value::S16(value.unwrap_s16()),
        ValueType::U16 => Value::U16(value.unwrap_u16()),
        ValueType::S32 => Value::S32(value.unwrap_s32()),
        ValueType::U32 => Value::U32(value.unwrap_u32()),
        ValueType::S64 => Value::S64(value.unwrap_s64()),
        ValueType::U64 => Value::U64(value.unwrap_u64()),
        ValueType::F32 => Value::F32(value.unwrap_f32()),
        ValueType::F64 => Value::F64(value.unwrap_f64()),
        ValueType::Char => Value::Char(value.unwrap_char()),
        ValueType::List(element) | ValueType::FixedList(element, _) => {
            Value::List(value.unwrap_list().map(|value| from_wave(&value, element)).collect())
        }
        ValueType::Map(key, of) => {
            let entries = value.unwrap_map();
            Value::Map(entries.map(|(k, v)| (from_wave(&k, key), from_wave(&v, of))).collect())
        }
        ValueType::Record(fields) => {
            let values = value.unwrap_record().zip(fields);
            let fields =
                values.map(|((name, value), (_, ty))| (name.into_owned(), from_wave(&value, ty)));
            Value::Record(fields.collect())
        }
        ValueType::Tuple(tys) => {
            let values = value.unwrap_tuple().zip(tys);
            Value::Tuple(values.map(|(value, ty)| from_wave(&value, ty)).collect())
        }
        ValueType::Variant(cases) => {
            let (name, value) = value.unwrap_variant();
            let ty = cases.iter().find(|(case, _)| *case == name);
            let ty = ty.and_then(|(_, ty)| ty.as_ref());
            Value::Variant(name.into_owned(), carried(value, ty))
        }
        ValueType::Enum(_) => Value::Enum(value.unwrap_enum().into_owned()),
        ValueType::Option(some) => Value::Option(carried(value.unwrap_option(), Some(some))),
        ValueType::Result(ok, err) => Value::Result(match value.unwrap_result() {
            Ok(value) => Ok(carried(value, ok.as_deref())),
            Err(value) => Err(carried(value, err.as_deref())),
        }),
        ValueType::Flags(_) => Value::Flags(value.unwrap_flags().map(Cow::into_owned).collect()),
        _ => Value::String(value.unwrap_string().into_owned()),
    }
}

/// A value of this type, as `as_` in WAVE.
fn to_wave(value: &Value, ty: &ValueType, as_: &Type) -> Result<WaveValue, String> {
    let of = |value: &Value, ty: &ValueType| to_wave(value, ty, &wave_type(ty)?);
    let carried = |value: &Option<Box<Value>>, ty: Option<&ValueType>| {
        value.as_deref().zip(ty).map(|(value, ty)| of(value, ty)).transpose()
    };
    let made = match (value, ty) {
        (Value::Bool(value), _) => Ok(WaveValue::make_bool(*value)),
        (Value::S8(value), _) => Ok(WaveValue::make_s8(*value)),
        (Value::U8(value), _) => Ok(WaveValue::make_u8(*value)),
        (Value::S16(value), _) => Ok(WaveValue::make_s16(*value)),
        (Value::U16(value), _) => Ok(WaveValue::make_u16(*value)),
        (Value::S32(value), _) => Ok(WaveValue::make_s32(*value)),
        (Value::U32(value), _) => Ok(WaveValue::make_u32(*value)),
        (Value::S64(value), _) => Ok(WaveValue::make_s64(*value)),
        (Value::U64(value), _) => Ok(WaveValue::make_u64(*value)),
        (Value::F32(value), _) => Ok(WaveValue::make_f32(*value)),
        (Value::F64(value), _) => Ok(WaveValue::make_f64(*value)),
        (Value::Char(value), _) => Ok(WaveValue::make_char(*value)),
        (Value::String(text), _) => Ok(WaveValue::make_string(text.into())),
        (Value::List(values), ValueType::List(element) | ValueType::FixedList(element, _)) => {
            let values = values.iter().map(|value| of(value, element));
            WaveValue::make_list(as_, values.collect::<Result<Vec<_>, _>>()?)
        }
        (Value::Map(entries), ValueType::Map(key, value)) => {
            let entries = entries.iter().map(|(k, v)| Ok((of(k, key)?, of(v, value)?)));
            WaveValue::make_map(as_, entries.collect::<Result<Vec<_>, String>>()?)
        }
        (Value::Record(values), ValueType::Record(fields)) => {
            let fields = values.iter().zip(fields);
            let fields = fields.map(|((name, value), (_, ty))| Ok((name.as_str(), of(value, ty)?)));
            WaveValue::make_record(as_, fields.collect::<Result<Vec<_>, String>>()?)
        }
        (Value::Tuple(values), ValueType::Tuple(tys)) => {
            let values = values.iter().zip(tys).map(|(value, ty)| of(value, ty));
            WaveValue::make_tuple(as_, values.collect::<Result<Vec<_>, _>>()?)
        }
        (Value::Variant(name, value), ValueType::Variant(cases)) => {
            let ty = cases.iter().find(|(case, _)| case == name);
            WaveValue::make_variant(as_, name, carried(value, ty.and_then(|ty| ty.1.as_ref()))?)
        }
        (Value::Enum(name), _) => WaveValue::make_enum(as_, name),
        (Value::Option(value), ValueType::Option(some)) => {
            WaveValue::make_option(as_, carried(value, Some(some))?)
        }
        (Value::Result(Ok(value)), ValueType::Result(ok, _)) => {
            WaveValue::make_result(as_, Ok(carried(value, ok.as_deref())?))
        }
        (Value::Result(Err(value)), ValueType::Result(_, err)) => {
            WaveValue::make_result(as_, Err(carried(value, err.as_deref())?))
        }
        (Value::Flags(names), _) => WaveValue::make_flags(as_, names.iter().map(String::as_str)),
        _ => return Err("a result that cannot be written as text".to_owned()),
    };
    made.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(ty: ValueType, text: &str) {
        let call = format!("f({text})");
        let params = [("p".to_owned(), ty.clone())];
        let values = WrittenCall::new(&call).arguments(&params).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(show(&values[0], &ty).as_deref(), Ok(text));
    }

    #[test]
    fn every_kind_of_value() {
        let name = |name: &str| name.to_owned();
        let string = || Box::new(ValueType::String);
        there_and_back(ValueType::Bool, "true");
        there_and_back(ValueType::S8, "-128");
        there_and_back(ValueType::F64, "0.5");
        there_and_back(ValueType::Char, "'x'");
        there_and_back(ValueType::String, r#""a \" b""#);
        there_and_back(ValueType::List(string()), r#"["a", "b"]"#);
        there_and_back(ValueType::FixedList(Box::new(ValueType::U8), 2), "[1, 2]");
        let fields = vec![(name("first"), ValueType::String), (name("age"), ValueType::U8)];
        there_and_back(ValueType::Record(fields), r#"{first: "Ada", age: 36}"#);
        there_and_back(ValueType::Tuple(vec![ValueType::U8, ValueType::Bool]), "(1, false)");
        let cases = vec![(name("empty"), None), (name("size"), Some(ValueType::U32))];
        there_and_back(ValueType::Variant(cases.clone()), "size(7)");
        there_and_back(ValueType::Variant(cases), "empty");
        there_and_back(ValueType::Enum(vec![name("red"), name("green")]), "green");
        there_and_back(ValueType::Option(string()), r#"some("x")"#);
        there_and_back(ValueType::Option(string()), "none");
        there_and_back(ValueType::Result(Some(string()), None), r#"ok("x")"#);
        there_and_back(ValueType::Result(None, Some(string())), r#"err("y")"#);
        there_and_back(ValueType::Flags(vec![name("a"), name("b")]), "{b}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let params = [("p".to_owned(), ValueType::U8)];
        for text in ["f(256)", "f(\"x\")", "f(1, 2)", "f()", "f(", "f"] {
            assert!(WrittenCall::new(text).arguments(&params).is_err(), "{text}");
        }
        let call = WrittenCall::new("a:b/c@1.0.0/f ( 7 )");
        assert_eq!(call.name, "a:b/c@1.0.0/f");
        assert_eq!(call.arguments(&params), Ok(vec![Value::U8(7)]));
        assert!(show(&Value::U8(1), &ValueType::Resource("own<r>".to_owned())).is_err());
    }
}
