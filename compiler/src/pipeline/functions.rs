//! The code of functions and stubs.

use super::inlining::InlineCalls;
use super::input::{Input, MODULE};
use super::report::Observer;
use super::workers::Workers;
use crate::code::Text;
use crate::codegen;
use crate::error::Result;
use crate::function::CompiledFunction;
use crate::plan::duplicates;
use crate::stub::{Stub, StubKind};
use crate::target::Target;
use crate::translate::{self, Debug, FunctionInput, stubs};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use std::sync::atomic::{AtomicU64, Ordering};

/// A text for each target.
pub(super) fn compile(
    workers: &Workers,
    input: &Input<'_, '_>,
    targets: &[Target],
    observer: &dyn Observer,
) -> Result<Vec<Text>> {
    let same =
        duplicates::find(input.parsed, input.options, |at| input.decisions.inlining.is_needed(at));
    let text = |target: &Target| {
        Ok(Text {
            cpu_features: target.cpu_features.clone(),
            functions: compile_functions(workers, input, target, &same, observer)?,
            stubs: compile_stubs(input, target)?,
        })
    };
    targets.iter().map(text).collect()
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

fn compile_functions(
    workers: &Workers,
    input: &Input<'_, '_>,
    target: &Target,
    same: &[Option<usize>],
    observer: &dyn Observer,
) -> Result<Vec<Option<CompiledFunction>>> {
    let (bodies, facts) = (&input.parsed.bodies, input.facts.functions());
    let module = input.module(target);
    let inline = InlineCalls::new(bodies.len());
    inline.fill(input, &module);
    // The largest first: one of them started last would be waited for.
    let mut order: Vec<usize> = (0..bodies.len()).filter(|i| same[*i] == Some(*i)).collect();
    order.sort_by_key(|index| std::cmp::Reverse(facts[*index].size));
    let total = order.iter().map(|index| u64::from(facts[*index].size)).sum();
    let done = AtomicU64::new(0);
    observer.compiled(0, total);
    let compiled = workers.draw(order.len(), Scratch::new, |scratch, position| {
        let (body, inlined) = (&bodies[order[position]], inline.of(order[position]));
        scratch.context.clear();
        let function = input.function(&module, body, inlined);
        let compiled = compile_function(&function, target, scratch);
        let index = body.function();
        let function = compiled.map_err(|e| e.in_function(index, input.parsed.name_of(index)))?;
        if facts[order[position]].size > LARGE_BODY {
            *scratch = Scratch::new();
        }
        let size = u64::from(facts[order[position]].size);
        observer.compiled(done.fetch_add(size, Ordering::Relaxed) + size, total);
        Ok(function)
    })?;
    let mut functions: Vec<Option<CompiledFunction>> = vec![None; bodies.len()];
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
    let compiled = codegen::generate(&mut scratch.context, &*target.isa, recorded)?;
    Ok(CompiledFunction { inlined: translated.inlined.into(), ..compiled })
}

fn compile_stubs(input: &Input<'_, '_>, target: &Target) -> Result<Vec<Stub>> {
    let Input { parsed, plan, facts, .. } = input;
    let types = &parsed.types;
    let frontend = target.isa.frontend_config();
    let mut scratch = Scratch::new();
    let mut stubs = Vec::new();
    let mut make = |kind, build: &dyn Fn(&mut Scratch)| -> Result<()> {
        scratch.context.clear();
        build(&mut scratch);
        let function = codegen::generate(&mut scratch.context, &*target.isa, None)?;
        stubs.push(Stub { module: MODULE, kind, function });
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
    Ok(stubs)
}
