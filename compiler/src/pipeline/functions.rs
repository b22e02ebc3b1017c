//! Function by function: facts about the bodies, and their code.

use super::Observer;
use super::workers::Workers;
use crate::codegen;
use crate::error::Result;
use crate::facts::{self, Facts, FunctionFacts, ModuleFacts};
use crate::function::CompiledFunction;
use crate::link::{Stub, StubKind};
use crate::optimisation::Optimisation;
use crate::options::{OptLevel, Options};
use crate::parse::Parsed;
use crate::plan::Plan;
use crate::target::Target;
use crate::translate::{self, Debug, Env, stubs};
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

/// What all functions of a module are translated with.
pub(super) fn environment<'a>(
    parsed: &'a Parsed<'a>,
    plan: &'a Plan<'a>,
    target: &Target,
    options: &Options,
) -> Env<'a> {
    Env {
        parsed,
        plan,
        frontend: target.isa.frontend_config(),
        br_table_chain: options.enabled(Optimisation::BrTableChain),
        precise_stores: options.precise_stores.unwrap_or(target.stores_may_tear()),
        debug: match (options.debug_info, options.opt_level) {
            (false, _) => Debug::Off,
            (true, OptLevel::None) => Debug::Slots,
            (true, OptLevel::Speed) => Debug::Values,
        },
        debug_uses: BTreeMap::new(),
    }
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

pub(super) fn compile_functions(
    workers: &Workers,
    env: &Env<'_>,
    facts: &[FunctionFacts],
    target: &Target,
    same: &[usize],
    observer: &dyn Observer,
) -> Result<Vec<Option<CompiledFunction>>> {
    let bodies = &env.parsed.bodies;
    // The largest first: one of them started last would be waited for.
    let mut order: Vec<usize> = (0..bodies.len()).filter(|i| same[*i] == *i).collect();
    order.sort_by_key(|index| std::cmp::Reverse(facts[*index].size));
    let done = AtomicUsize::new(0);
    let compiled = workers.draw(order.len(), Scratch::new, |scratch, position| {
        let body = &bodies[order[position]];
        scratch.context.clear();
        let recorded =
            translate::translate(env, body, &mut scratch.context.func, &mut scratch.builder)?;
        let recorded = (env.debug != Debug::Off).then_some(recorded);
        let index = body.validator.index;
        let function = codegen::generate(&mut scratch.context, &*target.isa, recorded)
            .map_err(|error| error.in_function(index, env.parsed.name_of(index)))?;
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

pub(super) fn compile_stubs(
    env: &Env<'_>,
    facts: &ModuleFacts,
    target: &Target,
) -> Result<Vec<Stub>> {
    let types = &env.parsed.types;
    let mut scratch = Scratch::new();
    let mut stubs = Vec::new();
    let mut make = |kind, build: &dyn Fn(&mut Scratch)| -> Result<()> {
        scratch.context.clear();
        build(&mut scratch);
        let function = codegen::generate(&mut scratch.context, &*target.isa, None)?;
        stubs.push(Stub { kind, function });
        Ok(())
    };
    for ty in env.plan.entry_types(env.parsed) {
        make(StubKind::Entry(ty), &|s| {
            stubs::entry_stub(types.get(ty), &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    for ty in env.plan.host_types(env.parsed, facts) {
        make(StubKind::Host(ty), &|s| {
            stubs::host_stub(types.get(ty), &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    for function in env.plan.forwarded_imports(env.parsed) {
        let ty = env.parsed.function_type(function);
        let slot = env.plan.layout.import(FuncIndex::new(function));
        make(StubKind::Import(function), &|s| {
            stubs::import_stub(ty, slot, &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    Ok(stubs)
}
