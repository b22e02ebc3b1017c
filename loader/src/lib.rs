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
//! A host function may also be *pending*: its results come later. A call that
//! [`Func::start`] made is then [`Suspended`], until it is resumed; other guests
//! of the store can run meanwhile. [`Func::call_async`] makes futures of this, for
//! functions that [`Linker::func_async`] made.
//!
//! # What is trusted
//!
//! An artifact is native code. Opening it checks that it is well-formed and
//! fits this machine, not that it is harmless: [`Artifact::open`],
//! [`Artifact::from_file`] and [`Artifact::from_bytes`] are unsafe, and their
//! callers answer for what they open. [`Artifact::open_owned`] is safe: nobody
//! else can have written the file. So is [`Artifact::open_signed`]: somebody whom
//! the host trusts answers for it.
//!
//! # What safe code can do
//!
//! Nothing that Rust calls undefined. Looked through, and how each holds:
//!
//! | what | why it is harmless |
//! |-|-|
//! | [`WasmTy`], [`WasmValues`], [`IntoFunc`] | sealed: their slots fit what is called; a closure keeps the type of its store's data |
//! | [`WasmReturn`] | may be implemented: its values are those of a sealed trait, and are converted when it returns |
//! | [`AsStore`] | may be implemented, and may give another store each time: every operation asks once, and compares the store with the handle's |
//! | [`Func::new`], [`Func::new_pending`], [`Linker::func_new`], [`Linker::func_pending`], [`Linker::func_async`] | results are compared with the type, and references with the store |
//! | [`Func::new_raw`], [`Linker::func_raw`] | unsafe: slots are references as they are |
//! | [`Func::call`], [`Func::start`], [`Suspended::resume`], [`TypedFunc::call`] | values are compared with the type, or the type was when the function was made |
//! | [`Memory`], [`Table`], [`Global`], [`Tag`], [`ExternRef`], [`ExnRef`], [`Func`] | handles are plain data, and know their store, which is never used for two; types given for new ones are checked |
//! | [`Memory::data`], [`Memory::data_mut`] | slices borrow the store, without which no guest runs, no memory grows |
//! | [`ComponentType`](component::ComponentType), [`Lift`](component::Lift), [`Lower`](component::Lower) | may be implemented: whatever they say, every access is compared with the memory, and slots hold numbers only |
//! | [`Caller`] | lives as long as the call of the host function, and moves to no other thread |
//! | [`InstancePool`], [`PooledStore`] | a store that is reset has another identity, so handles of its last owner are of another store; nobody gets at the [`Store`] to put another in its place |
//! | [`Store`] in another thread | only as host data allows it; [`InterruptHandle`] is for any thread, and outlives what it stops |
//! | [`Suspended`] | outlives its store as a number; dropped on any thread, it only leaves a note |
//! | [`Exception::new`] | fields are compared with the tag's type, and the tag with the store |
//! | [`write_core_dump`], [`symbolize`] | read; damaged input gives an error |
//! | [`inherited_descriptor`] | unsafe: a number may be a descriptor of somebody else in the process |
//! | [`deny_write_execute`] | takes rights away |
//!
//! `tests/sanitize` runs the suite under AddressSanitizer, and what needs neither
//! the system nor machine code under Miri.
//!
//! # Threads
//!
//! [`Artifact`], [`Linker`], [`InstancePre`] and [`InterruptHandle`] are for any
//! number of threads at once, whatever the host's data is; so is an [`InstancePool`]
//! whose data can move between threads. A [`Store`] moves with its data, and one thread
//! uses it at a time; a [`Caller`] stays where it is.
//!
//! ```
//! use precast_loader::{Artifact, InstancePool, InstancePre, InterruptHandle, Linker, Store};
//! use std::{cell::Cell, rc::Rc};
//! fn shared<T: Send + Sync>() {}
//! fn moved<T: Send>() {}
//! shared::<(Artifact, InterruptHandle, Linker<Rc<()>>, InstancePre<Rc<()>>)>();
//! shared::<InstancePool<Cell<u8>>>();
//! moved::<Store<Cell<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn moved<T: Send>() {}
//! moved::<precast_loader::Store<std::rc::Rc<()>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn moved<T: Send>() {}
//! moved::<precast_loader::InstancePool<std::rc::Rc<()>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn shared<T: Sync>() {}
//! shared::<precast_loader::Store<std::cell::Cell<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn moved<T: Send>() {}
//! moved::<precast_loader::Caller<'static, ()>>();
//! ```
//!
//! # How it is built
//!
//! Modules have ranks, lowest first: each imports only what stands above it in
//! this table, or before it in its row; so do the files of a room.
//!
//! | rank | modules |
//! |-|-|
//! | machine: the operating system and the architecture | `sys` |
//! | what machine code and the loader both see | `vm` |
//! | what went wrong | `limit`, `trap`, `error` |
//! | files with code, mapped | `artifact` |
//! | what instances live in | `store` |
//! | guests that stop | `stop` |
//! | the ways into guests and back | `call` |
//! | handles for the host | `api` |
//! | values of components | `canonical` |
//! | the system's interface for guests | `wasi` |
//! | making instances | `link` |
//! | components | `component` |
//! | running programs | `program` |
//!
//! # Where would I change it?
//!
//! | what | where |
//! |-|-|
//! | a new WASI function | what it does to files, clocks or sockets in `wasi::host`; its arguments, errors and row in `wasi::preview1` |
//! | a function of WASI 0.2 | `wasi::preview2`: its Rust types and its row |
//! | how values of components lie in memory | `canonical` |
//! | a new builtin that code calls | its number in `precast-artifact`, its code in `call::builtins` |
//! | a field of the context | `precast-artifact`'s `abi`, then `vm` |
//! | a new machine | a file under `sys` with its stubs, registers and frames |
//! | a limit | `store::limits`, and where it is reached |
//! | something for hosts | a handle under `api`; what programs are set up with, in `program` |
//!
//! Unsafe code is denied, and allowed per file under a `# Safety` header.

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod api;
mod artifact;
mod call;
mod canonical;
pub mod component;
mod error;
mod limit;
mod link;
mod program;
mod stop;
mod store;
mod sys;
mod trap;
mod vm;
pub mod wasi;

