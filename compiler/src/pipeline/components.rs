//! The stages for a component: those of a module for each of its core modules
//! and adapters, whose functions are compiled as one list and lie in one image.

use super::assemble::{assemble, note_fields, place_code};
use super::debugging::{Debugging, convert_component, debug_uses};
use super::decisions::{self, Decisions};
use super::facts::gather_facts;
use super::functions::{self, FunctionMeans};
use super::input::Input;
use super::report::{Clock, Observer, Report};
use super::session::Session;
use super::workers::Workers;
use crate::code::{Code, Text};
use crate::component::{Flat, FlatModule, component_wit, copy_lists, flatten, module_labels};
use crate::emit::{self, ComponentSections, DebugInfo, Output};
use crate::error::{Error, Result};
use crate::facts::{Facts, Uses};
use crate::features::Features;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::{self, Parsed};
use crate::plan::Plan;
use crate::resolve::preview1;
use crate::target::Target;
use precast_artifact::component::{AdaptedPreview1, ComponentDescription};
use precast_artifact::index::ModuleIndex;
use precast_artifact::module::Description;
use sha2::{Digest, Sha256};
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
    let target = only_target(&targets)?;
    let (workers, features) = (&session.workers, target.allowed(options.features));
    let explain = |error| target.explain(error, features);
    let taken = take_apart(workers, wasm, options, features);
    let (Flat { mut component, modules }, wit, source_hash) = taken.map_err(explain)?;
    clock.lap("flatten");
    let parsed = parse_modules(&modules, features, target).map_err(explain)?;
    let labels = labels(wasm, &modules, &parsed)?;
    component.adapted = adapted(&component, &parsed, options);
    clock.lap("parse");
    let facts = facts(workers, &modules, &parsed).map_err(explain)?;
    clock.lap("facts");
    let (plans, decisions) = plan(workers, &modules, &parsed, &facts, options)?;
    clock.lap("plan");
    let debugging = debugging(&modules, &parsed, &plans, &labels, options);
    let order = decisions::order(&decisions, options);
    let mut inputs = Vec::with_capacity(modules.len());
    for (position, decisions) in decisions.into_iter().enumerate() {
        inputs.push(Input {
            index: ModuleIndex::from_index(position),
            offset: modules[position].offset.unwrap_or_default(),
            parsed: &parsed[position],
            plan: &plans[position],
            facts: &facts[position],
            options,
            debug_uses: debug_uses(workers, debugging[position].as_ref())?,
            decisions,
        });
    }
    let means = FunctionMeans { workers, cache: session.cache.as_deref(), observer };
    let (texts, cached) = functions::compile(means, &inputs, &targets)?;
    let warnings = functions::warnings(&inputs, &texts);
    drop(inputs);
    clock.lap("compile");
    let code = assembled(&component, &parsed, plans, texts, &labels)?;
    let mut placed = place_code(code, target, options, order.as_deref())?;
    placed.names.label(labels);
    clock.lap("place");
    let debug = convert_component(workers, options.debug_info, &debugging, &placed, target)?;
    clock.lap("debug");
    let mut note = note_fields(producers(&parsed), target, features, options, source_hash);
    note.component = Some(ComponentSections { description: component.encode(), wit });
    let info = DebugInfo { sections: debug.sections, own_base: options.debug_info };
    let written = emit::emit(placed, note, info, Output::Artifact, out)?;
    clock.lap("emit");
    let uses_simd = facts.iter().any(|facts| facts.module.uses.contains(Uses::VECTORS));
    let warnings = [warnings, debug.warnings].concat();
    let text = debug.text;
    Ok(Report { cached, uses_simd, warnings, text, ..Report::new(clock, target, written) })
}

/// Where preview 1 can do without its adapter, unless that is switched off.
fn adapted(
    component: &ComponentDescription,
    parsed: &[Parsed<'_>],
    options: &Options,
) -> Vec<AdaptedPreview1> {
    match options.enabled(Optimisation::DirectPreview1) {
        true => preview1(component, parsed),
        false => Vec::new(),
    }
}

/// The target that a component is compiled for.
fn only_target(targets: &[Target]) -> Result<&Target> {
    match targets {
        [target] => Ok(target),
        _ => Err(Error::Option("a component is compiled for one CPU: give one `--cpu`".to_owned())),
    }
}

/// The component as plain data, its interface as WIT, and its SHA-256.
fn take_apart<'a>(
    workers: &Workers,
    wasm: &'a [u8],
    options: &Options,
    features: Features,
) -> Result<(Flat<'a>, String, [u8; 32])> {
    let take_apart = || -> Result<_> {
        let mut flat = flatten(wasm, features)?;
        if options.enabled(Optimisation::ListCopies) {
            copy_lists(&mut flat)?;
        }
        Ok((flat, component_wit(wasm).unwrap_or_default()))
    };
    let (taken, hash) = workers.both(take_apart, || Sha256::digest(wasm).into());
    let (flat, wit) = taken?;
    if let Some(profile) = &options.profile {
        profile.check(&hash)?;
    }
    Ok((flat, wit, hash))
}

