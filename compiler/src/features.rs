//! WebAssembly features that a module may be allowed to use.

use crate::near::suggestion;
use std::fmt;
use std::str::FromStr;
use wasmparser::WasmFeatures;

/// A set of features. The default is [`Features::ALL`].
///
/// ```
/// use precast_compiler::Features;
/// let features: Features = "wasm2,+tail-call,-simd".parse()?;
/// assert!(features.names().any(|name| name == "tail-call"));
/// assert!(!features.names().any(|name| name == "simd"));
/// # Ok::<(), precast_compiler::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Features(WasmFeatures);

/// Every feature that can be switched, by the name of its proposal, in
/// alphabetical order.
const NAMED: [(&str, WasmFeatures); 17] = [
    ("bulk-memory", WasmFeatures::BULK_MEMORY),
    ("custom-page-sizes", WasmFeatures::CUSTOM_PAGE_SIZES),
    ("exceptions", WasmFeatures::EXCEPTIONS),
    ("extended-const", WasmFeatures::EXTENDED_CONST),
    ("function-references", WasmFeatures::FUNCTION_REFERENCES),
    ("memory64", WasmFeatures::MEMORY64),
    ("multi-memory", WasmFeatures::MULTI_MEMORY),
    ("multi-value", WasmFeatures::MULTI_VALUE),
    ("mutable-global", WasmFeatures::MUTABLE_GLOBAL),
    ("reference-types", WasmFeatures::REFERENCE_TYPES),
    ("relaxed-simd", WasmFeatures::RELAXED_SIMD),
    ("saturating-float-to-int", WasmFeatures::SATURATING_FLOAT_TO_INT),
    ("sign-extension", WasmFeatures::SIGN_EXTENSION),
    ("simd", WasmFeatures::SIMD),
    ("tail-call", WasmFeatures::TAIL_CALL),
    ("threads", WasmFeatures::THREADS),
    ("wide-arithmetic", WasmFeatures::WIDE_ARITHMETIC),
];

impl Features {
    /// WebAssembly 2.0 and extended constant expressions: what the
    /// specification's 2.0 suite assumes.
    pub const WASM2: Self = Self(WasmFeatures::WASM2.union(WasmFeatures::EXTENDED_CONST));

    /// Everything that the compiler supports.
    pub const ALL: Self = Self(
        Self::WASM2
            .0
            .union(WasmFeatures::CUSTOM_PAGE_SIZES)
            .union(WasmFeatures::EXCEPTIONS)
            .union(WasmFeatures::FUNCTION_REFERENCES)
            .union(WasmFeatures::MEMORY64)
            .union(WasmFeatures::MULTI_MEMORY)
            .union(WasmFeatures::RELAXED_SIMD)
            .union(WasmFeatures::TAIL_CALL)
            // Of this the atomic operators, but no shared memory yet.
            .union(WasmFeatures::THREADS)
            .union(WasmFeatures::WIDE_ARITHMETIC)
            // Encodings that several proposals share; no features of their own.
            .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
            .union(WasmFeatures::BULK_MEMORY_OPT),
    );

    pub(crate) fn without_simd(self) -> Self {
        Self(self.0.difference(WasmFeatures::SIMD.union(WasmFeatures::RELAXED_SIMD)))
    }

    /// What a module is validated with. Recursion groups come with references
    /// to functions; the rest of their proposal is refused once it is valid,
    /// for what it is.
    pub(crate) fn wasm(self) -> WasmFeatures {
        let groups = self.0.contains(WasmFeatures::FUNCTION_REFERENCES);
        if groups { self.0.union(WasmFeatures::GC) } else { self.0 }
    }

    /// Names of the features in the set, in alphabetical order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMED.iter().filter(move |(_, bits)| self.0.contains(*bits)).map(|(name, _)| *name)
    }
}

impl Default for Features {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl FromStr for Features {
    type Err = crate::Error;

    /// Reads a list such as `wasm2,+tail-call,-simd`: `all` or `wasm2` to
    /// begin with (`all` where neither is given), then features to add and to
    /// take away.
    fn from_str(text: &str) -> crate::Result<Self> {
        let mut features = Self::ALL.0;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (add, name) = match (part.strip_prefix('+'), part.strip_prefix('-')) {
                (Some(name), _) => (true, name),
                (_, Some(name)) => (false, name),
                _ => {
                    features = match part {
                        "all" => Self::ALL.0,
                        "wasm2" => Self::WASM2.0,
                        other => return Err(unknown(other)),
                    };
                    continue;
                }
            };
            let (_, bits) = NAMED.iter().find(|(n, _)| *n == name).ok_or_else(|| unknown(name))?;
            features.set(*bits, add);
        }
        Ok(Self(features))
    }
}

fn unknown(name: &str) -> crate::Error {
    let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
    crate::Error::Option(format!(
        "unknown feature `{name}`{}; known are the sets all and wasm2, and with + or - before \
         them: {}",
        suggestion(name, known.iter().copied()),
        known.join(", ")
    ))
}
