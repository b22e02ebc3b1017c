//! The code between translation and code generation, as text: for whoever
//! changes one of them.

use super::decisions;
use super::facts::gather_facts;
use super::inlining::InlineCalls;
use super::input::Input;
use super::workers::Workers;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::parse;
use crate::plan::Plan;
use crate::target::Target;
use crate::translate::{self, Translated};
use cranelift_codegen::ir::Function;
use cranelift_frontend::FunctionBuilderContext;
use precast_artifact::index::{FuncIndex, ModuleIndex};
use std::collections::BTreeMap;
use std::io::Write;

/// Writes what each function is translated to, in the text form of Cranelift's
/// intermediate representation: before Cranelift optimises it, and before the
/// link folds functions. Functions that are inlined wherever they are called
/// are left out. A line with the function's name and index stands
/// above each.
///
/// # Errors
///
/// As [`compile_to`](super::compile_to); and when `options` ask for several
/// CPUs, or for debug information, which watches more values than are written.
pub fn write_ir(wasm: &[u8], options: &Options, out: &mut dyn Write) -> Result<()> {
    options.check()?;
    let targets = Target::all(options)?;
    if targets.len() > 1 {
        let why = "IR is written for one CPU: `--emit clif` takes one `--cpu`";
        return Err(Error::Option(why.to_owned()));
    }
    if options.debug_info {
        let why = "IR is written without debug information: `--emit clif` goes without `-g`";
        return Err(Error::Option(why.to_owned()));
    }
    with_input(wasm, options, |input, target| {
        each_translated(input, target, |index, function, _| {
            let name = input.parsed.name_of(index).unwrap_or_default();
            write!(out, "; {name} ({index})\n{function}\n").map_err(Error::Write)
        })
    })
}

/// Goes through the stages up to translation, for one target.
pub(super) fn with_input<T>(
    wasm: &[u8],
    options: &Options,
    then: impl FnOnce(&Input<'_, '_>, &Target) -> Result<T>,
) -> Result<T> {
    let targets = Target::all(options)?;
    let [target] = &targets[..] else {
        let why = "functions are looked at for one CPU: this takes one `--cpu`";
        return Err(Error::Option(why.to_owned()));
    };
    let workers = Workers::new(options.threads.unwrap_or(0))?;
    let parsed = parse::parse(wasm, target.allowed(options.features));
    let parsed = parsed.map_err(|error| target.explain(error, options.features))?;
    let facts =
        gather_facts(&workers, &parsed).map_err(|error| target.explain(error, options.features))?;
    let plan = Plan::new(&parsed, &facts.module, options)?;
    let decisions = decisions::decide(&workers, ModuleIndex::new(0), &parsed, &plan, options)?;
    then(&Input::whole(&parsed, &plan, &facts, options, BTreeMap::new(), decisions), target)
}

/// Translates every needed function, one after the other.
pub(super) fn each_translated(
    input: &Input<'_, '_>,
    target: &Target,
    mut visit: impl FnMut(FuncIndex, &Function, &Translated) -> Result<()>,
) -> Result<()> {
    let Input { parsed, decisions, .. } = input;
    let module = input.module(target);
    let inline = InlineCalls::new(parsed.bodies.len());
    inline.fill(input, &module);
    let mut scratch = FunctionBuilderContext::new();
    for (position, body) in parsed.bodies.iter().enumerate() {
        if !decisions.inlining.is_needed(position) {
            continue;
        }
        let mut function = Function::new();
        let index = body.function();
        let from = input.function(&module, body, inline.of(position));
        let outcome = translate::translate(&from, &mut function, &mut scratch);
        let translated =
            outcome.map_err(|error| error.in_function(index, parsed.name_of(index)))?;
        visit(index, &function, &translated)?;
    }
    Ok(())
}
