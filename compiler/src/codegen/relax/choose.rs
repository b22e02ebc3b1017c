//! Which branches can be short: as many as possible.
//!
//! At first all are taken for short; those that do not reach their targets then
//! are long, which may put others out of reach, until nothing changes.

use super::scan::{Jump, SHORT};

/// After so many rounds only those stay short that would reach with all others
/// long, so that no code makes it take long.
const ROUNDS: usize = 256;

/// How far a branch leads at most that may become short: what lies between
/// shrinks to a third at most, from six bytes to two.
const FARTHEST: i64 = 3 * 128;

/// For each branch whether it is short: of those that may be.
pub(super) fn choose(jumps: &[Jump], may: impl Fn(&Jump) -> bool) -> Vec<bool> {
    let far = |jump: &Jump| i64::from(jump.target) - i64::from(jump.end());
    let mut short: Vec<bool> = jumps
        .iter()
        .map(|jump| jump.size == SHORT || (far(jump).abs() <= FARTHEST && may(jump)))
        .collect();
    let candidates: Vec<NearJump> = jumps
        .iter()
        .enumerate()
        .filter(|(index, _)| short[*index])
        .map(|(index, jump)| {
            let before = jumps.partition_point(|other| other.start < jump.target);
            NearJump { index, distance: far(jump), before }
        })
        .collect();
    for _ in 0..ROUNDS {
        let saved = saved(jumps, &short);
        let mut changed = false;
        for NearJump { index, distance, before } in &candidates {
            // What is saved before the target moves that nearer, before the end of
            // the branch, the branch.
            let distance = distance - saved[*before] + saved[index + 1];
            if short[*index] && i8::try_from(distance).is_err() {
                short[*index] = false;
                changed = true;
            }
        }
        if !changed {
            return short;
        }
    }
    for NearJump { index, distance, .. } in candidates {
        short[index] &= i8::try_from(distance).is_ok();
    }
    short
}

/// A branch that may be short.
struct NearJump {
    index: usize,
    /// How far it leads where all are long.
    distance: i64,
    /// How many branches start before its target.
    before: usize,
}

/// How much the first branches save together, for each number of them.
fn saved(jumps: &[Jump], short: &[bool]) -> Vec<i64> {
    let mut sum = 0;
    let mut saved = Vec::with_capacity(jumps.len() + 1);
    saved.push(0);
    saved.extend(jumps.iter().zip(short).map(|(jump, short)| {
        sum += if *short { i64::from(jump.saving()) } else { 0 };
        sum
    }));
    saved
}
