//! What the binaries share: the options of `run`, how an artifact is run with
//! them, how a command ends, and the side of specification scripts that runs
//! modules.
//!
//! `precast-run` and `precast-script-host` are this and the loader. `precast`
//! adds, behind the feature `compiler`, everything that compiles.
//!
//! | module | holds |
//! |-|-|
//! | `names` | names of functions as people write them |
//! | [`exit`] | how a command ends |
//! | `size`, `duration` | sizes in bytes and times, as people write them |
//! | [`version`] | what `--version` says |
//! | `procfs` | whether a directory leads to processes of the host |
//! | [`limit_options`], [`network_options`] | those options of `run` that limit a guest, and those that let it use the network |
//! | [`run_options`] | the options of `run` |
//! | [`program`] | executables with an artifact in them |
//! | `unsatisfied` | what is said of missing imports |
//! | `wave`, `run_component` | values of components as people write them; running components |
//! | [`run`] | running an artifact |
//! | [`script`] | the side of specification scripts that runs modules |
//! | `commands` | the commands that need the compiler, and `precast`'s command line |
//!
//! A module uses only those in rows above its own.
//!
//! # Where would I change it?
//!
//! | what | where |
//! |-|-|
//! | a CLI option of `run` | its field in `run_options`, its use in `run` |
//! | a CLI option that shapes code | its field in `commands::codegen`, and one in `options` of `precast-compiler` |
//! | a command | a module of `commands`, and a variant there |

#[cfg(feature = "compiler")]
pub mod commands;
mod duration;
pub mod exit;
pub mod limit_options;
mod names;
pub mod network_options;
mod procfs;
pub mod program;
pub mod run;
mod run_component;
pub mod run_options;
pub mod script;
mod size;
mod unsatisfied;
pub mod version;
mod wave;
