//! The stages in order, and the only place that knows of threads.
//!
//! ```text
//! bytes ─▶ Parsed ─▶ Facts ─▶ Plan ─▶ Code ─▶ Placed ─▶ DebugInfo ─▶ file
//! ```
//!
//! Workers take the largest functions first and return plain values; what
//! follows places them in index order, so the bytes do not depend on the number
//! of threads.
//!
//! | rank | modules |
//! |-|-|
//! | threads, and what a caller is told | [`permits`], [`workers`], [`report`] |
//! | stages that threads share | [`facts`], [`source`], [`decisions`], [`input`], [`inlining`], [`cached`], [`functions`], [`mod@assemble`], [`debugging`] |
//! | what compilations share | [`session`] |
//! | the stages for a component | [`components`] |
//! | functions before code generation: as text, and what was optimised | [`ir`], [`mod@passes`] |
//! | what the bytes depend on | [`key`] |

mod assemble;
mod cached;
mod components;
#[cfg(test)]
mod damaged_dwarf;
mod debugging;
mod decisions;
mod facts;
mod functions;
mod inlining;
mod input;
mod ir;
mod key;
mod passes;
mod permits;
mod report;
mod session;
mod source;
mod workers;

use crate::c_header;
use crate::component::is_component;
use crate::emit::{self, DebugInfo, Output};
use crate::error::{Error, Result};
use crate::facts::Uses;
use crate::options::Options;
use crate::plan::Plan;
use crate::target::Target;
use assemble::{assemble, note_fields, place_code};
pub use cached::FunctionCache;
use debugging::{Converted, Debugging};
use functions::FunctionMeans;
use input::Input;
pub use ir::write_ir;
pub use key::{fingerprint, gains_from_cpu};
pub use passes::Pass;
pub use permits::Permits;
use precast_artifact::index::ModuleIndex;
use precast_artifact::module::Module;
use report::Clock;
pub use report::{Observer, Report};
pub use session::Session;
pub use source::Source;
use std::collections::BTreeMap;
use std::io::Write;

/// Compiles a module or a component to the bytes of an artifact.
///
/// # Errors
///
/// When `wasm` is no valid core module or component, needs a feature that is off
/// or not supported, or an option is wrong.
pub fn compile(wasm: &[u8], options: &Options) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    compile_to(wasm, options, &mut bytes, &())?;
    Ok(bytes)
}

/// Compiles a module or a component and writes the artifact to `out`, front to
/// back.
///
/// # Errors
///
/// As [`compile`], and when `out` fails. What was written until then is no
/// artifact: write to a temporary file and rename it.
pub fn compile_to(
    wasm: &[u8],
    options: &Options,
    out: &mut dyn Write,
    observer: &dyn Observer,
) -> Result<Report> {
    Session::new(options.threads)?.compile_to(&mut Source::new(wasm), options, out, observer)
}

/// What each optimisation of [`Optimisation::ALL`](crate::Optimisation::ALL) does
/// to a core module. Compiles it, and writes nothing.
///
/// # Errors
///
/// As [`compile_to`]; and when `options` ask for several CPUs, or for debug
/// information, with which much is left out.
pub fn passes(wasm: &[u8], options: &Options) -> Result<Vec<Pass>> {
    let report = compile_to(wasm, options, &mut std::io::sink(), &())?;
    passes::of_module(wasm, options, &report)
}

/// Compiles a module and writes a relocatable object to `out`, for a system
/// linker to make part of a program. Gives also a C header for it: its image,
/// `<name>_image`, and a function `<name>_<export>` for each exported function;
/// of a `name` like `precast` they end in a `_`, to differ from those of
/// `precast.h`.
///
/// # Errors
///
/// As [`compile_to`]; `name` is no C identifier; or the module imports what a
/// C program cannot provide.
pub fn compile_object_to(
    wasm: &[u8],
    options: &Options,
    name: &str,
    out: &mut dyn Write,
    observer: &dyn Observer,
) -> Result<(Report, String)> {
    let session = Session::new(options.threads)?;
    session.compile_object_to(&mut Source::new(wasm), options, name, out, observer)
}

impl Session {
    /// As [`compile_to`], with the threads of this session, whatever
    /// [`Options::threads`] says.
    ///
    /// # Errors
    ///
    /// As [`compile_to`].
    pub fn compile_to(
        &self,
        source: &mut Source<'_>,
        options: &Options,
        out: &mut dyn Write,
        observer: &dyn Observer,
    ) -> Result<Report> {
        if is_component(source.wasm) {
            return components::compile_component(self, source.wasm, options, out, observer);
        }
        let (report, _) = run(self, source, options, Output::Artifact, out, observer)?;
        Ok(report)
    }

