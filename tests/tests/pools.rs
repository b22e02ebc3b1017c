//! Instances that are linked once and used again: each is as a new one, whatever
//! the last owner of its store did.

#[path = "pools/sequence.rs"]
mod sequence;

use precast_compiler::Options;
use precast_loader::{
    Artifact, AsStore, Caller, Error, Func, FuncType, Global, GlobalType, Instance, InstancePool,
    LimitKind, Limits, Linker, PooledStore, Progress, Result, Store, TrapCode, Val, ValType,
};
use std::time::{Duration, Instant};

/// All that an instance can change of itself.
const GUEST: &str = r#"(module
    (import "host" "started" (func $started))
    (import "host" "wait" (func $wait (result i32)))
    (type $number (func (result i32)))
    (memory (export "memory") 2 100)
    (data (i32.const 100) "as it was")
    (data $late (i32.const 70000) "later")
    (data $passive "passive")
    (global $counter (export "counter") (mut i32) (i32.const 7))
    (global $wide (mut v128) (v128.const i64x2 1 2))
    (global $function (mut funcref) (ref.func $one))
    (table $t (export "table") 4 20 funcref)
    (elem (table $t) (i32.const 1) func $one $two)
    (elem $spare func $two)
    (func $one (export "one") (result i32) (i32.const 1))
    (func $two (result i32) (i32.const 2))
    (func $start (call $started))
    (start $start)
    (func (export "wait") (result i32) (call $wait))
    (func (export "spin") (loop (br 0)))
    (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
            (else (i32.const 0))))
    (func (export "change")
        (memory.fill (i32.const 0) (i32.const 0xee) (i32.const 131072))
        (drop (memory.grow (i32.const 3)))
        (i32.store (i32.const 300000) (i32.const -1))
        (global.set $counter (i32.const 99))
        (global.set $wide (v128.const i64x2 3 4))
        (global.set $function (ref.null func))
        (drop (table.grow $t (ref.func $two) (i32.const 5)))
        (table.set $t (i32.const 0) (ref.func $two))
        (table.set $t (i32.const 1) (ref.null func))
        (data.drop $passive)
        (elem.drop $spare))
    (func (export "globals") (result i64)
        (i64.add (i64.extend_i32_u (global.get $counter))
            (i64.add (i64x2.extract_lane 1 (global.get $wide))
                (i64.extend_i32_u (ref.is_null (global.get $function))))))
    (func (export "calls") (param i32) (result i32)
        (call_indirect $t (type $number) (local.get 0)))
    (func (export "segments")
        (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 7))
        (table.init $t $spare (i32.const 0) (i32.const 0) (i32.const 1))))"#;

/// How often start functions ran, in the name of one owner.
type Starts = u32;

fn artifact(text: &str) -> Artifact {
    let wasm = precast_compiler::text_to_binary(text.as_bytes()).unwrap();
    precast_embed::compile(&wasm, &Options::default()).unwrap()
}

