//! Plugins that mean harm: each ends with the error that names its limit, on several
//! threads at once, and the host has afterwards what it had before: mappings,
//! descriptors, resident memory.
//!
//! `PRECAST_PLUGINS=10000` has so many of them, and `PRECAST_CYCLES=1000000` makes
//! and drops as many instances.
#![cfg(target_os = "linux")]

use self::End::{Exception, Exit, Host, Limit, Told, Trap};
use precast_compiler::Options;
use precast_loader::wasi::{Output, WasiCtx, WasiCtxBuilder};
use precast_loader::{
    Caller, Error, InstancePool, LimitKind, Limits, Linker, PooledStore, Store, TrapCode,
    run_command,
};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a plugin must end.
#[derive(Clone, Copy, Debug)]
enum End {
    /// A limit, named by the error.
    Limit(LimitKind),
    /// The guest was told of a limit, and trapped.
    Told(LimitKind),
    Trap(TrapCode),
    Exit(i32),
    Exception,
    Host,
}

/// What every plugin imports and has, before what it does when it is started.
const COMMON: &str = r#"
    (import "host" "nothing" (func $nothing))
    (import "host" "again" (func $again (param i32)))
    (import "host" "fail" (func $fail))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff"
        (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 16)
    (type $empty (func))
    (table $table (export "table") 8 funcref)
    (table $private 4 4 funcref)
    (table $kept (export "kept") 1000 exnref)
    (elem (table $private) (i32.const 0) func $typed)
    (tag $tag (param i64 i64 i64 i64))
    (func $typed (param i32))
    (func $number (result i32) (i32.load (i32.const 512)))"#;

/// What a plugin does, and how that ends.
const PLUGINS: [(&str, End); 29] = [
    ("(loop (br 0))", Limit(LimitKind::Time)),
    ("(loop (call $nothing) (br 0))", Limit(LimitKind::Time)),
    (
        "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x100000)) (br 0))",
        Limit(LimitKind::Time),
    ),
    (
        "(i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const 3600000000000))
         (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 256))) unreachable",
        Limit(LimitKind::Time),
    ),
    ("(call $start) (call $start)", Limit(LimitKind::StackBytes)),
    ("(call $again (i32.const 0))", Limit(LimitKind::NestedCalls)),
    (
        "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable",
        Told(LimitKind::MemoryBytes),
    ),
    (
        "(loop (br_if 0 (i32.ne (table.grow $table (ref.null func) (i32.const 100)) (i32.const -1))))
         unreachable",
        Told(LimitKind::TableElements),
    ),
    (
        "(local i32) (loop (table.set $kept (local.get 0) (block $caught (result exnref)
            (try_table (catch_all_ref $caught) (throw $tag (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))
            unreachable))
         (local.set 0 (i32.rem_u (i32.add (local.get 0) (i32.const 1)) (i32.const 1000))) (br 0))",
        Limit(LimitKind::ExceptionBytes),
    ),
    (
        "(i64.store (i32.const 0) (i64.const 0x1000000000)) (i32.store (i32.const 4) (i32.const 60000))
         (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))",
        Limit(LimitKind::OutputBytes),
    ),
    ("(call $exit (i32.const 3))", Exit(3)),
    ("(throw $tag (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4))", Exception),
    ("(call $fail)", Host),
    ("unreachable", Trap(TrapCode::Unreachable)),
    ("(drop (i32.div_s (i32.const 1) (call $number)))", Trap(TrapCode::IntegerDivisionByZero)),
    (
        "(drop (i32.div_s (i32.const 0x80000000) (i32.sub (call $number) (i32.const 1))))",
        Trap(TrapCode::IntegerOverflow),
    ),
    (
        "(drop (i32.trunc_f32_s (f32.div (f32.convert_i32_s (call $number)) (f32.convert_i32_s (call $number)))))",
        Trap(TrapCode::BadConversionToInteger),
    ),
    ("(drop (i32.load (i32.const 0xfffffff0)))", Trap(TrapCode::MemoryOutOfBounds)),
    (
        "(local i32) (loop (i64.store (local.get 0) (i64.const -1))
            (local.set 0 (i32.add (local.get 0) (i32.const 8))) (br 0))",
        Trap(TrapCode::MemoryOutOfBounds),
    ),
    (
        "(memory.copy (i32.const 0) (i32.const 1) (i32.const 0x100000))",
        Trap(TrapCode::MemoryOutOfBounds),
    ),
    ("(drop (table.get $table (i32.const 8)))", Trap(TrapCode::TableOutOfBounds)),
    ("(call_indirect $private (type $empty) (i32.const 9))", Trap(TrapCode::TableOutOfBounds)),
    ("(call_indirect $private (type $empty) (i32.const 1))", Trap(TrapCode::IndirectCallToNull)),
    ("(call_indirect $private (type $empty) (i32.const 0))", Trap(TrapCode::BadSignature)),
    ("(call_indirect $table (type $empty) (i32.const 1))", Trap(TrapCode::IndirectCallToNull)),
    ("(call $again (i32.const 1)) (loop (br 0))", Trap(TrapCode::Unreachable)),
    ("(call $again (i32.const 2)) (loop (br 0))", Limit(LimitKind::Time)),
    (
        "(local i32) (loop (memory.fill (local.get 0) (i32.const 0xff) (i32.const 65536))
            (drop (memory.grow (i32.const 1)))
            (local.set 0 (i32.add (local.get 0) (i32.const 65536))) (br 0))",
        Trap(TrapCode::MemoryOutOfBounds),
    ),
    ("(loop (br 0)) (; with fuel ;)", Limit(LimitKind::Fuel)),
];

