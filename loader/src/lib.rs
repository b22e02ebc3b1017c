//! Runs artifacts that the Precast compiler made.
//!
//! ```text
//! Artifact ──instantiate──▶ Instance ──get_func──▶ Func, TypedFunc
//!    file, mapped     in a Store<T>, with imports      call
//!                       from a Linker<T>
//! ```
//!
//! * An [`Artifact`] is a mapped file. It is shared: between instances, stores
//!   and threads.
//! * A [`Store`] owns instances, memories, tables and host data. It is used by
//!   one thread at a time; everything in it is freed with it.
//! * A [`Linker`] says what guests may import. Nothing else is reachable for
//!   them.
//! * [`Func`], [`Memory`], [`Table`], [`Global`], [`Instance`] are handles
//!   into a store, small and copyable.
//!
//! A trap ends the call from the host that led to it, with a [`Trap`] that
//! says where the guest stood; the instance stays as it was at that moment and
//! can be called again. Errors and panics of host functions pass through
//! guests to the call from the host in the same way. An [`Exception`] does so
//! as far as no guest handles it, whether a guest or a host function threw it.
//!
//! # What is trusted
//!
//! An artifact is native code. Opening it checks that it is well-formed and
//! fits this machine, not that it is harmless: open only what a compiler that
//! you trust has made.
//!
//! # How it is built
//!
//! Modules have ranks; each uses only those above it, or before it in its row.
//!
//! | rank | modules |
//! |-|-|
//! | machine | `sys` |
//! | words | `trap`, `matching`, `types`, `vm`, `registry`, `value`, `error` |
//! | things | `symbol_file`, `artifact`, `linear`, `elements`, `exceptions`, `host`, `guest`, `store` |
//! | running | `walk`, `symbolize`, `backtrace`, `unwind`, `fault`, `call`, `segments`, `builtins` |
//! | for the host | `memory`, `table`, `global`, `externs`, `caller`, `func`, `typed`, `instance`, `coredump` |
//! | linking | `imports`, `instantiate`, `linker`, `wasi`, `wasi_link` |
//!
//! Unsafe code is denied, and allowed per file under a `# Safety` header.

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod artifact;
mod backtrace;
mod builtins;
mod call;
mod caller;
mod coredump;
mod elements;
mod error;
mod exceptions;
mod externs;
mod fault;
mod func;
mod global;
mod guest;
mod host;
mod imports;
mod instance;
mod instantiate;
mod linear;
mod linker;
mod matching;
mod memory;
mod registry;
mod segments;
mod store;
mod symbol_file;
mod symbolize;
mod sys;
mod table;
mod trap;
mod typed;
mod types;
mod unwind;
mod value;
mod vm;
mod walk;
pub mod wasi;
mod wasi_link;

pub use artifact::{Artifact, ExportType, ExternType, ImportType};
pub use caller::Caller;
pub use coredump::write_core_dump;
pub use error::{Error, LinkProblem, Result};
pub use externs::Extern;
pub use instance::Instance;
pub use linker::Linker;
pub use precast_artifact::container::OpenError;
pub use precast_artifact::trap::TrapCode;
pub use precast_artifact::types::{
    FuncType, GlobalType, HeapType, Limits as SizeLimits, MemoryType, RefType, TableType, ValType,
};
pub use store::{AsStore, Limits, Store, StoreMut, StoreRef};
pub use symbolize::symbolize;
pub use sys::process::{deny_write_execute, inherited_descriptor};
pub use trap::{Frame, SourceLine, Trap};
pub use typed::{HostClosure, IntoFunc, TypedFunc, WasmReturn, WasmTy, WasmValues};
pub use value::{Exception, ExnRef, ExternRef, Func, Global, Memory, RawValue, Table, Tag, Val};
pub use wasi_link::run_command;
