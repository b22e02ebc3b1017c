//! Functions that are the same before they are compiled: of one type, with
//! the same bytes. They are compiled once, and linking folds the copies.
//!
//! C++ templates make many: of clang's 133,398 functions 36,500 are copies
//! after linking, most of them already here.

use super::constants::Constant;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::Parsed;
use precast_artifact::index::{CanonicalTypeIndex, LocalIndex};
use std::collections::HashMap;

/// What two bodies have to share to become the same code: type, bytes, and the
/// parameters that are constants.
type BodyKey<'b> = (CanonicalTypeIndex, &'b [u8], &'b [(LocalIndex, Constant)]);

/// For each needed body, the position of the first needed one that is the same, and
/// of whose parameters the same are constants.
pub(crate) fn find<'d>(
    parsed: &Parsed<'_>,
    options: &Options,
    is_needed: impl Fn(usize) -> bool,
    constants: impl Fn(usize) -> &'d [(LocalIndex, Constant)],
) -> Vec<Option<usize>> {
    let needed = |position: usize| is_needed(position).then_some(position);
    if !options.enabled(Optimisation::FoldFunctions) {
        return (0..parsed.bodies.len()).map(needed).collect();
    }
    let mut first: HashMap<BodyKey<'_>, usize> = HashMap::with_capacity(parsed.bodies.len());
    let mut same = Vec::with_capacity(parsed.bodies.len());
    for (position, body) in parsed.bodies.iter().enumerate() {
        let ty = parsed.functions[body.function().index()];
        let key = (ty, body.body.as_bytes(), constants(position));
        same.push(needed(position).map(|position| *first.entry(key).or_insert(position)));
    }
    same
}