pub use api::caller::Caller;
pub use api::externs::Extern;
pub use api::func::NumbersFunc;
pub use api::future::CallFuture;
pub use api::instance::Instance;
pub use api::suspend::{Progress, Suspended};
pub use api::typed::{HostClosure, IntoFunc, TypedFunc, WasmReturn, WasmTy, WasmValues};
pub use artifact::info::{ExportType, ExternType, ImportType};
pub use artifact::open::Artifact;
pub use artifact::trust::{TrustedKeys, signature_path};
pub use error::{Error, HostFailure, LinkProblem, Result, UnknownImport};
pub use limit::LimitKind;
pub use link::linker::Linker;
pub use link::pool::{InstancePool, PooledStore};
pub use link::prepared::InstancePre;
pub use link::wasi::run_command;
pub use precast_artifact::container::OpenError;
pub use precast_artifact::index::{FuncIndex, TypeId, WasmOffset};
pub use precast_artifact::trap::TrapCode;
pub use precast_artifact::types::{MemoryType, SizeLimits};
pub use program::{Program, ProgramBuilder};
pub use stop::coredump::write_core_dump;
pub use stop::symbolize::symbolize;
pub use store::access::{AsStore, Store, StoreMut, StoreRef};
pub use store::host::HostFuture;
pub use store::interrupts::InterruptHandle;
pub use store::limits::Limits;
pub use sys::process::{deny_write_execute, inherited_descriptor};
pub use sys::signals::recheck_signal_stack;
pub use trap::{Frame, SourceLine, Trap};
pub use vm::handle::{ExnRef, ExternRef, Func, Global, Memory, Table, Tag};
pub use vm::raw::RawValue;
pub use vm::types::{FuncType, GlobalType, HeapType, RefType, TableType, ValType};
pub use vm::value::{Exception, Val};
