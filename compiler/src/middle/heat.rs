//! Where earlier runs spent their time, for whoever decides about the functions of a
//! module: from a [`Profile`].
//!
//! Functions whose bodies are the same share their code, so their samples are
//! taken together. A function without code of its own, because it was inlined or
//! folded, may have been hot or not: nothing is said of it.
//!
//! | what | where it is used |
//! |-|-|
//! | [`order`] | functions that ran lie together, those with most samples first; those that never did lie after all others |
//! | [`Heat::is_cold`] | a function that never ran is made small: only the smallest bodies are inlined into it, its loops are neither copied nor placed |
//! | [`Heat::is_hot_call`] | where a call runs often, a larger body is inlined |
//! | [`Heat::cold_pieces`] | what never ran of a function that did is out of the way, see [`cold_blocks`] |
//!
//! Cost: a look at the bodies, and at the operators of those with samples.

use super::cold_blocks;
use crate::error::Result;
use crate::parse::Parsed;
use crate::profile::{Profile, SampleSpan};
use precast_artifact::index::{BodyOffset, CanonicalTypeIndex, ListedFuncIndex, ModuleIndex};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Samples of a profile from which on it means something that a function has none.
const ENOUGH: u64 = 1000;

/// One of so many samples around a call makes it a hot one, if they are at least
/// [`FEWEST`].
const HOT_PART: u64 = 2000;
const FEWEST: u64 = 5;

/// How far around a call its samples are, in bytes of the body.
const AROUND: u32 = 32;

/// Samples in a body without which nothing in it is found cold.
const FEWEST_IN_BODY: u64 = 40;

/// Where time was spent.
pub(crate) struct Heat {
    /// By position.
    functions: Vec<FunctionHeat>,
    /// For each function, the position of the first that is the same.
    same: Vec<usize>,
    /// Of each first function with samples, what its body became.
    bodies: BTreeMap<usize, BTreeMap<BodyOffset, SampleSpan>>,
    /// Of each first function, what never ran of it.
    cold: BTreeMap<usize, Vec<Range<BodyOffset>>>,
    /// Samples that make a call a hot one.
    hot: u64,
}

/// What is known of one function, or of several that are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct FunctionHeat {
    /// Samples in its code.
    own: u64,
    /// Samples in what its body became, in its own code and in others'.
    body: u64,
    /// Whether it had code of its own.
    known: bool,
    /// Whether there are samples enough to say that it is cold.
    enough: bool,
}

impl Heat {
    /// Of a module, at this place among those that the profile is of.
    pub(crate) fn new(profile: &Profile, module: ModuleIndex, parsed: &Parsed<'_>) -> Result<Self> {
        let same = same_bodies(parsed);
        let total = profile.samples();
        let unseen = FunctionHeat { enough: total >= ENOUGH, ..Default::default() };
        let mut heat = Self {
            functions: vec![unseen; same.len()],
            same,
            bodies: BTreeMap::new(),
            cold: BTreeMap::new(),
            hot: (total / HOT_PART).max(FEWEST),
        };
        heat.count(profile, module, parsed);
        for (position, spans) in &heat.bodies {
            if heat.functions[*position].body < FEWEST_IN_BODY {
                continue;
            }
            let body = &parsed.bodies[*position];
            let hints = parsed.hints.get(&body.function()).map_or(&[][..], Vec::as_slice);
            heat.cold.insert(*position, cold_blocks::find(&body.body, hints, spans)?);
        }
        Ok(heat)
    }

    /// Takes the samples of functions that are the same together.
    fn count(&mut self, profile: &Profile, module: ModuleIndex, parsed: &Parsed<'_>) {
        let Self { functions, same, bodies, .. } = self;
        let starts: Vec<u64> = parsed.bodies.iter().map(|body| body.body.range().start).collect();
        for (index, samples) in profile.functions(module) {
            let own = index.defined(parsed.imported_functions);
            let Some(position) = own.map(|own| own.index()).filter(|at| *at < same.len()) else {
                continue;
            };
            let first = &mut functions[same[position]];
            first.own += samples.samples;
            first.known = true;
            for (at, span) in &samples.spans {
                let at = u64::from(at.get());
                let body = starts.partition_point(|start| *start <= at);
                let Some(body) = body.checked_sub(1) else { continue };
                functions[same[body]].body += span.samples;
                let offset = BodyOffset::new((at - starts[body]) as u32);
                let sum = bodies.entry(same[body]).or_default().entry(offset).or_default();
                sum.bytes += span.bytes;
                sum.samples += span.samples;
            }
        }
        for position in 0..same.len() {
            functions[position] = functions[same[position]];
        }
    }

    /// Whether a function has samples.
    pub(crate) fn is_hot(&self, position: usize) -> bool {
        self.functions[position].own != 0
    }

    /// Whether a function was never seen, although it would have been if it took
    /// time.
    pub(crate) fn is_cold(&self, position: usize) -> bool {
        let FunctionHeat { own, body, known, enough } = self.functions[position];
        enough && known && own == 0 && body == 0
    }

    /// Whether a call, in the body of one function and of another, runs often.
    pub(crate) fn is_hot_call(&self, caller: usize, at: BodyOffset, callee: usize) -> bool {
        let Some(spans) = self.bodies.get(&self.same[caller]) else { return false };
        let around = at.get().saturating_sub(AROUND)..=at.get().saturating_add(AROUND);
        let around = BodyOffset::new(*around.start())..=BodyOffset::new(*around.end());
        let samples: u64 = spans.range(around).map(|(_, span)| span.samples).sum();
        samples >= self.hot && self.functions[callee].body >= self.hot
    }

    /// What never ran of a function, in order.
    pub(crate) fn cold_pieces(&self, position: usize) -> &[Range<BodyOffset>] {
        self.cold.get(&self.same[position]).map_or(&[], Vec::as_slice)
    }
}

/// The functions of all modules: the hot ones, those with most samples first, then
/// those of which nothing is known, then the cold ones.
pub(crate) fn order(modules: &[&Heat]) -> Vec<ListedFuncIndex> {
    let all = modules.iter().flat_map(|heat| (0..heat.functions.len()).map(move |at| (*heat, at)));
    let all = ListedFuncIndex::enumerate(all);
    let (mut hot, mut other, mut cold) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (heat, at)) in all {
        if heat.is_hot(at) {
            hot.push((Reverse(heat.functions[at].own), index));
        } else if heat.is_cold(at) {
            cold.push(index);
        } else {
            other.push(index);
        }
    }
    hot.sort_unstable();
    hot.into_iter().map(|(_, index)| index).chain(other).chain(cold).collect()
}

/// For each function, the position of the first with the same type and body.
fn same_bodies(parsed: &Parsed<'_>) -> Vec<usize> {
    let mut first: HashMap<(CanonicalTypeIndex, &[u8]), usize> = HashMap::new();
    let same = parsed.bodies.iter().enumerate().map(|(position, body)| {
        let ty = parsed.functions[body.function().index()];
        *first.entry((ty, body.body.as_bytes())).or_insert(position)
    });
    same.collect()
}

#[cfg(test)]
mod tests;