fn linker() -> Linker<Starts> {
    let mut linker = Linker::new();
    linker.func_wrap("host", "started", |mut caller: Caller<'_, Starts>| *caller.data_mut() += 1);
    let ty = FuncType { params: vec![], results: vec![ValType::I32] };
    linker.func_pending("host", "wait", ty, |_, _, _| Ok(std::task::Poll::Pending)).unwrap();
    linker
}

fn number(mutable: bool) -> GlobalType {
    GlobalType { value: ValType::I32, mutable }
}

fn pool() -> InstancePool<Starts> {
    let prepared = linker().instantiate_pre(&artifact(GUEST)).unwrap();
    InstancePool::new(prepared, Limits::default(), 4).unwrap()
}

fn call<R: precast_loader::WasmValues>(
    store: &mut PooledStore<Starts>,
    name: &str,
    argument: Option<i32>,
) -> Result<R> {
    let instance = store.instance();
    match argument {
        Some(argument) => instance.get_typed_func::<i32, R>(store, name)?.call(store, argument),
        None => instance.get_typed_func::<(), R>(store, name)?.call(store, ()),
    }
}

/// All that can be seen of an instance.
fn assert_is_new(store: &mut PooledStore<Starts>) {
    let instance = store.instance();
    let memory = instance.get_memory(store, "memory").unwrap();
    let mut expected = vec![0; 2 << 16];
    expected[100..109].copy_from_slice(b"as it was");
    expected[70000..70005].copy_from_slice(b"later");
    assert!(memory.data(store) == expected, "the memory differs");
    assert_eq!(call::<i64>(store, "globals", None).unwrap(), 9);
    let table = instance.get_table(store, "table").unwrap();
    assert_eq!(table.size(store), 4);
    for (index, expected) in [(1, Ok(1)), (2, Ok(2)), (0, Err(())), (3, Err(()))] {
        let called = call::<i32>(store, "calls", Some(index));
        assert_eq!(called.map_err(|_| ()), expected, "element {index}");
    }
    let beyond = call::<i32>(store, "calls", Some(5)).unwrap_err();
    assert_eq!(beyond.trap_code(), Some(TrapCode::TableOutOfBounds));
    assert_eq!(*store.data() % 10, 1, "the start function runs once for each owner");
    assert_eq!(store.limit_reached(), None);
}

#[test]
fn what_the_last_owner_did_is_undone() {
    let pool = pool();
    for round in 0..20 {
        let mut store = pool.take(10 * round).unwrap();
        assert_eq!(pool.idle(), 0);
        assert_is_new(&mut store);
        assert_eq!(*store.data(), 10 * round + 1);
        // Whatever remains of these is in the way of the next.
        call::<()>(&mut store, "segments", None).unwrap();
        call::<()>(&mut store, "change", None).unwrap();
        assert_eq!(call::<i32>(&mut store, "deep", Some(10_000)).unwrap(), 10_000);
        assert!(call::<()>(&mut store, "segments", None).is_err());
        Global::new(&mut store, number(true), Val::I32(1)).unwrap();
        let ty = FuncType { params: vec![], results: vec![] };
        Func::new(&mut store, ty, |_, _, _| Ok(())).unwrap();
        drop(store);
        assert_eq!(pool.idle(), 1);
    }
}

#[test]
fn handles_of_the_last_owner_are_of_another_store() {
    let pool = pool();
    let mut store = pool.take(0).unwrap();
    let instance = store.instance();
    let one = instance.get_func(&store, "one").unwrap();
    let wait = instance.get_func(&store, "wait").unwrap();
    let Progress::Suspended(suspended) = wait.start(&mut store, &[]).unwrap() else {
        panic!("nobody has answered");
    };
    let interrupt = store.interrupt_handle();
    interrupt.interrupt();
    assert_eq!(one.call(&mut store, &[]).unwrap_err().trap_code(), Some(TrapCode::Interrupt));
    drop(store);
    let mut store = pool.take(0).unwrap();
    interrupt.interrupt();
    assert!(matches!(one.call(&mut store, &[]), Err(Error::Usage(_))));
    assert!(suspended.resume(&mut store, Ok(&[Val::I32(1)])).is_err());
    assert_is_new(&mut store);
    let old =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| instance.get_func(&store, "one")));
    assert!(old.is_err(), "the instance's handle is the last owner's");
}

#[test]
fn a_deadline_is_the_owners() {
    let pool = pool();
    let soon = || Some(Instant::now() + Duration::from_millis(50));
    for _ in 0..3 {
        let mut store = pool.take_with(0, |store| store.set_deadline(soon())).unwrap();
        let error = call::<()>(&mut store, "spin", None).unwrap_err();
        assert_eq!(error.limit(), Some(LimitKind::Time));
        drop(store);
        let mut store = pool.take(0).unwrap();
        assert_is_new(&mut store);
    }
    let failed = pool.take_with(0, |_| Err(Error::host("refused")));
    assert!(matches!(failed, Err(Error::Host(_))));
    assert_eq!(pool.idle(), 1);
}

#[test]
fn imports_are_compared_when_they_are_linked() {
    let artifact = artifact(GUEST);
    let missing = Linker::<Starts>::new().instantiate_pre(&artifact).unwrap_err();
    let Error::Link(problems) = missing else { panic!("{missing}") };
    assert_eq!(problems.len(), 2);
    let mut wrong = linker();
    wrong.func_wrap("host", "started", |_: i32| {});
    let Err(Error::Link(problems)) = wrong.instantiate_pre(&artifact) else { panic!("linked") };
    assert_eq!(problems[0].found.as_deref(), Some("function (i32) -> ()"));
}

