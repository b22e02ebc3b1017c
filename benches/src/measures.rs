//! What is measured. Both sides take turns, so that what disturbs one
//! disturbs the other too.

use crate::child::{self, Usage};
use crate::opening;
use crate::programs::{PROGRAMS, checked};
use crate::stats::Samples;
use crate::table::ResultTable;
use crate::tools::Tools;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whole processes per run where one takes milliseconds.
const SHORT_RUNS: usize = 40;

pub(crate) struct Bench<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) runs: usize,
    pub(crate) compile_runs: usize,
    /// Where artifacts are kept.
    pub(crate) scratch: PathBuf,
}

/// Artifacts of one module, by either compiler.
struct Pair {
    ours: PathBuf,
    theirs: PathBuf,
}

impl Bench<'_> {
    /// Time and memory of compiling clang, and the size of the result.
    pub(crate) fn compile(&self, table: &ResultTable, clang: &Path) -> Result<(), String> {
        let pair = self.pair("clang");
        let (mut ours, mut theirs) = (Costs::default(), Costs::default());
        for _ in 0..self.compile_runs {
            ours.push(&child::run(&mut self.our_compile(clang, &pair.ours))?);
            theirs.push(&child::run(&mut self.their_compile(clang, &pair.theirs))?);
        }
        table.row("clang: compile, wall time", &ours.wall, &theirs.wall);
        table.row("clang: compile, user CPU", &ours.user, &theirs.user);
        table.row("clang: compile, peak memory", &ours.peak, &theirs.peak);
        let size = |path: &Path| {
            let meta = std::fs::metadata(path).map_err(|why| why.to_string())?;
            Ok::<_, String>(Samples::bytes(meta.len()))
        };
        table.row("clang: artifact", &size(&pair.ours)?, &size(&pair.theirs)?);
        Ok(())
    }

    /// Whole processes that say hello.
    pub(crate) fn hello(&self, table: &ResultTable) -> Result<(), String> {
        let wasm = crate::root().join("fixtures/programs/hello.wasm");
        let pair = self.compiled(&wasm)?;
        let expected = "hello, world\n";
        let theirs = || self.their_run(&pair.theirs, &[]);
        let row = |what: &str, ours: &dyn Fn() -> Command| {
            let (mut left, mut right) = (Costs::default(), Costs::default());
            for _ in 0..self.runs * SHORT_RUNS {
                left.push(&checked(ours(), expected)?);
                right.push(&checked(theirs(), expected)?);
            }
            table.row(&format!("{what}, wall time"), &left.wall, &right.wall);
            table.row(&format!("{what}, CPU"), &left.cpu, &right.cpu);
            Ok::<_, String>(())
        };
        let run = |binary: &Path| {
            let mut command = Command::new(binary);
            command.arg(&pair.ours);
            command
        };
        row("hello world: `precast-run`", &|| run(&self.tools.precast_run))?;
        if let Some(linked) = &self.tools.precast_run_static {
            row("hello world: `precast-run`, static", &|| run(linked))?;
        }
        row("hello world: `precast run`", &|| self.our_run(&pair.ours, &[]))
    }

    /// Opening and instantiating clang.
    pub(crate) fn open(&self, table: &ResultTable, clang: &Path) -> Result<(), String> {
        let pair = self.kept(clang, "clang")?;
        let mut ours = Default::default();
        let mut theirs = Default::default();
        let peer = cfg!(feature = "peer");
        for _ in 0..self.runs {
            opening::measure("worker-precast", &pair.ours, SHORT_RUNS, &mut ours)?;
            if peer {
                opening::measure("worker-wasmtime", &pair.theirs, SHORT_RUNS, &mut theirs)?;
            }
        }
        let row = |what: &str, left: &Samples, right: &Samples| match peer {
            true => table.row(what, left, right),
            false => table.alone(what, left),
        };
        row("clang: open, in process", &ours.0, &theirs.0);
        row("clang: instantiate, in process", &ours.1, &theirs.1);

        let (mut ours, mut theirs) = (Costs::default(), Costs::default());
        let arguments = ["--argv0", "clang"];
        for _ in 0..self.runs * SHORT_RUNS / 4 {
            let mut left = Command::new(&self.tools.precast_run);
            left.args(arguments).arg(&pair.ours).arg("--version");
            ours.push(&child::run(&mut left)?);
            theirs.push(&child::run(self.their_run(&pair.theirs, &arguments).arg("--version"))?);
        }
        table.row("`clang --version`, wall time", &ours.wall, &theirs.wall);
        table.row("`clang --version`, CPU", &ours.cpu, &theirs.cpu);
        table.row("`clang --version`, peak memory", &ours.peak, &theirs.peak);
        Ok(())
    }

    /// The compute programs.
    pub(crate) fn programs(&self, table: &ResultTable) -> Result<(), String> {
        for program in &PROGRAMS {
            let pair = self.compiled(&program.module())?;
            let (mut ours, mut theirs) = (Costs::default(), Costs::default());
            for _ in 0..self.runs {
                let mut left = Command::new(&self.tools.precast_run);
                left.arg(&pair.ours);
                ours.push(&program.checked(left)?);
                theirs.push(&program.checked(self.their_run(&pair.theirs, &[]))?);
            }
            let what = format!("{} ({}), user CPU", program.name, program.what);
            table.row(&what, &ours.user, &theirs.user);
        }
        Ok(())
    }

    fn pair(&self, name: &str) -> Pair {
        Pair {
            ours: self.scratch.join(format!("{name}.precast.cwasm")),
            theirs: self.scratch.join(format!("{name}.wasmtime.cwasm")),
        }
    }

    /// Compiles a small module.
    fn compiled(&self, wasm: &Path) -> Result<Pair, String> {
        let pair = self.pair(&wasm.file_stem().unwrap_or_default().to_string_lossy());
        child::run(&mut self.our_compile(wasm, &pair.ours))?;
        child::run(&mut self.their_compile(wasm, &pair.theirs))?;
        Ok(pair)
    }

    /// Compiles a large module, unless an earlier run has, with a compiler
    /// that is still the same.
    fn kept(&self, wasm: &Path, name: &str) -> Result<Pair, String> {
        let time = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified());
        let pair = self.pair(name);
        let compiler = time(&self.tools.precast).map_err(|why| why.to_string())?;
        if !time(&pair.ours).is_ok_and(|made| made >= compiler) {
            child::run(&mut self.our_compile(wasm, &pair.ours))?;
        }
        if !pair.theirs.exists() {
            child::run(&mut self.their_compile(wasm, &pair.theirs))?;
        }
        Ok(pair)
    }

    /// wasmtime compiles for the CPU it runs on, so Precast has to as well.
    pub(crate) fn our_compile(&self, wasm: &Path, out: &Path) -> Command {
        let mut command = self.precast_compile(&["--cpu", "native"]);
        command.arg("-o").arg(out).arg(wasm);
        command
    }

    pub(crate) fn precast_compile(&self, options: &[&str]) -> Command {
        let mut command = Command::new(&self.tools.precast);
        command.args(["compile", "--quiet"]).args(options);
        command
    }

    pub(crate) fn their_compile(&self, wasm: &Path, out: &Path) -> Command {
        let mut command = Command::new(&self.tools.wasmtime);
        command.args(["compile", "-o"]).arg(out).arg(wasm);
        command
    }

    pub(crate) fn our_run(&self, artifact: &Path, options: &[&str]) -> Command {
        let mut command = Command::new(&self.tools.precast);
        command.arg("run").args(options).arg(artifact);
        command
    }

    pub(crate) fn their_run(&self, artifact: &Path, options: &[&str]) -> Command {
        let mut command = Command::new(&self.tools.wasmtime);
        command.args(["run", "--allow-precompiled"]).args(options).arg(artifact);
        command
    }
}

/// What several runs used.
#[derive(Default)]
pub(crate) struct Costs {
    pub(crate) wall: Samples,
    pub(crate) user: Samples,
    pub(crate) cpu: Samples,
    pub(crate) peak: Samples,
}

impl Costs {
    pub(crate) fn push(&mut self, usage: &Usage) {
        self.wall.push_time(usage.wall);
        self.user.push_time(usage.user);
        self.cpu.push_time(usage.cpu);
        self.peak.push_bytes(usage.peak);
    }
}
