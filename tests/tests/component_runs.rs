//! Components that run: commands, calls with values, WASI 0.2.

use precast_compiler::{Options, compile, text_to_binary};
use precast_loader::component::{Component, ComponentInstance, ComponentLinker, Value};
use precast_loader::{Artifact, Error, ProgramBuilder, Result, Store, TrapCode};
use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::{fixture, scratch};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

fn source(name: &str) -> PathBuf {
    fixture(&format!("components/{name}.wat"))
}

fn component(wasm: &[u8]) -> Component {
    let artifact = compile(wasm, &Options::default()).unwrap_or_else(|why| panic!("{why}"));
    // SAFETY: the compiler of this process has made it.
    let artifact = unsafe { Artifact::from_bytes(&artifact) };
    Component::new(artifact.expect("an artifact")).expect("a component")
}

fn fixture_component(name: &str) -> Component {
    let text = fs::read_to_string(source(name)).expect("a fixture");
    component(&text_to_binary(text.as_bytes()).expect("a component's text"))
}

#[test]
fn exit_codes_are_passed_on_whole() {
    run(precast().arg("run").arg(source("exit"))).exits(3);
    let folder = scratch();
    let artifact = folder.path().join("exit.cwasm");
    run(precast().arg("compile").arg(source("exit")).arg("-o").arg(&artifact)).exits(0);
    run(precast_run().arg(&artifact)).exits(3);
    // A command that gives an error.
    run(precast().arg("run").arg(source("leaks"))).exits(1);
}

#[test]
fn handles_that_are_left_are_named_with_their_number() {
    let report = |name: &str| run(precast().args(["run", "--report-handles"]).arg(source(name)));
    let expected = "handles left of `wasi:io/streams@0.2.0/output-stream`: 2";
    report("leaks").exits(1).complains(&[expected]);
    report("exit").exits(3).complains(&["no handles are left"]);
}

#[test]
fn unknown_imports_are_denied_or_fail_when_they_are_called() {
    let ask = |option: &str, call: &str| {
        run(precast().args(["run", option, "--invoke", call]).arg(source("unknown")))
    };
    let denied = ask("--unknown-imports=deny", "seven()").exits(1);
    denied.complains(&["test:unknown/things@1.0.0.answer", "help: `--unknown-imports=trap`"]);
    for option in ["--unknown-imports=trap", "--unknown-imports=zero"] {
        ask(option, "seven()").succeeds().prints("7\n");
        let called = "test:unknown/things@1.0.0.answer was called, but not provided";
        ask(option, "ask()").exits(134).complains(&[called]);
        ask(option, "make()").exits(134).complains(&["[constructor]thing was called"]);
    }
}

#[test]
fn exports_are_called_with_values_as_people_write_them() {
    let call = |text: &str| run(precast().args(["run", "--invoke", text]).arg(source("values")));
    call(r#"echo("a \" \u{2603}")"#).succeeds().prints("\"a \\\" \u{2603}\"\n");
    call("dot({x: 1, y: -2}, {y: 3, x: 4})").succeeds().prints("-2\n");
    call("test:values/text@1.2.0/again(\"x\")").succeeds().prints("\"x\"\n");
    call("again(\"x\")").succeeds().prints("\"x\"\n");
    call("trap(false)").succeeds().prints("7\n");
    call("trap(true)").exits(134).complains(&["unreachable"]);
    call("echo(1)").exits(2).complains(&["func(text: string) -> string"]);
    call("nothing()").exits(2).complains(&["test:values/text@1.2.0/again"]);
}

#[test]
fn backtraces_name_component_instance_and_function() {
    let called = run(precast().args(["run", "--invoke", "half(4)"]).arg(source("nested")));
    let frames =
        ["0: divide (callee/math) at", "1: wasm[2] (adapter0) at", "2: half (caller/main) at"];
    called.exits(134).complains(&["integer divide by zero"]).complains(&frames);
}

/// Calls a function of `nested` with an option.
fn limited(option: &str, function: &str) -> precast_tests::outcome::Outcome {
    run(precast().args(["run", option, "--invoke", function]).arg(source("nested")))
}

#[test]
fn limits_hold_in_components() {
    limited("--timeout=100ms", "spin()").exits(134).complains(&["deadline", "see `--timeout`"]);
    limited("--stack-size=64KiB", "deep()").exits(134).complains(&["stack", "--stack-size"]);
    limited("--max-memory=128KiB", "grow(1)").succeeds().prints("1\n");
    limited("--max-memory=128KiB", "grow(2)").succeeds().prints("-1\n");
    limited("--max-memory=0", "grow(0)").exits(1).complains(&["--max-memory"]);
    // Two components, and the adapter between them.
    limited("--max-instances=3", "grow(0)").succeeds();
    limited("--max-instances=2", "grow(0)").exits(1).complains(&["--max-instances"]);
    limited("--max-memories=0", "grow(0)").exits(1).complains(&["--max-memories"]);
    // The flags of component instances are globals.
    limited("--max-globals=0", "grow(0)").exits(1).complains(&["--max-globals"]);
}

#[test]
fn a_component_that_was_interrupted_leaves_a_store_that_can_be_used() -> Result<()> {
    let component = fixture_component("nested");
    let linker = ComponentLinker::new();
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &component)?;
    let spin = instance.get_func(&store, &["spin"])?;
    let grow = instance.get_func(&store, &["grow"])?;
    assert_eq!(grow.call(&mut store, &[Value::S32(1)])?, Some(Value::S32(1)));
    store.set_deadline(Some(Instant::now() + Duration::from_millis(50)))?;
    let late = spin.call(&mut store, &[]).unwrap_err();
    assert_eq!(late.trap_code(), Some(TrapCode::Interrupt), "{late}");
    store.set_deadline(None)?;
    // This one was stopped in the middle of something; another was not.
    let again = grow.call(&mut store, &[Value::S32(1)]).unwrap_err();
    assert_eq!(again.trap_code(), Some(TrapCode::CannotEnterComponent), "{again}");
    let other = linker.instantiate(&mut store, &component)?;
    let grow = other.get_func(&store, &["grow"])?;
    assert_eq!(grow.call(&mut store, &[Value::S32(1)])?, Some(Value::S32(1)));
    // From another thread.
    let spin = other.get_func(&store, &["spin"])?;
    let handle = store.interrupt_handle();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        handle.interrupt();
    });
    let stopped = spin.call(&mut store, &[]).unwrap_err();
    assert_eq!(stopped.trap_code(), Some(TrapCode::Interrupt), "{stopped}");
    stopper.join().expect("a thread");
    Ok(())
}

