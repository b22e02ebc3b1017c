//! Errors about features in words of our own: what the module uses, whether
//! Precast can be told to allow it, and what to do if it cannot.

use crate::error::Error;
use crate::features::Features;

/// A feature as the validator speaks of it.
struct Wanted {
    /// What its message has of it, in lower case.
    said: &'static str,
    /// What it is to us.
    means: Means,
}

enum Means {
    /// One of ours, by this name, which is off.
    Ours(&'static str),
    /// None of ours, though of the standard: what it is, and what to do.
    Lacking(&'static str, &'static str),
    /// Neither ours nor of the standard, by which such a module is invalid.
    Foreign(&'static str, &'static str),
}

const fn ours(said: &'static str, name: &'static str) -> Wanted {
    Wanted { said, means: Means::Ours(name) }
}

const fn lacking(said: &'static str, what: &'static str, remedy: &'static str) -> Wanted {
    Wanted { said, means: Means::Lacking(what, remedy) }
}

const fn foreign(said: &'static str, what: &'static str, remedy: &'static str) -> Wanted {
    Wanted { said, means: Means::Foreign(what, remedy) }
}

/// What is refused for its garbage-collected types.
pub(crate) const GC: (&str, &str) = (
    "garbage-collected types (the GC proposal), as compilers of Kotlin, Dart, Java, OCaml and \
     Scheme use them",
    "have the source compiled for linear memory, if its compiler can",
);

const LEGACY: (&str, &str) = (
    "exceptions of the legacy proposal (`try`, `catch`, `rethrow`)",
    "build the module with `-mllvm -wasm-use-legacy-eh=false` (clang) or \
     `-sWASM_LEGACY_EXCEPTIONS=0` (Emscripten), or translate it with \
     `wasm-opt --translate-to-exnref`",
);

const SHARED: (&str, &str) = (
    "what is shared between threads",
    "build the module without threads, such as for wasm32-wasip1 in place of \
     wasm32-wasip1-threads",
);

/// The longer before those that they contain.
const WANTED: [Wanted; 30] = [
    foreign("legacy exceptions", LEGACY.0, LEGACY.1),
    foreign("legacy_exceptions", LEGACY.0, LEGACY.1),
    foreign("shared-everything-threads", SHARED.0, SHARED.1),
    foreign("shared memories", SHARED.0, SHARED.1),
    foreign("stack switching", "stack switching (continuations)", "build the module without it"),
    foreign("memory control", "the memory control proposal", "build the module without it"),
    foreign("custom descriptors", "custom descriptors", "build the module without them"),
    foreign("acquire-release", "acquire-release atomics", "build the module without them"),
    foreign("compact", "the compact import section", "build the module without it"),
    lacking("gc support is not enabled", GC.0, GC.1),
    lacking("without the gc feature", GC.0, GC.1),
    lacking("multibyte array", GC.0, GC.1),
    ours("relaxed simd", "relaxed-simd"),
    ours("simd support", "simd"),
    ours("threads support", "threads"),
    ours("threads must be enabled", "threads"),
    ours("saturating float", "saturating-float-to-int"),
    ours("reference types", "reference-types"),
    ours("reference-types", "reference-types"),
    ours("bulk memory", "bulk-memory"),
    ours("bulk-memory", "bulk-memory"),
    ours("sign extension", "sign-extension"),
    ours("exceptions", "exceptions"),
    ours("exception handling", "exceptions"),
    ours("tail calls", "tail-call"),
    ours("function references", "function-references"),
    ours("wide arithmetic", "wide-arithmetic"),
    ours("custom page sizes", "custom-page-sizes"),
    ours("mutable global", "mutable-global"),
    ours("multi-value", "multi-value"),
];

/// Words by which the validator says that a feature is off.
const OFF: [&str; 6] =
    ["not enabled", "must be enabled", "require", "disabled", "not supported", "disallowed"];

/// An error as it is, unless it is about a feature: then with what to do. What
/// is off can be switched on; of what does not exist here, no option is named.
pub(crate) fn explain(error: Error, features: Features) -> Error {
    let Error::Invalid { at, message } = error else { return error };
    let lower = message.to_lowercase();
    let wanted = WANTED.iter().find(|wanted| lower.contains(wanted.said));
    let off = OFF.iter().any(|words| lower.contains(words));
    match wanted.filter(|_| off).map(|wanted| &wanted.means) {
        Some(Means::Lacking(what, remedy)) => {
            Error::Unsupported { at, what: format!("{what}\nhelp: {remedy}") }
        }
        Some(Means::Foreign(what, remedy)) => {
            Error::Invalid { at, message: format!("not supported: {what}\nhelp: {remedy}") }
        }
        Some(Means::Ours(name)) if !features.names().any(|on| on == *name) => {
            let message = format!("{message}\nhelp: `--features +{name}` allows it");
            Error::Invalid { at, message }
        }
        _ => Error::Invalid { at, message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Location;

    fn explained(message: &str, features: &str) -> String {
        let at = Location { offset: Some(9), ..Location::default() };
        let error = Error::Invalid { at, message: message.to_owned() };
        explain(error, features.parse().unwrap()).to_string()
    }

    #[test]
    fn only_features_that_exist_are_recommended() {
        let known: Vec<_> = Features::ALL.names().collect();
        for Wanted { said, means } in &WANTED {
            if let Means::Ours(name) = means {
                assert!(known.contains(name), "{said}");
            }
        }
        let simd = explained("SIMD support is not enabled", "wasm2,-simd");
        assert!(simd.ends_with("\nhelp: `--features +simd` allows it"), "{simd}");
        let legacy = explained("legacy exceptions support is not enabled", "all");
        let start = "invalid module at offset 0x9: not supported: exceptions of the legacy";
        assert!(legacy.starts_with(start), "{legacy}");
        assert!(legacy.contains("\nhelp: ") && !legacy.contains("--features"), "{legacy}");
        let other = explained("type mismatch: expected i32", "all");
        assert_eq!(other, "invalid module at offset 0x9: type mismatch: expected i32");
    }
}
