//! The facts of a module, for tests of what rests on them.

use super::{Facts, ValidationScratch, gather};
use crate::parse::Parsed;

/// The facts of all functions of a module, which is valid.
pub(crate) fn facts_of(parsed: &Parsed<'_>) -> Facts {
    let (mut facts, mut scratch) = (Facts::default(), ValidationScratch::default());
    for body in &parsed.bodies {
        gather(parsed, body, &mut scratch, &mut facts).expect("a valid body");
    }
    facts
}
