//! Inlining: which calls are replaced by their callee's body, and which
//! functions nobody calls any more.
//!
//! Callees come first, so that a body is inlined with what was inlined into it.
//! A call into a function that is not decided yet, which is recursion, stays a
//! call. Bodies are translated again where they are inlined, so nothing but
//! these decisions is kept in memory.
//!
//! A function that only direct calls reach, and no call that is left, is not
//! compiled.

use super::rule::{Candidate, Rule};
use super::summary::{Call, Summary};
use super::targets::Guess;
use crate::options::OptLevel;
use precast_artifact::index::{BodyOffset, DefinedFuncIndex};

/// A call that is replaced by its callee's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// Where it is in the body of the caller.
    pub at: BodyOffset,
    pub callee: DefinedFuncIndex,
    /// Of a call through a table, when it is replaced.
    pub guess: Option<Guess>,
    /// Whether it is because a profile says that the call runs often.
    pub hot: bool,
}

/// What is inlined where. Functions by their position among the bodies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Inlining {
    /// For each function, the calls that are replaced, in order.
    calls: Vec<Box<[Replaced]>>,
    /// The functions with such calls, callees before their callers.
    order: Vec<DefinedFuncIndex>,
    /// For each function, whether it is still needed.
    needed: Vec<bool>,
}

impl Inlining {
    /// Nothing is inlined, and all of so many functions are needed.
    pub(crate) fn none(functions: usize) -> Self {
        Self {
            calls: vec![Box::default(); functions],
            order: Vec::new(),
            needed: vec![true; functions],
        }
    }

    /// The calls of a function that are replaced.
    pub(crate) fn of(&self, function: usize) -> &[Replaced] {
        &self.calls[function]
    }

    /// The functions with such calls, callees before their callers.
    pub(crate) fn order(&self) -> &[DefinedFuncIndex] {
        &self.order
    }

    /// Whether a function has to be compiled.
    pub(crate) fn is_needed(&self, function: usize) -> bool {
        self.needed[function]
    }
}

/// Decides for a module whose functions are as `summaries` says, and of which
/// `roots` are reached otherwise than by direct calls.
pub(crate) fn decide(summaries: &[Summary], roots: &[bool], level: OptLevel) -> Inlining {
    let mut decider = Decider::new(summaries, roots, level);
    for function in 0..summaries.len() {
        decider.visit(function);
    }
    let Decider { mut inlining, .. } = decider;
    inlining.needed = needed(summaries, roots, &inlining);
    inlining
}

/// How far a function is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    New,
    /// Its callees are being decided.
    Open,
    Decided,
}

/// What a function is with what is inlined into it.
#[derive(Clone, Copy)]
struct Grown {
    weight: u32,
    /// Whether it calls somebody, beyond where that is the last thing it does.
    calls: bool,
    has_loop: bool,
}

impl Grown {
    fn alone(summary: &Summary) -> Self {
        let calls = summary.calls_others || !summary.calls.is_empty();
        Self { weight: summary.weight, calls, has_loop: summary.has_loop }
    }
}

struct Decider<'a> {
    summaries: &'a [Summary],
    /// The rule, that for calls that run often, and that for what never runs.
    rules: [Rule; 3],
    /// Whether exactly one call reaches the function, and nothing else.
    sole: Vec<bool>,
    progress: Vec<Progress>,
    /// What each is with what is inlined.
    grown: Vec<Grown>,
    inlining: Inlining,
}

impl<'a> Decider<'a> {
    fn new(summaries: &'a [Summary], roots: &[bool], level: OptLevel) -> Self {
        let mut callers = vec![0u32; summaries.len()];
        for call in summaries.iter().flat_map(|summary| &summary.calls) {
            callers[call.callee.index()] += 1;
        }
        let sole = callers.iter().zip(roots).map(|(callers, root)| *callers == 1 && !root);
        Self {
            summaries,
            rules: [Rule::of(level), Rule::where_hot(level), Rule::of(OptLevel::Size)],
            sole: sole.collect(),
            progress: vec![Progress::New; summaries.len()],
            grown: summaries.iter().map(Grown::alone).collect(),
            inlining: Inlining::none(summaries.len()),
        }
    }

