//! From bytes to a [`Parsed`] module: every section decoded and validated,
//! function bodies left as ranges.
//!
//! | rank | modules |
//! |-|-|
//! | types and expressions | [`convert`], [`types`] |
//! | what a module declares | [`mod@parsed`] |
//! | its sections, and those of its that can be left out | [`custom`], [`sections`] |
//! | files that are no modules | [`kind`] |

mod convert;
mod custom;
mod kind;
mod parsed;
mod sections;
#[cfg(test)]
mod tests;
mod types;

use crate::error::Result;
use crate::features::Features;
pub(crate) use parsed::{Body, ElementDecl, GlobalDecl, MemoryDecl, Parsed, SegmentMode};
pub(crate) use types::Types;
use wasmparser::{Parser, ValidPayload, Validator};

/// Decodes and validates everything but function bodies.
pub(crate) fn parse(wasm: &[u8], features: Features) -> Result<Parsed<'_>> {
    kind::check(wasm)?;
    let mut validator = Validator::new_with_features(features.wasm());
    let mut parser = Parser::new(0);
    parser.set_features(features.wasm());
    let mut parsed = Parsed::default();
    let mut refusal = None;
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        if let ValidPayload::Func(to_validate, body) = validator.payload(&payload)? {
            parsed.bodies.push(Body { validator: to_validate, body });
        }
        // What is not supported is refused once the sections are known to be
        // valid.
        if refusal.is_none() {
            refusal = parsed.section(payload).err();
        }
    }
    kind::check_linked(&parsed)?;
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    parsed.names.resize(parsed.functions.len(), "");
    Ok(parsed)
}
