//! Exceptions: thrown through frames, by guests and by the host, and how long
//! they live.

mod guests;

use crate::mock::{self, Mock, link};
use crate::{I32, ints};
use guests::{REGISTERS, importer, keeper, thrower};
pub use guests::{catch, new};
use precast_artifact::index::ModuleIndex;
use precast_artifact::module::InstancePlan;
use precast_loader::{
    Caller, Error, Exception, ExnRef, FuncType, Instance, Limits, Linker, Store, Tag, TrapCode, Val,
};

fn instance(mock: Mock, limits: Limits) -> (Store<()>, Instance) {
    let artifact = crate::opened(&mock.build()).unwrap();
    let mut store = Store::with_limits((), limits);
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    (store, instance)
}

fn call(store: &mut Store<()>, instance: Instance, name: &str, x: i32) -> Result<i32, Error> {
    let func = instance.get_typed_func::<i32, i32>(store, name).unwrap();
    func.call(store, x)
}

fn tag(store: &Store<()>, instance: Instance, name: &str) -> Tag {
    instance.get_export(store, name).and_then(|export| export.tag()).unwrap()
}

/// The value of an exception with one `i32`.
#[track_caller]
fn thrown(error: &Error) -> (Tag, i32) {
    let exception = error.exception().unwrap_or_else(|| panic!("{error:?}"));
    let [Val::I32(value)] = exception.fields() else { panic!("{exception:?}") };
    (exception.tag(), *value)
}

#[test]
fn handlers_are_found_through_frames_without_any() {
    let (mut store, instance) = instance(thrower(), Limits::default());
    for x in [0, 7, 42] {
        assert_eq!(call(&mut store, instance, "catch", x).unwrap(), 1000 + x);
        assert_eq!(call(&mut store, instance, "catch_twice", x).unwrap(), 1000 + x);
    }
}

#[test]
fn uncaught_exceptions_come_out_of_the_call() {
    let (mut store, instance) = instance(thrower(), Limits::default());
    let [one, other] = ["tag", "other"].map(|name| tag(&store, instance, name));
    for (name, x) in [("throw", 7), ("pass", -8)] {
        let error = call(&mut store, instance, name, x).unwrap_err();
        assert_eq!(thrown(&error), (one, x));
        assert_eq!(error.to_string(), format!("uncaught exception (i32 {x})"));
    }
    // Handled, but by a handler that wants another tag.
    for name in ["throw_other", "catch_other"] {
        let throw = instance.get_func(&store, name).unwrap();
        let error = throw.call(&mut store, &[]).unwrap_err();
        assert_eq!(error.exception().unwrap().tag(), other);
        assert_eq!(error.to_string(), "uncaught exception");
    }
    assert_eq!(call(&mut store, instance, "catch", 1).unwrap(), 1001);
}

#[test]
fn null_is_not_thrown() {
    let (mut store, instance) = instance(thrower(), Limits::default());
    let error = call(&mut store, instance, "throw_ref", 0).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::NullReference));
    assert_eq!(error.trap().unwrap().frames().len(), 1);
}

#[test]
fn tags_are_the_same_in_all_modules() {
    let plan = |module, links| InstancePlan { module, links };
    let links = vec![link(0, 0, "tag"), link(1, 0, "pass")];
    let instances = vec![plan(ModuleIndex::new(0), Vec::new()), plan(ModuleIndex::new(1), links)];
    let bytes = mock::build(vec![thrower(), importer()], instances);
    let artifact = crate::opened(&bytes).unwrap();
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    assert_eq!(call(&mut store, instance, "catch", 3).unwrap(), 1003);
    let error = call(&mut store, instance, "call", 4).unwrap_err();
    assert_eq!(thrown(&error), (tag(&store, instance, "tag"), 4));
}

