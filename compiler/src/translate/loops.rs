//! Which locals the loops of a function write: known before a loop is entered,
//! so that nothing is said of their values that another round makes wrong.

use crate::error::Result;
use precast_artifact::index::LocalIndex;
use std::collections::BTreeSet;
use wasmparser::{Operator, OperatorsReader};

/// The locals written in each loop, inner loops included. The first loop of the
/// source comes last.
pub(super) fn writes(mut operators: OperatorsReader<'_>) -> Result<Vec<Vec<LocalIndex>>> {
    let mut done: Vec<Vec<LocalIndex>> = Vec::new();
    // The open blocks; of a loop, its number and what it writes.
    let mut open: Vec<Option<(usize, BTreeSet<LocalIndex>)>> = Vec::new();
    while !operators.eof() {
        match operators.read()? {
            Operator::Loop { .. } => {
                open.push(Some((done.len(), BTreeSet::new())));
                done.push(Vec::new());
            }
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                open.push(None);
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                if let Some((_, locals)) = open.iter_mut().rev().flatten().next() {
                    locals.insert(LocalIndex::new(local_index));
                }
            }
            Operator::End => {
                let Some(Some((number, locals))) = open.pop() else { continue };
                done[number] = locals.iter().copied().collect();
                if let Some((_, outer)) = open.iter_mut().rev().flatten().next() {
                    outer.extend(locals);
                }
            }
            _ => {}
        }
    }
    done.reverse();
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_writes_what_its_inner_loops_write() {
        let wasm = wat::parse_str(
            "(module (func (local i32 i32 i32)
                (loop (local.set 0 (i32.const 1))
                    (block (loop (local.set 2 (i32.const 1)))))
                (local.set 1 (i32.const 1))
                (loop (drop (local.tee 1 (i32.const 2))))))",
        );
        let wasm = wasm.unwrap();
        let bodies = wasmparser::Parser::new(0).parse_all(&wasm);
        let mut bodies = bodies.filter_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
        let body = bodies.next().unwrap();
        let found = writes(body.get_operators_reader().unwrap()).unwrap();
        let numbers = |locals: &Vec<LocalIndex>| locals.iter().map(|l| l.get()).collect::<Vec<_>>();
        let found: Vec<_> = found.iter().map(numbers).collect();
        assert_eq!(found, [vec![1], vec![2], vec![0, 2]]);
    }
}
