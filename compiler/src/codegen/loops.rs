//! Where a function should begin so that its small loops run fast, on x86-64. A
//! processor fetches and keeps decoded code by lines of 64 bytes, and predicts
//! two branches of a line at once: a loop of forty bytes that lies across the end
//! of a line is fetched twice as often, and one with three branches in a line
//! waits in every round. The code generator aligns no loops; but where a function
//! begins, decides where all of its loops lie.
//!
//! Gain (user CPU beside wasmtime's, of the same instructions): `brain.c` of
//! `benches/suite` 1.23 to 0.98, `regex.c` 0.99 to 0.91. Cost: a look at the end of
//! each block, and padding before functions with small loops.
//!
//! A loop is what lies between a branch back and where it leads; only those count
//! that contain no other. Where code was not decoded, branches are found at the ends of
//! source positions: one ends with each block.

use std::ops::Range;

/// Bytes of a line, and between the places where functions may begin.
const LINE: usize = 64;
const STEP: usize = 16;
/// Larger loops do not gain.
const LARGEST: usize = 4 * LINE;
/// Branches of a line that are predicted at once.
const BRANCHES: usize = 2;
/// What waiting for a branch costs, and for a line, in the same unit.
const WAIT_FOR_BRANCH: usize = 3;
const WAIT_FOR_LINE: usize = 2;

/// Where a function may begin: bit `i` stands for addresses of `16 i` modulo 64.
/// None if it is all the same.
pub(super) fn starts(branches: &[Branch], alignment: u32) -> Option<u8> {
    let costs = costs(branches, alignment);
    let (least, most) = (costs.iter().min()?.0, costs.iter().max()?.0);
    let best = costs.iter().filter(|(cost, _)| *cost == least);
    (least < most).then(|| best.fold(0, |bits, (_, place)| bits | 1 << place))
}

/// Whether a branch leads back.
pub(super) fn any(branches: &[Branch]) -> bool {
    branches.iter().any(|branch| branch.target <= branch.last)
}

/// What the loops cost where they cost least.
pub(super) fn least_cost(branches: &[Branch], alignment: u32) -> usize {
    costs(branches, alignment).iter().map(|(cost, _)| *cost).min().unwrap_or(0)
}

/// What the loops cost for each place where the function may begin.
fn costs(branches: &[Branch], alignment: u32) -> Vec<(usize, usize)> {
    let loops = innermost(branches);
    let places = (0..LINE / STEP).filter(|place| (place * STEP).is_multiple_of(alignment as usize));
    let all = |start| loops.iter().map(|range| cost(range, branches, start)).sum();
    places.map(|place| (all(place * STEP), place)).collect()
}

/// A branch to a place in the same function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// Where its last byte is.
    pub last: usize,
    pub target: usize,
}

/// The branches with a distance of 32 bits at the end of source positions, in order.
pub(super) fn branches(bytes: &[u8], sources: &[Range<u32>]) -> Vec<Branch> {
    let mut found = Vec::new();
    for source in sources {
        let end = source.end as usize;
        let jump = branch(bytes, end, &[0xe9]);
        let before = if jump.is_some() { end - 5 } else { end };
        found.extend((0x80..0x90).find_map(|condition| branch(bytes, before, &[0x0f, condition])));
        found.extend(jump);
    }
    found
}

/// The branch with this opcode and a distance of 32 bits that ends at `end`.
fn branch(bytes: &[u8], end: usize, opcode: &[u8]) -> Option<Branch> {
    let start = end.checked_sub(4 + opcode.len())?;
    let distance = bytes.get(start..end)?.strip_prefix(opcode)?;
    let distance = i32::from_le_bytes(distance.try_into().ok()?);
    let target = end.checked_add_signed(distance as isize)?;
    (target < bytes.len()).then_some(Branch { last: end - 1, target })
}

/// Which branches each of the small loops has.
pub(super) fn branches_of_small(branches: &[Branch]) -> Vec<Range<usize>> {
    innermost(branches).iter().map(|range| within(range, branches)).collect()
}

