//! Names of functions as people write them.

use std::borrow::Cow;

/// A text with Rust's encoded names in it made readable. With `-g` symbols stay
/// encoded: debuggers look for what they stand for in them.
pub(crate) fn readable(text: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !word(c)) {
        let name = part.trim_end_matches(|c: char| !word(c));
        shown.push_str(&decoded(name));
        shown.push_str(&part[name.len()..]);
    }
    shown
}

/// A name as it is, unless it is one of Rust's that is encoded.
pub(crate) fn decoded(name: &str) -> Cow<'_, str> {
    if !name.starts_with("_ZN") && !name.starts_with("_R") {
        return name.into();
    }
    match rustc_demangle::try_demangle(name) {
        Ok(readable) => format!("{readable:#}").into(),
        Err(_) => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encoded_names_change() {
        let report =
            "0: _ZN3foo3bar17h0123456789abcdefE (app) at offset 0x1\n1: _ZN3foo3barEv, _Rest";
        let shown = "0: foo::bar (app) at offset 0x1\n1: _ZN3foo3barEv, _Rest";
        assert_eq!(readable(report), shown);
        assert_eq!(readable("_start (äö) _"), "_start (äö) _");
    }
}
