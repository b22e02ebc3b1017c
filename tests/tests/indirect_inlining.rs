//! Bodies in place of calls through tables change nothing that can be seen:
//! results, traps, backtraces and exceptions are those of the calls.

use precast_compiler::{OptLevel, Optimisation, Options, passes, text_to_binary};
use precast_loader::{Error, Linker, Store};

const PASS: Optimisation = Optimisation::InlineIndirect;

fn options(opt_level: OptLevel, on: bool) -> Options {
    let disabled = (!on).then_some(PASS).into_iter().collect();
    Options { opt_level, disabled, ..Options::default() }
}

/// How many functions stand in place of calls through the module's tables.
fn inlined(wasm: &[u8], options: &Options) -> u64 {
    let passes = passes(wasm, options).unwrap();
    passes.iter().find(|pass| pass.optimisation == PASS).unwrap().changed
}

/// What `run` gives for a number, or how it ends: with which functions where.
fn outcome(wasm: &[u8], options: &Options, argument: i32) -> Result<i32, String> {
    let artifact = precast_embed::compile(wasm, options).unwrap();
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    run.call(&mut store, argument).map_err(|error| match error {
        Error::Trap(trap) => {
            let frames = trap.frames().iter();
            let places: Vec<_> = frames
                .map(|f| format!("{} {:?}", f.name.as_deref().unwrap_or("?"), f.offset))
                .collect();
            format!("{}: {}", trap.code(), places.join(", "))
        }
        other => panic!("{other}"),
    })
}

/// Compares with calls through the table, of which so many are replaced.
fn same_as_calls(text: &str, replaced: u64, arguments: impl IntoIterator<Item = i32> + Clone) {
    let wasm = text_to_binary(text.as_bytes()).unwrap();
    for level in [OptLevel::Speed, OptLevel::Aggressive] {
        let [on, off] = [true, false].map(|on| options(level, on));
        assert_eq!(inlined(&wasm, &on), replaced, "{level:?}");
        assert_eq!(inlined(&wasm, &off), 0, "{level:?}");
        for argument in arguments.clone() {
            let found = outcome(&wasm, &on, argument);
            assert_eq!(found, outcome(&wasm, &off, argument), "{level:?} of {argument}");
        }
    }
}

/// Four functions of a type and one of another; `run` calls through the table.
const FEW: &str = r#"(module
    (type $t (func (param i32 i32) (result i32)))
    (type $other (func (param i32)))
    (memory 1)
    (table 8 8 funcref) (elem (i32.const 1) $add $divide $one $load)
    (func $add (type $t) (i32.add (local.get 0) (local.get 1)))
    (func $divide (type $t) (i32.div_s (local.get 0) (local.get 1)))
    (func $one (type $other))
    (func $load (type $t) (i32.load (local.get 0)))
    (func $run (export "run") (param i32) (result i32) (local i32 i32)
        (loop
            (local.set 2 (i32.add (local.get 2)
                (call_indirect (type $t) (i32.const -4) (local.get 1) (local.get 0))))
            (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 3))))
        (local.get 2)))"#;

#[test]
fn any_index_goes_where_the_table_says() {
    // Null, the four entries, null again, outside, far outside.
    same_as_calls(FEW, 3, [0, 1, 2, 3, 4, 5, 7, 8, 9, -1, i32::MIN, 257]);
}

#[test]
fn traps_tell_what_is_wrong_and_where() {
    let wasm = text_to_binary(FEW.as_bytes()).unwrap();
    let on = options(OptLevel::Speed, true);
    for (index, first) in [(2, "divide"), (4, "load"), (3, "run"), (0, "run"), (8, "run")] {
        let trap = outcome(&wasm, &on, index).unwrap_err();
        let place = trap.rsplit(": ").next().unwrap();
        assert!(place.starts_with(first), "{index}: {trap}");
    }
}

