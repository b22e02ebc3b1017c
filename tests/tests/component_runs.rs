//! Components that run: commands, calls with values, WASI 0.2.

use precast_compiler::{Options, compile, text_to_binary};
use precast_loader::component::{Component, ComponentInstance, ComponentLinker, Value};
use precast_loader::wasi::WasiCtx;
use precast_loader::{Artifact, Error, Result, Store, TrapCode};
use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::{fixture, run_file, scratch};
use std::fs;
use std::path::{Path, PathBuf};
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
    let mut linker = ComponentLinker::<WasiCtx>::new();
    linker.add_wasi(|context| context);
    let mut store = Store::new(precast_loader::wasi::WasiCtxBuilder::new().build());
    let problems = match linker.instantiate(&mut store, &component) {
        Ok(_) => Vec::new(),
        Err(Error::Link(problems)) => problems,
        Err(other) => panic!("{other}"),
    };
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, [""; 0]);
    println!("{} functions", functions.len());
}

/// A module of preview 1 as a component, by the adapter.
fn adapted(module: &Path, folder: &Path) -> PathBuf {
    use wasi_preview1_component_adapter_provider as adapter;
    let wasm = fs::read(module).expect("a module");
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.module(&wasm).expect("a module");
    let encoder = encoder
        .adapter(
            adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
        )
        .expect("an adapter");
    let file = folder.join(module.file_name().expect("a name"));
    fs::write(&file, encoder.encode().expect("a component")).expect("a file");
    file
}

fn command_behaves_as_the_module(name: &str) {
    let folder = scratch();
    let component = adapted(&fixture(&format!("wasi/{name}.wasm")), folder.path());
    for model in ["guard", "bounds"] {
        let start = || {
            let mut command = precast();
            command.args(["run", "--memory-model", model]);
            command
        };
        run_file::follow(&fixture(&format!("wasi/{name}.run")), &component, &start);
    }
}

macro_rules! adapted {
    ($($name:ident),* $(,)?) => {
        mod adapted {
            $(#[test]
            fn $name() {
                super::command_behaves_as_the_module(stringify!($name));
            })*
        }
    };
}

// The other guests of `fixtures/wasi` ask for what the adapter does otherwise than
// preview 1: exit codes, which it makes 1, names that are no text, details of
// `poll_oneoff` and `fd_readdir`, and memory beyond what it has room for.
adapted!(args);
