//! What the middle end decides of a module.

use super::workers::Workers;
use crate::error::Result;
use crate::middle::arguments;
use crate::middle::heat::{self, Heat};
use crate::middle::inline::{self, Inlining};
use crate::middle::product::{self, Product};
use crate::middle::summary::{self, HeatUses, Summary};
use crate::middle::targets::Targets;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::Parsed;
use crate::plan::{Constant, Plan};
use precast_artifact::index::{ListedFuncIndex, LocalIndex, ModuleIndex};
use precast_artifact::types::ValType;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What the middle end decides of a module.
pub(super) struct Decisions {
    pub(super) inlining: Inlining,
    /// The functions that are products of 128 bits, by position.
    pub(super) products: BTreeMap<usize, Product>,
    /// The parameters that are constants, by position of their function.
    pub(super) constants: BTreeMap<usize, Vec<(LocalIndex, Constant)>>,
    /// Where time was spent, if there is a profile.
    pub(super) heat: Option<Heat>,
    pub(super) times: Times,
}

/// How long deciding took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) inlining: Duration,
    pub(super) products: Duration,
}

impl Decisions {
    /// The parameters of a function that are constants.
    pub(super) fn known(&self, position: usize) -> &[(LocalIndex, Constant)] {
        self.constants.get(&position).map_or(&[], Vec::as_slice)
    }

    /// Nothing of so many functions.
    #[cfg(test)]
    pub(super) fn none(functions: usize) -> Self {
        Self {
            inlining: Inlining::none(functions),
            products: BTreeMap::new(),
            constants: BTreeMap::new(),
            heat: None,
            times: Times::default(),
        }
    }
}

/// The order in which the functions of all modules lie, if it is not that of their
/// indices.
pub(super) fn order<'d>(
    modules: impl IntoIterator<Item = &'d Decisions>,
    options: &Options,
) -> Option<Vec<ListedFuncIndex>> {
    let heat: Option<Vec<&Heat>> = modules.into_iter().map(|all| all.heat.as_ref()).collect();
    let heat = heat.filter(|_| options.enabled(Optimisation::HotFunctions))?;
    Some(heat::order(&heat))
}

/// Looks at all bodies of a module, at this place among those of the artifact, and
/// decides.
pub(super) fn decide(
    workers: &Workers,
    module: ModuleIndex,
    parsed: &Parsed<'_>,
    plan: &Plan<'_>,
    options: &Options,
) -> Result<Decisions> {
    let heat = options.profile.as_ref().map(|profile| Heat::new(profile, module, parsed));
    let heat = heat.transpose()?;
    let start = Instant::now();
    let products = products(parsed, options)?;
    let decided = Instant::now();
    let mut inlining = Inlining::none(parsed.bodies.len());
    let mut constants = BTreeMap::new();
    let [inlines, knows] = [Optimisation::Inline, Optimisation::ConstantArguments]
        .map(|optimisation| options.enabled(optimisation));
    if inlines || knows {
        let known = (&products, heat.as_ref());
        let summaries = summaries(workers, parsed, plan, options, known)?;
        let roots = roots(parsed, plan);
        if knows {
            constants = arguments::constants(&summaries, &roots);
        }
        if inlines {
            inlining = inline::decide(&summaries, &roots, options.opt_level);
        }
    }
    let times = Times { products: decided - start, inlining: decided.elapsed() };
    Ok(Decisions { inlining, products, constants, heat, times })
}

/// What the inliner and others have to know of each function.
fn summaries(
    workers: &Workers,
    parsed: &Parsed<'_>,
    plan: &Plan<'_>,
    options: &Options,
    (products, heat): (&BTreeMap<usize, Product>, Option<&Heat>),
) -> Result<Vec<Summary>> {
    let (bodies, imported) = (&parsed.bodies, parsed.imported_functions);
    let targets = match options.enabled(Optimisation::InlineIndirect) {
        true => Targets::of(parsed, plan),
        false => Targets::none(parsed),
    };
    let uses = HeatUses {
        functions: options.enabled(Optimisation::ColdFunctions),
        calls: options.enabled(Optimisation::HotInlining),
    };
    let mut summaries = workers.draw(
        bodies.len(),
        || (),
        |(), position| {
            let index = bodies[position].function();
            let summary = summary::summarise(&bodies[position], imported, &targets);
            let mut summary =
                summary.map_err(|error| error.in_function(index, parsed.name_of(index)))?;
            if let Some(heat) = heat {
                summary.heed(heat, position, uses);
            }
            Ok(summary)
        },
    )?;
    summaries.sort_unstable_by_key(|(position, _)| *position);
    let mut summaries: Vec<_> = summaries.into_iter().map(|(_, summary)| summary).collect();
    products.keys().for_each(|position| summaries[*position].weight = PRODUCT_WEIGHT);
    Ok(summaries)
}

/// For each function, whether it is reached otherwise than by direct calls.
fn roots(parsed: &Parsed<'_>, plan: &Plan<'_>) -> Vec<bool> {
    let mut roots = vec![false; parsed.bodies.len()];
    let entries = plan.private_tables.iter().flat_map(|table| table.entries.iter().flatten());
    for function in plan.funcrefs.iter().chain(entries) {
        if let Some(own) = function.get().checked_sub(parsed.imported_functions) {
            roots[own as usize] = true;
        }
    }
    roots
}

/// Instructions of a product: inlined even for size, as a call has to pass as
/// many values.
const PRODUCT_WEIGHT: u32 = 5;

/// The functions that are proved to be products of 128 bits, by position.
fn products(parsed: &Parsed<'_>, options: &Options) -> Result<BTreeMap<usize, Product>> {
    let mut products = BTreeMap::new();
    if !options.enabled(Optimisation::WideProducts) {
        return Ok(products);
    }
    let params = [ValType::I32, ValType::I64, ValType::I64, ValType::I64, ValType::I64];
    for (position, body) in parsed.bodies.iter().enumerate() {
        let ty = parsed.function_type(body.function());
        if ty.params == params && ty.results.is_empty() {
            products.extend(product::recognise(body)?.map(|product| (position, product)));
        }
    }
    Ok(products)
}
