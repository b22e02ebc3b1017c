//! Values of scripts: arguments, and the patterns that results must match.

use crate::script::request::{Referent, ScriptValue};
use std::fmt::Write;
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};

/// The value of an argument.
pub(super) fn argument(arg: &WastArgCore<'_>) -> Result<ScriptValue, String> {
    Ok(match arg {
        WastArgCore::I32(value) => ScriptValue::I32(*value),
        WastArgCore::I64(value) => ScriptValue::I64(*value),
        WastArgCore::F32(value) => ScriptValue::F32(value.bits),
        WastArgCore::F64(value) => ScriptValue::F64(value.bits),
        WastArgCore::V128(value) => ScriptValue::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefNull(heap) => match kind(heap) {
            Some(kind) => ScriptValue::Null(kind),
            None => return Err(format!("null references of {heap:?} are not supported")),
        },
        WastArgCore::RefExtern(number) => ScriptValue::Extern(Some(*number)),
        WastArgCore::RefHost(_) => return Err("`ref.host` is not supported".to_owned()),
    })
}

fn kind(heap: &HeapType<'_>) -> Option<Referent> {
    match heap {
        HeapType::Abstract { ty, .. } => match ty {
            AbstractHeapType::Extern | AbstractHeapType::NoExtern => Some(Referent::Extern),
            AbstractHeapType::Func | AbstractHeapType::NoFunc => Some(Referent::Func),
            AbstractHeapType::Exn | AbstractHeapType::NoExn => Some(Referent::Exn),
            _ => None,
        },
        HeapType::Concrete(_) => Some(Referent::Func),
        _ => None,
    }
}

/// Whether a result is as expected.
pub(super) fn matches(value: &ScriptValue, pattern: &WastRetCore<'_>) -> bool {
    match (pattern, value) {
        (WastRetCore::Either(patterns), _) => patterns.iter().any(|p| matches(value, p)),
        (WastRetCore::I32(expected), ScriptValue::I32(value)) => expected == value,
        (WastRetCore::I64(expected), ScriptValue::I64(value)) => expected == value,
        (WastRetCore::F32(expected), ScriptValue::F32(bits)) => f32_matches(*bits, expected),
        (WastRetCore::F64(expected), ScriptValue::F64(bits)) => f64_matches(*bits, expected),
        (WastRetCore::V128(expected), ScriptValue::V128(bits)) => v128_matches(*bits, expected),
        (WastRetCore::RefNull(None), ScriptValue::Null(_)) => true,
        (WastRetCore::RefNull(Some(heap)), ScriptValue::Null(null)) => kind(heap) == Some(*null),
        (WastRetCore::RefFunc(_), ScriptValue::Func) => true,
        (WastRetCore::RefExtern(None), ScriptValue::Extern(_)) => true,
        (WastRetCore::RefExtern(expected), ScriptValue::Extern(number)) => expected == number,
        _ => false,
    }
}

