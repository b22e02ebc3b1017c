//! How much code a call may be replaced by.
//!
//! A small body is shorter than what a call needs around it; a larger one pays
//! where it runs often, or when nobody else needs it. Loops stay in functions of
//! their own: a call costs little beside them, and the registers of two are
//! seldom enough. What is inlined beside a loop takes registers from it.
//!
//! Measured beside the same without inlining, by CPU time on a busy machine, with
//! limits near these. Eleven programs of `benches/suite` at -O3, but with a
//! limit of 300 for sole callers: 0.94, of which one interpreter 1.24, which
//! went with a limit of 60. Seven at -O2: 0.99, for 3 % of size. A matcher that
//! calls itself (`dfa.rs`) stays at 1.2 with both; why is not known.

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
            OptLevel::Size => Self { tiny: 5, small: 5, hot: 5, sole: 20, growth: 100, most: 3000 },
            OptLevel::Aggressive => {
                Self { tiny: 10, small: 30, hot: 150, sole: 60, growth: 400, most: 4000 }
            }
            _ => Self { tiny: 8, small: 8, hot: 80, sole: 40, growth: 300, most: 4000 },
        }
    }

    /// Whether to inline the callee into a function that weighs `own` itself
    /// and `now` with what was inlined so far.
    pub(super) fn accepts(&self, call: Candidate, own: u32, now: u32) -> bool {
        let Candidate { weight, has_loop, recursive, in_loop, beside_loop, sole } = call;
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
        let limit = if in_loop { self.hot } else { self.small };
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
        has_loop: false,
        recursive: false,
        in_loop: false,
        beside_loop: false,
        sole: false,
    };

    #[test]
    fn larger_bodies_pay_in_loops_or_alone() {
        let call = Candidate { weight: 35, ..PLAIN };
        assert!(!accepts(call, 50, 50));
        assert!(accepts(Candidate { in_loop: true, ..call }, 50, 50));
        assert!(accepts(Candidate { sole: true, ..call }, 50, 50));
        assert!(accepts(Candidate { weight: 8, ..call }, 50, 50));
        assert!(!accepts(Candidate { in_loop: true, sole: true, ..PLAIN }, 50, 50));
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
        let call = Candidate { weight: 70, in_loop: true, ..PLAIN };
        assert!(accepts(call, 50, 50));
        assert!(!accepts(call, 50, 300), "much was inlined already");
        assert!(!accepts(call, 3950, 3950), "it is large itself");
        assert!(accepts(Candidate { weight: 3, ..call }, 5000, 5000), "a call is no shorter");
    }
}
