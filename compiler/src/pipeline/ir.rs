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
use crate::translate;
use cranelift_codegen::ir::Function;
use cranelift_frontend::FunctionBuilderContext;
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
    let [target] = &targets[..] else {
        let why = "IR is written for one CPU: `--emit clif` takes one `--cpu`";
        return Err(Error::Option(why.to_owned()));
    };
    if options.debug_info {
        let why = "IR is written without debug information: `--emit clif` goes without `-g`";
        return Err(Error::Option(why.to_owned()));
    }
    let workers = Workers::new(options.threads.unwrap_or(0))?;
    let parsed = parse::parse(wasm, target.allowed(options.features));
    let parsed = parsed.map_err(|error| target.explain(error, options.features))?;
    let facts =
        gather_facts(&workers, &parsed).map_err(|error| target.explain(error, options.features))?;
    let plan = Plan::new(&parsed, &facts.module, options)?;
    let decisions = decisions::decide(&workers, &parsed, &plan, options)?;
    let input = Input::whole(&parsed, &plan, &facts, options, BTreeMap::new(), decisions);
    let module = input.module(target);
    let inline = InlineCalls::new(parsed.bodies.len());
    inline.fill(&input, &module);
    let mut scratch = FunctionBuilderContext::new();
    for (position, body) in parsed.bodies.iter().enumerate() {
        if !input.decisions.inlining.is_needed(position) {
            continue;
        }
        let mut function = Function::new();
        let index = body.function();
        let from = input.function(&module, body, inline.of(position));
        let outcome = translate::translate(&from, &mut function, &mut scratch);
        outcome.map_err(|error| error.in_function(index, parsed.name_of(index)))?;
        let name = parsed.name_of(index).unwrap_or_default();
        write!(out, "; {name} ({index})\n{function}\n").map_err(Error::Write)?;
    }
    Ok(())
}
