//! What may be used by several threads, or move between them, as the documentation of
//! the loader says: of every type that it exports, and of all that it exports.

use precast_loader::component::*;
use precast_loader::wasi::{
    Bytes, Capture, DirAccess, Errno, GuestMemory, Input, NetworkGrants, Outcome, Output, WasiCtx,
    WasiCtxBuilder, WasiFunction, WasiValType,
};
use precast_loader::*;
use precast_tests::root;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::rc::Rc;

/// Asks of a type what it is: the constant of its own is preferred to that of the
/// trait, which every type has.
struct Of<T>(PhantomData<T>);

impl<T: Send> Of<T> {
    const SEND: bool = true;
}

impl<T: Sync> Of<T> {
    const SYNC: bool = true;
}

trait Otherwise {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T> Otherwise for Of<T> {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Threads {
    /// Any number at once.
    Shared,
    /// One at a time.
    Moved,
    /// That which has it.
    Bound,
}

/// The name of each type, what it is for threads, and what it is said to be.
macro_rules! table {
    ($($said:ident: $($ty:ty),* $(,)?;)*) => {
        &[$($((
            stringify!($ty),
            match (<Of<$ty>>::SEND, <Of<$ty>>::SYNC) {
                (true, true) => Threads::Shared,
                (true, false) => Threads::Moved,
                _ => Threads::Bound,
            },
            Threads::$said,
        )),*),*]
    };
}

/// Data that moves between threads, and none of which two use at once.
type Movable = Cell<u8>;
/// Data that stays on its thread.
type Local = Rc<u8>;

const TYPES: &[(&str, Threads, Threads)] = table! {
    // Whatever the host's data is.
    Shared: Artifact, InterruptHandle, Linker<Local>, InstancePre<Local>, Component;
    // Whose data moves.
    Shared: InstancePool<Movable>;
    Bound: InstancePool<Local>;
    // With their data.
    Moved: Store<Movable>, PooledStore<Movable>, Program, WasiCtx;
    Bound: Store<Local>, PooledStore<Local>, StoreMut<'static, Local>;
    // For as long as they are borrowed.
    Bound: StoreMut<'static, Movable>, StoreRef<'static, Movable>;
    Bound: Caller<'static, ()>, GuestMemory<'static>;
    // A call moves with the exclusive access to its store.
    Moved: CallFuture<'static, Store<Movable>>, HostFuture;
    Bound: CallFuture<'static, Store<Local>>;
    // Plain data, and handles, which are nothing without their store.
    Shared: Func, Global, Memory, Table, Tag, ExternRef, ExnRef, Extern, Instance, Suspended;
    Shared: Progress, Val, RawValue, TypedFunc<i32, i32>, NumbersFunc, Exception;
    Shared: ExportType, ExternType, ImportType, TrustedKeys, LimitKind, Limits, SizeLimits;
    Shared: MemoryType, FuncIndex, TypeId, WasmOffset, TrapCode, Frame, SourceLine, Trap;
    Shared: FuncType, GlobalType, HeapType, RefType, TableType, ValType;
    Shared: Error, HostFailure, LinkProblem, UnknownImport, OpenError;
    // Of WASI.
    Shared: ProgramBuilder, WasiCtxBuilder, NetworkGrants, DirAccess, Bytes, Capture, Input, Output, Errno;
    Shared: WasiFunction, WasiValType, Outcome;
    // Of components.
    Shared: ComponentLinker<Movable>, ComponentFunc, ComponentInstance, ComponentItem;
    Shared: TypedComponentFunc<(i32,), i32>, ValueType, LeftHandles;
    Shared: ComponentInstancePre<Movable>;
    Moved: ComponentCallFuture<'static, Store<Movable>, (i32,), i32>, Later<i32>;
    Bound: ComponentCallFuture<'static, Store<Local>, (i32,), i32>;
    Shared: Value, Resource, Own<()>, Borrow<()>, GuestOwn<()>, GuestBorrow<()>;
    Moved: ResourceTable;
};

/// What is exported and is no type: traits, functions, constants.
const OTHERS: &[&str] = &[
    "AsStore",
    "HostClosure",
    "IntoFunc",
    "WasmReturn",
    "WasmTy",
    "WasmValues",
    "Result",
    "signature_path",
    "run_command",
    "write_core_dump",
    "symbolize",
    "deny_write_execute",
    "inherited_descriptor",
    "recheck_signal_stack",
    "ComponentType",
    "ComponentTypeList",
    "ExportPath",
    "HostHandle",
    "Lift",
    "Lower",
    "run_component",
    "FUNCTIONS",
    "MODULE",
    "imports",
    "lookup",
];

#[test]
fn types_are_for_the_threads_that_the_documentation_says() {
    let wrong: Vec<_> = TYPES.iter().filter(|(_, found, said)| found != said).collect();
    assert!(wrong.is_empty(), "found, then said: {wrong:#?}");
}

/// What a file of the loader exports by name.
fn exports(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("loader/src").join(file)).expect("a source");
    let text = text.split("#[doc(hidden)]").next().expect("the first part");
    let mut names = BTreeSet::new();
    for line in text.split(';').filter_map(|item| item.trim().strip_prefix("pub use ")) {
        let (path, last) = line.rsplit_once("::").expect("a path");
        let list = match line.split_once('{') {
            Some((_, list)) => list.trim_end_matches('}'),
            None => last,
        };
        assert!(!path.is_empty());
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let name = name.rsplit(" as ").next().unwrap_or(name);
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn every_export_is_in_the_table() {
    let bare = |ty: &str| ty.split(['<', ' ']).next().unwrap_or(ty).to_owned();
    let known: BTreeSet<String> = TYPES.iter().map(|(ty, ..)| bare(ty)).collect();
    for file in ["lib.rs", "wasi.rs", "component.rs"] {
        let exported = exports(file);
        assert!(exported.len() > 10, "{file}: {exported:?}");
        let missing: Vec<_> = exported
            .iter()
            .filter(|name| !known.contains(*name) && !OTHERS.contains(&name.as_str()))
            .collect();
        assert!(missing.is_empty(), "{file} exports what the table lacks: {missing:?}");
    }
}
