//! What the memory models cost: time, address space, instances that fit.
//!
//! # Safety
//!
//! What is measured are programs that this user runs.
#![allow(unsafe_code)]

use crate::child;
use crate::measures::Bench;
use crate::programs::PROGRAMS;
use crate::stats::Samples;
use crate::table::{ResultTable, Row};
use precast_loader::wasi::WasiCtxBuilder;
use precast_loader::{Artifact, Linker, Store};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of `compile`; the first is what the others are compared with.
const MODELS: [&[&str]; 4] = [
    &["--memory-model", "guard"],
    &["--memory-model", "guard", "--memory-reservation", "64MiB"],
    &["--memory-model", "bounds"],
    &["--memory-model", "bounds", "--memory-reservation", "64MiB"],
];

/// Address space for the instances that are counted, in bytes.
const SPACE: u64 = 64 << 30;

/// Where counting ends.
const MOST_INSTANCES: usize = 2000;

impl Bench<'_> {
    pub(crate) fn models(&self) -> Result<(), String> {
        let instances = format!("instances in {} GiB", SPACE >> 30);
        let columns =
            ["options", "user CPU", "artifacts", "hello", "address space of hello", &instances];
        let table = ResultTable::start(columns.map(str::to_owned).to_vec());
        let times = self.times_of_models()?;
        let hello = crate::root().join("fixtures/programs/hello.wasm");
        for (index, options) in MODELS.iter().enumerate() {
            let mut row = Row::of(format!("`{}`", options.join(" ")));
            row.push_ratio(geometric_mean(&times, index));
            row.push_ratio(self.size_of(index)? / self.size_of(0)?);
            let hello = self.compiled_for(&hello, "hello", index)?;
            let mut wall = Samples::default();
            for _ in 0..self.runs * 20 {
                wall.push_time(child::run(Command::new(&self.tools.precast_run).arg(&hello))?.wall);
            }
            row.push(&wall);
            row.push(&Samples::bytes(self.least_space(&hello)?));
            row.push_text(&count_instances(&hello)?);
            table.print(row);
        }
        Ok(())
    }

    /// Times of each program in each model.
    fn times_of_models(&self) -> Result<Vec<[Samples; MODELS.len()]>, String> {
        let mut all = Vec::new();
        for program in &PROGRAMS {
            let artifacts: Vec<PathBuf> = (0..MODELS.len())
                .map(|model| self.compiled_for(&program.module(), program.name, model))
                .collect::<Result<_, _>>()?;
            let mut times: [Samples; MODELS.len()] = Default::default();
            for _ in 0..self.runs {
                for (artifact, times) in artifacts.iter().zip(&mut times) {
                    let mut command = Command::new(&self.tools.precast_run);
                    command.arg(artifact);
                    times.push_time(program.checked(command)?.user);
                }
            }
            all.push(times);
        }
        Ok(all)
    }

    /// Compiles for a model of [`MODELS`].
    fn compiled_for(&self, module: &Path, name: &str, model: usize) -> Result<PathBuf, String> {
        let out = self.scratch.join(format!("{name}.model{model}"));
        let mut compile = self.precast_compile(MODELS[model]);
        child::run(compile.args(["--cpu", "native", "-o"]).arg(&out).arg(module))?;
        Ok(out)
    }

    /// Bytes of the artifacts of all programs in a model.
    fn size_of(&self, model: usize) -> Result<f64, String> {
        let mut sum = 0.0;
        for program in &PROGRAMS {
            let path = self.scratch.join(format!("{}.model{model}", program.name));
            sum += std::fs::metadata(path).map_err(|why| why.to_string())?.len() as f64;
        }
        Ok(sum)
    }

    /// The least address space in which an artifact runs, to a mebibyte.
    fn least_space(&self, artifact: &Path) -> Result<u64, String> {
        let (mut too_little, mut enough) = (0, 64 << 10);
        while enough - too_little > 1 {
            let middle = (too_little + enough) / 2;
            let mut command = limited(middle << 20);
            command.arg(&self.tools.precast_run).arg(artifact);
            match child::run(&mut command) {
                Ok(_) => enough = middle,
                Err(_) => too_little = middle,
            }
        }
        Ok(enough << 20)
    }
}

/// Geometric mean of a model's times, relative to the first model's.
fn geometric_mean(times: &[[Samples; MODELS.len()]], model: usize) -> f64 {
    let logs = times.iter().map(|times| (times[model].median() / times[0].median()).ln());
    (logs.sum::<f64>() / times.len() as f64).exp()
}

/// A shell that starts what follows with so much address space.
fn limited(bytes: u64) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {} && exec \"$0\" \"$@\"", bytes >> 10)]);
    command
}

/// How many instances of an artifact fit into [`SPACE`], each with its store.
fn count_instances(artifact: &Path) -> Result<String, String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let usage =
        child::run(limited(SPACE).arg(this).arg("worker-instances").arg(artifact).arg("0"))?;
    Ok(usage.stdout.trim().to_owned())
}

/// The worker behind [`count_instances`]. Prints the number.
pub(crate) fn instantiate_all(artifact: &Path, _: usize) -> Result<(), String> {
    // SAFETY: what is measured is a program that this user runs.
    let artifact = unsafe { Artifact::open(artifact) }.map_err(|why| why.to_string())?;
    let mut linker = Linker::new();
    linker.add_wasi(|wasi| wasi);
    let mut stores = Vec::new();
    while stores.len() < MOST_INSTANCES {
        let mut store = Store::new(WasiCtxBuilder::new().build());
        match linker.instantiate(&mut store, &artifact) {
            Ok(_) => stores.push(store),
            Err(_) => break,
        }
    }
    let more = if stores.len() == MOST_INSTANCES { " or more" } else { "" };
    println!("{}{more}", stores.len());
    Ok(())
}
