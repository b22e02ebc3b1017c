//! What the inliner has to know of one function: one more look at its body, by
//! any thread.

use super::heat::Heat;
use super::targets::{Guess, Reached, Targets};
use crate::error::Result;
use crate::parse::Body;
use precast_artifact::index::{BodyOffset, DefinedFuncIndex, TableIndex, TypeIndex};
use wasmparser::Operator;

/// One function, to the inliner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// About how many instructions its body becomes: operators that only name
    /// a value or structure the code count nothing.
    pub weight: u32,
    /// Whether it has a loop.
    pub has_loop: bool,
    /// Whether its body must stay a function of its own: it makes tail calls,
    /// whose frames must not pile up in whoever it is inlined into, or it
    /// catches exceptions.
    pub refused: bool,
    /// Whether a profile says that it never runs.
    pub cold: bool,
    /// Whether it does nothing before it traps: where that stands behind a
    /// condition, the trap would be the condition's.
    pub traps: bool,
    /// Whether it calls imported functions, or through references, or through
    /// tables whom [`calls`](Self::calls) does not name.
    pub calls_others: bool,
    /// Its calls of own functions, in order; a call through a table has one
    /// here for each function that it may reach.
    pub calls: Vec<Call>,
}

/// What of a profile is heeded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeatUses {
    /// Which functions never run.
    pub functions: bool,
    /// Which calls run often, and which never.
    pub calls: bool,
}

/// A call of a function that the module defines, or what may be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Where it is in the body.
    pub at: BodyOffset,
    pub callee: DefinedFuncIndex,
    /// Whether a loop is around it.
    pub in_loop: bool,
    /// Not worth a copy: nothing but a trap follows, or it is a tail call, or a
    /// profile says that it never runs.
    pub cold: bool,
    /// Whether a profile says that it runs often.
    pub hot: bool,
    /// Of a call through a table, when it is one of this function.
    pub guess: Option<Guess>,
}

impl Summary {
    /// Whether the function, at this position, calls itself.
    pub(crate) fn is_recursive(&self, position: usize) -> bool {
        self.calls.iter().any(|call| call.callee.index() == position)
    }

    /// Takes note of what a profile says of the function, at this position.
    pub(crate) fn heed(&mut self, heat: &Heat, position: usize, options: HeatUses) {
        self.cold = options.functions && heat.is_cold(position);
        let pieces = heat.cold_pieces(position);
        for call in &mut self.calls {
            let after = pieces.partition_point(|piece| piece.start <= call.at);
            let inside = after.checked_sub(1).is_some_and(|at| pieces[at].contains(&call.at));
            call.cold |= options.calls && inside;
            call.hot = options.calls && heat.is_hot_call(position, call.at, call.callee.index());
        }
    }

    /// Takes note of a call through a table.
    fn may_call(&mut self, at: BodyOffset, reached: &[Reached], in_loop: bool) {
        let entries = reached.first().map_or(0, |target| target.guess.entries as usize);
        self.calls_others |= reached.is_empty() || reached.len() < entries;
        self.calls.extend(reached.iter().map(|target| Call {
            at,
            callee: target.callee,
            in_loop,
            cold: false,
            hot: false,
            guess: Some(target.guess),
        }));
    }
}

