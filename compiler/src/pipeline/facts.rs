//! Facts about function bodies.

use super::workers::Workers;
use crate::error::Result;
use crate::facts::{self, Facts};
use crate::parse::Parsed;

/// Bodies per draw of the pass: enough to make drawing free.
const FACTS_BATCH: usize = 64;

/// Validates all bodies, and notes what they do.
pub(super) fn gather_facts(workers: &Workers, parsed: &Parsed<'_>) -> Result<Facts> {
    let batches: Vec<_> = parsed.bodies.chunks(FACTS_BATCH).collect();
    let mut gathered = workers.draw(batches.len(), Default::default, |scratch, batch| {
        let mut facts = Facts::default();
        for body in batches[batch] {
            facts::gather(parsed, body, scratch, &mut facts)?;
        }
        Ok(facts)
    })?;
    gathered.sort_unstable_by_key(|(batch, _)| *batch);
    let mut all = Facts::default();
    gathered.into_iter().for_each(|(_, facts)| all.append(facts));
    Ok(all)
}
