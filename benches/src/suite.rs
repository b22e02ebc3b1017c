//! The suite: programs in five languages and real ones, run natively, by
//! wasmtime, and by Precast with each set of options, in turn. CPU time; a
//! program's value is the median of its runs.

use crate::child::{self, Usage};
use crate::measures::Bench;
use crate::real;
use crate::report::{self, ProgramRow};
use crate::stats::Samples;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module, how to run it, and what it prints.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) group: &'static str,
    pub(crate) wasm: PathBuf,
    /// The same source, compiled natively.
    pub(crate) native: Option<PathBuf>,
    /// Options of both runtimes, before the module.
    pub(crate) options: Vec<String>,
    pub(crate) arguments: Vec<String>,
    /// Who drives it, if it is a library.
    pub(crate) driver: Option<Driver>,
}

/// A program that a library runs in.
pub(crate) struct Driver {
    /// What it imports the library as.
    pub(crate) library: &'static str,
    pub(crate) program: PathBuf,
    /// What the library imports, and from which modules.
    pub(crate) hosts: Vec<(&'static str, PathBuf)>,
}

/// The groups, and the files of `suite/` in each.
const GROUPS: [(&str, &[&str]); 11] = [
    ("numeric", &["nbody.c", "spectral.c", "mandel.c", "fft.c", "lu.c", "stencil.c", "life.c"]),
    ("sorting", &["heapsort.c", "qsort.c", "mergesort.c", "stdsort.cc"]),
    ("hashing", &["crc.c", "siphash.c", "sha512.c", "table.zig"]),
    ("compression", &["lz.c", "huffman.c"]),
    ("parsing", &["json.c", "lexer.c", "regex.c", "dfa.rs", "expr.cc"]),
    ("interpreters", &["vm.c", "brain.c", "lisp.rs", "gc.c"]),
    ("calls", &["fib.c", "sudoku.c", "shapes.cc", "traits.rs"]),
    ("big integers", &["pidigits.c", "curve.c", "modexp.c", "bignum.rs"]),
    ("vectors", &["saxpy.c", "matrixt.cc"]),
    (
        "memory and text",
        &[
            "trees.c",
            "strings.c",
            "edit.c",
            "containers.cc",
            "words.rs",
            "alloc.rs",
            "knapsack.rs",
            "sieve.zig",
            "dijkstra.zig",
        ],
    ),
    ("Go", &["trees.go", "maps.go", "fannkuch.go"]),
];

impl Bench<'_> {
    /// Builds, compiles and runs all of it; prints a table, and writes
    /// `suite.json` and `suite.svg` into the scratch folder.
    pub(crate) fn suite(&self, sides: &[String], only: &[String]) -> Result<(), String> {
        let built = self.scratch.join("suite");
        let build = crate::root().join("benches/suite/build.sh");
        child::run(Command::new(build).arg(&built))?;
        let mut cases = small(&built);
        cases.extend(real::cases(&self.scratch)?);
        cases.retain(|case| only.is_empty() || only.contains(&case.name));
        let mut rows = Vec::new();
        for case in &cases {
            eprintln!("{}", case.name);
            rows.push(self.case(case, sides)?);
        }
        report::print(sides, &rows);
        report::write(&self.scratch, sides, &rows)
    }

