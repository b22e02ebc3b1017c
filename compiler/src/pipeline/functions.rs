//! Function by function: facts about the bodies, and their code.

use super::Observer;
use super::workers::Workers;
use crate::codegen;
use crate::error::Result;
use crate::facts::{self, Facts, FunctionFacts, ModuleFacts};
use crate::function::{CompiledFunction, DebugUses};
use crate::link::{Stub, StubKind};
use crate::parse::{Body, Parsed};
use crate::plan::Plan;
use crate::target::Target;
use crate::translate::{self, Debug, FunctionInput, ModuleInput, stubs};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use precast_artifact::index::FuncIndex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bodies per draw of that pass: enough to make drawing free.
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

/// The functions to compile.
pub(super) struct Bodies<'a> {
    pub(super) parsed: &'a Parsed<'a>,
    /// What is known of each, in index order.
    pub(super) facts: &'a [FunctionFacts],
    /// Which of their values debug information uses, by function index.
    pub(super) debug_uses: BTreeMap<u32, DebugUses>,
    /// For each the first that is the same.
    pub(super) same: Vec<usize>,
}

impl Bodies<'_> {
    /// What translation may look at for one of them.
    fn input<'i>(&'i self, module: &'i ModuleInput<'i>, body: &'i Body<'i>) -> FunctionInput<'i> {
        let index = body.validator.index;
        FunctionInput {
            module,
            function: FuncIndex::new(index),
            ty: self.parsed.functions[index as usize],
            body: &body.body,
            hints: self.parsed.hints.get(&index).map_or(&[], Vec::as_slice),
            debug_uses: self.debug_uses.get(&index),
            inline: &[],
        }
    }
}

pub(super) fn compile_functions(
    workers: &Workers,
    functions: &Bodies<'_>,
    module: &ModuleInput<'_>,
    target: &Target,
    observer: &dyn Observer,
) -> Result<Vec<Option<CompiledFunction>>> {
    let Bodies { parsed, facts, same, .. } = functions;
    let bodies = &parsed.bodies;
    // The largest first: one of them started last would be waited for.
    let mut order: Vec<usize> = (0..bodies.len()).filter(|i| same[*i] == *i).collect();
    order.sort_by_key(|index| std::cmp::Reverse(facts[*index].size));
    let done = AtomicUsize::new(0);
    let compiled = workers.draw(order.len(), Scratch::new, |scratch, position| {
        let body = &bodies[order[position]];
        scratch.context.clear();
        let input = functions.input(module, body);
        let compiled = compile(&input, target, scratch);
        let index = body.validator.index;
        let function = compiled.map_err(|e| e.in_function(index, parsed.name_of(index)))?;
        if facts[order[position]].size > LARGE_BODY {
            *scratch = Scratch::new();
        }
        observer.functions(done.fetch_add(1, Ordering::Relaxed) + 1, order.len());
        Ok(function)
    })?;
    let mut functions: Vec<Option<CompiledFunction>> = vec![None; bodies.len()];
    for (position, function) in compiled {
        functions[order[position]] = Some(function);
    }
    // The first of equal bodies comes before its copies.
    for (index, first) in same.iter().enumerate() {
        if index != *first {
            functions[index] = functions[*first].clone();
        }
    }
    Ok(functions)
}

fn compile(
    input: &FunctionInput<'_>,
    target: &Target,
    scratch: &mut Scratch,
) -> Result<CompiledFunction> {
    let translated = translate::translate(input, &mut scratch.context.func, &mut scratch.builder)?;
    let recorded = (input.module.options.debug != Debug::Off).then_some(translated.recorded);
    let compiled = codegen::generate(&mut scratch.context, &*target.isa, recorded)?;
    Ok(CompiledFunction { inlined: translated.inlined.into(), ..compiled })
}

pub(super) fn compile_stubs(
    parsed: &Parsed<'_>,
    plan: &Plan<'_>,
    facts: &ModuleFacts,
    target: &Target,
) -> Result<Vec<Stub>> {
    let types = &parsed.types;
    let frontend = target.isa.frontend_config();
    let mut scratch = Scratch::new();
    let mut stubs = Vec::new();
    let mut make = |kind, build: &dyn Fn(&mut Scratch)| -> Result<()> {
        scratch.context.clear();
        build(&mut scratch);
        let function = codegen::generate(&mut scratch.context, &*target.isa, None)?;
        stubs.push(Stub { kind, function });
        Ok(())
    };
    for ty in plan.entry_types(parsed) {
        make(StubKind::Entry(ty), &|s| {
            stubs::entry_stub(types.get(ty), &mut s.context.func, &mut s.builder, frontend);
        })?;
    }
    for ty in plan.host_types(parsed, facts) {
        make(StubKind::Host(ty), &|s| {
            stubs::host_stub(types.get(ty), &mut s.context.func, &mut s.builder, frontend);
        })?;
    }
    for function in plan.forwarded_imports(parsed) {
        let ty = parsed.function_type(function);
        let slot = plan.layout.import(FuncIndex::new(function));
        make(StubKind::Import(function), &|s| {
            stubs::import_stub(ty, slot, &mut s.context.func, &mut s.builder, frontend);
        })?;
    }
    Ok(stubs)
}