struct HostilePlugin {
    pool: InstancePool<WasiCtx>,
    prepared: precast_loader::InstancePre<WasiCtx>,
    limits: Limits,
    text: &'static str,
    end: End,
}

fn linker() -> Linker<WasiCtx> {
    let mut linker = Linker::new();
    linker.add_wasi(|wasi| wasi);
    linker.func_wrap("host", "nothing", || {});
    linker.func_wrap("host", "fail", || -> Result<(), Error> { Err(Error::host("refused")) });
    // 0: the plugin's start again; 1: a function that traps; 2: one that never ends.
    linker.func_wrap("host", "again", |mut caller: Caller<'_, WasiCtx>, what: i32| {
        let name = ["_start", "trap", "spin"][what as usize];
        let inner = caller.get_export(name).and_then(|item| item.func()).expect("exported");
        inner.call(&mut caller, &[]).map(|_| ())
    });
    linker
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.memory_bytes = 2 << 20;
    limits.table_elements = 10_000;
    limits.stack_bytes = 128 << 10;
    limits.nested_calls = 20;
    limits.exception_bytes = 16 << 10;
    limits
}

fn plugins() -> Vec<HostilePlugin> {
    let make = |(text, end): (&'static str, End)| {
        let module = format!(
            "(module {COMMON} (func $trap (export \"trap\") unreachable)
                (func (export \"spin\") (loop (br 0)))
                (func $start (export \"_start\") {text}))"
        );
        let wasm = precast_compiler::text_to_binary(module.as_bytes()).unwrap();
        let fuel = matches!(end, Limit(LimitKind::Fuel));
        let artifact =
            precast_embed::compile(&wasm, &Options { fuel, ..Options::default() }).unwrap();
        let mut limits = limits();
        limits.fuel = fuel.then_some(100_000);
        let prepared = linker().instantiate_pre(&artifact).unwrap();
        let pool = InstancePool::new(prepared.clone(), limits.clone(), 1).unwrap();
        HostilePlugin { pool, prepared, limits, text, end }
    };
    PLUGINS.map(make).into()
}

fn wasi() -> WasiCtx {
    WasiCtxBuilder::new().stdout(Output::Null).max_output(1 << 20).build()
}

impl HostilePlugin {
    /// Runs it once, in a new store or a pooled one, and holds its end against what
    /// it must be.
    fn run(&self, pooled: bool) {
        let deadline = || Some(Instant::now() + Duration::from_millis(2));
        // Others have time enough for what they do, also on a busy machine.
        let deadline =
            || if matches!(self.end, Limit(LimitKind::Time)) { deadline() } else { None };
        match pooled {
            true => {
                let mut store =
                    self.pool.take_with(wasi(), |s| s.set_deadline(deadline())).unwrap();
                let instance = store.instance();
                let result = run_command(&mut store, &instance);
                self.judge(result, told(&store));
            }
            false => {
                let mut store = Store::with_limits(wasi(), self.limits.clone());
                store.set_deadline(deadline()).unwrap();
                let instance = self.prepared.instantiate(&mut store).unwrap();
                let result = run_command(&mut store, &instance);
                let reached = store.limit_reached();
                self.judge(result, reached);
            }
        }
    }

    #[track_caller]
    fn judge(&self, result: Result<i32, Error>, told: Option<LimitKind>) {
        let Self { text, end, .. } = self;
        let holds = match (end, &result) {
            (Limit(kind), Err(error)) => error.limit() == Some(*kind),
            (Told(kind), Err(error)) => error.trap_code().is_some() && told == Some(*kind),
            (Trap(code), Err(error)) => error.trap_code() == Some(*code),
            (Exit(code), Ok(exited)) => code == exited,
            (Exception, Err(error)) => error.exception().is_some(),
            (Host, Err(Error::Host(_))) => true,
            _ => false,
        };
        assert!(holds, "{text}: {result:?}, where {end:?} is expected");
    }
}

fn told(store: &PooledStore<WasiCtx>) -> Option<LimitKind> {
    store.limit_reached()
}

/// What this process has of the system.
#[derive(Debug, PartialEq, Eq)]
struct Footprint {
    mappings: usize,
    descriptors: usize,
    resident: usize,
}

impl Footprint {
    fn now() -> Self {
        let mappings = fs::read_to_string("/proc/self/maps").unwrap().lines().count();
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
        let statm = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
        Self { mappings, descriptors, resident: pages * rustix::param::page_size() }
    }

    /// The same as before, but for what threads may have in use at once: arenas of the
    /// allocator, stacks of guests that wait for the next one. Whatever a plugin left
    /// would count as often as there are plugins.
    fn assert_as(&self, before: &Self) {
        assert_eq!(self.descriptors, before.descriptors, "{self:?} after {before:?}");
        assert!(self.mappings <= before.mappings + 40, "{self:?} after {before:?}");
        assert!(self.resident <= before.resident + (4 << 20), "{self:?} after {before:?}");
    }
}

/// One test at a time looks at the process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn hostile_plugins_end_by_their_limits_and_leave_nothing() {
    const THREADS: usize = 4;
    let _alone = alone();
    let plugins = plugins();
    let count = number("PRECAST_PLUGINS", 8 * plugins.len());
    let (next, barrier) = (AtomicUsize::new(0), Barrier::new(THREADS + 1));
    let run = |number: usize| {
        plugins[number % plugins.len()].run((number / plugins.len()).is_multiple_of(2))
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                // Twice each, so that stacks, pools and arenas are there.
                (0..2 * plugins.len()).for_each(run);
                barrier.wait();
                barrier.wait();
                while let number = next.fetch_add(1, Ordering::Relaxed)
                    && number < count
                {
                    run(number);
                }
                barrier.wait();
                barrier.wait();
            });
        }
        barrier.wait();
        let before = Footprint::now();
        barrier.wait();
        barrier.wait();
        let after = Footprint::now();
        barrier.wait();
        println!("{count} plugins: {before:?}, then {after:?}");
        after.assert_as(&before);
    });
}

