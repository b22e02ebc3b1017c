//! What the binaries share: the options of `run`, how an artifact is run with
//! them, how a command ends, and the side of specification scripts that runs
//! modules.
//!
//! `precast-run` and `precast-script-host` are this and the loader. `precast` adds, behind the feature
//! `compiler`, everything that compiles.

#[cfg(feature = "compiler")]
pub mod commands;
pub mod exit;
pub mod run;
pub mod run_options;
pub mod script;
#[cfg(feature = "compiler")]
mod size;
