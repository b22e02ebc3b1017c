//! Several inputs, or one for several targets. One process and its threads
//! compile all of them; each input is read and surveyed once.

use super::command::{CompileCommand, Shared};
use super::messages::{About, Failed};
use super::names;
use super::one::print_timings;
use super::unit::{self, Unit};
use crate::commands::progress::CompileProgress;
use crate::commands::{depfile, input, output};
use crate::exit::{Failure, Result};
use precast_compiler::{Report, Source};
use std::collections::{BTreeMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Memory that compiling a module takes, whatever its size.
const MEMORY: u64 = 8 << 20;
/// And for each of its bytes, without and with debug information; what was
/// measured of programs from 2 to 75 MB, rounded up.
const MEMORY_PER_BYTE: u64 = 8;
const MEMORY_PER_BYTE_DEBUG: u64 = 24;

/// All of them.
struct Many<'m> {
    shared: Shared<'m>,
    targets: Vec<Option<&'m str>>,
    /// For each input, where what is made of it goes, target by target.
    outputs: Vec<Vec<PathBuf>>,
    progress: CompileProgress,
    /// An input has failed, and no other shall begin.
    stopped: AtomicBool,
    done: AtomicUsize,
    totals: Mutex<Totals>,
}

/// What became of them.
#[derive(Default)]
struct Totals {
    failed: usize,
    /// Rules for `make`, by input and target.
    rules: BTreeMap<(usize, usize), Vec<u8>>,
    report: Report,
}

/// Compiles every input for every target.
pub(super) fn run(command: &CompileCommand) -> Result {
    let targets = command.targets();
    check_usage(command, &targets)?;
    let outputs = outputs(command, &targets)?;
    let inputs = &command.inputs;
    let sizes = inputs.iter().map(|path| path.metadata().map_or(0, |meta| meta.len()));
    let per_byte = match command.codegen.options().debug_info {
        true => MEMORY_PER_BYTE_DEBUG,
        false => MEMORY_PER_BYTE,
    };
    let weights = sizes.map(|size| MEMORY.saturating_add(size.saturating_mul(per_byte)));
    let mut jobs: Vec<(u64, usize)> = weights.zip(0..).collect();
    // The largest first: one of them begun last would be waited for.
    jobs.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let total = inputs.len() * targets.len();
    let messages = command.messages();
    let many = Many {
        shared: command.shared()?,
        targets,
        outputs,
        progress: CompileProgress::of_outputs(total, command.quiet || messages.is_json()),
        stopped: AtomicBool::new(false),
        done: AtomicUsize::new(0),
        totals: Mutex::default(),
    };
    let room = command.mem_limit.unwrap_or(u64::MAX);
    many.shared.session.run_all(jobs, room, |input| many.compile(input));
    many.finish(total)
}

impl Many<'_> {
    fn totals(&self) -> std::sync::MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compiles an input for all targets.
    fn compile(&self, number: usize) {
        let input = &self.shared.command.inputs[number];
        if self.stopped.load(Ordering::Relaxed) {
            return;
        }
        let wasm = match input::module(input) {
            Ok(wasm) => wasm,
            Err(failure) => {
                self.failed(About { input, target: None }, failure.into());
                return self.totals().failed += self.targets.len() - 1;
            }
        };
        let mut source = Source::new(&wasm);
        let mut complaint = None;
        for (target, output) in self.outputs[number].iter().enumerate() {
            let about = About { input, target: self.targets[target] };
            let output = Some(output.clone());
            let unit = Unit { input, target: about.target, output };
            match unit::make(&self.shared, &unit, &wasm, &mut source, &()) {
                Ok(made) => self.made((number, target), &unit, &made),
                // What is wrong for one target mostly is for all: said once.
                Err(failed) if complaint == Some(format!("{:?}", failed.failure)) => {
                    self.totals().failed += 1;
                }
                Err(failed) => {
                    complaint = Some(format!("{:?}", failed.failure));
                    self.failed(about, failed);
                }
            }
        }
    }

    fn failed(&self, about: About<'_>, failed: Failed) {
        let command = self.shared.command;
        self.totals().failed += 1;
        self.stopped.fetch_or(command.fail_fast, Ordering::Relaxed);
        let failure = command.messages().error(about, failed);
        self.progress.hidden(|| command.messages().failure(&failure));
    }

    fn made(&self, place: (usize, usize), unit: &Unit<'_>, made: &unit::Made) {
        let command = self.shared.command;
        let (about, output) =
            (About { input: unit.input, target: unit.target }, unit.output.as_deref());
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let total = self.outputs.len() * self.targets.len();
        let mut totals = self.totals();
        if let (true, Some(output)) = (command.depfile.is_some(), output) {
            let inputs = std::iter::once(unit.input).chain(made.read.iter().map(PathBuf::as_path));
            totals.rules.insert(place, depfile::rule(output, &inputs.collect::<Vec<_>>()));
        }
        totals.add(&made.report);
        drop(totals);
        self.progress.outputs(done, total);
        let output = output.filter(|_| !command.check);
        self.progress.hidden(|| {
            command.tell(about, &made.report, &made.options);
            command.messages().output(about, output, &made.report, (done, total));
        });
    }

    /// Says how it ended.
    fn finish(self, total: usize) -> Result {
        let Self { shared, progress, totals, done, .. } = self;
        drop(progress);
        if let Some(store) = &shared.store {
            store.settle();
        }
        let (command, written) = (shared.command, done.into_inner());
        let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &command.depfile {
            let rules: Vec<u8> = totals.rules.into_values().flatten().collect();
            output::write_bytes(path, &rules)?;
        }
        command.tell_jobs();
        if command.timings {
            print_timings(&totals.report);
        }
        command.messages().finished(written, total - written);
        match (total - written, command.messages().is_json()) {
            (0, _) => Ok(()),
            (_, true) => Err(Failure::Silent),
            (failed, false) => {
                let begun = totals.failed;
                let not = if failed > begun { ", not all of them were begun" } else { "" };
                Err(Failure::Error(format!("{failed} of {total} outputs were not made{not}")))
            }
        }
    }
}

