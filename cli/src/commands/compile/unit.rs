//! One output: an input, compiled for a target.

use super::command::{Emit, Shared};
use super::compiling::named;
use super::executable;
use super::messages::LocatedResult;
use super::names::{c_name, text_name};
use crate::commands::store::ResultStore;
use crate::commands::{debug_files, output, store_folder, strip};
use crate::exit::{Failure, Result};
use precast_artifact::wire::{Reader, Writer};
use precast_compiler::{Location, Observer, Options, Report, Source};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is to be made.
pub(super) struct Unit<'u> {
    pub(super) input: &'u Path,
    /// The target, as it was asked for.
    pub(super) target: Option<&'u str>,
    /// Where it goes; nowhere for standard output.
    pub(super) output: Option<PathBuf>,
}

/// What was made.
pub(super) struct Made {
    pub(super) report: Report,
    pub(super) options: Options,
    /// Files that were read besides the input.
    pub(super) read: Vec<PathBuf>,
}

/// Makes it, of the input's bytes.
pub(super) fn make(
    shared: &Shared<'_>,
    unit: &Unit<'_>,
    wasm: &[u8],
    source: &mut Source<'_>,
    progress: &dyn Observer,
) -> LocatedResult<Made> {
    let command = shared.command;
    let mut options = command.options(unit.target);
    let mut read = debug_files::find(unit.input, wasm, &command.codegen.debug_path, &mut options);
    read.extend(command.profile.profile.iter().cloned());
    let text_path = unit.output.as_deref().and_then(text_name);
    options.text_path = text_path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let (mut at, mut header) = (None, String::new());
    let mut compile = |out: &mut dyn Write| {
        let made = match command.emit {
            Emit::Artifact | Emit::Exe => {
                shared.session.compile_to(source, &options, out, progress)
            }
            Emit::Obj => {
                let name = c_names(shared, unit);
                let made = shared.session.compile_object_to(source, &options, &name, out, progress);
                made.map(|(report, made)| {
                    header = made;
                    report
                })
            }
            Emit::Clif => {
                precast_compiler::write_ir(wasm, &options, out).map(|()| Report::default())
            }
        };
        made.map_err(|error| {
            at = error.location().cloned();
            named(unit.input, error)
        })
    };
    let store = shared.store.as_deref().filter(|_| is_kept(shared, &options));
    let mut artifact = |out: &mut dyn Write| match store {
        Some(store) => through(store, &store_folder::key(wasm, &options)?, out, &mut compile),
        None => compile(out),
    };
    let mut fill = |out: &mut dyn Write| match command.emit {
        Emit::Exe => executable::write(command, &options, out, &mut artifact),
        _ => artifact(out),
    };
    let written = write(shared, unit, &mut fill);
    let report = written.map_err(|failure| failed(failure, at))?;
    if let (Some(text), Some(path), false) = (&report.text, &text_path, command.check) {
        output::write_bytes(path, text.as_bytes())?;
    }
    if let Some(path) = &command.header {
        output::write_bytes(path, header.as_bytes())?;
    }
    Ok(Made { report, options, read })
}

fn failed(failure: Failure, at: Option<Location>) -> super::messages::Failed {
    super::messages::Failed { failure, at }
}

/// Puts what is made in its place.
fn write(
    shared: &Shared<'_>,
    unit: &Unit<'_>,
    fill: &mut dyn FnMut(&mut dyn Write) -> Result<Report>,
) -> Result<Report> {
    match &unit.output {
        _ if shared.command.check => fill(&mut std::io::sink()),
        Some(path) if shared.command.split_debug => {
            let mut whole = Vec::new();
            let report = fill(&mut whole)?;
            strip::apart(&whole, path, Some(&strip::debug_name(path)))?;
            Ok(report)
        }
        None => output::write_stdout(fill),
        Some(path) if shared.command.emit == Emit::Exe => output::write_program(path, fill),
        Some(path) => output::write(path, fill),
    }
}

/// What C names begin with.
fn c_names(shared: &Shared<'_>, unit: &Unit<'_>) -> String {
    let name = shared.command.name.clone();
    name.unwrap_or_else(|| c_name(unit.output.as_deref().unwrap_or(unit.input)))
}

/// Whether artifacts are kept whole: not those that come with more than their
/// bytes, warnings and texts, nor those whose making is watched.
fn is_kept(shared: &Shared<'_>, options: &Options) -> bool {
    let command = shared.command;
    let artifact = matches!(command.emit, Emit::Artifact | Emit::Exe);
    artifact && !options.debug_info && !command.check && !command.timings
}

/// Artifacts of more bytes are stored by a thread of their own.
const ALONE: usize = 4 << 20;

/// Writes the artifact that a store has under a key; else what `compile` gives,
/// which goes into the store too.
fn through(
    store: &ResultStore,
    key: &str,
    out: &mut dyn Write,
    compile: &mut dyn FnMut(&mut dyn Write) -> Result<Report>,
) -> Result<Report> {
    let failed = || Failure::while_doing("cannot write the artifact");
    if let Some(bytes) = store.get(key.as_bytes())
        && let Some((report, artifact)) = kept(&bytes)
    {
        out.write_all(artifact).map_err(failed())?;
        return Ok(report);
    }
    let mut artifact = Vec::new();
    let report = compile(&mut artifact)?;
    let mut w = Writer::new();
    w.u8(report.uses_simd.into());
    w.str(&report.target);
    w.leb(report.functions as u64);
    w.leb(report.folded as u64);
    let told = w.finish();
    let keep = || store.put(key.as_bytes(), &[&told, &artifact]);
    std::thread::scope(|scope| {
        match (report.warnings.is_empty(), artifact.len() > ALONE) {
            (false, _) => {}
            (true, false) => keep(),
            (true, true) => {
                // Where there are no threads left, it is not stored.
                let _ = std::thread::Builder::new().spawn_scoped(scope, keep);
            }
        }
        out.write_all(&artifact).map_err(failed())
    })?;
    Ok(report)
}

/// What a store has of an artifact: what is told of it, and its bytes.
fn kept(bytes: &[u8]) -> Option<(Report, &[u8])> {
    let mut r = Reader::new("kept artifact", bytes);
    let mut report = Report::default();
    report.uses_simd = r.bool().ok()?;
    report.target = r.str().ok()?.to_owned();
    report.functions = r.leb().ok()? as usize;
    report.folded = r.leb().ok()? as usize;
    report.cached = report.functions;
    let artifact = r.raw(r.remaining()).ok()?;
    report.size = artifact.len() as u64;
    Some((report, artifact))
}
