//! One input, one output.

use super::command::CompileCommand;
use super::messages::About;
use super::names;
use super::unit::{self, Unit};
use crate::commands::progress::CompileProgress;
use crate::commands::{depfile, input, output};
use crate::exit::{Failure, Result};
use precast_compiler::{Report, Source};
use std::path::{Path, PathBuf};

/// Compiles the only input for the only target.
pub(super) fn run(command: &CompileCommand, from: &Path) -> Result {
    let to = output_of(command, from);
    let target = command.targets()[0];
    let (messages, about) = (command.messages(), About { input: from, target });
    let wasm = input::module(from);
    let wasm = wasm.map_err(|failure| messages.error(about, failure.into()))?;
    check_usage(command, from, to.as_deref())?;
    check_outputs(command, from, to.as_deref())?;
    let shared = command.shared()?;
    let progress = CompileProgress::new(&file_name(from), command.quiet || messages.is_json());
    let unit = Unit { input: from, target, output: to };
    let made = unit::make(&shared, &unit, &wasm, &mut Source::new(&wasm), &progress);
    drop(progress);
    if let Some(store) = &shared.store {
        store.settle();
    }
    let made = made.map_err(|failed| {
        messages.finished(0, 1);
        messages.error(about, failed)
    })?;
    if let (Some(path), Some(output)) = (&command.depfile, &unit.output) {
        let inputs = std::iter::once(from).chain(made.read.iter().map(PathBuf::as_path));
        let rule = depfile::rule(output, &inputs.collect::<Vec<_>>());
        output::write_bytes(path, &rule)?;
    }
    command.tell_jobs();
    command.tell(about, &made.report, &made.options);
    if command.timings {
        print_timings(&made.report);
    }
    messages.output(about, unit.output.as_deref(), &made.report, (1, 1));
    messages.finished(1, 0);
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Where the output goes; nowhere for standard output.
fn output_of(command: &CompileCommand, from: &Path) -> Option<PathBuf> {
    match &command.output {
        Some(path) if path == Path::new("-") => None,
        Some(path) => Some(path.clone()),
        None if from == Path::new("-") => None,
        None => Some(names::with_extension(from, command.emit.extension())),
    }
}

/// Whether the options go together with where the output goes.
fn check_usage(command: &CompileCommand, from: &Path, to: Option<&Path>) -> Result {
    command.check_usage()?;
    let why = if command.depfile.is_some() && to.is_none() {
        "`--depfile` needs a file that depends on something: add `-o FILE`"
    } else if command.depfile.is_some() && from == Path::new("-") {
        "`--depfile` needs an input with a name; standard input has none"
    } else if command.split_debug && to.is_none() {
        "`--split-debug` needs a file to write to: add `-o FILE`"
    } else {
        return Ok(());
    };
    Err(Failure::Usage(why.to_owned()))
}

/// No output may be another, or the input.
fn check_outputs(command: &CompileCommand, from: &Path, to: Option<&Path>) -> Result {
    let paths = [
        ("the input", Some(from).filter(|path| *path != Path::new("-"))),
        ("the output", to),
        ("the header", command.header.as_deref()),
        ("the dependency file", command.depfile.as_deref()),
    ];
    let named = paths.iter().filter_map(|(what, path)| Some((*what, (*path)?)));
    output::check_distinct(&named.collect::<Vec<_>>())
}

/// Shows how long each stage took.
pub(super) fn print_timings(report: &Report) {
    for (stage, time) in &report.stages {
        eprintln!("{stage:>10} {:>9.1} ms", time.as_secs_f64() * 1e3);
    }
    let cached = match report.cached {
        0 => String::new(),
        count => format!("{count} from the cache, "),
    };
    eprintln!(
        "{} functions, {cached}{} of them the same as another, {} bytes",
        report.functions, report.folded, report.size
    );
}
