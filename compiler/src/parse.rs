//! From bytes to a [`Parsed`] module: every section decoded and validated,
//! function bodies left as ranges.
//!
//! | rank | modules |
//! |-|-|
//! | types and expressions | [`convert`], [`types`] |
//! | what a module declares | [`mod@parsed`] |
//! | its sections, and those of its that can be left out | [`custom`], [`sections`] |

mod convert;
mod custom;
mod parsed;
mod sections;
#[cfg(test)]
mod tests;
mod types;

use crate::error::{Error, Result};
use crate::features::Features;
pub(crate) use parsed::{Body, ElementDecl, GlobalDecl, MemoryDecl, Parsed, SegmentMode};
pub(crate) use types::Types;
use wasmparser::{Parser, ValidPayload, Validator};

/// Decodes and validates everything but function bodies.
pub(crate) fn parse(wasm: &[u8], features: Features) -> Result<Parsed<'_>> {
    check_kind(wasm)?;
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
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    parsed.names.resize(parsed.functions.len(), "");
    Ok(parsed)
}

/// Says in plain words what a file is that cannot be a module.
fn check_kind(wasm: &[u8]) -> Result<()> {
    let what = match wasm {
        [] => "the file is empty",
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {
            "the file is a WebAssembly component; only a core module will do here"
        }
        [0, b'a', b's', b'm', ..] => return Ok(()),
        [0x7f, b'E', b'L', b'F', ..] => {
            "the file is an ELF file, perhaps compiled already; `precast run` runs artifacts"
        }
        _ => "the file is not a WebAssembly module: it does not begin with `\\0asm`",
    };
    Err(Error::NotWasm(what.to_owned()))
}