/// Looks at a body of a module that imports so many functions, and whose tables
/// lead to `targets`.
pub(crate) fn summarise(body: &Body<'_>, imported: u32, targets: &Targets<'_>) -> Result<Summary> {
    let start = body.body.range().start;
    let mut reader = body.body.get_operators_reader()?;
    let mut summary = Summary::default();
    // For each open block, whether it is a loop.
    let mut blocks: Vec<bool> = Vec::new();
    let mut loops = 0u32;
    let mut after_call = false;
    let mut straight = true;
    while !reader.eof() {
        let (op, offset) = reader.read_with_offset()?;
        if after_call && matches!(op, Operator::Unreachable) {
            summary.calls.last_mut().expect("a call came before").cold = true;
        }
        after_call = false;
        summary.traps |= straight && matches!(op, Operator::Unreachable);
        straight &= !is_step(&op);
        summary.refused |= is_tail_call(&op);
        summary.weight = summary.weight.saturating_add(weight(&op));
        match op {
            Operator::Loop { .. } => {
                blocks.push(true);
                loops += 1;
                summary.has_loop = true;
            }
            Operator::Block { .. } | Operator::If { .. } => blocks.push(false),
            Operator::TryTable { .. } => {
                blocks.push(false);
                summary.refused = true;
            }
            Operator::End => loops -= u32::from(blocks.pop() == Some(true)),
            Operator::Call { function_index } | Operator::ReturnCall { function_index }
                if function_index >= imported =>
            {
                after_call = true;
                summary.calls.push(Call {
                    at: BodyOffset::new((offset - start) as u32),
                    callee: DefinedFuncIndex::new(function_index - imported),
                    in_loop: loops > 0,
                    // The frame of a tail call is gone already.
                    cold: matches!(op, Operator::ReturnCall { .. }),
                    hot: false,
                    guess: None,
                });
            }
            Operator::CallIndirect { type_index, table_index } => {
                let at = BodyOffset::new((offset - start) as u32);
                let reached =
                    targets.reached(TableIndex::new(table_index), TypeIndex::new(type_index));
                summary.may_call(at, reached, loops > 0);
            }
            Operator::Call { .. } | Operator::CallRef { .. } => {
                summary.calls_others = true;
            }
            _ => {}
        }
    }
    Ok(summary)
}

/// Whether what follows an operator may not be reached, or something was done
/// before it.
fn is_step(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::If { .. }
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::GlobalSet { .. }
    )
}

fn is_tail_call(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
    )
}

/// About how many instructions an operator becomes.
fn weight(op: &Operator<'_>) -> u32 {
    match op {
        Operator::LocalGet { .. }
        | Operator::LocalSet { .. }
        | Operator::LocalTee { .. }
        | Operator::I32Const { .. }
        | Operator::I64Const { .. }
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Else
        | Operator::End
        | Operator::Drop
        | Operator::Nop => 0,
        Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. } => 8,
        Operator::BrTable { targets } => 4 + targets.len(),
        Operator::MemoryCopy { .. }
        | Operator::MemoryFill { .. }
        | Operator::MemoryInit { .. }
        | Operator::MemoryGrow { .. } => 6,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;
    use crate::parse::parse;

    fn summaries(text: &str) -> Vec<Summary> {
        let wasm = wat::parse_str(text).expect("a module's text");
        let parsed = parse(&wasm, Features::ALL).expect("a module");
        let imported = parsed.imported_functions;
        let targets = Targets::none(&parsed);
        parsed.bodies.iter().map(|body| summarise(body, imported, &targets).unwrap()).collect()
    }

    #[test]
    fn calls_know_the_loops_around_them() {
        let [first, second] = &summaries(
            "(module (import \"\" \"f\" (func))
                (func (call 0) (call 2) (loop (block (call 2))) (call 1))
                (func (loop) (call 1) unreachable))",
        )[..] else {
            panic!("two functions")
        };
        let seen: Vec<_> =
            first.calls.iter().map(|c| (c.callee.get(), c.in_loop, c.cold)).collect();
        assert_eq!(seen, [(1, false, false), (1, true, false), (0, false, false)]);
        assert!(first.has_loop && second.has_loop);
        assert!(second.calls[0].cold, "a trap follows");
    }

    #[test]
    fn names_of_values_weigh_nothing() {
        let [first, second] = &summaries(
            "(module
                (func (param i32) (result i32) (local i32)
                    (local.set 1 (local.get 0)) (block (nop)) (local.get 1))
                (func (param i32) (result i32)
                    (i32.add (i32.load (local.get 0)) (i32.const 1))) (memory 1))",
        )[..] else {
            panic!("two functions")
        };
        assert_eq!((first.weight, second.weight), (0, 2));
    }

    #[test]
    fn tail_calls_and_handlers_stay_where_they_are() {
        let all = summaries(
            "(module (tag)
                (func (return_call 1)) (func (block (try_table (catch_all 0)))) (func (throw 0)))",
        );
        let refused: Vec<bool> = all.iter().map(|summary| summary.refused).collect();
        assert_eq!(refused, [true, true, false]);
        assert_eq!(all[0].calls.len(), 1, "its callee is needed");
        assert!(all[0].calls[0].cold, "and is not inlined");
    }
}
