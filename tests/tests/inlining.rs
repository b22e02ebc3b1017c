//! Inlining changes nothing that can be seen: results, traps, backtraces and
//! exceptions are those of the calls that are gone.

use precast_compiler::{OptLevel, Optimisation, Options, text_to_binary};
use precast_loader::{Error, Frame, FuncIndex, Instance, Linker, Store, WasmOffset};

/// Levels with limits of their own.
const LEVELS: [OptLevel; 3] = [OptLevel::Speed, OptLevel::Aggressive, OptLevel::Size];

fn inlining(opt_level: OptLevel) -> Options {
    Options { opt_level, enabled: [Optimisation::Inline].into(), ..Options::default() }
}

fn instantiate(text: &str, options: &Options) -> (Store<()>, Instance) {
    let wasm = text_to_binary(text.as_bytes()).unwrap();
    let artifact = precast_embed::compile(&wasm, options).unwrap();
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
    (store, instance)
}

/// Index, name and offset of each function in a trap's backtrace.
type Backtrace = Vec<(FuncIndex, Option<String>, Option<WasmOffset>)>;

/// Calls `run` with a number; what it gives, or where it trapped.
fn outcome(text: &str, options: &Options, argument: i32) -> Result<i32, Backtrace> {
    let (mut store, instance) = instantiate(text, options);
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    run.call(&mut store, argument).map_err(|error| match error {
        Error::Trap(trap) => {
            let place = |frame: &Frame| (frame.function, frame.name.clone(), frame.offset);
            trap.frames().iter().map(place).collect()
        }
        other => panic!("{other}"),
    })
}

/// Compares every level with the same module without inlining, which has to
/// make a difference.
fn same_as_calls(text: &str, arguments: &[i32]) {
    for opt_level in LEVELS {
        let inlined = inlining(opt_level);
        let plain = Options {
            enabled: [].into(),
            disabled: [Optimisation::Inline].into(),
            ..inlined.clone()
        };
        let wasm = text_to_binary(text.as_bytes()).unwrap();
        let sizes = [&inlined, &plain].map(|options| {
            let mut ir = Vec::new();
            precast_compiler::write_ir(&wasm, options, &mut ir).unwrap();
            String::from_utf8(ir).unwrap().matches("call fn").count()
        });
        assert!(sizes[0] < sizes[1], "{opt_level:?} inlines: {sizes:?}");
        for argument in arguments {
            let found = outcome(text, &inlined, *argument);
            assert_eq!(found, outcome(text, &plain, *argument), "{opt_level:?} of {argument}");
        }
    }
}

#[test]
fn backtraces_name_inlined_functions() {
    let text = r#"(module
        (memory 1)
        (func $divide (param i32) (result i32) (i32.div_u (i32.const 100) (local.get 0)))
        (func $load (param i32) (result i32) (i32.load (local.get 0)))
        (func $both (param i32) (result i32)
            (i32.add (call $divide (local.get 0)) (call $load (local.get 0))))
        (func $run (export "run") (param i32) (result i32)
            (i32.add (call $both (local.get 0)) (call $divide (i32.sub (local.get 0) (i32.const 7))))))"#;
    same_as_calls(text, &[3, 0, 7, -8]);
    let options = inlining(OptLevel::Speed);
    let names = outcome(text, &options, 0).unwrap_err();
    let names: Vec<_> = names.iter().map(|(_, name, _)| name.as_deref().unwrap()).collect();
    assert_eq!(names, ["divide", "both", "run"]);
}

#[test]
fn calls_out_of_inlined_bodies_are_in_backtraces() {
    same_as_calls(
        r#"(module
            (func $far (param i32) (result i32) (local i32)
                (loop (local.set 1 (i32.add (local.get 1) (i32.const 3)))
                    (br_if 0 (i32.lt_u (local.get 1) (i32.const 30))))
                (i32.rem_u (local.get 1) (local.get 0)))
            (func $near (param i32) (result i32) (call $far (local.get 0)))
            (func (export "run") (param i32) (result i32) (local i32)
                (loop (local.set 1 (call $near (local.get 0)))
                    (br_if 0 (i32.eqz (i32.const 1))))
                (local.get 1)))"#,
        &[7, 0],
    );
}

#[test]
fn locals_of_inlined_bodies_begin_at_zero_each_time() {
    same_as_calls(
        r#"(module
            (func $count (param i32) (result i32) (local i32)
                (local.set 1 (i32.add (local.get 1) (local.get 0))) (local.get 1))
            (func (export "run") (param i32) (result i32) (local i32)
                (loop
                    (local.set 1 (i32.add (local.get 1) (call $count (local.get 0))))
                    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get 1)))"#,
        &[1, 10],
    );
}

#[test]
fn exceptions_leave_inlined_bodies() {
    same_as_calls(
        r#"(module
            (tag $t (param i32))
            (func $throw (param i32) (if (local.get 0) (then (throw $t (local.get 0)))))
            (func $twice (param i32) (call $throw (i32.shr_u (local.get 0) (i32.const 4)))
                (call $throw (local.get 0)))
            (func (export "run") (param i32) (result i32)
                (block (result i32)
                    (try_table (catch $t 0) (call $twice (local.get 0)))
                    (i32.const -1))))"#,
        &[0, 5, 80],
    );
}

#[test]
fn tail_calls_take_no_stack() {
    // Were $odd inlined where it is called last, each round would keep a frame.
    let text = r#"(module
        (func $even (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
            (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
        (func $odd (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
            (return_call $even (i32.sub (local.get 0) (i32.const 1))))
        (func (export "run") (param i32) (result i32) (return_call $even (local.get 0))))"#;
    for opt_level in LEVELS {
        let options = inlining(opt_level);
        assert_eq!(outcome(text, &options, 20_000_000), Ok(1));
        assert_eq!(outcome(text, &options, 19_999_999), Ok(0));
    }
}

#[test]
fn functions_that_are_gone_leave_the_rest_in_place() {
    // $dead is called by nobody, $small only where it is inlined; the table
    // still finds $kept.
    same_as_calls(
        r#"(module
            (type $t (func (param i32) (result i32)))
            (table 2 2 funcref) (elem (i32.const 1) $kept)
            (func $dead (param i32) (result i32) (call $dead (local.get 0)))
            (func $small (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
            (func $kept (param i32) (result i32) (call $small (i32.mul (local.get 0) (i32.const 2))))
            (func (export "run") (param i32) (result i32)
                (call_indirect (type $t) (call $small (local.get 0)) (i32.const 1))))"#,
        &[20],
    );
}