impl Totals {
    /// Adds what was told of an output.
    fn add(&mut self, report: &Report) {
        let all = &mut self.report;
        for (stage, time) in &report.stages {
            match all.stages.iter_mut().find(|(known, _)| known == stage) {
                Some((_, sum)) => *sum += *time,
                None => all.stages.push((*stage, *time)),
            }
        }
        all.functions += report.functions;
        all.folded += report.folded;
        all.cached += report.cached;
        all.size += report.size;
    }
}

/// Whether the options go together with several outputs.
fn check_usage(command: &CompileCommand, targets: &[Option<&str>]) -> Result {
    command.check_usage()?;
    let refused = [
        (command.output.is_some(), "`-o` names one output: use `--out-dir` for several"),
        (command.header.is_some(), "`--header` is for one object: compile it alone"),
        (command.name.is_some(), "`--name` is for one object: compile it alone"),
    ];
    if let Some((_, why)) = refused.into_iter().find(|(is_set, _)| *is_set) {
        return Err(Failure::Usage(why.to_owned()));
    }
    let mut known = HashSet::new();
    for target in targets {
        if !known.insert(*target) {
            let target = target.unwrap_or_default();
            return Err(Failure::Usage(format!("the target {target} is given twice")));
        }
        // What is wrong with the options is so for every input.
        precast_compiler::fingerprint(&command.options(*target))?;
    }
    Ok(())
}

/// Where everything goes. The folders are there then.
fn outputs(command: &CompileCommand, targets: &[Option<&str>]) -> Result<Vec<Vec<PathBuf>>> {
    let folder = command.out_dir.as_deref().unwrap_or(Path::new(""));
    let place = |name: &PathBuf, target: &Option<&str>| match (targets.len(), target) {
        (2.., Some(target)) => folder.join(target).join(name),
        _ => folder.join(name),
    };
    let names = names::in_folder(&command.inputs, command.emit.extension())?;
    let all = names.iter().map(|name| targets.iter().map(|target| place(name, target)).collect());
    let all: Vec<Vec<PathBuf>> = all.collect();
    if command.check {
        return Ok(all);
    }
    let id = |path: &Path| path.metadata().ok().map(|meta| (meta.dev(), meta.ino()));
    let inputs: HashSet<(u64, u64)> = command.inputs.iter().filter_map(|path| id(path)).collect();
    let mut folders = HashSet::new();
    for output in all.iter().flatten().chain(&command.depfile) {
        let shown = output.display();
        if id(output).is_some_and(|id| inputs.contains(&id)) {
            return Err(Failure::Usage(format!("{shown} is an input and an output")));
        }
        let parent = output.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent.filter(|parent| folders.insert(*parent)) {
            let failed = format!("cannot make the folder {}", parent.display());
            std::fs::create_dir_all(parent).map_err(Failure::while_doing(failed))?;
        }
    }
    Ok(all)
}
