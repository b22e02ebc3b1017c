//! The code of functions and stubs.

use super::report::Observer;
use super::workers::Workers;
use crate::code::Text;
use crate::codegen;
use crate::error::Result;
use crate::facts::Facts;
use crate::function::{CompiledFunction, DebugUses};
use crate::optimisation::Optimisation;
use crate::options::{OptLevel, Options};
use crate::parse::{Body, Parsed};
use crate::plan::{Plan, duplicates};
use crate::stub::{Stub, StubKind};
use crate::target::Target;
use crate::translate::{self, Debug, FunctionInput, ModuleInput, TranslateOptions, stubs};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use precast_artifact::index::{FuncIndex, ModuleIndex};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the code of a module follows from.
pub(super) struct Input<'i, 'a> {
    /// The module among those of the artifact.
    pub(super) index: ModuleIndex,
    pub(super) parsed: &'i Parsed<'a>,
    pub(super) plan: &'i Plan<'a>,
    pub(super) facts: &'i Facts,
    pub(super) options: &'i Options,
    /// The values that debug information asks for, by function.
    pub(super) debug_uses: BTreeMap<FuncIndex, DebugUses>,
}

impl<'i> Input<'i, '_> {
    /// What translation may look at of the module.
    pub(super) fn module(&self, target: &Target) -> ModuleInput<'i> {
        let options = self.options;
        let options = TranslateOptions {
            frontend: target.isa.frontend_config(),
            br_table_chain: options.enabled(Optimisation::BrTableChain),
            precise_stores: options.precise_stores.unwrap_or(target.stores_may_tear()),
            debug: match (options.debug_info, options.opt_level) {
                (false, _) => Debug::Off,
                (true, OptLevel::None) => Debug::Slots,
                (true, OptLevel::Speed) => Debug::Values,
            },
        };
        ModuleInput::new(self.index, self.parsed, self.plan, options)
    }

    /// What it may look at for one function.
    pub(super) fn function<'f>(
        &'f self,
        module: &'f ModuleInput<'f>,
        body: &'f Body<'f>,
    ) -> FunctionInput<'f> {
        let index = body.function();
        FunctionInput {
            module,
            function: index,
            ty: self.parsed.functions[index.index()],
            body: &body.body,
            hints: self.parsed.hints.get(&index).map_or(&[], Vec::as_slice),
            debug_uses: self.debug_uses.get(&index),
            inline: &[],
        }
    }
}

/// A text for each target, with the functions of all modules.
pub(super) fn compile(
    workers: &Workers,
    inputs: &[Input<'_, '_>],
    targets: &[Target],
    observer: &dyn Observer,
) -> Result<Vec<Text>> {
    let same = same_functions(inputs);
    let text = |target: &Target| {
        Ok(Text {
            cpu_features: target.cpu_features.clone(),
            functions: compile_functions(workers, inputs, target, &same, observer)?,
            stubs: compile_stubs(inputs, target)?,
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

/// For each function of all modules, the position of the first one of its module
/// that is the same.
fn same_functions(inputs: &[Input<'_, '_>]) -> Vec<usize> {
    let mut same = Vec::new();
    for input in inputs {
        let start = same.len();
        let of_module = duplicates::find(input.parsed, input.options);
        same.extend(of_module.into_iter().map(|position| start + position));
    }
    same
}

fn compile_functions(
    workers: &Workers,
    inputs: &[Input<'_, '_>],
    target: &Target,
    same: &[usize],
    observer: &dyn Observer,
) -> Result<Vec<Option<CompiledFunction>>> {
    let modules: Vec<ModuleInput<'_>> = inputs.iter().map(|input| input.module(target)).collect();
    let of_module = |module| {
        let Input { parsed, facts, .. } = &inputs[module];
        let bodies = parsed.bodies.iter().zip(facts.functions());
        bodies.map(move |(body, facts)| (module, body, facts.size))
    };
    let bodies: Vec<_> = (0..inputs.len()).flat_map(of_module).collect();
    // The largest first: one of them started last would be waited for.
    let mut order: Vec<usize> = (0..bodies.len()).filter(|i| same[*i] == *i).collect();
    order.sort_by_key(|index| std::cmp::Reverse(bodies[*index].2));
    let done = AtomicUsize::new(0);
    let compiled = workers.draw(order.len(), Scratch::new, |scratch, position| {
        let (module, body, size) = bodies[order[position]];
        let (input, module) = (&inputs[module], &modules[module]);
        scratch.context.clear();
        let compiled = compile_function(&input.function(module, body), target, scratch);
        let index = body.function();
        let function = compiled.map_err(|e| e.in_function(index, input.parsed.name_of(index)))?;
        if size > LARGE_BODY {
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
        let function = codegen::generate(&mut scratch.context, &*target.isa, None)?;
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
