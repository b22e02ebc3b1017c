//! Fuel: the count of executed operators is the same whatever the code generator
//! does, and a store that has none left ends its guests.

use precast_compiler::{MemoryModel, OptLevel, Options};
use precast_loader::{
    Artifact, Caller, Error, Instance, InstancePool, LimitKind, Limits, Linker, Store, TrapCode,
};
use precast_tests::binaries::{precast, precast_run};
use precast_tests::cross::{Machine, need_cross};
use precast_tests::outcome::run;
use precast_tests::scratch;

/// Functions with as many kinds of control as there are; each takes a number.
const GUEST: &str = r#"(module
    (import "host" "log" (func $log (param i32)))
    (import "host" "refill" (func $refill))
    (tag $tag (param i32))
    (memory (export "memory") 1)
    (table $calls funcref (elem $double $add))
    (table $public (export "public") 100 funcref)
    (type $unary (func (param i32) (result i32)))
    (global $count (mut i32) (i32.const 0))
    ;; One after the other: four operators.
    (func $double (type $unary)
        (block (nop))
        (i32.mul (local.get 0) (i32.const 2)))
    (func $add (type $unary) (i32.add (local.get 0) (i32.const 1)))
    (func (export "straight") (param i32) (result i32) (call $double (call $add (local.get 0))))
    (func (export "loop") (param i32) (result i32) (local i32)
        (loop
            (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1))
    (func $factorial (export "recursion") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 1))
            (else (i32.mul (local.get 0)
                (call $factorial (i32.sub (local.get 0) (i32.const 1)))))))
    (func $down (export "tail") (param i32) (result i32)
        (if (local.get 0) (then
            (return_call $down (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 5))
    (func (export "indirect") (param i32) (result i32)
        (call_indirect $calls (type $unary)
            (local.get 0) (i32.and (local.get 0) (i32.const 1))))
    (func (export "table") (param i32) (result i32)
        (block (block (block
            (br_table 0 1 2 0 1 (i32.and (local.get 0) (i32.const 7))))
            (return (i32.const 10)))
            (return (call $double (i32.const 10))))
        (i32.const 30))
    (func $thrower (param i32) (result i32)
        (if (i32.and (local.get 0) (i32.const 1)) (then (throw $tag (local.get 0))))
        (i32.const 0))
    (func (export "exceptions") (param i32) (result i32) (local i32)
        (loop
            (block $caught (result i32)
                (try_table (catch $tag $caught)
                    (drop (call $thrower (local.get 0)))
                    (if (i32.eq (local.get 0) (i32.const 4)) (then (throw $tag (i32.const 8)))))
                (i32.const 100))
            (local.set 1 (i32.add (local.get 1)))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1))
    (func (export "bulk") (param i32) (result i32)
        (memory.fill (i32.const 0) (i32.const 1) (i32.mul (local.get 0) (i32.const 640)))
        (memory.copy (i32.const 1) (i32.const 0) (local.get 0))
        (table.fill $public (i32.const 0) (ref.null func) (local.get 0))
        (i32.load (i32.const 1)))
    (func (export "host") (param i32) (result i32)
        (call $log (local.get 0)) (call $add (local.get 0)))
    (func $divide (param i32) (result i32) (i32.div_u (i32.const 7) (local.get 0)))
    (func (export "trap") (param i32) (result i32)
        (drop (call $divide (i32.const 2)))
        (drop (call $add (i32.const 2)))
        (call $divide (i32.const 0)))
    (func (export "spin") (param i32) (result i32) (loop (br 0)) unreachable)
    (func (export "refilled") (param i32) (result i32) (local i32)
        (loop (local.set 1 (i32.add (local.get 1) (i32.const 1)))
            (if (i32.eqz (i32.and (local.get 1) (i32.const 15))) (then (call $refill)))
            (br_if 0 (i32.ne (local.get 1) (local.get 0))))
        (local.get 1)))"#;

/// Units of each call, counted by hand where it says so.
const CALLS: [(&str, i32, Option<u64>); 14] = [
    // local.get, call, then get const add; call, then get const mul.
    ("straight", 3, Some(3 + 3 + 3)),
    // Nine operators a round, and the last one.
    ("loop", 1, Some(10)),
    ("loop", 1000, Some(9001)),
    // get eqz if, then const; or get get const sub call mul.
    ("recursion", 0, Some(4)),
    ("recursion", 10, Some(10 * 9 + 4)),
    // get if get const sub return_call; get if const.
    ("tail", 1000, Some(6 * 1000 + 3)),
    ("indirect", 4, Some(5 + 3)),
    ("indirect", 5, Some(5 + 3)),
    ("table", 0, Some(4 + 2)),
    ("table", 1, Some(4 + 3 + 3)),
    ("table", 6, Some(4 + 3 + 3)),
    // Three operands each but the middle two more, an operator each, then two.
    ("bulk", 8, Some(6 + 80 + 4 + 4 + 1 + 2)),
    ("host", 1, Some(2 + 2 + 3)),
    ("exceptions", 9, None),
];

fn options(opt_level: OptLevel) -> Options {
    Options { fuel: true, opt_level, ..Options::default() }
}

fn wasm(text: &str) -> Vec<u8> {
    precast_compiler::text_to_binary(text.as_bytes()).unwrap()
}

fn artifact(options: &Options) -> Artifact {
    precast_embed::compile(&wasm(GUEST), options).unwrap()
}

fn linker() -> Linker<u64> {
    let mut linker = Linker::new();
    linker.func_wrap("host", "log", |_: i32| {});
    linker.func_wrap("host", "refill", |mut caller: Caller<'_, u64>| {
        let more = *caller.data();
        caller.set_fuel(more)
    });
    linker
}

const ENOUGH: u64 = 1 << 40;

/// What a call uses, and how it ends.
fn used(artifact: &Artifact, name: &str, argument: i32, fuel: u64) -> (u64, Result<i32, Error>) {
    let mut store = Store::new(0);
    store.set_fuel(fuel).unwrap();
    let instance = linker().instantiate(&mut store, artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, name).unwrap();
    let result = call.call(&mut store, argument);
    (fuel - store.fuel().unwrap(), result)
}

#[test]
fn each_executed_operator_takes_a_unit() {
    let artifact = artifact(&options(OptLevel::default()));
    for (name, argument, expected) in CALLS {
        let (used, result) = used(&artifact, name, argument, ENOUGH);
        result.unwrap();
        if let Some(expected) = expected {
            assert_eq!(used, expected, "{name}({argument})");
        }
    }
}

#[test]
fn the_count_depends_on_nothing_but_the_module_and_its_input() {
    use OptLevel::{Aggressive, Less, None, Size, Speed};
    let mut all: Vec<Options> = [None, Less, Speed, Aggressive, Size].map(options).into();
    let model = MemoryModel::Bounds;
    all.push(Options { memory_model: model, ..options(Speed) });
    all.extend([None, Speed].map(|level| Options { debug_info: true, ..options(level) }));
    let counts = all.iter().map(|options| {
        let artifact = artifact(options);
        let mut counts: Vec<u64> = CALLS
            .iter()
            .map(|(name, argument, _)| used(&artifact, name, *argument, ENOUGH).0)
            .collect();
        // What a trap leaves, also in a body that is inlined, is the same.
        let (trapped, result) = used(&artifact, "trap", 0, ENOUGH);
        assert_eq!(result.unwrap_err().trap_code(), Some(TrapCode::IntegerDivisionByZero));
        counts.push(trapped);
        // As is the point where the fuel ends.
        for fuel in [0, 1, 7, 100, 500] {
            for (name, argument) in [("recursion", 100), ("loop", 100), ("exceptions", 100)] {
                let result = used(&artifact, name, argument, fuel).1;
                let error = result.unwrap_err();
                assert_eq!(error.limit(), Some(LimitKind::Fuel), "{name}: {error}");
                counts.push(error.frames().len() as u64);
            }
        }
        counts
    });
    let counts: Vec<Vec<u64>> = counts.collect();
    for (options, count) in all.iter().zip(&counts) {
        assert_eq!(count, &counts[2], "{options:?}");
    }
}

#[test]
fn enough_is_enough_and_one_unit_less_is_not() {
    let artifact = artifact(&options(OptLevel::default()));
    for (name, argument, _) in CALLS {
        let least = used(&artifact, name, argument, ENOUGH).0;
        let (took, result) = used(&artifact, name, argument, least);
        result.unwrap();
        assert_eq!(took, least, "{name}({argument})");
        let (took, result) = used(&artifact, name, argument, least - 1);
        assert_eq!(result.unwrap_err().limit(), Some(LimitKind::Fuel), "{name}({argument})");
        assert_eq!(took, least - 1, "{name}({argument})");
    }
}

#[test]
fn what_is_not_paid_for_does_not_reach_the_host() {
    let artifact = artifact(&options(OptLevel::default()));
    let logged = |fuel: u64| {
        let mut store = Store::new(0);
        let mut linker = linker();
        linker.func_wrap("host", "log", |mut caller: Caller<'_, u64>, _: i32| {
            *caller.data_mut() += 1;
        });
        let instance = linker.instantiate(&mut store, &artifact).unwrap();
        let host = instance.get_typed_func::<i32, i32>(&store, "host").unwrap();
        store.set_fuel(fuel).unwrap();
        let ended = host.call(&mut store, 1).map_err(|error| error.limit());
        (ended, *store.data(), store.fuel().unwrap())
    };
    // The body's four operators are one stretch, and three are in what it calls.
    assert_eq!(logged(3), (Err(Some(LimitKind::Fuel)), 0, 0));
    assert_eq!(logged(4), (Err(Some(LimitKind::Fuel)), 1, 0));
    assert_eq!(logged(7), (Ok(2), 1, 0));
}