#[test]
fn sweeps_see_the_frames_of_all_activations() {
    let (mut store, instance, tag) = with_host(|mut caller, _, x| {
        // Each level keeps one and goes down, the last makes many others.
        let name = if x == 0 { "litter" } else { "hold" };
        let next = caller.get_export(name).and_then(|export| export.func()).unwrap();
        let next = next.typed::<i32, i32>(&caller)?;
        let thrown = next.call(&mut caller, x - 1).err();
        let fields = thrown.as_ref().and_then(Error::exception).map(Exception::fields);
        assert_eq!(fields.and_then(|fields| fields[0].i32()), (x != 0).then_some(x - 1));
        Ok(0)
    });
    let error = call(&mut store, instance, "hold", 10).unwrap_err();
    assert_eq!(thrown(&error), (tag, 10));
}

/// An importer whose function is `f`, and its tag, which the host made.
fn with_host(
    f: impl Fn(Caller<'_, ()>, Tag, i32) -> Result<i32, Error> + Send + Sync + 'static,
) -> (Store<()>, Instance, Tag) {
    let artifact = crate::opened(&importer().build()).unwrap();
    let mut store = Store::new(());
    let ty = FuncType { params: vec![I32], results: Vec::new() };
    let tag = Tag::new(&mut store, &ty).unwrap();
    let mut linker = Linker::new();
    linker.define("env", "tag", tag);
    linker.func_wrap("env", "f", move |caller: Caller<'_, ()>, x: i32| f(caller, tag, x));
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    (store, instance, tag)
}

#[test]
fn host_functions_throw() {
    let (mut store, instance, tag) = with_host(|caller, tag, x| match x {
        0 => Err(Error::Exit(3)),
        1 => Ok(1),
        _ => Err(Exception::new(&caller, tag, vec![Val::I32(x * 2)])?.into()),
    });
    for x in [2, 10] {
        assert_eq!(call(&mut store, instance, "catch", x).unwrap(), 1000 + 2 * x);
        let error = call(&mut store, instance, "call", x).unwrap_err();
        assert_eq!(thrown(&error), (tag, 2 * x));
    }
    assert_eq!(call(&mut store, instance, "catch", 1).unwrap(), 1);
    // Only exceptions are caught.
    let error = call(&mut store, instance, "catch", 0).unwrap_err();
    assert!(matches!(error, Error::Exit(3)));
}

#[test]
fn exceptions_pass_through_the_host() {
    let (mut store, instance, tag) = with_host(|mut caller, _, x| {
        // Down by one activation at a time; the last throws.
        let name = if x == 0 { "throw" } else { "call" };
        let next = caller.get_export(name).and_then(|export| export.func()).unwrap();
        let next = next.typed::<i32, i32>(&caller)?;
        next.call(&mut caller, x - 1)
    });
    for depth in [0, 1, 20] {
        assert_eq!(call(&mut store, instance, "catch", depth).unwrap(), 999);
        let error = call(&mut store, instance, "call", depth).unwrap_err();
        assert_eq!(thrown(&error), (tag, -1));
    }
}

#[test]
fn exceptions_have_the_types_of_their_tags() {
    let (mut store, instance, tag) = with_host(|_, tag, _| {
        let other = Store::new(());
        assert!(matches!(Exception::new(&other, tag, vec![Val::I32(0)]), Err(Error::Usage(_))));
        let mut other = Store::new(());
        let ty = FuncType { params: vec![], results: Vec::new() };
        let strange = Tag::new(&mut other, &ty).unwrap();
        Err(Exception::new(&other, strange, Vec::new())?.into())
    });
    let message = |fields| Exception::new(&store, tag, fields).unwrap_err().to_string();
    assert_eq!(message(vec![]), "0 fields given, the tag's type has 1");
    assert_eq!(message(vec![Val::I64(1)]), "i64 given where i32 is expected");
    let exception = Exception::new(&store, tag, vec![Val::I32(1)]).unwrap();
    assert_eq!(exception.tag().ty(&store), FuncType { results: Vec::new(), ..ints(1, 0) });
    // One of another store does not get in.
    let error = call(&mut store, instance, "catch", 0).unwrap_err();
    assert!(matches!(error, Error::Usage(_)), "{error:?}");
}

#[test]
fn sweeps_see_what_guests_keep_in_registers_across_host_calls() {
    // Of rbx, entry stubs put a copy on the guest stack.
    for (register, ..) in &REGISTERS[1..] {
        let (mut store, instance, _) = with_host(|mut caller, _, _| {
            let litter = caller.get_export("litter").and_then(|export| export.func()).unwrap();
            litter.typed::<i32, i32>(&caller)?.call(&mut caller, 0)
        });
        let error = call(&mut store, instance, register, 77).unwrap_err();
        assert_eq!(thrown(&error).1, 77, "{register}");
    }
}

#[test]
fn sweeps_keep_what_is_alive() {
    let (mut store, instance) = instance(keeper(), Limits::default());
    let chain = instance.get_typed_func::<i32, ()>(&store, "chain").unwrap();
    let length = instance.get_typed_func::<(), i32>(&store, "length").unwrap();
    chain.call(&mut store, 10_000).unwrap();
    assert_eq!(length.call(&mut store, ()).unwrap(), 10_000);
    call(&mut store, instance, "put", 99).unwrap();
    for register in ["rbx", "r12", "r13", "r14", "r15"] {
        let error = call(&mut store, instance, register, 77).unwrap_err();
        assert_eq!(thrown(&error).1, 77, "{register}");
    }
    assert_eq!(thrown(&call(&mut store, instance, "take", 0).unwrap_err()).1, 99);
    assert_eq!(length.call(&mut store, ()).unwrap(), 10_000);
}

#[test]
fn the_host_holds_what_it_was_given() {
    let (mut store, instance) = instance(keeper(), Limits::default());
    let make = instance.get_typed_func::<i32, Option<ExnRef>>(&store, "make").unwrap();
    let throw = instance.get_typed_func::<Option<ExnRef>, ()>(&store, "throw_ref").unwrap();
    let chain = instance.get_typed_func::<i32, ()>(&store, "chain").unwrap();
    let forget = instance.get_typed_func::<(), ()>(&store, "forget").unwrap();
    let held = make.call(&mut store, 5).unwrap();
    let global = instance.get_global(&store, "global").unwrap();
    assert!(matches!(global.get(&store), Val::ExnRef(None)));
    chain.call(&mut store, 3).unwrap();
    let Val::ExnRef(Some(last)) = global.get(&store) else { panic!("{:?}", global.get(&store)) };
    for _ in 0..3 {
        forget.call(&mut store, ()).unwrap();
        chain.call(&mut store, 5000).unwrap();
    }
    assert_eq!(thrown(&throw.call(&mut store, held).unwrap_err()).1, 5);
    global.set(&mut store, Val::ExnRef(Some(last))).unwrap();
    let length = instance.get_typed_func::<(), i32>(&store, "length").unwrap();
    assert_eq!(length.call(&mut store, ()).unwrap(), 3);
    let error = throw.call(&mut store, Some(last)).unwrap_err();
    let [Val::ExnRef(Some(_))] = error.exception().unwrap().fields() else { panic!("{error:?}") };
    assert_eq!(error.to_string(), "uncaught exception (exnref)");
    assert!(global.set(&mut store, Val::FuncRef(None)).is_err());
    let (mut other, _) = self::instance(keeper(), Limits::default());
    assert!(matches!(throw.func().call(&mut other, &[]), Err(Error::Usage(_))));
}

#[test]
fn the_limit_counts_what_is_alive() {
    let mut limits = Limits::default();
    limits.exception_bytes = 2000 * 32;
    let (mut store, instance) = instance(keeper(), limits);
    let chain = instance.get_typed_func::<i32, ()>(&store, "chain").unwrap();
    let forget = instance.get_typed_func::<(), ()>(&store, "forget").unwrap();
    for _ in 0..5 {
        chain.call(&mut store, 1900).unwrap();
        forget.call(&mut store, ()).unwrap();
    }
    chain.call(&mut store, 1900).unwrap();
    let error = chain.call(&mut store, 200).unwrap_err();
    assert_eq!(
        error.to_string(),
        "32 bytes of exceptions wanted, 64000 in use, and the limit is 64000"
    );
    forget.call(&mut store, ()).unwrap();
    chain.call(&mut store, 1900).unwrap();
}
