//! The same instructions in fewer bytes, on x86-64. The code generator gives every branch
//! a distance of 32 bits, although half of them lead no further than eight bits can say:
//! a conditional branch takes six bytes instead of two, a jump five instead of two. It
//! addresses its frame by the stack pointer, which takes a byte more than by the frame
//! pointer, and four instead of one for the distance where only that is near. And it has
//! constants of 32 bits where eight are enough. Finished code is decoded, instruction by
//! instruction; what can become short does, and everything that lies behind it, or speaks
//! of it, moves.
//!
//! Gain, of the text of yosys and of clang: `short-branches` 4.1 % and 4.0 %;
//! `short-frame-accesses` 5.8 % and 4.7 %; `short-encodings` 0.9 % and 1.0 %. Cost: up to 2 % of
//! the time to compile. Programs take as long on the whole; loops whose branches come to
//! lie closer together may take longer, so those that are known to wait keep long ones.
//!
//! What it rests on: no offset of the code is anywhere but in its
//! [`CompiledFunction`], in branches, in jump tables and in addresses relative to
//! the instruction pointer. A function with an instruction that is not decoded, or
//! with a target that is not the start of one, stays as it is; where the stack pointer is
//! below the frame pointer is proved for each function, or its accesses stay ([`frame`]).
//! Each instruction that was rewritten is decoded again; builds with assertions compare
//! all instructions, and every offset, on a way of their own.
//!
//! | rank | modules |
//! |-|-|
//! | what they share | [`change`], [`offsets`] |
//! | what one instruction can be | [`encodings`], [`frame`] |
//! | instructions of finished code | [`scan`] |
//! | which branches can be short, and may be | [`choose`], [`keep`] |
//! | the new bytes | [`rewrite`] |
//! | old and new code beside each other | [`check`] |

mod change;
mod check;
mod choose;
mod encodings;
mod frame;
mod keep;
mod offsets;
mod rewrite;
mod scan;
#[cfg(test)]
mod tests;

use super::loops::Branch;
use crate::function::moved::Moves;
use crate::function::{CompiledFunction, Shortened};
use crate::target::Shorter;
use change::Change;

/// The function in fewer bytes, as far as these may be fewer, and all branches within it;
/// none if it has to stay as it is. If loops would wait for their branches where the
/// function begins at `alignment`, those stay long.
pub(super) fn shorten(
    function: &CompiledFunction,
    shorter: Shorter,
    alignment: Option<u32>,
) -> Option<(CompiledFunction, Vec<Branch>)> {
    let scanned = scan::scan(function, shorter)?;
    let fixed = moves(&scanned, &scanned.changes);
    let branches = choose::Branches::new(&scanned.jumps, |at| fixed.to(at))?;
    let short = match alignment {
        _ if !shorter.branches => branches.choose(|_| false),
        Some(alignment) => keep::for_loops(&branches, alignment),
        None => branches.choose(|_| true),
    };
    Some((rewritten(function, &scanned, &short)?, branches.placed(&short)))
}

/// The function where those branches are short, and all else that can be.
fn rewritten(
    function: &CompiledFunction,
    scanned: &scan::Scanned,
    short: &[bool],
) -> Option<CompiledFunction> {
    let jumps = scanned.jumps.iter().zip(short).filter(|(jump, short)| jump.changes(**short));
    let mut changes = scanned.changes.clone();
    for (jump, _) in jumps {
        let bytes = [jump.short_opcode, 0];
        changes.push(Change::new(jump.start, usize::from(jump.size), &[&bytes])?);
    }
    let shortened = Shortened {
        branches: (changes.len() - scanned.changes.len()) as u32,
        frame_accesses: scanned.frame_accesses as u32,
        encodings: (scanned.changes.len() - scanned.frame_accesses) as u32,
    };
    changes.sort_by_key(|change| change.place().start);
    let moves = moves(scanned, &changes);
    let code = rewrite::rewrite(&function.code, scanned, (short, &changes), &moves)?;
    let moved = function.moved(code.into_boxed_slice(), &moves)?;
    let moved = CompiledFunction { shortened, ..moved };
    if cfg!(debug_assertions) {
        check::check(function, &moved);
    }
    Some(moved)
}

fn moves(scanned: &scan::Scanned, changes: &[Change]) -> Moves {
    let cuts = changes.iter().map(|change| (change.place(), change.lost()));
    Moves::new(cuts, scanned.code_end, scanned.constants, scan::CONSTANT_ALIGNMENT)
}