#[test]
fn a_guest_without_fuel_ends_and_can_be_given_more() {
    let artifact = artifact(&options(OptLevel::default()));
    let mut store = Store::new(0);
    let instance = linker().instantiate(&mut store, &artifact).unwrap();
    assert_eq!(store.fuel(), None);
    let get = |store: &Store<u64>, instance: &Instance, name| {
        instance.get_typed_func::<i32, i32>(store, name).unwrap()
    };
    let (spin, refilled) = (get(&store, &instance, "spin"), get(&store, &instance, "refilled"));
    for fuel in [0, 1, 1_000_000] {
        store.set_fuel(fuel).unwrap();
        let error = spin.call(&mut store, 0).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::OutOfFuel));
        assert_eq!(error.limit(), Some(LimitKind::Fuel));
        assert_eq!(store.fuel(), Some(0));
    }
    // A host function that refills, and one that does too little.
    *store.data_mut() = 1000;
    store.set_fuel(1000).unwrap();
    assert_eq!(refilled.call(&mut store, 100_000).unwrap(), 100_000);
    *store.data_mut() = 10;
    assert_eq!(refilled.call(&mut store, 100_000).unwrap_err().limit(), Some(LimitKind::Fuel));
}

#[test]
fn code_that_does_not_count_is_refused_where_fuel_is_limited() {
    let plain = artifact(&Options::default());
    assert!(!plain.counts_fuel());
    let mut store = Store::new(0);
    store.set_fuel(1).unwrap();
    let error = linker().instantiate(&mut store, &plain).unwrap_err();
    assert!(error.to_string().contains("compile the module with `--fuel`"), "{error}");
    let mut store = Store::new(0);
    linker().instantiate(&mut store, &plain).unwrap();
    assert!(matches!(store.set_fuel(1), Err(Error::Usage(_))));
    assert_eq!(store.fuel(), None);
}

