//! What the two binaries share: the options of `run`, how an artifact is run
//! with them, and how a command ends.
//!
//! `precast-run` is this and the loader. `precast` adds, behind the feature
//! `compiler`, everything that compiles.

#[cfg(feature = "compiler")]
pub mod commands;
pub mod exit;
pub mod run;
pub mod run_options;
#[cfg(feature = "compiler")]
mod size;
