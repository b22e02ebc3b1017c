#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod build;
mod child;
mod components;
mod costly;
mod cpus;
mod embedding;
mod machine;
mod measures;
mod models;
mod opening;
mod programs;
mod real;
mod report;
mod stats;
mod suite;
mod table;
mod timing;
mod tools;

use clap::Parser;
use measures::Bench;
use std::cell::LazyCell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use table::ResultTable;
use tools::Tools;

/// Measure Precast beside wasmtime, and print a table
#[derive(Parser, Debug)]
struct Cli {
    /// Profile that Precast is built with; `release` is built faster
    #[arg(long, default_value = "dist")]
    profile: String,

    /// Take `precast` and `precast-run` from a folder instead of building them
    #[arg(long, value_name = "FOLDER")]
    bin_dir: Option<PathBuf>,

    /// Runs of each program; of short ones a multiple
    #[arg(long, default_value_t = 5)]
    runs: usize,

    /// Runs of each compiler on clang
    #[arg(long, default_value_t = 3)]
    compile_runs: usize,

    /// What to measure
    #[arg(long, value_delimiter = ',', default_values = ["compile", "hello", "open", "programs"])]
    only: Vec<Group>,

    /// Options of Precast that the suite is compiled with, each a column
    #[arg(long = "side", value_name = "OPTIONS", allow_hyphen_values = true, default_values = ["-O1", "-O2", "-O3", "-Os"])]
    sides: Vec<String>,

    /// Programs of the suite, or numbers of costly modules; all when absent
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    cases: Vec<String>,

    /// Clang as a module, instead of the one that fixtures/fetch.sh fetches
    #[arg(long, value_name = "FILE")]
    clang: Option<PathBuf>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Compile,
    Hello,
    Open,
    Programs,
    /// Many modules for several targets, and a cache
    Build,
    /// Programs in five languages, and real ones: see `suite/`
    Suite,
    /// Components: compile, start, and calls in process
    Components,
    /// A host's calls and instances, in process
    Embedding,
    /// What `--cpu` buys, without wasmtime
    Cpus,
    /// Modules that are made to be costly to compile
    Costly,
    /// What `--memory-model` and `--memory-reservation` cost, without wasmtime
    Models,
}

fn main() -> ExitCode {
    let result = match worker() {
        Some(result) => result,
        None => compare(&Cli::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("precast-benches: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What [`opening`] and [`models`] start this program for.
fn worker() -> Option<Result<(), String>> {
    let mut arguments = std::env::args().skip(1);
    let work = match arguments.next()?.as_str() {
        "worker-precast" => opening::ours,
        "worker-wasmtime" => opening::theirs,
        "worker-components-precast" => components::ours::measure,
        #[cfg(feature = "peer")]
        "worker-components-wasmtime" => components::theirs::measure,
        "worker-embedding-precast" => embedding::ours::measure,
        #[cfg(feature = "peer")]
        "worker-embedding-wasmtime" => embedding::theirs::measure,
        "worker-costly" => costly::write,
        "worker-instances" => models::instantiate_all,
        _ => return None,
    };
    Some(work(Path::new(&arguments.next()?), arguments.next()?.parse().ok()?))
}

fn compare(cli: &Cli) -> Result<(), String> {
    let tools = match &cli.bin_dir {
        Some(folder) => Tools::in_folder(folder)?,
        None => Tools::build(&cli.profile)?,
    };
    let bench = Bench {
        tools: &tools,
        runs: cli.runs,
        compile_runs: cli.compile_runs,
        scratch: tools::scratch()?,
    };
    println!("{}; {}\n", machine::describe(), tools.wasmtime_version);
    // Groups that share a table come first.
    let mut groups = cli.only.clone();
    groups.sort();
    let table = LazyCell::new(ResultTable::of_both);
    for group in groups {
        match group {
            Group::Compile => bench.compile(&table, &clang(cli)?)?,
            Group::Hello => bench.hello(&table)?,
            Group::Open => bench.open(&table, &clang(cli)?)?,
            Group::Programs => bench.programs(&table)?,
            Group::Components => bench.components(&table)?,
            Group::Embedding => bench.embedding(&table)?,
            Group::Build => bench.build(&table)?,
            Group::Suite => bench.suite(&cli.sides, &cli.cases)?,
            Group::Cpus => bench.cpus()?,
            Group::Costly => bench.costly(&cli.cases)?,
            Group::Models => bench.models()?,
        }
    }
    println!("\nLoad average at the end: {}", machine::load());
    Ok(())
}

/// The module of clang, fetched if it is not there.
fn clang(cli: &Cli) -> Result<PathBuf, String> {
    if let Some(path) = &cli.clang {
        return Ok(path.clone());
    }
    let path = root().join("fixtures/real/clang/gen/llvm.core.wasm");
    if !path.exists() {
        let mut fetch = std::process::Command::new(root().join("fixtures/fetch.sh"));
        child::run(fetch.arg("clang"))?;
    }
    Ok(path)
}

/// Root of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("benches/ lies in the workspace")
}
