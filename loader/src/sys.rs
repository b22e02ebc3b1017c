//! The operating system and the machine: everything that a port to another
//! one must write again. Nothing here knows of stores, instances or traps.
//!
//! | rank | modules |
//! |-|-|
//! | the size of pages | `page` |
//! | opening, and sealed memory files | `file` |
//! | who else could have written a file | `private` |
//! | what a program sets up for its whole process | `process` |
//! | what the process was loaded from | `program` |
//! | telling debuggers of images | `debugger` |
//! | address space: reservations, file mappings | `map` |
//! | address space that is used again | `spare` |
//! | memory that others may change: copies, vectored reads and writes | `buffer` |
//! | writing without signals | `quiet` |
//! | guest stacks | `stack` |
//! | the registers that matter at a fault | `registers` |
//! | all that depends on the architecture: stubs, registers in a signal context, frame layout, CPU features | `arch` |
//! | the stubs, as they are called | `stubs` |
//! | fault handlers, alternate signal stacks | `signals` |
//! | the signal that stops a guest | `interrupt` |
//! | waking others at a time | `alarm` |
//!
//! `arch` is one of `x86_64.rs`, `aarch64.rs` and `riscv64.rs`. The first has a part of
//! its own for copies of a few bytes, which the others do as larger ones.
//!
//! # Adding an architecture
//!
//! Write `<name>.rs` with the same public items as `x86_64.rs` and name it
//! below; nothing else in the crate depends on the architecture. The page size
//! is asked at run time: 4, 16 and 64 KiB are all in use.

pub(crate) mod alarm;
pub(crate) mod buffer;
pub(crate) mod debugger;
pub(crate) mod file;
pub(crate) mod interrupt;
pub(crate) mod map;
pub(crate) mod page;
pub(crate) mod private;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod quiet;
pub(crate) mod registers;
pub(crate) mod signals;
pub(crate) mod spare;
pub(crate) mod stack;
pub(crate) mod stubs;

#[cfg(target_arch = "x86_64")]
#[path = "sys/x86_64.rs"]
pub(crate) mod arch;

#[cfg(target_arch = "aarch64")]
#[path = "sys/aarch64.rs"]
pub(crate) mod arch;

#[cfg(target_arch = "riscv64")]
#[path = "sys/riscv64.rs"]
pub(crate) mod arch;

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
compile_error!(
    "precast-loader runs on Linux on x86-64, aarch64 and riscv64; see sys.rs for what a port needs"
);
