//! Compiler and loader in one process: the safe way to run what comes as
//! WebAssembly. Neither of the two knows the other; that the one may trust what
//! the other has just written stands here.
//!
//! ```
//! use precast_compiler::{Options, text_to_binary};
//! use precast_loader::{Linker, Store};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let wasm = text_to_binary(br#"(module (func (export "seven") (result i32) i32.const 7))"#)?;
//! let artifact = precast_embed::compile(&wasm, &Options::default())?;
//! let mut store = Store::new(());
//! let instance = Linker::new().instantiate(&mut store, &artifact)?;
//! let seven = instance.get_typed_func::<(), i32>(&store, "seven")?;
//! assert_eq!(seven.call(&mut store, ())?, 7);
//! # Ok(())
//! # }
//! ```
//!
//! Components are called with Rust types: see [`component`].
//!
//! # Safety
//!
//! The compiler's output is a value of this process until it is copied to a
//! sealed memory file, which nobody can change.

#![deny(unsafe_code)]
#![warn(missing_docs)]
#![allow(unsafe_code)]

pub mod component;

use precast_compiler::Options;
use precast_loader::Artifact;
use std::fmt;

/// Why a module cannot be run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be compiled.
    Compile(precast_compiler::Error),
    /// What was compiled cannot be run here: it is for another machine, or the
    /// system refused.
    Open(precast_loader::Error),
}

/// Compiles a module, for this machine unless `options` say otherwise, and opens
/// the artifact.
///
/// # Errors
///
/// As `precast_compiler::compile` and [`Artifact::from_bytes`].
pub fn compile(wasm: &[u8], options: &Options) -> Result<Artifact, Error> {
    let artifact = precast_compiler::compile(wasm, options).map_err(Error::Compile)?;
    // SAFETY: the compiler has written it.
    unsafe { Artifact::from_bytes(&artifact) }.map_err(Error::Open)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compile(cause) => cause.fmt(f),
            Self::Open(cause) => cause.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Compile(cause) => cause.source(),
            Self::Open(cause) => cause.source(),
        }
    }
}
