//! The part of `precast wast` that runs modules, apart from the part that
//! compiles them and judges: so that a script can be read and its modules
//! compiled here, and run by a loader on another machine, or under an emulator.
//!
//! | module | holds |
//! |-|-|
//! | `component_value` | values of components, as bytes |
//! | [`request`] | what is asked of this part, what it answers, and both as bytes |
//! | `spectest` | the module of host functions that the suite's scripts import |
//! | [`host`] | does what is asked, with the loader |
//! | [`serve`] | answers requests from a pipe |

mod component_value;
pub mod host;
pub mod request;
pub mod serve;
mod spectest;