#[test]
fn instances_that_come_and_go_leave_nothing() {
    let _alone = alone();
    let text = r#"(module (memory (export "memory") 2) (data (i32.const 8) "contents")
        (table (export "table") 4 funcref) (elem (i32.const 0) func $run)
        (global (mut i64) (i64.const 1))
        (func $run (export "run") (result i32)
            (i32.store (i32.const 100000) (i32.const 1)) (i32.load (i32.const 8))))"#;
    let wasm = precast_compiler::text_to_binary(text.as_bytes()).unwrap();
    let artifact = precast_embed::compile(&wasm, &Options::default()).unwrap();
    let prepared = Linker::<()>::new().instantiate_pre(&artifact).unwrap();
    let pool = InstancePool::new(prepared.clone(), Limits::default(), 1).unwrap();
    let expected = i32::from_le_bytes(*b"cont");
    let fresh = || {
        let mut store = Store::new(());
        let instance = prepared.instantiate(&mut store).unwrap();
        let run = instance.get_typed_func::<(), i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), expected);
    };
    let pooled = || {
        let mut store = pool.take(()).unwrap();
        let run = store.instance().get_typed_func::<(), i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), expected);
    };
    let count = number("PRECAST_CYCLES", 3000);
    for (what, cycle) in [("new", &fresh as &dyn Fn()), ("pooled", &pooled)] {
        (0..100).for_each(|_| cycle());
        let (before, start) = (Footprint::now(), Instant::now());
        (0..count).for_each(|_| cycle());
        let (after, each) = (Footprint::now(), start.elapsed() / count as u32);
        println!("{count} {what} instances, {each:?} each: {before:?}, then {after:?}");
        after.assert_as(&before);
        assert!(
            after.mappings <= before.mappings && after.resident <= before.resident + (256 << 10)
        );
    }
}
