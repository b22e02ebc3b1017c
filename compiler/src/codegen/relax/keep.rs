//! Which branches stay long although they could be short: those of small loops that
//! would wait for each other if they lay closer together.

use super::super::loops;
use super::choose::Branches;
use std::ops::Range;

/// How often the loops that wait are looked for again: keeping branches long in one
/// moves those behind it.
const ROUNDS: usize = 4;

/// For each branch whether it is short, in a function that begins where it suits its
/// loops, at `alignment`.
pub(super) fn for_loops(branches: &Branches<'_>, alignment: u32) -> Vec<bool> {
    let least = |short: &[bool]| loops::least_cost(&branches.placed(short), alignment);
    let all = branches.choose(|_| true);
    let long = branches.placed(&branches.choose(|_| false));
    let cost = least(&all);
    if cost <= loops::least_cost(&long, alignment) {
        return all;
    }
    let mut kept = vec![false; all.len()];
    let keep = |kept: &mut [bool], which: Vec<Range<usize>>| {
        which.into_iter().flatten().for_each(|branch| kept[branch] = true);
        branches.choose(|branch| !kept[branch])
    };
    let none_short = keep(&mut kept.clone(), loops::branches_of_small(&long));
    let none_cost = least(&none_short);
    if none_cost >= cost {
        return all;
    }
    // Loops that do not wait do without.
    let mut short = all;
    for _ in 0..ROUNDS {
        let waiting = loops::branches_of_waiting(&branches.placed(&short), alignment);
        short = keep(&mut kept, waiting);
        if least(&short) <= none_cost {
            return short;
        }
    }
    none_short
}