#[test]
fn pooled_stores_begin_with_the_fuel_of_their_limits() {
    let artifact = artifact(&options(OptLevel::default()));
    let mut limits = Limits::default();
    limits.fuel = Some(500);
    let pool = InstancePool::new(linker().instantiate_pre(&artifact).unwrap(), limits, 1).unwrap();
    for _ in 0..3 {
        let mut store = pool.take(0).unwrap();
        assert_eq!(store.fuel(), Some(500));
        let call = store.instance().get_typed_func::<i32, i32>(&store, "loop").unwrap();
        call.call(&mut store, 10).unwrap();
        assert_eq!(store.fuel(), Some(500 - 91));
        assert_eq!(call.call(&mut store, 100).unwrap_err().limit(), Some(LimitKind::Fuel));
    }
}

const PROGRAM: &str = r#"(module
    (func $step (param i64 i64) (result i64)
        (i64.add (i64.mul (local.get 0) (i64.const 6364136223846793005)) (local.get 1)))
    (func (export "work") (param i32) (result i64) (local i64)
        (loop
            (local.set 1 (call $step (local.get 1) (i64.extend_i32_u (local.get 0))))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;

/// The least fuel with which the program does its work: ten operators a round and five
/// in the call, and the last one.
const LEAST: u64 = 100 * 15 + 1;

/// The same on every machine and at every level: enough fuel is enough, and one unit
/// less is not.
fn ends_at_the_same_unit(target: &str, start: &dyn Fn() -> std::process::Command) {
    let folder = scratch();
    let module = folder.path().join("work.wat");
    std::fs::write(&module, PROGRAM).unwrap();
    for level in ["-O0", "-O1", "-O2", "-O3", "-Os"] {
        let artifact = folder.path().join("work.cwasm");
        let mut compile = precast();
        compile.args(["compile", "--quiet", "--fuel", level, "--target", target, "-o"]);
        run(compile.arg(&artifact).arg(&module)).succeeds();
        let work = |fuel: u64| {
            let mut command = start();
            command.args(["--fuel", &fuel.to_string(), "--invoke", "work"]);
            run(command.arg(&artifact).arg("100"))
        };
        work(LEAST).succeeds();
        work(LEAST - 1).exits(134).complains(&["all fuel consumed", "--fuel"]);
    }
}

#[test]
fn fuel_ends_at_the_same_unit_here() {
    ends_at_the_same_unit("x86_64", &precast_run);
}

fn elsewhere(machine: &'static Machine) {
    ends_at_the_same_unit(machine.target, &|| machine.precast_run());
}

#[test]
fn fuel_ends_at_the_same_unit_on_aarch64() {
    elsewhere(need_cross!("aarch64"));
}

#[test]
fn fuel_ends_at_the_same_unit_on_riscv64() {
    elsewhere(need_cross!("riscv64"));
}

#[test]
fn run_compiles_modules_for_their_fuel_and_refuses_artifacts_without() {
    let folder = scratch();
    let module = folder.path().join("work.wat");
    std::fs::write(&module, PROGRAM).unwrap();
    let start = |fuel: &str| {
        let mut command = precast();
        command.args(["run", "--quiet", "--no-cache", "--fuel", fuel, "--invoke", "work"]);
        run(command.arg(&module).arg("100"))
    };
    start("100000").succeeds();
    start("100").exits(134).complains(&["all fuel consumed", "units of fuel was reached"]);
    let artifact = folder.path().join("plain.cwasm");
    run(precast().args(["compile", "--quiet", "-o"]).arg(&artifact).arg(&module)).succeeds();
    let refused =
        run(precast_run().args(["--fuel", "9", "--invoke", "work"]).arg(&artifact).arg("1"));
    refused.exits(1).complains(&["compile the module with `--fuel`"]);
    // What was compiled with fuel is what it compiles to.
    let counted = folder.path().join("counted.cwasm");
    let mut compile = precast();
    run(compile.args(["compile", "--quiet", "--fuel", "-o"]).arg(&counted).arg(&module)).succeeds();
    run(precast().args(["verify", "--quiet"]).arg(&counted).arg(&module)).succeeds();
}
