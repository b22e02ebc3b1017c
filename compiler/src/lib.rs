//! Compiles WebAssembly modules ahead of time, to artifacts that
//! `precast-loader` runs.
//!
//! ```
//! let wasm = precast_compiler::text_to_binary(b"(module (func (export \"answer\") (result i32) i32.const 42))")?;
//! let artifact = precast_compiler::compile(&wasm, &precast_compiler::Options::default())?;
//! assert!(artifact.starts_with(b"\x7fELF"));
//! # Ok::<(), precast_compiler::Error>(())
//! ```
//!
//! # Stages
//!
//! [`compile_to`] is the story: `parse` (sections; bodies as ranges) →
//! `facts` (validates every body and notes what it does, in parallel) → `plan`
//! (decides with the whole module in view: private tables, constant globals,
//! the memory image, the context layout) → `translate` (a body to Cranelift
//! IR) → `codegen` (IR to a plain `CompiledFunction`; both in parallel) →
//! `debug` (with `-g`: DWARF about the module to DWARF about the code) →
//! `link` (everything into the ELF image, in index order).
//!
//! # What is always true
//!
//! * The same input and options give the same bytes, at any thread count.
//! * A malformed module gives an [`Error`] with its offset, never a panic.
//! * This crate maps no executable memory, and has no unsafe code.

#![forbid(unsafe_code)]

mod c_header;
mod code;
mod codegen;
mod cpu;
mod debug;
mod debug_files;
mod debug_section;
mod emit;
mod error;
mod external_name;
mod facts;
mod features;
mod function;
mod names;
mod optimisation;
mod options;
mod parse;
mod pipeline;
mod place;
mod plan;
mod recorded;
mod strip;
mod stub;
mod target;
mod translate;

pub use debug::debug_files_named;
pub use debug_files::{DebugFileNames, DebugFiles};
pub use error::{Error, Location, Result};
pub use features::Features;
pub use optimisation::Optimisation;
pub use options::{MemoryModel, OptLevel, Options};
pub use pipeline::{
    Observer, Report, compile, compile_object_to, compile_to, fingerprint, gains_from_cpu,
    link_object,
};
pub use strip::{debug_file, strip};
pub use target::{TargetDescription, targets};

/// Converts the text format to a binary module. A binary module is returned
/// as it is.
///
/// # Errors
///
/// When the text does not parse: with its line and column.
#[cfg(feature = "wat")]
pub fn text_to_binary(input: &[u8]) -> Result<Vec<u8>> {
    match wat::parse_bytes(input) {
        Ok(binary) => Ok(binary.into_owned()),
        Err(error) => Err(Error::NotWasm(error.to_string())),
    }
}
