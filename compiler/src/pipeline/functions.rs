//! The code of functions and stubs.

use super::cached::{Cached, FunctionCache};
use super::inlining::InlineCalls;
use super::input::Input;
use super::report::Observer;
use super::workers::Workers;
use crate::code::Text;
use crate::codegen::{self, Density};
use crate::error::Result;
use crate::function::CompiledFunction;
use crate::parse::Body;
use crate::plan::duplicates;
use crate::stub::{Stub, StubKind};
use crate::target::Target;
use crate::translate::{self, Debug, FunctionInput, ModuleInput, stubs};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use std::sync::atomic::{AtomicU64, Ordering};

/// What compiles functions, or has them already, and is told how far it is.
#[derive(Clone, Copy)]
pub(super) struct FunctionMeans<'m> {
    pub(super) workers: &'m Workers,
    pub(super) cache: Option<&'m dyn FunctionCache>,
    pub(super) observer: &'m dyn Observer,
}

/// A text for each target, with the functions of all modules, and how many of
/// them the cache had.
pub(super) fn compile(
    means: FunctionMeans<'_>,
    inputs: &[Input<'_, '_>],
    targets: &[Target],
) -> Result<(Vec<Text>, usize)> {
    let mut hits = 0;
    let same = same_functions(inputs);
    let text = |target: &Target| {
        let cached = means.cache.map(|cache| Cached::new(cache, target));
        let functions = compile_functions(means, cached.as_ref(), inputs, target, &same)?;
        hits += cached.map_or(0, |cached| cached.hits());
        let stubs = compile_stubs(inputs, target)?;
        Ok(Text { cpu_features: target.cpu_features.clone(), functions, stubs })
    };
    let texts = targets.iter().map(text).collect::<Result<_>>()?;
    Ok((texts, hits))
}

