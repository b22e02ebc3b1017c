//! A guest ends soon after its deadline, whatever it does, and nobody loses by
//! it: the store can be used again afterwards.
//!
//! Each case is run a few times. `PRECAST_DEADLINES=10000` runs each as often,
//! and `--nocapture` prints how late they ended.

use precast_compiler::{OptLevel, Options};
use precast_loader::wasi::{Input, WasiCtx, WasiCtxBuilder};
use precast_loader::{Artifact, Error, Instance, Linker, Result, Store, TrapCode};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const GUEST: &str = r#"(module
    (import "host" "nothing" (func $nothing))
    (import "wasi_snapshot_preview1" "fd_read"
        (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff"
        (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 4096)
    (table $table 2000000 funcref)
    (func (export "nothing"))
    (func (export "spin") (loop (br 0)))
    (func $leaf (param i32) (result i32) (i32.xor (local.get 0) (i32.const 1)))
    (table $calls funcref (elem $leaf))
    (func (export "calls") (local i32)
        (loop (local.set 0 (call_indirect $calls (param i32) (result i32)
            (local.get 0) (i32.const 0))) (br 0)))
    (func (export "host") (loop (call $nothing) (br 0)))
    (func (export "fill")
        (loop (memory.fill (i32.const 65536) (i32.const 1) (i32.const 0xfff0000)) (br 0)))
    (func (export "copy")
        (loop (memory.copy (i32.const 65537) (i32.const 65536) (i32.const 0xffe0000)) (br 0)))
    (func (export "few")
        (loop (memory.copy (i32.const 64) (i32.const 65)
            (i32.or (i32.load8_u (i32.const 0)) (i32.const 17))) (br 0)))
    (func (export "table")
        (loop (table.fill $table (i32.const 0) (ref.null func) (i32.const 2000000))
            (table.copy $table $table (i32.const 1) (i32.const 0) (i32.const 1999999)) (br 0)))
    (func (export "read")
        (i64.store (i32.const 0) (i64.const 0x1000000020))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (loop (br 0)))
    (func (export "sleep")
        (i32.store (i32.const 16) (i32.const 1)) ;; the monotonic clock
        (i64.store (i32.const 24) (i64.const 3600000000000))
        (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 256)))
        unreachable))"#;

const ENDLESS_START: &str = "(module (func $spin (loop (br 0))) (start $spin))";

fn artifact(text: &str, level: OptLevel) -> Artifact {
    let wasm = precast_compiler::text_to_binary(text.as_bytes()).unwrap();
    let options = Options { opt_level: level, ..Options::default() };
    precast_embed::compile(&wasm, &options).unwrap()
}

fn guest() -> &'static Artifact {
    static GUESTS: OnceLock<Artifact> = OnceLock::new();
    GUESTS.get_or_init(|| artifact(GUEST, OptLevel::default()))
}

/// A store whose standard input never has anything, and the end that would.
fn store() -> (Store<WasiCtx>, rustix::fd::OwnedFd) {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    let wasi = WasiCtxBuilder::new().stdin(Input::Fd(reader)).build();
    (Store::new(wasi), writer)
}

fn instantiate(store: &mut Store<WasiCtx>, artifact: &Artifact) -> Result<Instance> {
    let mut linker = Linker::new();
    linker.add_wasi(|wasi| wasi).func_wrap("host", "nothing", || ());
    linker.instantiate(store, artifact)
}

fn repetitions() -> usize {
    std::env::var("PRECAST_DEADLINES").map_or(12, |text| text.parse().expect("a number"))
}

/// When calls must have ended: a machine with a thousand things to do is late.
const LATEST: Duration = Duration::from_secs(2);

fn assert_interrupted<T: std::fmt::Debug>(result: Result<T>) {
    assert_eq!(result.unwrap_err().trap_code(), Some(TrapCode::Interrupt));
}

/// Calls an export again and again, each time with a deadline; how late each call
/// ended.
fn late(export: &str) -> Vec<Duration> {
    let (mut store, _writer) = store();
    let instance = instantiate(&mut store, guest()).unwrap();
    let get = |store: &Store<_>, name| instance.get_typed_func::<(), ()>(store, name).unwrap();
    let (call, nothing) = (get(&store, export), get(&store, "nothing"));
    let late = (0..repetitions()).map(|round| {
        let deadline = Instant::now() + Duration::from_micros(300 + 137 * (round as u64 % 16));
        store.set_deadline(Some(deadline)).unwrap();
        let result = call.call(&mut store, ());
        let late = deadline.elapsed();
        assert!(Instant::now() >= deadline, "{export} ended before its deadline");
        assert_interrupted(result);
        assert_interrupted(nothing.call(&mut store, ()));
        store.clear_interrupt();
        nothing.call(&mut store, ()).unwrap();
        late
    });
    late.collect()
}

