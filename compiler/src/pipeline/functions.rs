//! The code of functions and stubs.

use super::inlining::InlineCalls;
use super::input::{Input, MODULE};
use super::report::Observer;
use super::workers::Workers;
use crate::code::Text;
use crate::codegen;
use crate::error::Result;
use crate::function::CompiledFunction;
use crate::parse::Parsed;
use crate::plan::duplicates;
use crate::stub::{Stub, StubKind};
use crate::target::Target;
use crate::translate::{self, Debug, FunctionInput, stubs};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use precast_artifact::index::FuncIndex;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// A text for each target, and warnings about functions.
pub(super) fn compile(
    workers: &Workers,
    input: &Input<'_, '_>,
    targets: &[Target],
    observer: &dyn Observer,
) -> Result<(Vec<Text>, Vec<String>)> {
    let same =
        duplicates::find(input.parsed, input.options, |at| input.decisions.inlining.is_needed(at));
    let mut hasty = BTreeSet::new();
    let text = |target: &Target| {
        let functions = compile_functions(workers, input, target, &same, observer)?;
        hasty.extend(functions.hasty);
        Ok(Text {
            cpu_features: target.cpu_features.clone(),
            functions: functions.code,
            stubs: compile_stubs(input, target)?,
        })
    };
    let texts = targets.iter().map(text).collect::<Result<Vec<_>>>()?;
    let warnings = hasty.into_iter().map(|function| hasty_warning(input.parsed, function));
    Ok((texts, warnings.collect()))
}

fn hasty_warning(parsed: &Parsed<'_>, function: FuncIndex) -> String {
    let name = parsed.name_of(function).map(|name| format!(" `{name}`")).unwrap_or_default();
    format!(
        "function {}{name} has so many values alive at once that optimising their places would \
         take too long: its code keeps them in memory and is slower; several smaller functions \
         would not be",
        function.get()
    )
}

/// The code of a module's functions.
struct Functions {
    /// By index; none where an equal one stands for it.
    code: Vec<Option<CompiledFunction>>,
    /// Those whose registers were allocated the fast way.
    hasty: Vec<FuncIndex>,
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
) -> Result<Functions> {
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
    let mut hasty = Vec::new();
    for (position, (function, fast)) in compiled {
        functions[order[position]] = Some(function);
        if fast {
            hasty.push(bodies[order[position]].function());
        }
    }
    // The first of equal bodies comes before its copies.
    for (index, first) in same.iter().enumerate() {
        if let Some(first) = first
            && index != *first
        {
            functions[index] = functions[*first].clone();
        }
    }
    Ok(Functions { code: functions, hasty })
}

/// Also says whether registers were allocated the fast way.
fn compile_function(
    input: &FunctionInput<'_>,
    target: &Target,
    scratch: &mut Scratch,
) -> Result<(CompiledFunction, bool)> {
    let translated = translate::translate(input, &mut scratch.context.func, &mut scratch.builder)?;
    let debug = input.module.options.debug != Debug::Off;
    let recorded = debug.then_some(translated.recorded);
    let (compiled, fast) = codegen::generate(&mut scratch.context, target, recorded)?;
    Ok((CompiledFunction { inlined: translated.inlined.into(), ..compiled }, fast))
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
        let (function, _) = codegen::generate(&mut scratch.context, target, None)?;
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