/// Those of the small loops that wait where all together cost least.
pub(super) fn branches_of_waiting(branches: &[Branch], alignment: u32) -> Vec<Range<usize>> {
    let best = costs(branches, alignment).into_iter().min();
    let start = best.map_or(0, |(_, place)| place * STEP);
    let waits = |range: &Range<usize>| cost(range, branches, start) > 0;
    innermost(branches).into_iter().filter(waits).map(|range| within(&range, branches)).collect()
}

/// The branches in a part of the code.
fn within(range: &Range<usize>, branches: &[Branch]) -> Range<usize> {
    let before = |end: usize| branches.partition_point(|branch| branch.last < end);
    before(range.start)..before(range.end)
}

/// Small loops without another in them, in order.
fn innermost(branches: &[Branch]) -> Vec<Range<usize>> {
    let back = branches.iter().filter(|branch| branch.target <= branch.last);
    let mut loops: Vec<Range<usize>> = Vec::new();
    // By their ends; of those around others, the inner ones come first.
    for Branch { last, target } in back {
        if !loops.iter().rev().take_while(|l| l.end > *target).any(|inner| *target <= inner.start) {
            loops.push(*target..last + 1);
        }
    }
    loops.retain(|range| range.len() <= LARGEST);
    loops
}

/// What a loop costs if the function begins there, for each round and line.
fn cost(range: &Range<usize>, branches: &[Branch], start: usize) -> usize {
    let line = |at: usize| (start + at) / LINE;
    let lines = line(range.end - 1) - line(range.start) + 1;
    let least = range.len().div_ceil(LINE);
    let within = &branches[within(range, branches)];
    let lines_of_branches: Vec<usize> = within.iter().map(|branch| line(branch.last)).collect();
    let crowds = lines_of_branches.chunk_by(|one, other| one == other);
    let late: usize = crowds.map(|crowd| crowd.len().saturating_sub(BRANCHES)).sum();
    // A wait weighs more the shorter the loop is.
    (late * WAIT_FOR_BRANCH + (lines - least) * WAIT_FOR_LINE) * LARGEST / range.len()
}

#[cfg(test)]
mod tests {
    use super::{branches as branches_of, *};

    /// Code of `size` bytes with branches: where each ends, and where it leads.
    fn code(size: usize, branches: &[(usize, usize)]) -> (Vec<u8>, Vec<Range<u32>>) {
        let mut bytes = vec![0x90; size];
        let mut sources = Vec::new();
        for (end, target) in branches {
            let distance = (*target as i32 - *end as i32).to_le_bytes();
            bytes[end - 6..end - 4].copy_from_slice(&[0x0f, 0x85]);
            bytes[end - 4..*end].copy_from_slice(&distance);
            sources.push(0..*end as u32);
        }
        (bytes, sources)
    }

    #[track_caller]
    fn check(size: usize, branches: &[(usize, usize)], alignment: u32, expected: Option<u8>) {
        let (bytes, sources) = code(size, branches);
        assert_eq!(starts(&branches_of(&bytes, &sources), alignment), expected);
    }

    #[test]
    fn a_loop_is_kept_within_a_line() {
        // 40 bytes from 40 on: within a line only if that is at 0 or 24 of one.
        check(200, &[(80, 40)], 16, Some(0b1100));
        check(200, &[(80, 40)], 32, Some(0b100));
        check(200, &[(80, 40)], 64, None);
        // It fits wherever it is, or never.
        check(200, &[(48, 32)], 16, None);
        check(200, &[(164, 100)], 16, None);
    }

    #[test]
    fn three_branches_of_a_loop_share_no_line() {
        // Better two of them in each of two lines than all in fewer lines.
        check(200, &[(70, 150), (80, 150), (90, 150), (118, 4)], 16, Some(0b1000));
    }

    #[test]
    fn only_inner_loops_count_and_only_branches_that_are_some() {
        check(600, &[(80, 40), (500, 4)], 16, Some(0b1100));
        check(600, &[(500, 4)], 16, None);
        check(100, &[(80, 90)], 16, None);
        let (bytes, _) = code(200, &[(80, 40)]);
        assert_eq!(starts(&branches_of(&bytes, &[0..79, 0..4, 0..200]), 16), None);
    }
}
