use super::*;
use crate::features::Features;
use crate::parse::parse;

/// Runs `check` on what a profile says of a module: of each function its samples, if
/// it had code of its own, and how many of them are at its first load.
fn with_heat(text: &str, samples: &[Option<(u64, u64)>], check: impl FnOnce(&Heat)) {
    let wasm = wat::parse_str(text).expect("a module's text");
    let parsed = parse(&wasm, Features::ALL).expect("a module");
    let mut profile = format!("precast-profile 1\nmodule {}\n", "00".repeat(32));
    for (body, samples) in parsed.bodies.iter().zip(samples) {
        let Some((samples, at_load)) = samples else { continue };
        profile.push_str(&format!("function {} {samples}\n", body.function()));
        let mut reader = body.body.get_operators_reader().unwrap();
        while !reader.eof() {
            let (op, at) = reader.read_with_offset().unwrap();
            if matches!(op, wasmparser::Operator::I32Load { .. }) {
                profile.push_str(&format!("span {at} 20 {at_load}\n"));
                break;
            }
        }
    }
    let profile = Profile::parse("p", &profile).unwrap();
    check(&Heat::new(&profile, ModuleIndex::new(0), &parsed).unwrap());
}

const FOUR: &str = "(module (memory 1)
    (func nop) (func (call 0)) (func (call 1)) (func (call 2)))";

fn order(heat: &Heat) -> Vec<u32> {
    order_of(&[heat])
}

fn order_of(modules: &[&Heat]) -> Vec<u32> {
    super::order(modules).into_iter().map(ListedFuncIndex::get).collect()
}

/// Those of several modules are one list, in which each keeps its numbers.
#[test]
fn functions_of_several_modules_lie_together() {
    with_heat(FOUR, &[Some((600, 0)), Some((0, 0)), None, Some((900, 0))], |one| {
        with_heat(FOUR, &[Some((0, 0)), None, Some((700, 0)), Some((400, 0))], |other| {
            assert_eq!(order_of(&[one, other]), [3, 6, 0, 7, 2, 5, 1, 4]);
        });
    });
}

#[test]
fn the_hottest_come_first_and_the_cold_last() {
    with_heat(FOUR, &[Some((0, 0)), Some((100, 0)), None, Some((900, 0))], |heat| {
        assert_eq!(order(heat), [3, 1, 2, 0]);
        assert!(heat.is_cold(0) && !heat.is_cold(2), "nothing is known of one without code");
    });
}

#[test]
fn few_samples_say_nothing_of_functions_without_any() {
    with_heat(FOUR, &[Some((0, 0)), Some((100, 0)), None, Some((899, 0))], |heat| {
        assert_eq!(order(heat), [3, 1, 0, 2]);
        assert!(!heat.is_cold(0));
    });
}

#[test]
fn functions_that_are_the_same_are_hot_together() {
    let text = "(module (func nop) (func unreachable) (func nop))";
    with_heat(text, &[Some((2000, 0)), Some((0, 0)), None], |heat| {
        assert_eq!(order(heat), [0, 2, 1]);
    });
}

#[test]
fn a_call_is_hot_where_samples_are_around_it_and_in_what_it_calls() {
    let load = "(drop (i32.load (i32.const 0)))";
    let text =
        format!("(module (memory 1) (func {load} (call 1)) (func {load}) (func (call 1) {load}))");
    let at = BodyOffset::new(8);
    with_heat(&text, &[Some((50, 50)), Some((50, 50)), Some((4, 4))], |heat| {
        assert!(heat.is_hot_call(0, at, 1));
        assert!(!heat.is_hot_call(0, BodyOffset::new(1000), 1), "far from the samples");
        assert!(!heat.is_hot_call(2, at, 1), "too few around it");
        assert!(!heat.is_hot_call(0, at, 2), "too few in what it calls");
    });
}