    fn case(&self, case: &Case, sides: &[String]) -> Result<ProgramRow, String> {
        let artifact = |side: usize| self.scratch.join(format!("{}.{side}.cwasm", case.name));
        let (ours, theirs) = ((1..=sides.len()).map(artifact).collect::<Vec<_>>(), artifact(0));
        let mut row = ProgramRow::new(case.name.clone(), case.group, sides.len());
        let compile = |wasm: &Path, out: &Path| child::run(&mut self.their_compile(wasm, out));
        row.wasmtime.compiled(&compile(&case.wasm, &theirs)?, &theirs)?;
        for (module, path) in case.beside(&theirs) {
            compile(module, &path)?;
        }
        for ((side, path), cost) in sides.iter().zip(&ours).zip(&mut row.ours) {
            let options: Vec<&str> = side.split_whitespace().collect();
            let compile = |wasm: &Path, out: &Path| {
                let mut compile = self.precast_compile(&["--cpu", "native"]);
                child::run(compile.args(&options).arg("-o").arg(out).arg(wasm))
            };
            cost.compiled(&compile(&case.wasm, path)?, path)?;
            for (module, path) in case.beside(path) {
                compile(module, &path)?;
            }
        }
        let mut expected = None;
        let mut same = |usage: Usage, samples: &mut Samples| {
            samples.push_time(usage.cpu);
            let first = expected.get_or_insert_with(|| usage.stdout.clone());
            if *first == usage.stdout {
                Ok(())
            } else {
                Err(format!("{}: prints differ", case.name))
            }
        };
        for _ in 0..self.runs {
            if let Some(native) = &case.native {
                same(child::run(&mut Command::new(native))?, &mut row.native)?;
            }
            let mut command = Command::new(&self.tools.wasmtime);
            command.args(["run", "--allow-precompiled"]);
            same(run(command, case, &theirs)?, &mut row.wasmtime.run)?;
            for (path, cost) in ours.iter().zip(&mut row.ours) {
                let command = Command::new(&self.tools.precast_run);
                same(run(command, case, path)?, &mut cost.run)?;
            }
        }
        for path in ours.iter().chain([&theirs]) {
            for path in case.beside(path).map(|(_, path)| path).chain([path.clone()]) {
                std::fs::remove_file(path).map_err(|why| why.to_string())?;
            }
        }
        Ok(row)
    }
}

impl Case {
    /// The modules that run with an artifact of a library, and where the artifacts of
    /// these are.
    fn beside(&self, artifact: &Path) -> impl Iterator<Item = (&Path, PathBuf)> {
        let modules = self.driver.iter().flat_map(|driver| {
            let hosts = driver.hosts.iter().map(|(_, module)| module);
            hosts.chain([&driver.program]).collect::<BTreeSet<_>>()
        });
        modules.map(move |module| (module.as_path(), artifact_beside(artifact, module)))
    }
}

/// Where the artifact of a module is that runs with a library.
fn artifact_beside(library: &Path, module: &Path) -> PathBuf {
    let name = module.file_stem().unwrap_or_default().to_string_lossy();
    library.with_extension(format!("{name}.cwasm"))
}

/// Runs an artifact by either runtime: their options have the same names.
fn run(mut command: Command, case: &Case, artifact: &Path) -> Result<Usage, String> {
    command.args(&case.options);
    match &case.driver {
        None => command.arg(artifact),
        Some(Driver { library, program, hosts }) => {
            let hosts =
                hosts.iter().map(|(name, module)| (name, artifact_beside(artifact, module)));
            for (name, path) in hosts.chain([(library, artifact.to_path_buf())]) {
                command.arg("--preload").arg(format!("{name}={}", path.display()));
            }
            command.arg(artifact_beside(artifact, program))
        }
    };
    child::run(command.args(&case.arguments))
}

/// The small programs, each named as its file.
fn small(built: &Path) -> Vec<Case> {
    let files =
        GROUPS.iter().flat_map(|(group, files)| files.iter().map(move |file| (group, file)));
    files
        .map(|(group, file)| {
            let stem = built.join(file.replace('.', "-"));
            Case {
                name: (*file).to_owned(),
                group,
                wasm: stem.with_extension("wasm"),
                native: Some(stem.with_extension("native")),
                options: Vec::new(),
                arguments: Vec::new(),
                driver: None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_in_one_group() {
        let folder = crate::root().join("benches/suite");
        let files = std::fs::read_dir(folder).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> = files.filter(|name| name != "build.sh").collect();
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, files)| *files).copied().collect();
        assert_eq!(listed.len(), files.len());
        assert_eq!(listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), files);
        assert!(files.len() >= 40);
    }
}
