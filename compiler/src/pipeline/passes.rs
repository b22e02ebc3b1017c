//! What each optimisation does to a module and how long it takes, for whoever
//! asks.

use super::input::Input;
use super::ir::{each_translated, with_input};
use super::report::Report;
use crate::error::{Error, Result};
use crate::middle::heat::Heat;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::translate::{Changes, Timed};
use std::time::Duration;

/// What an optimisation did to a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pass {
    /// Which one.
    pub optimisation: Optimisation,
    /// Whether it is on.
    pub enabled: bool,
    /// How many of them it changed.
    pub changed: u64,
    /// What it changes, in the plural.
    pub what: &'static str,
    /// How long it took, on one thread; none for what is done on the way.
    pub time: Option<Duration>,
}

/// What each optimisation does to a core module, of which the rest was reported.
pub(super) fn of_module(wasm: &[u8], options: &Options, report: &Report) -> Result<Vec<Pass>> {
    if options.debug_info {
        let why = "with debug information most optimisations are left out: \
                   `--print passes` goes without `-g`";
        return Err(Error::Option(why.to_owned()));
    }
    with_input(wasm, options, |input, target| {
        let mut changes = Changes::default();
        each_translated(input, target, |_, _, translated| {
            changes.add(&translated.changes);
            Ok(())
        })?;
        let pass = |optimisation| pass(optimisation, options, input, &changes, report);
        Ok(Optimisation::ALL.map(pass).into())
    })
}

fn pass(
    optimisation: Optimisation,
    options: &Options,
    input: &Input<'_, '_>,
    changes: &Changes,
    report: &Report,
) -> Pass {
    let Input { parsed, plan, decisions, .. } = input;
    let inlined = |guessed| {
        let calls = (0..parsed.bodies.len()).flat_map(|at| decisions.inlining.of(at));
        calls.filter(|call| call.guess.is_some() == guessed).count()
    };
    let timed = |made: &Timed, what| (made.count, what, Some(made.time));
    let (changed, what, time): (usize, _, _) = match optimisation {
        // Of components only.
        Optimisation::ListCopies => (0, "lists between components", None),
        Optimisation::DirectPreview1 => (0, "adapters", None),
        Optimisation::ConstantGlobals => (plan.constants.iter().flatten().count(), "globals", None),
        Optimisation::PrivateTables => (plan.private_tables.len(), "tables", None),
        Optimisation::MemoryImage => (plan.memory.len(), "pieces of memory", None),
        Optimisation::WideProducts => {
            (decisions.products.len(), "functions", Some(decisions.times.products))
        }
        Optimisation::Inline => (inlined(false), "calls", Some(decisions.times.inlining)),
        Optimisation::InlineIndirect => (inlined(true), "targets of calls", None),
        Optimisation::ConstantArguments => {
            (decisions.constants.values().map(Vec::len).sum(), "parameters", None)
        }
        Optimisation::BrTableChain => (changes.chains, "tables of branches", None),
        Optimisation::SmallCopies => (changes.copies, "copies", None),
        Optimisation::Carries => timed(&changes.carries, "sums"),
        Optimisation::ByteLoops => timed(&changes.bytes, "loops"),
        Optimisation::Vectors => timed(&changes.vectors, "loops"),
        Optimisation::FoldAddresses => timed(&changes.addresses, "accesses"),
        Optimisation::LoopAddresses => timed(&changes.loops, "accesses in loops"),
        Optimisation::LoopCompares => timed(&changes.compares, "comparisons"),
        Optimisation::ChosenSteps => timed(&changes.steps, "sums"),
        Optimisation::SumOrder => timed(&changes.orders, "sums"),
        Optimisation::WideIndices => timed(&changes.indices, "values"),
        Optimisation::ThreadBranches => timed(&changes.threads, "branches"),
        Optimisation::ArgumentCopies => timed(&changes.arguments, "arguments"),
        Optimisation::ShortBranches => (report.short_branches as usize, "branches", None),
        Optimisation::ShortFrameAccesses => {
            (report.short_frame_accesses as usize, "accesses", None)
        }
        Optimisation::ShortEncodings => (report.short_encodings as usize, "instructions", None),
        Optimisation::AlignLoops => (report.aligned, "functions", None),
        Optimisation::FoldFunctions => (report.folded, "functions", None),
        Optimisation::HotFunctions
        | Optimisation::HotInlining
        | Optimisation::ColdBlocks
        | Optimisation::ColdFunctions => by_profile(optimisation, input),
    };
    let enabled = options.enabled(optimisation);
    Pass { optimisation, enabled, changed: changed as u64, what, time }
}

/// What an optimisation by a profile does.
fn by_profile(
    optimisation: Optimisation,
    input: &Input<'_, '_>,
) -> (usize, &'static str, Option<Duration>) {
    let Input { parsed, decisions, .. } = input;
    let functions = || 0..parsed.bodies.len();
    let decided = |count: fn(&Heat, usize) -> usize| {
        let heat = decisions.heat.as_ref();
        heat.map_or(0, |heat| functions().map(|at| count(heat, at)).sum())
    };
    match optimisation {
        Optimisation::HotInlining => {
            let calls = functions().flat_map(|at| decisions.inlining.of(at));
            (calls.filter(|call| call.hot).count(), "calls", None)
        }
        Optimisation::ColdBlocks => {
            (decided(|heat, at| heat.cold_pieces(at).len()), "pieces", None)
        }
        Optimisation::ColdFunctions => {
            (decided(|heat, at| heat.is_cold(at).into()), "functions", None)
        }
        _ => (decided(|heat, at| heat.is_hot(at).into()), "functions", None),
    }
}
