//! How much code a call may be replaced by.
//!
//! A small body is shorter than what a call needs around it; a larger one pays
//! where it runs often, or when nobody else needs it. Loops stay in functions of
//! their own: a call costs little beside them, and the registers of two are
//! seldom enough. What is inlined beside a loop takes registers from it.
//!
//! A body that calls somebody in turn is seldom worth its place in a loop: the
//! call that it saves is followed by another, or the body is there for a case
//! that is rare (a vector that grows, a buffer that is full), while its values
//! and the rare call take the loop's registers. An interpreter (`brain.c`) took
//! 1.21 of its time with `putchar` in its loop, a matcher (`dfa.rs`) 1.2 with
//! `Vec::grow_one` in it; both are at 1.0 since.
//!
//! Measured beside the same without inlining: seventeen programs of
//! `benches/suite` at -O3, 0.94, the slowest 1.00. More for bodies in loops (250)
//! or for sole callers (60) brought nothing.

use crate::options::OptLevel;

/// Limits of weights, as [`Summary::weight`](super::summary::Summary::weight)
/// counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Inlined wherever it is called, if it has no loop.
    tiny: u32,
    /// Inlined where no loop is around.
    small: u32,
    /// Inlined in loops.
    hot: u32,
    /// Inlined in loops, if it calls somebody in turn.
    hot_calls: u32,
    /// Inlined where it is the only call of the function.
    sole: u32,
    /// What a function may grow by, beyond its own weight.
    growth: u32,
    /// What no function may grow beyond: the register allocator's time grows
    /// faster than its input.
    most: u32,
}

/// What is known of a call whose callee's body may be inlined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Of the callee, with what is inlined into it.
    pub weight: u32,
    /// Whether it calls somebody, beyond what is inlined into it.
    pub calls: bool,
    pub has_loop: bool,
    /// Whether it calls itself: a copy of its first round saves little.
    pub recursive: bool,
    pub in_loop: bool,
    /// Whether the caller has loops, which this call may be outside of: what is
    /// inlined there takes registers from them, and runs seldom.
    pub beside_loop: bool,
    /// Whether nothing else needs the function.
    pub sole: bool,
}

impl Rule {
    pub(super) fn of(level: OptLevel) -> Self {
        match level {
            OptLevel::Size => {
                Self { tiny: 5, small: 5, hot: 5, hot_calls: 5, sole: 20, growth: 100, most: 3000 }
            }
            OptLevel::Aggressive => Self {
                tiny: 10,
                small: 30,
                hot: 150,
                hot_calls: 16,
                sole: 30,
                growth: 400,
                most: 4000,
            },
            _ => Self {
                tiny: 8,
                small: 10,
                hot: 60,
                hot_calls: 12,
                sole: 20,
                growth: 300,
                most: 3000,
            },
        }
    }

    /// Where a profile says that a call runs often.
    pub(super) fn where_hot(level: OptLevel) -> Self {
        match level {
            OptLevel::Size => Self::of(OptLevel::Speed),
            _ => Self {
                tiny: 10,
                small: 200,
                hot: 200,
                hot_calls: 60,
                sole: 200,
                growth: 800,
                most: 4000,
            },
        }
    }

    /// Whether to inline the callee into a function that weighs `own` itself
    /// and `now` with what was inlined so far.
    pub(super) fn accepts(&self, call: Candidate, own: u32, now: u32) -> bool {
        let Candidate { weight, calls, has_loop, recursive, in_loop, beside_loop, sole } = call;
        let grown = now.saturating_add(weight);
        if weight <= self.tiny && !has_loop {
            return grown <= self.most.saturating_mul(2);
        }
        let beside = beside_loop && !in_loop;
        if has_loop || recursive || beside || grown > self.most {
            return false;
        }
        if sole && weight <= self.sole {
            return true;
        }
        let limit = match in_loop {
            true if calls => self.hot_calls,
            true => self.hot,
            false => self.small,
        };
        weight <= limit && grown <= own.saturating_mul(2).max(own + self.growth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(call: Candidate, own: u32, now: u32) -> bool {
        Rule::of(OptLevel::Speed).accepts(call, own, now)
    }

    const PLAIN: Candidate = Candidate {
        weight: 100,
        calls: false,
        has_loop: false,
        recursive: false,
        in_loop: false,
        beside_loop: false,
        sole: false,
    };

    #[test]
    fn larger_bodies_pay_in_loops_or_alone() {
        let call = Candidate { weight: 18, ..PLAIN };
        assert!(!accepts(call, 50, 50));
        assert!(accepts(Candidate { in_loop: true, ..call }, 50, 50));
        assert!(accepts(Candidate { sole: true, ..call }, 50, 50));
        assert!(accepts(Candidate { weight: 8, ..call }, 50, 50));
        assert!(!accepts(Candidate { in_loop: true, sole: true, ..PLAIN }, 50, 50));
    }

    #[test]
    fn in_loops_leaves_may_be_larger() {
        let call = Candidate { weight: 50, in_loop: true, ..PLAIN };
        assert!(accepts(call, 50, 50));
        assert!(!accepts(Candidate { calls: true, ..call }, 50, 50));
        assert!(accepts(Candidate { calls: true, weight: 12, ..call }, 50, 50));
    }

    #[test]
    fn loops_stay_where_they_are() {
        let call = Candidate { weight: 5, has_loop: true, sole: true, ..PLAIN };
        assert!(!accepts(call, 50, 50));
        assert!(!accepts(Candidate { in_loop: true, ..call }, 50, 50));
    }

    #[test]
    fn loops_keep_their_registers() {
        let call = Candidate { weight: 20, beside_loop: true, sole: true, ..PLAIN };
        assert!(!accepts(call, 50, 50));
        assert!(accepts(Candidate { in_loop: true, ..call }, 50, 50));
        assert!(accepts(Candidate { weight: 5, ..call }, 50, 50), "a call takes some too");
    }

    #[test]
    fn the_first_round_of_a_recursion_stays_a_call() {
        assert!(!accepts(
            Candidate { weight: 20, recursive: true, in_loop: true, ..PLAIN },
            50,
            50
        ));
    }

    #[test]
    fn growth_ends() {
        let call = Candidate { weight: 60, in_loop: true, ..PLAIN };
        assert!(accepts(call, 50, 50));
        assert!(!accepts(call, 50, 300), "much was inlined already");
        assert!(!accepts(call, 2950, 2950), "it is large itself");
        assert!(accepts(Candidate { weight: 3, ..call }, 5000, 5000), "a call is no shorter");
    }
}
