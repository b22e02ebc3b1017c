//! Memory models where modules compiled for different ones meet, and where
//! address space is short.

use precast_compiler::{MemoryModel, Options, text_to_binary};
use precast_loader::{
    Artifact, Error, Instance, Limits, Linker, Memory, MemoryType, SizeLimits, Store, TrapCode,
    TypedFunc,
};

const EXPORTER: &str = "(module (memory (export \"memory\") 1 3))";

/// Reads and writes at what must be the end of memory, beyond it, and where
/// index and offset add up to more than 32 bits.
const IMPORTER: &str = "(module
    (import \"library\" \"memory\" (memory 1))
    (func (export \"load\") (param i32) (result i64) (i64.load (local.get 0)))
    (func (export \"far\") (param i32) (result i32) (i32.load8_u offset=0xfffffff0 (local.get 0)))
    (func (export \"store\") (param i32) (i32.store offset=4 (local.get 0) (i32.const 7)))
    (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0))))";

/// Memory model and reservation.
type Model = (MemoryModel, Option<u64>);

const GUARD: Model = (MemoryModel::Guard, None);
const SMALL: Model = (MemoryModel::Guard, Some(256 << 10));
const BOUNDS: Model = (MemoryModel::Bounds, None);
const SMALL_BOUNDS: Model = (MemoryModel::Bounds, Some(128 << 10));

fn artifact(text: &str, (memory_model, memory_reservation): Model) -> Artifact {
    let options = Options { memory_model, memory_reservation, ..Options::default() };
    let wasm = text_to_binary(text.as_bytes()).expect("a module");
    precast_embed::compile(&wasm, &options).expect("valid, and for this machine")
}

/// Links the importer, compiled for one model, with the exporter, compiled for
/// another.
fn link(exporter: Model, importer: Model) -> Result<(Store<()>, Instance), Error> {
    let (mut store, mut linker) = (Store::new(()), Linker::new());
    let library = linker.instantiate(&mut store, &artifact(EXPORTER, exporter))?;
    linker.instance(&store, "library", library);
    let instance = linker.instantiate(&mut store, &artifact(IMPORTER, importer))?;
    Ok((store, instance))
}

fn outside<T: std::fmt::Debug>(result: Result<T, Error>) {
    let code = result.expect_err("outside").trap_code();
    assert_eq!(code, Some(TrapCode::MemoryOutOfBounds));
}

fn check_accesses(mut store: Store<()>, instance: Instance, pages: i32) {
    let mut load = |at: i64| {
        let load: TypedFunc<i32, i64> = instance.get_typed_func(&store, "load").unwrap();
        load.call(&mut store, at as i32)
    };
    assert_eq!(load(65528).unwrap(), 0);
    for at in [65529, 65535, 65536, 1 << 20, 0x7fff_fff8, 0xffff_fff8, 0xffff_ffff] {
        outside(load(at));
    }
    for at in [0, 16, 0xffff] {
        let far: TypedFunc<i32, i32> = instance.get_typed_func(&store, "far").unwrap();
        outside(far.call(&mut store, at));
    }
    let write: TypedFunc<i32, ()> = instance.get_typed_func(&store, "store").unwrap();
    write.call(&mut store, 65528).unwrap();
    outside(write.call(&mut store, 65529));
    outside(write.call(&mut store, -4));
    let grow: TypedFunc<i32, i32> = instance.get_typed_func(&store, "grow").unwrap();
    assert_eq!(grow.call(&mut store, pages).unwrap(), -1);
    assert_eq!(grow.call(&mut store, pages - 1).unwrap(), 1);
    write.call(&mut store, 65529).unwrap();
    outside(write.call(&mut store, (pages << 16) - 7));
}

#[test]
fn code_that_compares_takes_any_memory() {
    // The type allows three pages, a reservation perhaps less.
    for (exporter, pages) in [(GUARD, 3), (SMALL, 3), (BOUNDS, 3), (SMALL_BOUNDS, 2)] {
        let (store, instance) = link(exporter, BOUNDS).unwrap();
        check_accesses(store, instance, pages);
    }
}

#[test]
fn code_that_relies_on_pages_is_linked_where_they_are() {
    for (exporter, importer) in [(GUARD, GUARD), (SMALL, SMALL), (GUARD, SMALL)] {
        let (store, instance) = link(exporter, importer).unwrap();
        check_accesses(store, instance, 3);
    }
    for (exporter, importer) in
        [(SMALL, GUARD), (BOUNDS, GUARD), (BOUNDS, SMALL), (SMALL_BOUNDS, SMALL)]
    {
        let Err(error) = link(exporter, importer) else { panic!("too little address space") };
        let error = error.to_string();
        assert!(error.contains("compile both modules with the same memory model"), "{error}");
    }
}

#[test]
fn a_host_memory_in_little_space() {
    let (mut store, mut linker) = (Store::new(()), Linker::new());
    let limits = SizeLimits { min: 1, max: Some(3) };
    let ty = MemoryType { limits, index64: false, shared: false, page_size_log2: 16 };
    let memory = Memory::with_reservation(&mut store, ty, 3 << 16).unwrap();
    linker.define("library", "memory", memory);
    let instance = linker.instantiate(&mut store, &artifact(IMPORTER, BOUNDS)).unwrap();
    check_accesses(store, instance, 3);
    let mut store = Store::new(());
    assert!(Memory::with_reservation(&mut store, ty, 1).is_err());
}

/// Far more instances than there is address space for in the other model.
#[test]
fn thousands_of_instances() {
    let exporter = artifact(EXPORTER, SMALL_BOUNDS);
    let mut limits = Limits::default();
    (limits.instances, limits.memories) = (20_000, 20_000);
    let mut store = Store::with_limits((), limits);
    let linker = Linker::new();
    let instances: Vec<Instance> =
        (0..20_000).map(|_| linker.instantiate(&mut store, &exporter).unwrap()).collect();
    let memory = instances[19_999].get_memory(&store, "memory").unwrap();
    memory.write(&mut store, 65535, b"x").unwrap();
    let first = instances[0].get_memory(&store, "memory").unwrap();
    assert_eq!(first.data(&store)[65535], 0);
}
