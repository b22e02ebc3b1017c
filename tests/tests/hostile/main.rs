//! Components that break the canonical ABI, or are damaged: a trap or an error
//! each time, and the host goes on.

mod edits;
mod guests;
mod lifting;

use guests::{Guest, HANDLES, LIFTED, LOWERED};
use precast_compiler::{Error as CompileError, MemoryModel, Options, compile, text_to_binary};
use precast_loader::component::{Component, ComponentLinker, Value};
use precast_loader::{Error, Store};

fn options(model: MemoryModel) -> Options {
    Options { memory_model: model, ..Options::default() }
}

fn component(text: &str, model: MemoryModel) -> Component {
    let wasm = text_to_binary(text.as_bytes()).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let artifact = precast_embed::compile(&wasm, &options(model));
    let artifact = artifact.unwrap_or_else(|why| panic!("{why}\n{text}"));
    Component::new(artifact).expect("a component")
}

/// The host's resource, and functions that take it.
enum Thing {}

fn linker() -> ComponentLinker<u32> {
    let mut linker = ComponentLinker::new();
    linker.resource::<Thing>(&["test:host/things", "thing"], |mut store, _| {
        *store.data_mut() += 1;
        Ok(())
    });
    for name in ["borrowed", "taken"] {
        linker.func_new(&["test:host/things", name], |_, _| Ok(None));
    }
    linker.func_new(&["test:host/things", "nothing"], |_, _| Ok(None));
    linker
}

/// Calls `f` of a guest; the words of how it failed.
fn call(guest: &Guest, model: MemoryModel) -> Result<Option<Value>, Error> {
    let component = component(&guest.text(), model);
    let mut store = Store::new(0);
    let instance = linker().instantiate(&mut store, &component)?;
    let func = instance.get_func(&store, &["f"])?;
    let result = func.call(&mut store, &guest.arguments());
    if result.is_err() {
        // What has failed is in no known state, and is not entered again.
        let again = func.call(&mut store, &guest.arguments()).expect_err(guest.name).to_string();
        assert!(again.contains("cannot be entered") || again.contains("cannot enter"), "{again}");
    }
    // The store is as good as before.
    let sound = self::component(guests::SOUND, model);
    let sound = linker().instantiate(&mut store, &sound)?;
    let answer = sound.get_func(&store, &["f"])?.call(&mut store, &[])?;
    assert_eq!(answer, Some(Value::U32(42)), "{}", guest.name);
    result
}

fn all_fail(guests: &[Guest]) {
    let mut wrong = Vec::new();
    for guest in guests {
        for model in [MemoryModel::Guard, MemoryModel::Bounds] {
            match call(guest, model) {
                Err(error) if error.to_string().contains(guest.fails) => {}
                Err(error) => wrong.push(format!("{}: {error}", guest.name)),
                Ok(value) => wrong.push(format!("{}: gave {value:?}", guest.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_guest_gives_is_checked() {
    all_fail(LIFTED);
}

#[test]
fn where_a_guest_wants_values_is_checked() {
    all_fail(LOWERED);
}

#[test]
fn handles_cannot_be_forged_or_used_twice() {
    all_fail(HANDLES);
}

/// Types inside one another, so many deep.
fn nested(depth: usize) -> Vec<u8> {
    let mut text = String::from("(component (type $t0 (list u8))");
    for level in 1..depth {
        text.push_str(&format!("(type $t{level} (list $t{}))", level - 1));
    }
    text.push_str(&format!("(import \"f\" (func (param \"x\" $t{}))))", depth - 1));
    text_to_binary(text.as_bytes()).expect("a component")
}

#[test]
fn types_may_be_deep_but_not_without_end() {
    let options = Options::default();
    compile(&nested(20), &options).expect("twenty levels");
    for depth in [200, 2000] {
        let refused = compile(&nested(depth), &options).expect_err("too deep");
        let known =
            matches!(refused, CompileError::Invalid { .. } | CompileError::Unsupported { .. });
        assert!(known, "{depth}: {refused}");
    }
}