    /// As [`compile_object_to`], with the threads of this session.
    ///
    /// # Errors
    ///
    /// As [`compile_object_to`].
    pub fn compile_object_to(
        &self,
        source: &mut Source<'_>,
        options: &Options,
        name: &str,
        out: &mut dyn Write,
        observer: &dyn Observer,
    ) -> Result<(Report, String)> {
        c_header::check_name(name)?;
        if is_component(source.wasm) {
            let why = "an object of a component: what C programs call is a core module's exports; \
                       compile the component to an artifact, or its core modules to objects";
            return Err(Error::unsupported(None, why));
        }
        let output = Output::Object { name };
        let (report, header) = run(self, source, options, output, out, observer)?;
        Ok((report, header.unwrap_or_default()))
    }
}

/// Makes the artifact of an object that [`compile_object_to`] has written, and
/// writes it to `out`: the bytes that [`compile_to`] gives.
///
/// # Errors
///
/// `object` is no such object, or was changed; or `out` fails.
pub fn link_object(object: &[u8], out: &mut dyn Write) -> Result<()> {
    Ok(emit::relink(object, out)?)
}

/// Runs all stages. Of an object also gives the C header.
fn run(
    session: &Session,
    source: &mut Source<'_>,
    options: &Options,
    output: Output<'_>,
    out: &mut dyn Write,
    observer: &dyn Observer,
) -> Result<(Report, Option<String>)> {
    options.check()?;
    let mut clock = Clock::new();
    let targets = Target::all(options)?;
    check_output(output, &targets)?;
    let (target, features) = (&targets[0], targets[0].allowed(options.features));
    let (workers, wasm) = (&session.workers, source.wasm);
    let survey = source.survey(workers, target, options.features, &mut clock)?;
    let (parsed, facts) = (&survey.parsed, &survey.facts);
    if let Some(profile) = &options.profile {
        profile.check(&survey.hash)?;
    }
    let plan = Plan::new(parsed, &facts.module, options)?;
    let decisions = decisions::decide(workers, ModuleIndex::new(0), parsed, &plan, options)?;
    clock.lap("plan");
    let debugging = Debugging::new(wasm, parsed, &plan, options);
    let units = debugging.as_ref().and_then(Debugging::units);
    let debug_uses = match (&debugging, &units) {
        (Some(debugging), Some(units)) => debugging.uses(workers, units)?,
        _ => BTreeMap::new(),
    };
    clock.lap("debug uses");
    let order = decisions::order([&decisions], options);
    let input = Input::whole(parsed, &plan, facts, options, debug_uses, decisions);
    let means = FunctionMeans { workers, cache: session.cache.as_deref(), observer };
    let inputs = [input];
    let (texts, cached) = functions::compile(means, &inputs, &targets)?;
    let hasty = functions::warnings(&inputs, &texts);
    clock.lap("compile");
    let code = assemble([(parsed, plan)], texts);
    let header = object_header(output, &code.modules[0].description)?;
    let placed = place_code(code, target, options, order.as_deref())?;
    clock.lap("place");
    let debug = match &debugging {
        Some(debugging) => debugging.convert(workers, units, &placed, target, output)?,
        None => Converted::default(),
    };
    clock.lap("debug");
    let note = note_fields(parsed.producers.clone(), target, features, options, survey.hash);
    let info = DebugInfo { sections: debug.sections, own_base: options.debug_info };
    let written = emit::emit(placed, note, info, output, out)?;
    clock.lap("emit");
    let report = Report {
        cached,
        uses_simd: facts.module.uses.contains(Uses::VECTORS),
        warnings: [hasty, debug.warnings].concat(),
        text: debug.text,
        ..Report::new(clock, target, written)
    };
    Ok((report, header))
}

/// Whether code for these targets can be written so.
fn check_output(output: Output<'_>, targets: &[Target]) -> Result<()> {
    match output {
        Output::Object { .. } if targets.len() > 1 => Err(Error::Option(
            "an object holds code for one CPU: `--emit obj` takes one `--cpu`".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// The C header of a module, if an object of it is written.
fn object_header(output: Output<'_>, module: &Module) -> Result<Option<String>> {
    let Output::Object { name } = output else { return Ok(None) };
    c_header::check_imports(module)?;
    Ok(Some(c_header::c_header(module, name)))
}