/// A canonical NaN has only the quiet bit of the payload set, an arithmetic
/// one at least that (core specification 2.2.3). Either sign will do.
fn f32_matches(bits: u32, pattern: &NanPattern<F32>) -> bool {
    const SIGN: u32 = 1 << 31;
    const CANONICAL: u32 = 0x7fc0_0000;
    match pattern {
        NanPattern::CanonicalNan => bits & !SIGN == CANONICAL,
        NanPattern::ArithmeticNan => bits & CANONICAL == CANONICAL,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

/// As [`f32_matches`].
fn f64_matches(bits: u64, pattern: &NanPattern<F64>) -> bool {
    const SIGN: u64 = 1 << 63;
    const CANONICAL: u64 = 0x7ff8_0000_0000_0000;
    match pattern {
        NanPattern::CanonicalNan => bits & !SIGN == CANONICAL,
        NanPattern::ArithmeticNan => bits & CANONICAL == CANONICAL,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

fn v128_matches(bits: u128, pattern: &V128Pattern) -> bool {
    let lane = |index: usize, width: usize| bits >> (index * width);
    let mut lanes = 0..;
    let mut next = |width| lane(lanes.next().expect("endless"), width);
    match pattern {
        V128Pattern::I8x16(expected) => expected.iter().all(|e| *e == next(8) as i8),
        V128Pattern::I16x8(expected) => expected.iter().all(|e| *e == next(16) as i16),
        V128Pattern::I32x4(expected) => expected.iter().all(|e| *e == next(32) as i32),
        V128Pattern::I64x2(expected) => expected.iter().all(|e| *e == next(64) as i64),
        V128Pattern::F32x4(expected) => expected.iter().all(|e| f32_matches(next(32) as u32, e)),
        V128Pattern::F64x2(expected) => expected.iter().all(|e| f64_matches(next(64) as u64, e)),
    }
}

/// Results as reports show them.
pub(super) fn show(values: &[ScriptValue]) -> String {
    list(values, |value| match value {
        ScriptValue::I32(value) => format!("i32 {value}"),
        ScriptValue::I64(value) => format!("i64 {value}"),
        ScriptValue::F32(bits) => format!("f32 {:?} ({bits:#010x})", f32::from_bits(*bits)),
        ScriptValue::F64(bits) => format!("f64 {:?} ({bits:#018x})", f64::from_bits(*bits)),
        ScriptValue::V128(bits) => format!("v128 {bits:#034x}"),
        ScriptValue::Null(Referent::Func) => "null function".to_owned(),
        ScriptValue::Func => "a function".to_owned(),
        ScriptValue::Null(Referent::Exn) => "null exception".to_owned(),
        ScriptValue::Exception => "an exception".to_owned(),
        ScriptValue::Null(Referent::Extern) => "null host value".to_owned(),
        ScriptValue::Extern(Some(number)) => format!("host value {number}"),
        ScriptValue::Extern(None) => "a host value".to_owned(),
        ScriptValue::Component(value) => format!("{value:?}"),
    })
}

/// Patterns as reports show them.
pub(super) fn show_patterns(patterns: &[&WastRetCore<'_>]) -> String {
    list(patterns, |pattern| match pattern {
        WastRetCore::I32(value) => format!("i32 {value}"),
        WastRetCore::I64(value) => format!("i64 {value}"),
        WastRetCore::F32(pattern) => format!("f32 {}", show_f32(pattern)),
        WastRetCore::F64(pattern) => format!("f64 {}", show_f64(pattern)),
        WastRetCore::V128(pattern) => format!("v128 {}", show_v128(pattern)),
        other => format!("{other:?}"),
    })
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    match items {
        [] => "nothing".to_owned(),
        _ => items.iter().map(show).collect::<Vec<_>>().join(", "),
    }
}

fn show_f32(pattern: &NanPattern<F32>) -> String {
    nan_or(pattern, |value| format!("{:?} ({:#010x})", f32::from_bits(value.bits), value.bits))
}

fn show_f64(pattern: &NanPattern<F64>) -> String {
    nan_or(pattern, |value| format!("{:?} ({:#018x})", f64::from_bits(value.bits), value.bits))
}

fn nan_or<T>(pattern: &NanPattern<T>, show: impl Fn(&T) -> String) -> String {
    match pattern {
        NanPattern::CanonicalNan => "a canonical NaN".to_owned(),
        NanPattern::ArithmeticNan => "an arithmetic NaN".to_owned(),
        NanPattern::Value(value) => show(value),
    }
}

/// Lanes of integers as one number, as results are shown; of floats one by one.
fn show_v128(pattern: &V128Pattern) -> String {
    fn hex(bytes: impl DoubleEndedIterator<Item = u8>) -> String {
        bytes.rev().fold("0x".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
    match pattern {
        V128Pattern::I8x16(lanes) => hex(lanes.iter().map(|lane| *lane as u8)),
        V128Pattern::I16x8(lanes) => hex(lanes.iter().flat_map(|lane| lane.to_le_bytes())),
        V128Pattern::I32x4(lanes) => hex(lanes.iter().flat_map(|lane| lane.to_le_bytes())),
        V128Pattern::I64x2(lanes) => hex(lanes.iter().flat_map(|lane| lane.to_le_bytes())),
        V128Pattern::F32x4(lanes) => list(lanes, show_f32),
        V128Pattern::F64x2(lanes) => list(lanes, show_f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_patterns_ask_for_the_quiet_bit() {
        assert!(f32_matches(0xffc0_0000, &NanPattern::CanonicalNan));
        assert!(!f32_matches(0x7fc0_0001, &NanPattern::CanonicalNan));
        assert!(f32_matches(0x7fc0_0001, &NanPattern::ArithmeticNan));
        assert!(!f32_matches(0x7fa0_0000, &NanPattern::ArithmeticNan));
        assert!(f64_matches(0xfff8_0000_0000_0000, &NanPattern::CanonicalNan));
        assert!(!f64_matches(0x7ff0_0000_0000_0000, &NanPattern::ArithmeticNan));
    }

    #[test]
    fn lanes_start_at_the_low_bits() {
        let bits = u128::from(0x0001_0002u32) | u128::from(0x7fc0_0000u32) << 96;
        assert!(v128_matches(bits, &V128Pattern::I16x8([2, 1, 0, 0, 0, 0, 0, 0x7fc0])));
        assert!(!v128_matches(bits, &V128Pattern::I16x8([1, 2, 0, 0, 0, 0, 0, 0x7fc0])));
        let zero = || NanPattern::Value(F32 { bits: 0 });
        let low = NanPattern::Value(F32 { bits: 0x0001_0002 });
        let lanes = [low, zero(), zero(), NanPattern::CanonicalNan];
        assert!(v128_matches(bits, &V128Pattern::F32x4(lanes)));
    }
}
