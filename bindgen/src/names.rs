//! Names as Rust writes them.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};

/// Words that cannot be names of Rust, or mean something in what is written.
const TAKEN: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "store", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// A name of a function, field or module.
pub(crate) fn value(name: &str) -> Ident {
    let snake = name.to_snake_case();
    let taken = TAKEN.contains(&snake.as_str());
    let snake = if taken { format!("{snake}_") } else { snake };
    Ident::new(&snake, Span::call_site())
}

/// A name of a type or case.
pub(crate) fn ty(name: &str) -> Ident {
    let camel = name.to_upper_camel_case();
    // The only one of these that is a word of Rust.
    let camel = if camel == "Self" { "Self_".to_owned() } else { camel };
    Ident::new(&camel, Span::call_site())
}

/// A name that begins with another.
pub(crate) fn prefixed(prefix: &str, name: &str) -> Ident {
    Ident::new(&format!("{prefix}{}", name.to_snake_case()), Span::call_site())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_rust() {
        assert_eq!(value("last-name").to_string(), "last_name");
        assert_eq!(value("type").to_string(), "type_");
        assert_eq!(ty("http-error").to_string(), "HttpError");
        assert_eq!(prefixed("call_", "type").to_string(), "call_type");
    }
}