#[test]
fn an_item_of_a_store_is_for_that_alone() {
    let artifact = artifact(
        r#"(module (import "host" "global" (global i32))
        (func (export "get") (result i32) (global.get 0)))"#,
    );
    let mut store = Store::new(0);
    let global = Global::new(&mut store, number(false), Val::I32(5)).unwrap();
    let mut linker = Linker::<Starts>::new();
    linker.define("host", "global", global);
    let prepared = linker.instantiate_pre(&artifact).unwrap();
    let get = |store: &mut Store<Starts>, instance: Instance| {
        instance.get_typed_func::<(), i32>(store, "get").unwrap().call(store, ()).unwrap()
    };
    for _ in 0..2 {
        let instance = prepared.instantiate(&mut store).unwrap();
        assert_eq!(get(&mut store, instance), 5);
    }
    assert!(matches!(prepared.instantiate(&mut Store::new(0)), Err(Error::Link(_))));
    let refused = InstancePool::new(prepared, Limits::default(), 1).unwrap_err();
    assert!(refused.to_string().contains("an item of one store"));
}

#[test]
fn many_threads_share_a_pool() {
    let pool = pool();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let pool = pool.clone();
            scope.spawn(move || {
                for _ in 0..50 {
                    let mut store = pool.take(0).unwrap();
                    assert_is_new(&mut store);
                    call::<()>(&mut store, "change", None).unwrap();
                }
            });
        }
    });
    assert!(pool.idle() <= 4);
}

#[test]
fn sequences_of_calls_do_what_a_model_says() {
    for seed in 0..200 {
        let mut numbers = precast_tests::random::Numbers::new(seed);
        let bytes: Vec<u8> = (0..150).flat_map(|_| (numbers.next() as u32).to_le_bytes()).collect();
        sequence::follow(&bytes);
    }
}

/// What the fuzz target begins with, and whatever it finds.
#[test]
fn seeds_of_sequences_do_what_a_model_says() {
    let folder = precast_tests::fixture("fuzz/sequence");
    let seeds: Vec<_> = folder.read_dir().unwrap().map(|seed| seed.unwrap().path()).collect();
    assert!(seeds.len() >= 9, "{seeds:?}");
    for seed in seeds {
        println!("{}", seed.display());
        sequence::follow(&std::fs::read(seed).unwrap());
    }
}

/// A host function's data is dropped with the owner, not with the next.
#[test]
fn the_data_of_an_owner_goes_with_it() {
    let shared = std::sync::Arc::new(());
    let mut linker = Linker::<std::sync::Arc<()>>::new();
    linker.func_wrap("host", "none", || {});
    let artifact = artifact(r#"(module (func (export "nothing")))"#);
    let prepared = linker.instantiate_pre(&artifact).unwrap();
    let pool = InstancePool::new(prepared, Limits::default(), 2).unwrap();
    drop((pool.take(shared.clone()).unwrap(), pool.take(shared.clone()).unwrap()));
    assert_eq!(pool.idle(), 2);
    assert_eq!(std::sync::Arc::strong_count(&shared), 1);
    let mut store = pool.take(shared.clone()).unwrap();
    assert_eq!(std::sync::Arc::strong_count(store.as_store_mut().data()), 2);
}

/// Prints what instances cost, new and pooled: `--nocapture`.
#[test]
fn what_instances_cost() {
    let text = r#"(module (memory (export "memory") 16 100) (data (i32.const 0) "contents")
        (func (export "nothing")) (func (export "touch") (i32.store (i32.const 8) (i32.const 1))))"#;
    let prepared = Linker::<Starts>::new().instantiate_pre(&artifact(text)).unwrap();
    let pool = InstancePool::new(prepared.clone(), Limits::default(), 1).unwrap();
    let rounds = if cfg!(debug_assertions) { 500 } else { 100_000 };
    let time = |what: &str, run: &dyn Fn()| {
        (0..rounds / 10).for_each(|_| run());
        let start = Instant::now();
        (0..rounds).for_each(|_| run());
        println!("{what}: {:?}", start.elapsed() / rounds);
    };
    time("new", &|| {
        prepared.instantiate(&mut Store::new(0)).unwrap();
    });
    time("pooled, untouched", &|| drop(pool.take(0).unwrap()));
    for name in ["nothing", "touch"] {
        time(&format!("pooled, {name} called"), &|| {
            call::<()>(&mut pool.take(0).unwrap(), name, None).unwrap();
        });
    }
    assert_eq!(pool.idle(), 1);
}