/// What is to be known of each module before its code is made.
fn facts(
    workers: &Workers,
    modules: &[FlatModule<'_>],
    parsed: &[Parsed<'_>],
) -> Result<Vec<Facts>> {
    let facts = |(module, parsed)| gather_facts(workers, parsed).map_err(|error| at(module, error));
    modules.iter().zip(parsed).map(facts).collect()
}

/// What the modules are called.
fn labels(wasm: &[u8], modules: &[FlatModule<'_>], parsed: &[Parsed<'_>]) -> Result<Vec<String>> {
    let known = module_labels(wasm)?;
    let mut adapters = 0;
    let label = |(module, parsed): (&FlatModule<'_>, &Parsed<'_>)| {
        let known = module.offset.and_then(|start| known.get(&start));
        known.map(|label| label.with(parsed.name)).unwrap_or_else(|| {
            adapters += 1;
            format!("adapter{}", adapters - 1)
        })
    };
    Ok(modules.iter().zip(parsed).map(label).collect())
}

/// The code of all modules and what belongs to it. Proves what the loader relies on.
fn assembled<'a>(
    component: &ComponentDescription,
    parsed: &[Parsed<'a>],
    plans: Vec<Plan<'a>>,
    texts: Vec<Text>,
    labels: &[String],
) -> Result<Code<'a>> {
    let mut code = assemble(parsed.iter().zip(plans), texts);
    for (module, label) in code.modules.iter_mut().zip(labels) {
        module.description.name = Some(label.clone());
    }
    let modules = code.modules.iter().map(|module| module.description.clone());
    let described = Description { modules: modules.collect(), instances: Vec::new() };
    component.check(&described).map_err(|why| Error::unsupported(None, why))?;
    Ok(code)
}

/// The debug information of adapters, and of each module that has any, if it is asked
/// for.
fn debugging<'a>(
    modules: &'a [FlatModule<'_>],
    parsed: &'a [Parsed<'_>],
    plans: &[Plan<'_>],
    labels: &[String],
    options: &'a Options,
) -> Vec<Option<Debugging<'a>>> {
    let all = modules.iter().zip(parsed).zip(plans).zip(labels);
    let debugging = all.map(|(((module, parsed), plan), label)| {
        let debugging = Debugging::new(&module.wasm, parsed, plan, options)?;
        let debugging = match module.offset {
            Some(_) => debugging,
            None => debugging.of_adapter(label),
        };
        Some(debugging).filter(Debugging::is_described)
    });
    debugging.collect()
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
    let modules = modules.iter().zip(parsed).zip(facts);
    for (index, ((module, parsed), facts)) in ModuleIndex::enumerate(modules) {
        let plan = Plan::new(parsed, &facts.module, options).map_err(|error| at(module, error))?;
        let decisions = decisions::decide(workers, index, parsed, &plan, options);
        all.push(decisions.map_err(|error| at(module, error))?);
        plans.push(plan);
    }
    Ok((plans, all))
}

/// Adapters may use whatever the compiler supports: nobody wrote them.
fn parse_modules<'m>(
    modules: &'m [FlatModule<'_>],
    features: Features,
    target: &Target,
) -> Result<Vec<Parsed<'m>>> {
    let parse = |module: &'m FlatModule<'_>| {
        let features = match module.offset {
            Some(_) => features,
            None => target.allowed(Features::ALL),
        };
        parse::parse(&module.wasm, features).map_err(|error| at(module, error))
    };
    modules.iter().map(parse).collect()
}

/// An error with its offset in the component.
fn at(module: &FlatModule<'_>, error: Error) -> Error {
    match module.offset {
        Some(offset) => error.in_module_at(offset),
        None => Error::Link(format!("an adapter between components: {error}")),
    }
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
