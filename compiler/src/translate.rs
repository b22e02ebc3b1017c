//! From a validated function body to Cranelift IR.
//!
//! [`translate`] walks the operators; [`operators`] routes each, on one line,
//! to the family that knows it:
//!
//! | rank | modules |
//! |-|-|
//! | what translation may know | [`options`], [`input`], and a digest of that, [`key`] |
//! | words of the code generator; what is counted | [`signatures`], [`flags`], [`loops`], [`payments`], [`changes`] |
//! | the function being translated: open blocks, locals, values | [`state`], [`tracking`], [`translator`] |
//! | locals and globals | [`locals`], [`operands`], [`globals`] |
//! | tables, memories, bulk and atomic accesses to them | [`tables`], [`memory`], [`bulk`], [`atomics`] |
//! | the count of fuel | [`fuel`] |
//! | integers, floats, conversions; 128-bit vectors | [`numeric`], [`vector`], [`vector_memory`] |
//! | calls: direct, indirect, imported, tail; exceptions | [`calls`], [`exceptions`] |
//! | blocks, branches, unreachable code; tables of branches; inlined bodies | [`control`], [`branch_tables`], [`bodies`], [`guesses`] |
//! | the table of operators | [`operators`] |
//! | entry, host-call and forwarding stubs | [`stubs`] |
//!
//! Values: `i32 i64 f32 f64` are Cranelift's own types, references are `i64`,
//! and `v128` is always `i8x16`, bitcast where an operator needs other lanes.

mod atomics;
mod bodies;
mod branch_tables;
mod bulk;
mod calls;
mod changes;
mod control;
mod exceptions;
mod flags;
mod fuel;
mod globals;
mod guesses;
mod input;
mod key;
mod locals;
mod loops;
mod memory;
mod numeric;
mod operands;
mod operators;
mod options;
mod payments;
mod signatures;
mod state;
pub(crate) mod stubs;
mod tables;
#[cfg(test)]
mod testing;
mod tracking;
mod translator;
mod vector;
mod vector_memory;

use crate::error::Result;
use crate::function::InlinedBody;
use crate::middle::{
    addresses, argument_copies, byte_loops, carries, compares, loop_addresses, steps, sum_order,
    thread, vectors, widen,
};
use crate::recorded::Recorded;
pub(crate) use changes::{Changes, Timed};
use cranelift_codegen::ir;
use cranelift_frontend::FunctionBuilderContext;
pub(crate) use input::{FunctionInput, InlineCall, ModuleInput};
pub(crate) use options::{Debug, TranslateOptions};
use signatures::signature;
use std::collections::BTreeSet;
use translator::Translator;

/// What translation finds out, beside the code.
pub(crate) struct Translated {
    /// What must be found again in the code, with `-g -O`.
    pub recorded: Recorded,
    /// The bodies that were inlined, ordered by `start`.
    pub inlined: Vec<InlinedBody>,
    /// What was optimised.
    pub changes: Changes,
}

/// Translates a function into `func`, which must be empty.
pub(crate) fn translate<'a>(
    input: &'a FunctionInput<'a>,
    func: &mut ir::Function,
    scratch: &mut FunctionBuilderContext,
) -> Result<Translated> {
    let module = input.module;
    let ty = input.ty();
    func.signature = signature(ty);
    let mut t = Translator::new(module, func, scratch);
    if module.options.debug == Debug::Values {
        t.loop_writes = loops::writes(input.body.get_operators_reader()?)?;
    }
    if let Some(uses) = input.debug_uses {
        t.kept = &uses.locals;
        t.operands = &uses.operands;
    }
    t.declare_context();
    t.declare_parameters(ty, input.constants);
    t.begin_fuel();
    t.function_body(input)?;
    let tracker = t.take_tracker();
    let inlined = std::mem::take(&mut t.inlined);
    let mut changes = t.changes;
    t.finish_function();
    optimise(func, input, &mut changes);
    Ok(Translated { recorded: tracker.attach(func, input.end()), inlined, changes })
}

/// Optimises what was translated.
fn optimise(func: &mut ir::Function, input: &FunctionInput<'_>, changes: &mut Changes) {
    let (module, runs) = (input.module, !input.never_runs);
    if module.options.carries {
        changes.carries = Timed::of(|| carries::join(func));
    }
    let mut made_before = BTreeSet::new();
    if let Some(length) = module.length_of_memory().filter(|_| runs) {
        if module.options.byte_loops {
            changes.bytes = Timed::of(|| {
                made_before = byte_loops::make(func, length);
                made_before.len()
            });
        }
        if module.options.vectors {
            changes.vectors = Timed::of(|| {
                let vectorised = vectors::make(func, length);
                let count = vectorised.len();
                made_before.extend(vectorised);
                count
            });
        }
    }
    if module.options.fold_addresses {
        changes.addresses = Timed::of(|| addresses::fold(func));
    }
    if module.options.loop_addresses && runs {
        changes.loops = Timed::of(|| loop_addresses::make(func, &made_before));
    }
    if module.options.loop_compares {
        changes.compares = Timed::of(|| compares::keep(func));
    }
    if module.options.chosen_steps {
        changes.steps = Timed::of(|| steps::choose(func));
    }
    if module.options.sum_order && runs {
        changes.orders = Timed::of(|| sum_order::reorder(func));
    }
    if module.options.wide_indices {
        changes.indices = Timed::of(|| widen::widen(func));
    }
    if module.options.thread_branches && runs {
        changes.threads = Timed::of(|| thread::thread(func));
    }
    if module.options.argument_copies && runs {
        changes.arguments = Timed::of(|| argument_copies::copy(func));
    }
}
