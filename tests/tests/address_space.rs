//! Where address space is short: what runs in the memory models meant for it,
//! and what the other ones say there.

use precast_compiler::{MemoryModel, Options};
use precast_loader::wasi::{Capture, Output};
use precast_loader::{
    Artifact, Error, Instance, Limits, Linker, Program, ProgramBuilder, Store, TypedFunc,
    run_command,
};
use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::{fixture, need, scratch};
use std::process::Command;

/// Set for the process that has only so much.
const CHILD: &str = "PRECAST_IN_LITTLE_SPACE";

/// `command`, with so many kibibytes of address space.
fn limited(kibibytes: u32, command: &Command) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -v {kibibytes} && exec \"$0\" \"$@\"")]);
    limited.arg(command.get_program()).args(command.get_args());
    limited
}

#[test]
fn hello_in_64_mebibytes() {
    need!("sh");
    let folder = scratch();
    let artifact = folder.path().join("hello.cwasm");
    let compiled = |options: &[&str]| {
        let mut compile = precast();
        compile.args(["compile", "--quiet", "-o"]).arg(&artifact).args(options);
        run(compile.arg(fixture("programs/hello.wasm"))).exits(0);
        let mut start = precast_run();
        start.arg(&artifact);
        run(&mut limited(64 << 10, &start))
    };
    compiled(&["--memory-model", "bounds", "--memory-reservation", "1MiB"])
        .exits(0)
        .prints("hello, world\n");
    compiled(&["--memory-reservation", "1MiB"]).exits(0).prints("hello, world\n");
    let refused = compiled(&[]).exits(1);
    refused.complains(&["address space", "`ulimit -v`", "--memory-model bounds"]);
}

/// A plugin host that keeps 500 of them, each with a store, a memory and a
/// stack of its own.
#[test]
fn five_hundred_instances_in_64_gibibytes() {
    if std::env::var_os(CHILD).is_some() {
        return keep_500();
    }
    need!("sh");
    let mut this = Command::new(std::env::current_exe().expect("the path of this test"));
    this.args(["--exact", "five_hundred_instances_in_64_gibibytes", "--nocapture"]);
    run(limited(64 << 20, &this).env(CHILD, "1")).exits(0);
}

fn keep_500() {
    let wasm = std::fs::read(fixture("programs/hello.wasm")).expect("a fixture");
    let artifact = |memory_model, memory_reservation| {
        let options = Options { memory_model, memory_reservation, ..Options::default() };
        precast_embed::compile(&wasm, &options).expect("valid, and for this machine")
    };

    for model in [MemoryModel::Bounds, MemoryModel::Guard] {
        let artifact = artifact(model, Some(64 << 20));
        let mut instances: Vec<Plugin> =
            (0..500).map(|_| Plugin::new(&artifact).expect("64 MiB each")).collect();
        for plugin in &mut instances {
            assert_eq!(
                run_command(plugin.program.store_mut(), &plugin.instance).expect("a program"),
                0
            );
        }
        assert!(instances.iter().all(|plugin| plugin.output.take() == b"hello, world\n"));
    }

    let artifact = artifact(MemoryModel::Guard, None);
    let instances: Vec<_> = (0..7).map(|_| Plugin::new(&artifact)).collect();
    assert!(instances[5].is_ok());
    let Err(error) = &instances[6] else { panic!("7 times 10 GiB do not fit") };
    assert!(error.to_string().contains("--memory-model bounds"), "{error}");
}

/// A plugin host that keeps a thousand, each with a memory of full reservation: ten
/// tebibytes of addresses, and no more memory than they touch.
#[test]
fn a_thousand_instances_with_full_reservations() {
    keep_1000(None, 1 << 20);
}

/// As many where address space is short.
#[test]
fn a_thousand_instances_in_four_gibibytes() {
    if std::env::var_os(CHILD).is_some() {
        return keep_1000(Some(2 << 20), 256 << 10);
    }
    need!("sh");
    let mut this = Command::new(std::env::current_exe().expect("the path of this test"));
    this.args(["--exact", "a_thousand_instances_in_four_gibibytes", "--nocapture"]);
    run(limited(4 << 20, &this).env(CHILD, "1")).exits(0);
}

fn keep_1000(memory_reservation: Option<u64>, stack_bytes: usize) {
    let wasm = precast_compiler::text_to_binary(COUNTER.as_bytes()).expect("a module's text");
    let options = Options { memory_reservation, ..Options::default() };
    let artifact = precast_embed::compile(&wasm, &options).expect("valid, and for this machine");
    let plugin = Linker::<()>::new().instantiate_pre(&artifact).expect("it imports nothing");
    let mut limits = Limits::default();
    limits.stack_bytes = stack_bytes;
    let mut instances: Vec<(Store<()>, TypedFunc<i32, i32>)> = (0..1000)
        .map(|number| {
            let mut store = Store::with_limits((), limits.clone());
            let made = plugin.instantiate(&mut store);
            let instance = made.unwrap_or_else(|why| panic!("instance {number}: {why}"));
            let add = instance.get_typed_func(&store, "add").expect("exported");
            (store, add)
        })
        .collect();
    for round in 1..=2 {
        for (number, (store, add)) in (0..).zip(&mut instances) {
            assert_eq!(add.call(store, number).expect("no trap"), number * round);
        }
    }
}

/// Adds to a number in memory; what it was is nobody else's.
const COUNTER: &str = r#"(module (memory (export "memory") 1)
    (func (export "add") (param i32) (result i32)
        (i32.store (i32.const 4096) (i32.add (i32.load (i32.const 4096)) (local.get 0)))
        (i32.load (i32.const 4096))))"#;

struct Plugin {
    program: Program,
    instance: Instance,
    output: Capture,
}

impl Plugin {
    fn new(artifact: &Artifact) -> Result<Self, Error> {
        let output = Capture::new();
        let mut builder = ProgramBuilder::new();
        builder.wasi().arg("hello").stdout(Output::Capture(output.clone()));
        let mut program = builder.build();
        let instance = program.preload("plugin", artifact)?;
        Ok(Self { program, instance, output })
    }
}
