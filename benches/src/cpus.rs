//! What `--cpu` buys: the programs compiled for each level of this machine's
//! architecture.

use crate::child;
use crate::measures::Bench;
use crate::programs::PROGRAMS;
use crate::stats::Samples;
use crate::table::{ResultTable, Row};
use std::process::Command;

/// Levels besides the baseline. What this machine cannot run is left out.
const LEVELS: &[&str] = match cfg!(target_arch = "x86_64") {
    true => &["x86-64-v3", "x86-64-v4", "native"],
    false => &["native"],
};

/// Their loops are calls, at any level.
const INDIFFERENT: [&str; 3] = ["machine", "queens", "throw"];

impl Bench<'_> {
    pub(crate) fn cpus(&self) -> Result<(), String> {
        let baseline = "baseline";
        let levels: Vec<&str> =
            LEVELS.iter().copied().filter(|level| self.runs_here(level)).collect();
        let mut columns = vec!["user CPU".to_owned(), baseline.to_owned()];
        columns.extend(levels.iter().flat_map(|level| [(*level).to_owned(), "ratio".to_owned()]));
        let table = ResultTable::start(columns);
        for program in PROGRAMS.iter().filter(|program| !INDIFFERENT.contains(&program.name)) {
            let all: Vec<&str> = [baseline].into_iter().chain(levels.iter().copied()).collect();
            let artifact = |level: &str| self.scratch.join(format!("{}.{level}", program.name));
            for level in &all {
                let mut compile = self.precast_compile(&["--cpu", level]);
                child::run(compile.arg("-o").arg(artifact(level)).arg(program.module()))?;
            }
            let mut times = vec![Samples::default(); all.len()];
            for _ in 0..self.runs {
                for (level, times) in all.iter().zip(&mut times) {
                    let mut command = Command::new(&self.tools.precast_run);
                    command.arg(artifact(level));
                    times.push_time(program.checked(command)?.user);
                }
            }
            let mut row = Row::of(format!("{} ({})", program.name, program.what));
            row.push(&times[0]);
            for other in &times[1..] {
                row.push(other);
                row.push_ratio(other.median() / times[0].median());
            }
            table.print(row);
        }
        Ok(())
    }

    /// Whether this machine takes artifacts of a level.
    fn runs_here(&self, level: &str) -> bool {
        let out = self.scratch.join("level.cwasm");
        let mut compile = self.precast_compile(&["--cpu", level]);
        let hello = crate::root().join("fixtures/programs/hello.wasm");
        child::run(compile.arg("-o").arg(&out).arg(hello)).is_ok()
            && child::run(Command::new(&self.tools.precast_run).arg(&out)).is_ok()
    }
}