/// What a component is given that calls the host, which calls it.
struct Caller {
    instance: Option<ComponentInstance>,
    calls: u32,
}

fn calls_back(name: &str) -> (ComponentLinker<Caller>, Store<Caller>, Component) {
    let mut linker = ComponentLinker::new();
    linker.func_new(&[name, "back"], |mut caller, arguments| {
        let data: &mut Caller = caller.data_mut();
        data.calls += 1;
        let Some(instance) = data.instance else { return Ok(Some(arguments[0].clone())) };
        instance.get_func(&caller, &["enter"])?.call(&mut caller, arguments)
    });
    (linker, Store::new(Caller { instance: None, calls: 0 }), fixture_component("calls-back"))
}

#[test]
fn a_component_that_runs_is_not_entered_and_after_a_trap_never() -> Result<()> {
    let (linker, mut store, component) = calls_back("test:host/calls@1.0.0");
    let instance = linker.instantiate(&mut store, &component)?;
    let enter = instance.get_func(&store, &["enter"])?;
    let number = [Value::U32(7)];
    assert_eq!(enter.call(&mut store, &number)?, Some(Value::U32(8)));
    // Arguments that do not fit change nothing.
    assert!(matches!(enter.call(&mut store, &[Value::U8(7)]), Err(Error::Usage(_))));
    assert_eq!(enter.call(&mut store, &number)?, Some(Value::U32(8)));
    store.data_mut().instance = Some(instance);
    let entered = enter.call(&mut store, &number).unwrap_err();
    assert_eq!(entered.trap_code(), Some(TrapCode::CannotEnterComponent), "{entered}");
    store.data_mut().instance = None;
    let poisoned = enter.call(&mut store, &number).unwrap_err();
    assert_eq!(poisoned.trap_code(), Some(TrapCode::CannotEnterComponent), "{poisoned}");
    assert_eq!(store.data().calls, 3);
    // The store is as good as before.
    let other = linker.instantiate(&mut store, &component)?;
    let enter = other.get_func(&store, &["enter"])?;
    assert_eq!(enter.call(&mut store, &number)?, Some(Value::U32(8)));
    Ok(())
}

#[test]
fn what_does_not_match_is_said_at_once_with_both_versions() {
    let problems = |name: &str| {
        let (linker, mut store, component) = calls_back(name);
        match linker.instantiate(&mut store, &component) {
            Err(Error::Link(problems)) => problems,
            other => panic!("{other:?}"),
        }
    };
    let missing = &problems("test:host/calls@2.0.0")[0];
    assert_eq!((&*missing.module, &*missing.name), ("test:host/calls@1.0.0", "back"));
    assert_eq!(missing.needs, "func(n: u32) -> u32");
    let compatible = |name: &str| {
        let (linker, mut store, component) = calls_back(name);
        linker.instantiate(&mut store, &component).is_ok()
    };
    assert!(compatible("test:host/calls@1.9.3"));
}

/// The component that imports all of WASI 0.2.12 without http.
fn everything() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(fixture("wasi-wit")).expect("WIT");
    let world = resolve.select_world(&[package], Some("all")).expect("a world");
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .expect("metadata");
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).expect("a module").encode().expect("a component")
}

/// The law of WASI 0.2: every function that its WIT has is there, with the same
/// type.
#[test]
fn every_function_of_wasi_0_2_has_its_type() {
    let component = component(&everything());
    let functions =
        component.imports().into_iter().filter(|import| import.is_function()).map(|it| it.path);
    let functions: Vec<Vec<String>> = functions.collect();
    assert!(functions.len() > 120, "{} functions", functions.len());
    let problems = match ProgramBuilder::new().build().component(&component) {
        Ok(_) => Vec::new(),
        Err(Error::Link(problems)) => problems,
        Err(other) => panic!("{other}"),
    };
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, [""; 0]);
    println!("{} functions", functions.len());
}
