//! `precast wast`: runs the scripts that the specification's test suite is
//! written in. Every module is compiled ahead of time and goes through the
//! loader, as any artifact does; with `--runner`, through a loader elsewhere.
//!
//! The scripts' language is described in the reference interpreter's README,
//! <https://github.com/WebAssembly/spec/blob/main/interpreter/README.md#scripts>.

mod components;
mod machine;
mod report;
mod script;
mod settings;
#[cfg(test)]
mod tests;
mod values;

use super::codegen::CodegenOptions;
use crate::exit::{Failure, Result};
use clap::Args;
pub use report::{Mismatch, ScriptReport};
pub use settings::Settings;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `precast wast`.
#[derive(Args, Debug)]
pub struct WastCommand {
    #[command(flatten)]
    codegen: CodegenOptions,

    /// Run the modules elsewhere: with this command, split at spaces, which
    /// starts `precast-script-host` on the target machine or an emulator of it
    #[arg(long, value_name = "COMMAND")]
    runner: Option<String>,

    /// Show failures and totals only, and nothing of what the scripts print
    #[arg(short, long)]
    quiet: bool,

    /// The scripts
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// A script to run.
#[derive(Clone, Debug)]
pub struct Script {
    /// What reports call it: its path, as a rule.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl WastCommand {
    pub(super) fn run(&self) -> Result {
        let runner = self.runner.as_deref().unwrap_or_default();
        let mut settings = Settings {
            options: self.codegen.options(),
            jobs: 1,
            print: !self.quiet,
            runner: runner.split_whitespace().map(str::to_owned).collect(),
            leave_out: |_| false,
        };
        // Modules are small and scripts many: threads go to the scripts.
        settings.jobs = settings.options.threads.unwrap_or(1);
        let scripts = self.files.iter().map(read).collect::<Result<Vec<_>>>()?;
        let mut total = ScriptReport::default();
        run_scripts(&scripts, &settings, &mut |script, report| {
            if !self.quiet || !report.failures.is_empty() {
                println!("{}: {}", script.name, report.counts());
            }
            for failure in &report.failures {
                println!("{}:{}: {}", script.name, failure.line, failure.message);
            }
            total.passed += report.passed;
            total.failures.extend(report.failures);
        });
        println!("total: {}", total.counts());
        match total.failures.is_empty() {
            true => Ok(()),
            false => Err(Failure::Silent),
        }
    }
}

fn read(path: &PathBuf) -> Result<Script> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(Failure::while_doing(&name))?;
    Ok(Script { name, text })
}

/// Runs scripts, each in a store of its own. `done` is told of each, in the
/// order given, as soon as it and those before it are done.
pub fn run_scripts(
    scripts: &[Script],
    settings: &Settings,
    done: &mut (dyn FnMut(&Script, ScriptReport) + Send),
) {
    let next = AtomicUsize::new(0);
    // Reports that wait for those before them, and the first that is missing.
    let waiting = Mutex::new((BTreeMap::new(), 0, done));
    let worker = || {
        while let Some((index, script)) = draw(scripts, &next) {
            let report = script::run(&script.text, settings);
            let mut waiting = waiting.lock().expect("`done` does not panic");
            let (reports, first, done) = &mut *waiting;
            reports.insert(index, report);
            while let Some(report) = reports.remove(first) {
                done(&scripts[*first], report);
                *first += 1;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..settings.jobs {
            scope.spawn(worker);
        }
        worker();
    });
}

fn draw<'s>(scripts: &'s [Script], next: &AtomicUsize) -> Option<(usize, &'s Script)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, scripts.get(index)?))
}
