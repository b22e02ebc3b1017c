//! Pieces of a body that are entered at one place and in which no sample was
//! taken, although many would have been if they ran as often as the rest: their
//! code is laid out of the way of what runs, and no calls in them are inlined.
//!
//! Samples are few, so the evidence must be strong. A piece that ran as often, for
//! each byte of its code, as its function on average would have [`EXPECTED`]
//! samples; none in it says with a probability of 19 in 20 that it runs less than
//! a sixth as often. Pieces whose code the profile does not know, having neither
//! calls nor accesses of memory, are left alone, and so is what a branch hint of
//! the module says to be likely.
//!
//! From a place after a branch to the end of the block that is open there, nothing
//! can be entered but through that place.

use crate::error::Result;
use crate::profile::SampleSpan;
use precast_artifact::index::BodyOffset;
use std::collections::BTreeMap;
use std::ops::Range;
use wasmparser::{BranchHint, FunctionBody, Operator};

/// Samples that a piece would have.
const EXPECTED: u64 = 20;

/// Code that one operator is trusted with: what follows it may be data, or of
/// another.
const MOST_BYTES: u64 = 64;

/// The cold pieces of a body whose samples these are: in order, none in another.
pub(super) fn find(
    body: &FunctionBody<'_>,
    hints: &[BranchHint],
    spans: &BTreeMap<BodyOffset, SampleSpan>,
) -> Result<Vec<Range<BodyOffset>>> {
    let bytes: u64 = spans.values().map(|span| span.bytes).sum();
    let samples: u64 = spans.values().map(|span| span.samples).sum();
    let is_cold = |piece: &Range<BodyOffset>| {
        let (mut known, mut seen) = (0u64, 0);
        for (_, span) in spans.range(piece.clone()) {
            known += span.bytes.min(MOST_BYTES);
            seen += span.samples;
        }
        seen == 0 && samples.saturating_mul(known) >= bytes.saturating_mul(EXPECTED).max(1)
    };
    let mut cold: Vec<Range<BodyOffset>> = Vec::new();
    let mut pieces = pieces(body, hints)?;
    // Those around others first.
    pieces.sort_by_key(|piece| (piece.start, std::cmp::Reverse(piece.end)));
    for piece in pieces {
        let inside = cold.last().is_some_and(|last| piece.start < last.end);
        if !inside && is_cold(&piece) {
            cold.push(piece);
        }
    }
    Ok(cold)
}

/// The pieces that are entered at one place, where branch hints allow them to be
/// unlikely.
fn pieces(body: &FunctionBody<'_>, hints: &[BranchHint]) -> Result<Vec<Range<BodyOffset>>> {
    let start = body.range().start;
    let mut reader = body.get_operators_reader()?;
    let mut done = Vec::new();
    // For each open block, where pieces begin that end with it.
    let mut open: Vec<Vec<BodyOffset>> = vec![Vec::new()];
    // Whether the `else` of each open `if` is said to be likely.
    let mut ifs: Vec<bool> = vec![false];
    while !reader.eof() {
        let (op, at) = reader.read_with_offset()?;
        let offset = |at: u64| BodyOffset::new((at - start) as u32);
        let (at, next) = (offset(at), offset(reader.original_position()));
        let hint = hints.binary_search_by_key(&at.get(), |hint| hint.func_offset);
        let hint = hint.ok().map(|found| hints[found].taken);
        let mut close = |open: &mut Vec<Vec<BodyOffset>>| {
            let starts = open.pop().unwrap_or_default();
            done.extend(starts.into_iter().filter(|start| *start < at).map(|start| start..at));
        };
        let begins = match op {
            Operator::If { .. } => {
                open.push(Vec::new());
                ifs.push(hint == Some(false));
                hint != Some(true)
            }
            Operator::Else => {
                close(&mut open);
                open.push(Vec::new());
                !ifs.last().copied().unwrap_or(false)
            }
            Operator::Block { .. } | Operator::Loop { .. } | Operator::TryTable { .. } => {
                open.push(Vec::new());
                ifs.push(false);
                false
            }
            Operator::End => {
                close(&mut open);
                ifs.pop();
                !open.is_empty()
            }
            Operator::BrIf { .. } | Operator::BrOnNull { .. } | Operator::BrOnNonNull { .. } => {
                hint != Some(false)
            }
            _ => false,
        };
        if let (true, Some(starts)) = (begins, open.last_mut()) {
            starts.push(next);
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests;