    /// Decides a function, and before it whom it calls. Chains of calls are
    /// longer than a stack of ours is deep.
    fn visit(&mut self, function: usize) {
        let mut open = vec![(function, 0)];
        while let Some((function, next)) = open.last_mut() {
            let (at, calls) = (*function, &self.summaries[*function].calls);
            if self.progress[at] == Progress::Decided {
                open.pop();
                continue;
            }
            self.progress[at] = Progress::Open;
            let fresh = |call: &&Call| self.progress[call.callee.index()] == Progress::New;
            match calls[*next..].iter().position(|call| fresh(&call)) {
                Some(distance) => {
                    *next += distance + 1;
                    let callee = calls[*next - 1].callee.index();
                    open.push((callee, 0));
                }
                None => {
                    self.settle(at);
                    self.progress[at] = Progress::Decided;
                    open.pop();
                }
            }
        }
    }

    /// Chooses among the calls of a function.
    fn settle(&mut self, function: usize) {
        let summary = &self.summaries[function];
        let own = summary.weight;
        let mut grown = Grown { calls: summary.calls_others, ..Grown::alone(summary) };
        let mut chosen = Vec::new();
        for call in &summary.calls {
            let callee = call.callee.index();
            let decided = self.progress[callee] == Progress::Decided;
            let guessed_trap = call.guess.is_some() && self.summaries[callee].traps;
            if !decided || self.summaries[callee].refused || call.cold || guessed_trap {
                grown.calls |= !call.cold;
                continue;
            }
            let body = self.grown[callee];
            let candidate = Candidate {
                weight: body.weight,
                calls: body.calls,
                has_loop: body.has_loop,
                recursive: self.summaries[callee].is_recursive(callee),
                in_loop: call.in_loop || call.hot,
                beside_loop: summary.has_loop,
                sole: self.sole[callee],
            };
            let [usual, where_hot, where_cold] = self.rules;
            let rule = match (summary.cold || self.summaries[callee].cold, call.hot) {
                (true, _) => where_cold,
                (false, true) => where_hot,
                (false, false) => usual,
            };
            if rule.accepts(candidate, own, grown.weight) {
                grown.weight += body.weight;
                grown.calls |= body.calls;
                grown.has_loop |= body.has_loop;
                let Call { at, callee, guess, hot, .. } = *call;
                chosen.push(Replaced { at, callee, guess, hot });
            } else {
                grown.calls = true;
            }
        }
        self.grown[function] = grown;
        if !chosen.is_empty() {
            self.inlining.order.push(DefinedFuncIndex::from_index(function));
            self.inlining.calls[function] = chosen.into();
        }
    }
}

/// Which functions are reached from the roots by calls that are left, those of
/// inlined bodies among them.
fn needed(summaries: &[Summary], roots: &[bool], inlining: &Inlining) -> Vec<bool> {
    let mut needed = roots.to_vec();
    // Those whose calls were looked at, because of themselves or of a copy.
    let mut seen = roots.to_vec();
    let mut open: Vec<usize> = (0..roots.len()).filter(|function| roots[*function]).collect();
    while let Some(function) = open.pop() {
        let mut inlined = inlining.calls[function].iter().peekable();
        for call in &summaries[function].calls {
            let callee = call.callee.index();
            let this = |copy: &&Replaced| copy.at == call.at && copy.callee == call.callee;
            let copied = inlined.next_if(this).is_some();
            needed[callee] |= !copied;
            if !std::mem::replace(&mut seen[callee], true) {
                open.push(callee);
            }
        }
    }
    needed
}

#[cfg(test)]
mod tests;
