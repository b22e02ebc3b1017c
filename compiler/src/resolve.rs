//! What a whole component proves about its core modules, where each alone says
//! nothing.
//!
//! A command for WASI preview 1 becomes a component by an *adapter*: a core
//! module that exports the functions of preview 1 and does their work with WASI
//! 0.2. The adapter needs the command's memory, so it is made after it, and the
//! command is given functions of a *shim* that jump through a table, which a
//! third module fills at last. [`shims`] sees through that, and [`mod@preview1`]
//! names the commands whose adapter asks nobody but the host: a host with a
//! preview 1 of its own can give it to them at once.
//!
//! | rank | modules |
//! |-|-|
//! | where items of core instances really come from | [`shims`] |
//! | preview 1 by way of an adapter | [`mod@preview1`] |

mod preview1;
mod shims;

pub(crate) use preview1::preview1;
