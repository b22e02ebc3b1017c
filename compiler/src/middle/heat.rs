//! Where earlier runs of the module spent their time, for whoever decides about
//! its functions: from a [`Profile`].
//!
//! Functions whose bodies are the same share their code, so their samples are
//! taken together. A function without code of its own, because it was inlined or
//! folded, may have been hot or not: nothing is said of it.

use crate::parse::Parsed;
use crate::profile::Profile;
use precast_artifact::index::{CanonicalTypeIndex, ListedFuncIndex};
use std::collections::HashMap;

/// Samples of a profile from which on it means something that a function has none.
const ENOUGH: u64 = 1000;

/// Where time was spent.
pub(crate) struct Heat {
    /// By position.
    functions: Vec<FunctionHeat>,
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
    /// Of a module, whose profile it is.
    pub(crate) fn new(profile: &Profile, parsed: &Parsed<'_>) -> Self {
        let same = same_bodies(parsed);
        let enough = profile.samples() >= ENOUGH;
        let mut functions = vec![FunctionHeat { enough, ..Default::default() }; same.len()];
        let starts: Vec<u64> = parsed.bodies.iter().map(|body| body.body.range().start).collect();
        for (index, samples) in profile.functions() {
            let own = index.defined(parsed.imported_functions);
            let Some(position) = own.map(|own| own.index()).filter(|at| *at < same.len()) else {
                continue;
            };
            let first = &mut functions[same[position]];
            first.own += samples.samples;
            first.known = true;
            for (at, span) in &samples.spans {
                let body = starts.partition_point(|start| *start <= u64::from(at.get()));
                if let Some(body) = body.checked_sub(1) {
                    functions[same[body]].body += span.samples;
                }
            }
        }
        for position in 0..same.len() {
            functions[position] = functions[same[position]];
        }
        Self { functions }
    }

    /// The functions with samples, those with most first.
    pub(crate) fn hot(&self) -> Vec<usize> {
        let sampled = |position: &usize| self.functions[*position].own != 0;
        let mut hot: Vec<usize> = (0..self.functions.len()).filter(sampled).collect();
        hot.sort_by_key(|position| std::cmp::Reverse(self.functions[*position].own));
        hot
    }

    /// Whether a function was never seen, although it would have been if it took
    /// time.
    pub(crate) fn is_cold(&self, position: usize) -> bool {
        let FunctionHeat { own, body, known, enough } = self.functions[position];
        enough && known && own == 0 && body == 0
    }

    /// All functions: the hot ones, those of which nothing is known, the cold ones.
    pub(crate) fn order(&self) -> Vec<ListedFuncIndex> {
        let unsampled = (0..self.functions.len()).filter(|at| self.functions[*at].own == 0);
        let (cold, other): (Vec<usize>, Vec<usize>) = unsampled.partition(|at| self.is_cold(*at));
        let all = self.hot().into_iter().chain(other).chain(cold);
        all.map(ListedFuncIndex::from_index).collect()
    }
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