#[test]
fn what_is_not_inlined_is_called() {
    // $round has a loop: a function of its own, behind the table.
    same_as_calls(
        r#"(module
            (type $t (func (param i32) (result i32)))
            (table 3 3 funcref) (elem (i32.const 1) $next $round)
            (func $next (type $t) (i32.add (local.get 0) (i32.const 1)))
            (func $round (type $t) (local i32)
                (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
                    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get 1))
            (func (export "run") (param i32) (result i32) (local i32)
                (loop
                    (local.set 1 (call_indirect (type $t)
                        (call_indirect (type $t) (i32.const 5) (local.get 0))
                        (i32.const 1)))
                    (br_if 0 (i32.eqz (i32.const 1))))
                (local.get 1)))"#,
        2,
        [0, 1, 2, 3],
    );
}

#[test]
fn exceptions_and_several_results_come_back() {
    same_as_calls(
        r#"(module
            (type $t (func (param i32) (result i32 i32)))
            (tag $e (param i32))
            (table 4 4 funcref) (elem (i32.const 0) $pair $throw)
            (func $pair (type $t) (local.get 0) (i32.const 3))
            (func $throw (type $t) (throw $e (i32.mul (local.get 0) (i32.const 100))))
            (func (export "run") (param i32) (result i32) (local i32 i32)
                (loop
                    (local.set 1 (i32.add (local.get 1) (i32.const 9)))
                    (local.set 2 (i32.add (local.get 2) (i32.const 1)))
                    (local.set 1 (i32.add (local.get 1)
                        (block $caught (result i32)
                            (try_table (result i32) (catch $e $caught)
                                (i32.sub (call_indirect (type $t) (local.get 1) (local.get 0)))))))
                    (br_if 0 (i32.lt_u (local.get 2) (i32.const 5))))
                (local.get 1)))"#,
        2,
        [0, 1, 2, 4],
    );
}

#[test]
fn bodies_that_never_return_leave_nothing_behind() {
    same_as_calls(
        r#"(module
            (type $t (func (param i32) (result i32)))
            (table 4 4 funcref) (elem (i32.const 0) $end $add)
            (func $end (type $t) unreachable)
            (func $add (type $t) (i32.add (local.get 0) (i32.const 1)))
            (func (export "run") (param i32) (result i32)
                (i32.mul (i32.const 3)
                    (call_indirect (type $t) (local.get 0) (local.get 0)))))"#,
        1,
        [0, 1, 2, 4],
    );
}

#[test]
fn functions_that_reach_themselves_end() {
    same_as_calls(
        r#"(module
            (type $t (func (param i32) (result i32)))
            (table 2 2 funcref) (elem (i32.const 0) $down $zero)
            (func $zero (type $t) (i32.const 7))
            (func $down (type $t)
                (call_indirect (type $t)
                    (i32.sub (local.get 0) (i32.const 1))
                    (i32.eqz (i32.shr_u (local.get 0) (i32.const 1)))))
            (func (export "run") (param i32) (result i32)
                (call_indirect (type $t) (local.get 0) (i32.const 0))))"#,
        2,
        [1, 2, 50],
    );
}

#[test]
fn calls_stay_calls_where_they_are_watched_or_size_matters() {
    let wasm = text_to_binary(FEW.as_bytes()).unwrap();
    let level = |opt_level| options(opt_level, true);
    assert_eq!(inlined(&wasm, &level(OptLevel::Speed)), 3);
    for opt_level in [OptLevel::None, OptLevel::Less, OptLevel::Size] {
        assert_eq!(inlined(&wasm, &level(opt_level)), 0, "{opt_level:?}");
    }
    let counted = Options { fuel: true, ..level(OptLevel::Speed) };
    assert_eq!(inlined(&wasm, &counted), 3);
    let watched = Options { debug_info: true, ..level(OptLevel::Speed) };
    assert_eq!(outcome(&wasm, &watched, 1), outcome(&wasm, &level(OptLevel::Speed), 1));
}
