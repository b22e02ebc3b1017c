//! The code of functions and stubs.

use super::report::Observer;
use super::workers::Workers;
use crate::code::Text;
use crate::codegen;
use crate::error::Result;
use crate::facts::{Facts, ModuleFacts};
use crate::function::{CompiledFunction, DebugUses};
use crate::optimisation::Optimisation;
use crate::options::{OptLevel, Options};
use crate::parse::Parsed;
use crate::plan::{Plan, duplicates};
use crate::stub::{Stub, StubKind};
use crate::target::Target;
use crate::translate::{self, Debug, Env, stubs};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use precast_artifact::index::{CanonicalTypeIndex, FuncIndex, ModuleIndex};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the code follows from.
pub(super) struct Input<'i, 'a> {
    pub(super) parsed: &'i Parsed<'a>,
    pub(super) plan: &'i Plan<'a>,
    pub(super) facts: &'i Facts,
    pub(super) options: &'i Options,
    /// The values that debug information asks for, by function.
    pub(super) debug_uses: BTreeMap<u32, DebugUses>,
}

/// A text for each target.
pub(super) fn compile(
    workers: &Workers,
    input: &Input<'_, '_>,
    targets: &[Target],
    observer: &dyn Observer,
) -> Result<Vec<Text>> {
    let same = duplicates::find(input.parsed, input.options);
    let text = |target: &Target| {
        let env = environment(input, target);
        Ok(Text {
            cpu_features: target.cpu_features.clone(),
            functions: compile_functions(workers, &env, input.facts, target, &same, observer)?,
            stubs: compile_stubs(&env, &input.facts.module, target)?,
        })
    };
    targets.iter().map(text).collect()
}

fn environment<'i>(input: &'i Input<'_, '_>, target: &Target) -> Env<'i> {
    let options = input.options;
    Env {
        module: ModuleIndex::new(0),
        parsed: input.parsed,
        plan: input.plan,
        frontend: target.isa.frontend_config(),
        br_table_chain: options.enabled(Optimisation::BrTableChain),
        precise_stores: options.precise_stores.unwrap_or(target.stores_may_tear()),
        debug: match (options.debug_info, options.opt_level) {
            (false, _) => Debug::Off,
            (true, OptLevel::None) => Debug::Slots,
            (true, OptLevel::Speed) => Debug::Values,
        },
        debug_uses: &input.debug_uses,
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

fn compile_functions(
    workers: &Workers,
    env: &Env<'_>,
    facts: &Facts,
    target: &Target,
    same: &[usize],
    observer: &dyn Observer,
) -> Result<Vec<Option<CompiledFunction>>> {
    let (bodies, facts) = (&env.parsed.bodies, facts.functions());
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

fn compile_stubs(env: &Env<'_>, facts: &ModuleFacts, target: &Target) -> Result<Vec<Stub>> {
    let types = &env.parsed.types;
    let mut scratch = Scratch::new();
    let mut stubs = Vec::new();
    let mut make = |kind, build: &dyn Fn(&mut Scratch)| -> Result<()> {
        scratch.context.clear();
        build(&mut scratch);
        let function = codegen::generate(&mut scratch.context, &*target.isa, None)?;
        stubs.push(Stub { module: ModuleIndex::new(0), kind, function });
        Ok(())
    };
    for ty in env.plan.entry_types(env.parsed) {
        make(StubKind::Entry(CanonicalTypeIndex::new(ty)), &|s| {
            stubs::entry_stub(types.get(ty), &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    for ty in env.plan.host_types(env.parsed, facts) {
        make(StubKind::Host(CanonicalTypeIndex::new(ty)), &|s| {
            stubs::host_stub(types.get(ty), &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    for function in env.plan.forwarded_imports(env.parsed) {
        let ty = env.parsed.function_type(function);
        let import = FuncIndex::new(function);
        let slot = env.plan.layout.import(import);
        make(StubKind::Import(import), &|s| {
            stubs::import_stub(ty, slot, &mut s.context.func, &mut s.builder, env.frontend);
        })?;
    }
    Ok(stubs)
}
