//! Short branches, on x86-64. The code generator gives every branch a distance of
//! 32 bits, although half of them lead no further than eight bits can say: a
//! conditional branch takes six bytes instead of two, a jump five instead of two.
//! Finished code is decoded, instruction by instruction; the branches that can
//! become short do, and everything that lies behind them, or speaks of it, moves.
//!
//! Gain: text of yosys 4.1 % smaller, of clang 4.0 %; artifacts 3 %. Cost: up to 2 % of
//! the time to compile. Programs take as long on the whole; loops whose branches come to
//! lie closer together may take longer, so those that are known to wait keep long ones.
//!
//! What it rests on: no offset of the code is anywhere but in its
//! [`CompiledFunction`], in branches, in jump tables and in addresses relative to
//! the instruction pointer. A function with an instruction that is not decoded, or
//! with a target that is not the start of one, stays as it is. Each branch that was
//! rewritten is decoded again; builds with assertions compare all instructions, and
//! every offset, on a way of their own.
//!
//! | rank | modules |
//! |-|-|
//! | instructions of finished code | [`scan`] |
//! | which branches can be short | [`choose`] |
//! | the new bytes | [`rewrite`] |
//! | old and new code beside each other | [`check`] |

mod check;
mod choose;
mod rewrite;
mod scan;
#[cfg(test)]
mod tests;

use super::loops::{self, Branch};
use crate::function::CompiledFunction;
use crate::function::moved::Moves;

/// The function with short branches where they reach, and all branches within it;
/// none if it has to stay as it is. If loops would wait for them where the function
/// begins at `alignment`, those of small loops stay long.
pub(super) fn shorten(
    function: &CompiledFunction,
    alignment: Option<u32>,
) -> Option<(CompiledFunction, Vec<Branch>)> {
    let scanned = scan::scan(function)?;
    let all = rewritten(function, &scanned, |_| true)?;
    let Some(alignment) = alignment else { return Some(all) };
    let before = scanned.jumps.iter().map(|jump| branch(jump.end(), jump.target));
    let before: Vec<Branch> = before.collect();
    let cost = loops::least_cost(&all.1, alignment);
    if cost <= loops::least_cost(&before, alignment) {
        return Some(all);
    }
    let small = loops::innermost(&before);
    let outside = |jump: &scan::Jump| {
        let after = small.partition_point(|range| range.end <= jump.start as usize);
        small.get(after).is_none_or(|range| jump.start < range.start as u32)
    };
    let kept = rewritten(function, &scanned, outside)?;
    Some(if loops::least_cost(&kept.1, alignment) < cost { kept } else { all })
}

fn branch(end: u32, target: u32) -> Branch {
    Branch { last: end as usize - 1, target: target as usize }
}

/// The function where those branches are short that may be, and reach.
fn rewritten(
    function: &CompiledFunction,
    scanned: &scan::Scanned,
    may: impl Fn(&scan::Jump) -> bool,
) -> Option<(CompiledFunction, Vec<Branch>)> {
    let short = choose::choose(&scanned.jumps, may);
    let shortened =
        || scanned.jumps.iter().zip(&short).filter(|(jump, short)| jump.changes(**short));
    let cuts = shortened().map(|(jump, _)| (jump.start..jump.end(), jump.saving()));
    let moves = Moves::new(cuts, scanned.code_end, scanned.constants, scan::CONSTANT_ALIGNMENT);
    let code = rewrite::rewrite(&function.code, scanned, &short, &moves)?;
    let short_branches = shortened().count() as u32;
    let moved = function.moved(code.into_boxed_slice(), &moves)?;
    let moved = CompiledFunction { short_branches, ..moved };
    if cfg!(debug_assertions) {
        check::check(function, &moved);
    }
    let to = |jump: &scan::Jump| Some(branch(moves.to(jump.end())?, moves.to(jump.target)?));
    let branches = scanned.jumps.iter().map(to).collect::<Option<_>>()?;
    Some((moved, branches))
}
