//! The host under every preview of WASI: what a guest was granted, in Rust's
//! terms and the kernel's. Nothing here knows a preview's types, error numbers
//! or layout in memory; bytes come and go in
//! [`Buffer`](crate::sys::buffer::Buffer)s.
//!
//! Files, lowest first; each imports only files before it:
//!
//! | module | holds |
//! |-|-|
//! | `error` | the native error number |
//! | `interrupt` | ending a guest that waits |
//! | `quota` | what several descriptors use together |
//! | `permissions`, `network` | what was granted of a directory; of the network |
//! | `clock`, `random` | times, random bytes |
//! | `metadata` | attributes of files |
//! | `stdio`, `stream` | where standard streams lead, and whether they wait |
//! | `file`, `socket` | what is read and written |
//! | `procfs`, `walk`, `resolve` | the sandbox of paths |
//! | `listing`, `directory` | reading directories, operations on paths |
//! | `descriptor`, `open`, `table` | what a number stands for, how one is opened, all of a guest |
//! | `resources` | what a guest holds by other handles than descriptors |
//! | `poll` | waiting for several |
//! | `context` | all that a guest was granted, and its builder |

pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod descriptor;
pub(crate) mod directory;
pub(crate) mod error;
pub(crate) mod file;
pub(crate) mod interrupt;
pub(crate) mod listing;
pub(crate) mod metadata;
pub(crate) mod network;
pub(crate) mod open;
pub(crate) mod permissions;
pub(crate) mod poll;
mod procfs;
pub(crate) mod quota;
pub(crate) mod random;
mod resolve;
pub(crate) mod resources;
pub(crate) mod socket;
pub(crate) mod stdio;
pub(crate) mod stream;
pub(crate) mod table;
mod walk;
