//! Which branches can be short: as many as possible.
//!
//! At first all are taken for short; those that do not reach their targets then
//! are long, which may put others out of reach, until nothing changes.

use super::super::loops::Branch;
use super::scan::{Jump, SHORT};

/// After so many rounds only those stay short that would reach with all others
/// long, so that no code makes it take long.
const ROUNDS: usize = 256;

/// How far a branch leads at most that may become short: what lies between
/// shrinks to a third at most, from six bytes to two.
const FARTHEST: i64 = 3 * 128;

/// The branches of a function, and where they are if all of them are long.
pub(super) struct Branches<'s> {
    jumps: &'s [Jump],
    places: Vec<JumpPlace>,
}

/// Where a branch is, and where it leads.
struct JumpPlace {
    end: i64,
    target: i64,
    /// How many branches start before its target.
    before: usize,
}

impl JumpPlace {
    fn distance(&self) -> i64 {
        self.target - self.end
    }
}

impl<'s> Branches<'s> {
    /// `to` says where an offset of the old code is where all branches are long; none
    /// if that is not known of one of these.
    pub(super) fn new(jumps: &'s [Jump], to: impl Fn(u32) -> Option<u32>) -> Option<Self> {
        let place = |jump: &Jump| {
            let before = jumps.partition_point(|other| other.start < jump.target);
            Some(JumpPlace { end: to(jump.end())?.into(), target: to(jump.target)?.into(), before })
        };
        let places = jumps.iter().map(place).collect::<Option<_>>()?;
        Some(Self { jumps, places })
    }

    /// For each branch whether it is short: of those that may be.
    pub(super) fn choose(&self, may: impl Fn(usize) -> bool) -> Vec<bool> {
        let Self { jumps, places } = self;
        let may = |(index, jump): (usize, &Jump)| {
            jump.size == SHORT || (places[index].distance().abs() <= FARTHEST && may(index))
        };
        let mut short: Vec<bool> = jumps.iter().enumerate().map(may).collect();
        let candidates: Vec<usize> = (0..jumps.len()).filter(|index| short[*index]).collect();
        for _ in 0..ROUNDS {
            let saved = self.saved(&short);
            let mut changed = false;
            for index in &candidates {
                let (end, target) = self.place(*index, &saved);
                if short[*index] && i8::try_from(target - end).is_err() {
                    short[*index] = false;
                    changed = true;
                }
            }
            if !changed {
                return short;
            }
        }
        for index in candidates {
            short[index] &= i8::try_from(places[index].distance()).is_ok();
        }
        short
    }

    /// Where the branches are if those are short.
    pub(super) fn placed(&self, short: &[bool]) -> Vec<Branch> {
        let saved = self.saved(short);
        let places = (0..self.jumps.len()).map(|index| self.place(index, &saved));
        places
            .map(|(end, target)| Branch { last: end as usize - 1, target: target as usize })
            .collect()
    }

    /// The end and the target of a branch: what is saved before either moves it up.
    fn place(&self, index: usize, saved: &[i64]) -> (i64, i64) {
        let JumpPlace { end, target, before } = self.places[index];
        (end - saved[index + 1], target - saved[before])
    }

    /// How much the first branches save together, for each number of them.
    fn saved(&self, short: &[bool]) -> Vec<i64> {
        let mut sum = 0;
        let mut saved = Vec::with_capacity(short.len() + 1);
        saved.push(0);
        saved.extend(self.jumps.iter().zip(short).map(|(jump, short)| {
            sum += if *short { i64::from(jump.saving()) } else { 0 };
            sum
        }));
        saved
    }
}