/// Warnings about functions whose code is slower than it could be.
pub(super) fn warnings(inputs: &[Input<'_, '_>], texts: &[Text]) -> Vec<String> {
    let bodies =
        inputs.iter().flat_map(|input| input.parsed.bodies.iter().map(move |b| (input, b)));
    let hasty = |place: usize| {
        let mut functions = texts.iter().filter_map(|text| text.functions[place].as_ref());
        functions.any(|function| function.hasty)
    };
    let hasty = bodies.enumerate().filter(|(place, _)| hasty(*place));
    let warn = |(_, (input, body)): (usize, (&Input<'_, '_>, &Body<'_>))| {
        let index = body.function();
        let name = input.parsed.name_of(index).map(|name| format!(" `{name}`")).unwrap_or_default();
        format!(
            "function {}{name} has so many values alive at once that finding the best places for \
             them would take too long: its code keeps them in memory and is slower\n\
             help: several smaller functions would be fast",
            index.get()
        )
    };
    hasty.map(warn).collect()
}

/// What a worker keeps from function to function.
struct Scratch {
    context: Context,
    builder: FunctionBuilderContext,
}

impl Scratch {
    fn new() -> Self {
        Self { context: Context::new(), builder: FunctionBuilderContext::new() }
    }
}

/// Bodies larger than this leave so much memory behind in a worker's scratch
/// that it is worth making anew.
const LARGE_BODY: u32 = 256 << 10;

/// For each needed function of all modules, the position of the first one of its
/// module that is the same.
fn same_functions(inputs: &[Input<'_, '_>]) -> Vec<Option<usize>> {
    let mut same = Vec::new();
    for Input { parsed, options, decisions, .. } in inputs {
        let start = same.len();
        let of_module = duplicates::find(parsed, options, |at| decisions.inlining.is_needed(at));
        same.extend(of_module.into_iter().map(|position| Some(start + position?)));
    }
    same
}

fn compile_functions(
    means: FunctionMeans<'_>,
    cached: Option<&Cached<'_>>,
    inputs: &[Input<'_, '_>],
    target: &Target,
    same: &[Option<usize>],
) -> Result<Vec<Option<CompiledFunction>>> {
    let modules: Vec<ModuleInput<'_>> = inputs.iter().map(|input| input.module(target)).collect();
    let inline: Vec<InlineCalls<'_>> =
        inputs.iter().map(|input| InlineCalls::new(input.parsed.bodies.len())).collect();
    for ((inline, input), module) in inline.iter().zip(inputs).zip(&modules) {
        inline.fill(input, module);
    }
    let places = inputs.iter().enumerate().flat_map(|(module, input)| {
        (0..input.parsed.bodies.len()).map(move |position| (module, position))
    });
    let places: Vec<(usize, usize)> = places.collect();
    let size = |(module, position): (usize, usize)| inputs[module].facts.functions()[position].size;
    // The largest first: one of them started last would be waited for.
    let mut order: Vec<usize> = (0..places.len()).filter(|i| same[*i] == Some(*i)).collect();
    order.sort_by_key(|index| std::cmp::Reverse(size(places[*index])));
    let total = order.iter().map(|index| u64::from(size(places[*index]))).sum();
    let done = AtomicU64::new(0);
    means.observer.compiled(0, total);
    let compiled = means.workers.draw(order.len(), Scratch::new, |scratch, at| {
        let place @ (module, position) = places[order[at]];
        let input = &inputs[module];
        let body = &input.parsed.bodies[position];
        scratch.context.clear();
        let function = input.function(&modules[module], body, inline[module].of(position));
        let mut compile = || compile_function(&function, target, scratch);
        let compiled = match cached {
            Some(cached) => cached.compiled(&function, compile),
            None => compile(),
        };
        let function = compiled.map_err(|error| input.in_function(body, error))?;
        let size = size(place);
        if size > LARGE_BODY {
            *scratch = Scratch::new();
        }
        let size = u64::from(size);
        means.observer.compiled(done.fetch_add(size, Ordering::Relaxed) + size, total);
        Ok(function)
    })?;
    let mut functions: Vec<Option<CompiledFunction>> = vec![None; places.len()];
    for (position, function) in compiled {
        functions[order[position]] = Some(function);
    }
    // The first of equal bodies comes before its copies.
    for (index, first) in same.iter().enumerate() {
        if let Some(first) = first
            && index != *first
        {
            functions[index] = functions[*first].clone();
        }
    }
    Ok(functions)
}

fn compile_function(
    input: &FunctionInput<'_>,
    target: &Target,
    scratch: &mut Scratch,
) -> Result<CompiledFunction> {
    let translated = translate::translate(input, &mut scratch.context.func, &mut scratch.builder)?;
    let debug = input.module.options.debug != Debug::Off;
    let recorded = debug.then_some(translated.recorded);
    let density = if input.never_runs { Density::Dense } else { Density::Aligned };
    let compiled = codegen::generate(&mut scratch.context, target, recorded, density)?;
    Ok(CompiledFunction { inlined: translated.inlined.into(), ..compiled })
}

fn compile_stubs(inputs: &[Input<'_, '_>], target: &Target) -> Result<Vec<Stub>> {
    let mut stubs = Vec::new();
    for input in inputs {
        compile_module_stubs(input, target, &mut stubs)?;
    }
    Ok(stubs)
}

fn compile_module_stubs(
    input: &Input<'_, '_>,
    target: &Target,
    stubs: &mut Vec<Stub>,
) -> Result<()> {
    let Input { index, parsed, plan, facts, .. } = input;
    let types = &parsed.types;
    let frontend = target.isa.frontend_config();
    let mut scratch = Scratch::new();
    let mut make = |kind, build: &dyn Fn(&mut Scratch)| -> Result<()> {
        scratch.context.clear();
        build(&mut scratch);
        let function = codegen::generate(&mut scratch.context, target, None, Density::Aligned)?;
        stubs.push(Stub { module: *index, kind, function });
        Ok(())
    };
    for ty in plan.entry_types(parsed) {
        make(StubKind::Entry(ty), &|s| {
            stubs::entry_stub(types.get(ty), &mut s.context.func, &mut s.builder, frontend);
        })?;
    }
    for ty in plan.host_types(parsed, &facts.module) {
        make(StubKind::Host(ty), &|s| {
            stubs::host_stub(types.get(ty), &mut s.context.func, &mut s.builder, frontend);
        })?;
    }
    for import in plan.forwarded_imports(parsed) {
        let ty = parsed.function_type(import);
        let slot = plan.layout.import(import);
        make(StubKind::Import(import), &|s| {
            stubs::import_stub(ty, slot, &mut s.context.func, &mut s.builder, frontend);
        })?;
    }
    Ok(())
}
