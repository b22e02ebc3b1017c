//! Values as people write them: arguments from a command line, results for it.

use crate::vm::types::ValType;
use crate::vm::value::Val;

impl Val {
    /// A value of type `ty` from text: integers decimal or `0x`, signed or
    /// unsigned; floats as Rust reads them; vectors as `0x` and their bits;
    /// references only as `null`. `None` if the text is no such value.
    ///
    /// ```
    /// use precast_loader::{Val, ValType};
    /// let value = Val::parse(&ValType::I32, "0xffffffff").expect("32 bits");
    /// assert_eq!(value.i32(), Some(-1));
    /// assert_eq!(value.to_text(), "-1");
    /// assert!(Val::parse(&ValType::I32, "4294967296").is_none());
    /// ```
    pub fn parse(ty: &ValType, text: &str) -> Option<Self> {
        Some(match ty {
            ValType::I32 => Self::I32(integer(text, 32)? as i32),
            ValType::I64 => Self::I64(integer(text, 64)? as i64),
            ValType::F32 => Self::F32(text.parse::<f32>().ok()?.to_bits()),
            ValType::F64 => Self::F64(text.parse::<f64>().ok()?.to_bits()),
            ValType::V128 => {
                let digits = text.strip_prefix("0x")?;
                Self::V128(u128::from_str_radix(digits, 16).ok()?)
            }
            ValType::Ref(_) if text == "null" => Self::default_for(ty)?,
            ValType::Ref(_) => return None,
        })
    }

    /// The value without its type, as [`Val::parse`] reads it; references that
    /// are not null by the kind of what they refer to.
    pub fn to_text(&self) -> String {
        match self {
            Self::I32(value) => value.to_string(),
            Self::I64(value) => value.to_string(),
            Self::F32(bits) => f32::from_bits(*bits).to_string(),
            Self::F64(bits) => f64::from_bits(*bits).to_string(),
            Self::V128(bits) => format!("{bits:#034x}"),
            Self::FuncRef(None) | Self::ExternRef(None) | Self::ExnRef(None) => "null".to_owned(),
            Self::FuncRef(Some(_)) => "funcref".to_owned(),
            Self::ExternRef(Some(_)) => "externref".to_owned(),
            Self::ExnRef(Some(_)) => "exnref".to_owned(),
        }
    }
}

/// An integer of so many bits, signed or unsigned.
fn integer(text: &str, bits: u32) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None => digits.parse::<i128>().ok()?,
    };
    let value = if negative { -magnitude } else { magnitude };
    let (low, high) = (-(1i128 << (bits - 1)), (1i128 << bits) - 1);
    (low..=high).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::types::RefType;

    #[test]
    fn numbers_as_people_write_them() {
        let int = |text| Val::parse(&ValType::I32, text).and_then(|v| v.i32());
        assert_eq!(int("-5"), Some(-5));
        assert_eq!(int("0xffffffff"), Some(-1));
        assert_eq!(int("4294967295"), Some(-1));
        assert_eq!(int("4294967296"), None);
        assert_eq!(int("1.5"), None);
        assert_eq!(Val::parse(&ValType::I64, "-1").and_then(|v| v.i64()), Some(-1));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let types = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
        for (ty, text) in types.iter().zip(["-7", "9000000000", "0.5", "-1e300", "0x10"]) {
            let value = Val::parse(ty, text).unwrap();
            let again = Val::parse(ty, &value.to_text()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{value:?}"));
        }
        let funcref = ValType::Ref(RefType::FUNCREF);
        assert_eq!(Val::parse(&funcref, "null").unwrap().to_text(), "null");
        assert!(Val::parse(&funcref, "funcref").is_none());
    }
}
