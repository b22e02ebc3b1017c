//! Parameters that are the same constant at every call: a function that nothing but
//! direct calls reaches has the constant in its place, and what follows from it is
//! known where the function is compiled. Calls pass it as before, which costs an
//! instruction.
//!
//! Measured at -O2: nextpnr has 196 such parameters, runs as fast with them as without
//! and grows by a quarter of a percent, since copies of a function with other
//! constants are no longer the same; Yosys takes 0.98 of its time, which is within what
//! runs differ by, and is as large; the programs of `benches/suite` that were measured
//! have none. So it is left to -O3.
//!
//! Refused are functions that are exported, in a table, named by `ref.func`, or the
//! start function, which others call; those that a tail call reaches, whose
//! arguments are not looked at; and arguments that come out of blocks.

use super::summary::{PassedConstant, Summary};
use crate::plan::Constant;
use precast_artifact::index::LocalIndex;
use std::collections::BTreeMap;

/// For each function with such parameters, which they are, in order, and their
/// values; of a module whose functions are as `summaries` says, and of which
/// `roots` are reached otherwise than by direct calls.
pub(crate) fn constants(
    summaries: &[Summary],
    roots: &[bool],
) -> BTreeMap<usize, Vec<(LocalIndex, Constant)>> {
    let mut calls = vec![0u32; summaries.len()];
    for call in summaries.iter().flat_map(|summary| &summary.calls) {
        calls[call.callee.index()] += 1;
    }
    // What the first call passes, and how many pass the same.
    let mut passed: BTreeMap<(usize, LocalIndex), (Constant, u32)> = BTreeMap::new();
    for constant in summaries.iter().flat_map(|summary| &summary.passed) {
        let PassedConstant { callee, parameter, value } = *constant;
        let (first, same) = passed.entry((callee.index(), parameter)).or_insert((value, 0));
        *same += u32::from(*first == value);
    }
    let mut constants: BTreeMap<usize, Vec<(LocalIndex, Constant)>> = BTreeMap::new();
    for ((function, parameter), (value, same)) in passed {
        if same == calls[function] && !roots[function] {
            constants.entry(function).or_default().push((parameter, value));
        }
    }
    constants
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;
    use crate::middle::summary::summarise;
    use crate::middle::targets::Targets;
    use crate::parse::parse;

    /// What is found where these functions are reached from outside: function,
    /// parameter, and value.
    fn found(text: &str, roots: &[usize]) -> Vec<(usize, u32, Constant)> {
        let wasm = wat::parse_str(text).expect("a module's text");
        let parsed = parse(&wasm, Features::ALL).expect("a module");
        let (imported, targets) = (parsed.imported_functions, Targets::none(&parsed));
        let summary = |body| summarise(body, imported, &targets).unwrap();
        let summaries: Vec<Summary> = parsed.bodies.iter().map(summary).collect();
        let roots: Vec<bool> = (0..summaries.len()).map(|at| roots.contains(&at)).collect();
        let all = constants(&summaries, &roots).into_iter();
        let one = |(function, found): (usize, Vec<(LocalIndex, Constant)>)| {
            found.into_iter().map(move |(at, value)| (function, at.get(), value))
        };
        all.flat_map(one).collect()
    }

    const CALLEE: &str = "(func $f (param i32 i64 f32))";

    #[test]
    fn what_every_call_passes_is_known() {
        let text = format!(
            "(module (import \"\" \"\" (func)) {CALLEE}
                (func (param i64) (call $f (i32.const 1) (local.get 0) (f32.const 2)))
                (func (call $f (i32.const 1) (i64.const 5) (f32.const 2))
                      (call $f (i32.const 1) (i64.const 5) (f32.const 3))))"
        );
        assert_eq!(found(&text, &[]), [(0, 0, Constant::Bits32(1))]);
        assert_eq!(found(&text, &[0]), [], "others may call it");
    }

    #[test]
    fn results_of_calls_and_blocks_are_no_constants() {
        let text = format!(
            "(module {CALLEE} (func $g (param i32) (result i64) (i64.const 7))
                (func (call $f (i32.const 1) (call $g (i32.const 2)) (f32.const 4)))
                (func (call $f (block (result i32) (i32.const 1)) (i64.const 7) (f32.const 4))))"
        );
        let four = Constant::Bits32(4f32.to_bits());
        assert_eq!(found(&text, &[]), [(0, 2, four), (1, 0, Constant::Bits32(2))]);
    }

    #[test]
    fn tail_calls_are_calls_that_pass_anything() {
        let text = format!(
            "(module {CALLEE}
                (func (call $f (i32.const 1) (i64.const 2) (f32.const 3)))
                (func (return_call $f (i32.const 1) (i64.const 2) (f32.const 3))))"
        );
        assert_eq!(found(&text, &[]), []);
    }
}
