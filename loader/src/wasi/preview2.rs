//! WASI 0.2 in the terms of the host.
//!
//! A function takes what was granted and Rust values, and gives one; their types
//! are those of the WIT that it is named after
//! (<https://github.com/WebAssembly/WASI/tree/main/proposals>). From 0.2.0 on,
//! functions were added and none was changed, so one table serves all versions.
//!
//! Descriptors are those of preview 1, in one table with them. What uses one
//! (streams, pollables) may outlive the handle that it came from: the last user
//! closes it.
//!
//! Sockets can be made and set up by anybody; what they are bound and connected to
//! must be granted, as must looking up names.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | calling | `function` | rows of the table, and a call's surroundings |
//! | errors | `error` | `error-code` of files |
//! | wasi:io | `io`, `input`, `output` | errors, pollables; streams |
//! | wasi:clocks, wasi:random, wasi:cli | `clocks`, `random`, `cli` | times; random bytes; arguments, exit, standard streams |
//! | wasi:filesystem | `files`, `paths`, `entries` | descriptors; what is below a directory; what is in one |
//! | wasi:sockets | `addresses`, `network`, `lookup` | addresses; errors, what sockets have in common; names |
//! | the same | `tcp`, `connections`, `udp`, `datagrams` | sockets with their options; what they send and receive |
//! | all of them | `functions` | the table |

mod addresses;
pub(crate) mod cli;
mod clocks;
mod connections;
mod datagrams;
mod entries;
pub(crate) mod error;
mod files;
pub(crate) mod function;
pub(crate) mod functions;
mod input;
mod io;
mod lookup;
mod network;
mod output;
mod paths;
mod random;
mod tcp;
mod udp;
