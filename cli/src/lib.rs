//! What the binaries share: the options of `run`, how an artifact is run with
//! them, how a command ends, and the side of specification scripts that runs
//! modules.
//!
//! `precast-run` and `precast-script-host` are this and the loader. `precast`
//! adds, behind the feature `compiler`, everything that compiles.
//!
//! | module | holds |
//! |-|-|
//! | [`exit`] | how a command ends |
//! | `size` | sizes in bytes, as people write them |
//! | [`version`] | what `--version` says |
//! | `procfs` | whether a directory leads to processes of the host |
//! | [`run_options`] | the options of `run` |
//! | [`run`] | running an artifact |
//! | [`script`] | the side of specification scripts that runs modules |
//! | `commands` | the commands that need the compiler, and `precast`'s command line |
//!
//! A module uses only those in rows above its own.
//!
//! A new option of `run` is a field of `run_options` and its use in `run`; one
//! that shapes code is a field of `commands::codegen`, and of the compiler's
//! `Options`. A new command is a module of `commands` and a variant there.

#[cfg(feature = "compiler")]
pub mod commands;
pub mod exit;
mod procfs;
pub mod run;
pub mod run_options;
pub mod script;
mod size;
pub mod version;
