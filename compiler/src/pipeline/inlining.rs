//! Which calls are inlined, and the bodies in place of them.

use super::input::Input;
use super::workers::Workers;
use crate::error::Result;
use crate::middle::inline::{self, Inlining};
use crate::middle::summary;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::Parsed;
use crate::plan::Plan;
use crate::translate::{InlineCall, ModuleInput};
use std::sync::OnceLock;

/// Looks at all bodies, and decides.
pub(super) fn decide(
    workers: &Workers,
    parsed: &Parsed<'_>,
    plan: &Plan<'_>,
    options: &Options,
) -> Result<Inlining> {
    let (bodies, imported) = (&parsed.bodies, parsed.imported_functions);
    if !options.enabled(Optimisation::Inline) {
        return Ok(Inlining::none(bodies.len()));
    }
    let mut summaries = workers.draw(
        bodies.len(),
        || (),
        |(), position| {
            let index = bodies[position].function();
            let summary = summary::summarise(&bodies[position], imported);
            summary.map_err(|error| error.in_function(index, parsed.name_of(index)))
        },
    )?;
    summaries.sort_unstable_by_key(|(position, _)| *position);
    let summaries: Vec<_> = summaries.into_iter().map(|(_, summary)| summary).collect();
    let mut roots = vec![false; bodies.len()];
    let entries = plan.private_tables.iter().flat_map(|table| table.entries.iter().flatten());
    for function in plan.funcrefs.iter().chain(entries) {
        if let Some(own) = function.get().checked_sub(imported) {
            roots[own as usize] = true;
        }
    }
    Ok(inline::decide(&summaries, &roots, options.opt_level))
}

/// The calls of each function that are inlined.
pub(super) struct InlineCalls<'f>(Vec<OnceLock<Box<[InlineCall<'f>]>>>);

impl<'f> InlineCalls<'f> {
    /// None yet, for so many functions.
    pub(super) fn new(functions: usize) -> Self {
        Self((0..functions).map(|_| OnceLock::new()).collect())
    }

    /// Fills the lists of all functions: each refers to those of its callees,
    /// so callees come first.
    pub(super) fn fill(&'f self, input: &'f Input<'_, '_>, module: &'f ModuleInput<'f>) {
        for function in input.inlining.order() {
            let calls = input.inlining.of(*function as usize).iter().map(|(call, callee)| {
                let body = &input.parsed.bodies[*callee as usize];
                let inline = self.of(*callee as usize);
                InlineCall { call: *call, callee: input.function(module, body, inline) }
            });
            let first = self.0[*function as usize].set(calls.collect());
            assert!(first.is_ok(), "each function is in the order once");
        }
    }

    /// Those of the function with this position.
    pub(super) fn of(&'f self, function: usize) -> &'f [InlineCall<'f>] {
        self.0[function].get().map_or(&[], |calls| calls)
    }
}
