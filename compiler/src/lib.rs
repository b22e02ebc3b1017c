//! Compiles WebAssembly modules and components ahead of time, to artifacts that
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
//! A type per stage, each taking one and giving the next; `pipeline` reads like
//! this:
//!
//! bytes → `Parsed` (sections; bodies as ranges) → `Facts` (validates every body
//! and notes what it does, in parallel) → `Plan` (decides with the whole module
//! in view: private tables, constant globals, the memory image, the context
//! layout) → `Code` (per function, in parallel: `translate` to Cranelift IR,
//! `codegen` to a plain `CompiledFunction`) → `Placed` (where everything lies) →
//! `DebugInfo` (with `-g`: DWARF about the module to DWARF about the code) → the
//! file (`emit`).
//!
//! A component is taken apart first (`component`): its core modules, and the
//! adapters between its components, go through the same stages, their functions
//! as one list, into one artifact.
//!
//! # How it is built
//!
//! Modules have ranks, lowest first: each imports only what stands above it in
//! this table, or before it in its row. What stages hand on is defined below all
//! of them.
//!
//! | rank | modules |
//! |-|-|
//! | what a caller chooses, and is told | `error`, `near`, `features`, `explain`, `optimisation`, `debug_files`, `profile`, `options` |
//! | what code is made for | `cpu`, `target` |
//! | what stages hand on | `function`, `external_name`, `recorded`, `stub`, `names`, `code`, `debug_section` |
//! | a component as core modules | `component` |
//! | the module, what it does, what is decided | `parse`, `resolve`, `facts`, `plan`, `middle` |
//! | a function's code | `translate`, `codegen` |
//! | where it lies | `place` |
//! | debug information | `debug` |
//! | the file | `emit`, `strip`, `c_header` |
//! | all stages, and threads | `pipeline` |
//!
//! # Where would I change it?
//!
//! | what | where |
//! |-|-|
//! | a new operator | its row in `translate::operators`, its code in the family named there; what it does to the module, in `facts` |
//! | a new section | its row in `emit::sections`, its bytes in a pass of `emit::layout`, its format in `precast-artifact` |
//! | a new target CPU, or a feature of one | its row in `cpu` |
//! | a new machine | `target`, `place::machine`, `emit::relocate`, `emit::elf_relocs`; in the loader a file under `sys` |
//! | an optimisation over the module | a name in `optimisation`, the decision in `plan` or a module of `middle`, its use in `translate` or `place` |
//! | what a debugger sees of a type | `debug::type_names`, and the script in `precast-debuggers` |
//! | an option that shapes code | `options`; if it changes bytes, `pipeline::key` too; `precast-cli` for the command line |
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
mod component;
mod cpu;
mod debug;
mod debug_files;
mod debug_section;
mod emit;
mod error;
mod explain;
mod external_name;
mod facts;
mod features;
mod function;
mod middle;
mod names;
mod near;
mod optimisation;
mod options;
mod parse;
mod pipeline;
mod place;
mod plan;
mod profile;
mod recorded;
mod resolve;
mod strip;
mod stub;
mod target;
mod translate;

pub use component::{component_wit, mute_caught_panics};
pub use debug::debug_files_named;
pub use debug_files::{DebugFileNames, DebugFiles};
pub use error::{Error, Location, Result};
pub use features::Features;
pub use optimisation::Optimisation;
pub use options::{MemoryModel, OptLevel, Options};
pub use pipeline::{
    FunctionCache, Observer, Pass, Permits, Report, Session, Source, compile, compile_object_to,
    compile_to, fingerprint, gains_from_cpu, link_object, passes, write_ir,
};
pub use precast_artifact::index::FuncIndex;
pub use profile::{PerfScript, Profile, SampleCounts};
pub use strip::{debug_file, strip};
pub use target::{TargetDescription, targets};

/// Version of Cranelift, which generates the code.
pub const CRANELIFT_VERSION: &str = cranelift_codegen::VERSION;

/// Converts the text format to a binary module. A binary module is returned
/// as it is.
///
/// # Errors
///
/// When the text does not parse: with its line and column.
#[cfg(feature = "wat")]
pub fn text_to_binary(input: &[u8]) -> Result<Vec<u8>> {
    text_of_file_to_binary(input, None)
}

/// As [`text_to_binary`], of a file that errors name.
///
/// # Errors
///
/// As [`text_to_binary`].
#[cfg(feature = "wat")]
pub fn text_of_file_to_binary(input: &[u8], path: Option<&std::path::Path>) -> Result<Vec<u8>> {
    match wat::Parser::new().parse_bytes(path, input) {
        Ok(binary) => Ok(binary.into_owned()),
        Err(error) => Err(Error::NotWasm(error.to_string())),
    }
}
