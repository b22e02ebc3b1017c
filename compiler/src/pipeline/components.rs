//! The stages for a component: those of a module for each of its core modules
//! and adapters, whose functions are compiled as one list and lie in one image.

use super::assemble::{assemble, note_fields, place_code};
use super::decisions::{self, Decisions};
use super::facts::gather_facts;
use super::functions::{self, FunctionMeans};
use super::input::Input;
use super::report::{Clock, Observer, Report};
use super::session::Session;
use super::workers::Workers;
use crate::component::{Flat, FlatModule, flatten};
use crate::emit::{self, ComponentSections, DebugInfo, Output};
use crate::error::{Error, Result};
use crate::facts::{Facts, Uses};
use crate::features::Features;
use crate::options::Options;
use crate::parse::{self, Parsed};
use crate::plan::Plan;
use crate::target::Target;
use precast_artifact::index::ModuleIndex;
use precast_artifact::module::Description;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;

/// Compiles a component and writes the artifact to `out`.
pub(super) fn compile_component(
    session: &Session,
    wasm: &[u8],
    options: &Options,
    out: &mut dyn Write,
    observer: &dyn Observer,
) -> Result<Report> {
    options.check()?;
    let mut clock = Clock::new();
    let targets = Target::all(options)?;
    check_options(options, &targets)?;
    let (target, features) = (&targets[0], targets[0].allowed(options.features));
    let workers = &session.workers;
    let (flat, source_hash) =
        workers.both(|| flatten(wasm, features), || Sha256::digest(wasm).into());
    let explain = |error| target.explain(error, features);
    let Flat { component, modules } = flat.map_err(explain)?;
    clock.lap("flatten");
    let parsed = each(&modules, explain, |module| parse_module(module, features, target))?;
    clock.lap("parse");
    let facts = each(modules.iter().zip(&parsed), explain, |(module, parsed)| {
        gather_facts(workers, parsed).map_err(|error| at(module, error))
    })?;
    clock.lap("facts");
    let (plans, decisions) = plan(workers, &modules, &parsed, &facts, options)?;
    clock.lap("plan");
    let all = modules.iter().zip(&parsed).zip(&plans).zip(&facts).zip(decisions);
    let inputs =
        all.zip(0..).map(|(((((module, parsed), plan), facts), decisions), index)| Input {
            index: ModuleIndex::new(index),
            offset: module.offset.unwrap_or_default(),
            parsed,
            plan,
            facts,
            options,
            debug_uses: BTreeMap::new(),
            decisions,
        });
    let inputs: Vec<_> = inputs.collect();
    let means = FunctionMeans { workers, cache: session.cache.as_deref(), observer };
    let (texts, cached) = functions::compile(means, &inputs, &targets)?;
    drop(inputs);
    clock.lap("compile");
    let code = assemble(parsed.iter().zip(plans), texts);
    debug_assert_eq!(component.check(&described(&code)), Ok(()));
    let placed = place_code(code, target, options)?;
    clock.lap("place");
    let mut note = note_fields(producers(&parsed), target, features, options, source_hash);
    let description = component.encode();
    note.component = Some(ComponentSections { description, wit: String::new() });
    let written = emit::emit(placed, note, DebugInfo::default(), Output::Artifact, out)?;
    clock.lap("emit");
    let uses_simd = facts.iter().any(|facts| facts.module.uses.contains(Uses::VECTORS));
    Ok(Report { cached, uses_simd, ..Report::new(clock, target, written) })
}

/// Whether a component can be compiled so.
fn check_options(options: &Options, targets: &[Target]) -> Result<()> {
    let why = if targets.len() > 1 {
        "a component is compiled for one CPU: give one `--cpu`"
    } else if options.debug_info {
        "components get no debug information yet: compile without `-g`"
    } else {
        return Ok(());
    };
    Err(Error::Option(why.to_owned()))
}

/// What is decided of each module.
fn plan<'a>(
    workers: &Workers,
    modules: &[FlatModule<'_>],
    parsed: &[Parsed<'a>],
    facts: &[Facts],
    options: &Options,
) -> Result<(Vec<Plan<'a>>, Vec<Decisions>)> {
    let (mut plans, mut all) = (Vec::new(), Vec::new());
    for ((module, parsed), facts) in modules.iter().zip(parsed).zip(facts) {
        let plan = Plan::new(parsed, &facts.module, options).map_err(|error| at(module, error))?;
        let decisions = decisions::decide(workers, parsed, &plan, options);
        all.push(decisions.map_err(|error| at(module, error))?);
        plans.push(plan);
    }
    Ok((plans, all))
}

/// Does something for each module; the first error is explained.
fn each<I: IntoIterator, T>(
    items: I,
    explain: impl Fn(Error) -> Error,
    work: impl FnMut(I::Item) -> Result<T>,
) -> Result<Vec<T>> {
    let all: Result<Vec<T>> = items.into_iter().map(work).collect();
    all.map_err(explain)
}

/// Adapters may use whatever the compiler supports: nobody wrote them.
fn parse_module<'m>(
    module: &'m FlatModule<'_>,
    features: Features,
    target: &Target,
) -> Result<Parsed<'m>> {
    let features = match module.offset {
        Some(_) => features,
        None => target.allowed(Features::ALL),
    };
    parse::parse(&module.wasm, features).map_err(|error| at(module, error))
}

/// An error with its offset in the component.
fn at(module: &FlatModule<'_>, error: Error) -> Error {
    match module.offset {
        Some(offset) => error.in_module_at(offset),
        None => Error::Link(format!("an adapter between components: {error}")),
    }
}

/// What the core modules are, for a check of what connects them.
fn described(code: &crate::code::Code<'_>) -> Description {
    let modules = code.modules.iter().map(|module| module.description.clone());
    Description { modules: modules.collect(), instances: Vec::new() }
}

/// What made the core modules, each once.
fn producers(parsed: &[Parsed<'_>]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in parsed.iter().flat_map(|parsed| &parsed.producers) {
        if !all.contains(line) {
            all.push(line.clone());
        }
    }
    all
}