fn report(what: &str, mut late: Vec<Duration>) {
    late.sort_unstable();
    let (median, worst) = (late[late.len() / 2], late[late.len() - 1]);
    let within = late.iter().filter(|late| **late <= Duration::from_millis(10)).count();
    println!(
        "{what}: {} runs, median {median:?}, {within} within 10 ms, worst {worst:?}",
        late.len()
    );
    assert!(worst < LATEST, "{what} ended {worst:?} after its deadline");
}

#[test]
fn whatever_a_guest_does_its_deadline_ends_it() {
    for export in ["spin", "calls", "host", "fill", "copy", "few", "table", "read", "sleep"] {
        report(export, late(export));
    }
}

#[test]
fn an_endless_start_function_ends() {
    let endless = artifact(ENDLESS_START, OptLevel::default());
    let late = (0..repetitions()).map(|_| {
        let (mut store, _writer) = store();
        let deadline = Instant::now() + Duration::from_millis(1);
        store.set_deadline(Some(deadline)).unwrap();
        assert_interrupted(instantiate(&mut store, &endless));
        deadline.elapsed()
    });
    report("start", late.collect());
}

#[test]
fn code_that_is_not_optimised_ends_too() {
    let unoptimised = artifact(GUEST, OptLevel::None);
    let (mut store, _writer) = store();
    let instance = instantiate(&mut store, &unoptimised).unwrap();
    for export in ["spin", "calls"] {
        let call = instance.get_typed_func::<(), ()>(&store, export).unwrap();
        // On a busy machine the deadline may pass before the guest is entered,
        // and then there are no frames.
        let in_the_guest = (0..10).any(|_| {
            store.set_deadline(Some(Instant::now() + Duration::from_millis(30))).unwrap();
            let error = call.call(&mut store, ()).unwrap_err();
            assert_eq!(error.trap_code(), Some(TrapCode::Interrupt));
            store.clear_interrupt();
            !error.trap().unwrap().frames().is_empty()
        });
        assert!(in_the_guest, "{export} ended ten times without a frame");
    }
}

/// What a host function leads to is stopped with it, and the host function may
/// go on; the guest that called it does not.
#[test]
fn calls_inside_calls_end() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "again", |mut caller: precast_loader::Caller<'_, u32>| {
        let spin = caller.get_export("spin").and_then(|item| item.func()).unwrap();
        assert_interrupted(spin.call(&mut caller, &[]));
        *caller.data_mut() += 1;
    });
    let text = r#"(module (import "host" "again" (func $again))
        (func (export "spin") (loop (br 0)))
        (func (export "outer") (call $again) (loop (br 0))))"#;
    let artifact = artifact(text, OptLevel::default());
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let outer = instance.get_typed_func::<(), ()>(&store, "outer").unwrap();
    for round in 1..=repetitions() {
        store.set_deadline(Some(Instant::now() + Duration::from_millis(20))).unwrap();
        assert_interrupted(outer.call(&mut store, ()));
        assert_eq!(*store.data() as usize, round);
        store.clear_interrupt();
    }
}

/// A handle of one call stops that alone.
#[test]
fn a_handle_stops_its_call_from_another_thread() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "nothing", |mut caller: precast_loader::Caller<'_, ()>| {
        let handle = caller.interrupt_handle().unwrap();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_micros(200));
            handle.interrupt();
        });
    });
    let text = r#"(module (import "host" "nothing" (func $nothing))
        (func (export "f") (param i32) (if (local.get 0)
            (then (call $nothing) (loop (br 0))))))"#;
    let artifact = artifact(text, OptLevel::default());
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, ()>(&store, "f").unwrap();
    for _ in 0..repetitions() {
        assert_interrupted(call.call(&mut store, 1));
        call.call(&mut store, 0).unwrap();
    }
}

/// Many threads with a store each, all with deadlines: none is lost, none hits
/// another's.
#[test]
fn deadlines_of_many_threads() {
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                let (mut store, _writer) = store();
                let instance = instantiate(&mut store, guest()).unwrap();
                let spin = instance.get_typed_func::<(), ()>(&store, "spin").unwrap();
                for round in 0..repetitions() as u64 {
                    let time = Duration::from_micros(100 * ((round + thread) % 8));
                    let deadline = Instant::now() + time;
                    store.set_deadline(Some(deadline)).unwrap();
                    assert_interrupted(spin.call(&mut store, ()));
                    assert!(Instant::now() >= deadline);
                    store.clear_interrupt();
                }
            });
        }
    });
}

#[test]
fn a_deadline_that_is_withdrawn_stops_nobody() {
    let (mut store, _writer) = store();
    let instance = instantiate(&mut store, guest()).unwrap();
    let nothing = instance.get_typed_func::<(), ()>(&store, "nothing").unwrap();
    store.set_deadline(Some(Instant::now() + Duration::from_millis(2))).unwrap();
    store.set_deadline(None).unwrap();
    std::thread::sleep(Duration::from_millis(5));
    nothing.call(&mut store, ()).unwrap();
    store.interrupt_handle().interrupt();
    assert!(matches!(nothing.call(&mut store, ()), Err(Error::Trap(_))));
}
