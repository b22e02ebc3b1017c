//! Components: compiling and starting those of several languages, and calls in
//! process, between two of them and to and from the host.

pub(crate) mod ours;
#[cfg(feature = "peer")]
pub(crate) mod theirs;
mod timed;

use crate::child;
use crate::measures::{Bench, Costs};
use crate::stats::Samples;
use crate::table::ResultTable;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Components that take long to compile, and to start; their functions.
const LARGE: [(&str, &str); 3] = [
    ("spidermonkey", "JavaScript on SpiderMonkey"),
    ("quickjs", "JavaScript on QuickJS"),
    ("python", "Python"),
];

/// What is timed in process, and what it is called in the table.
const TIMED: [(&str, &str); 13] = [
    ("instantiate", "instantiate"),
    ("sum", "host calls component"),
    ("enter", "host calls component, which calls host"),
    ("pairs", "component calls component, two `u32`"),
    ("send-bytes", "component to component, `list<u8>` of 1 MiB"),
    ("send-text", "component to component, string of 1 MiB"),
    ("send-records", "component to component, list of 43,690 records"),
    ("take-bytes", "host to component, `list<u8>` of 1 MiB"),
    ("take-text", "host to component, string of 1 MiB"),
    ("take-records", "host to component, list of 43,690 records"),
    ("give-bytes", "component to host, `list<u8>` of 1 MiB"),
    ("give-text", "component to host, string of 1 MiB"),
    ("give-records", "component to host, list of 43,690 records"),
];

impl Bench<'_> {
    /// All of it.
    pub(crate) fn components(&self, table: &ResultTable) -> Result<(), String> {
        self.in_process(table)?;
        let folder = crate::root().join("fixtures/real/components");
        self.starts(table, &folder.join("hello.wasm"), "hello component")?;
        for (name, what) in LARGE {
            let wasm = folder.join(format!("{name}.wasm"));
            if !wasm.exists() {
                eprintln!("no {}: see fixtures/components", wasm.display());
                continue;
            }
            self.compiles(table, &wasm, what)?;
            self.starts(table, &wasm, what)?;
        }
        Ok(())
    }

    fn compiles(&self, table: &ResultTable, wasm: &Path, what: &str) -> Result<(), String> {
        let (mut ours, mut theirs) = (Costs::default(), Costs::default());
        let [left, right] = self.outputs(wasm);
        for _ in 0..self.compile_runs {
            ours.push(&child::run(&mut self.our_compile(wasm, &left))?);
            theirs.push(&child::run(&mut self.their_compile(wasm, &right))?);
        }
        table.row(&format!("{what}: compile, CPU"), &ours.cpu, &theirs.cpu);
        table.row(&format!("{what}: compile, peak memory"), &ours.peak, &theirs.peak);
        let size = |path: &Path| std::fs::metadata(path).map(|meta| Samples::bytes(meta.len()));
        let size = |path: &Path| size(path).map_err(|why| why.to_string());
        table.row(&format!("{what}: artifact"), &size(&left)?, &size(&right)?);
        Ok(())
    }

    /// Whole processes that run a component's command or function.
    fn starts(&self, table: &ResultTable, wasm: &Path, what: &str) -> Result<(), String> {
        let [left, right] = self.outputs(wasm);
        child::run(&mut self.our_compile(wasm, &left))?;
        child::run(&mut self.their_compile(wasm, &right))?;
        let command = what == "hello component";
        let invoke = ["--invoke", "greet({first: \"Ada\", last: \"L\"})"];
        let (mut ours, mut theirs) = (Costs::default(), Costs::default());
        for _ in 0..self.runs * 8 {
            let mut first = match command {
                true => Command::new(&self.tools.precast_run),
                false => self.our_run(&left, &[&invoke[..], &["--unknown-imports=trap"]].concat()),
            };
            if command {
                first.arg(&left);
            }
            // JavaScript imports HTTP, and uses none.
            let options: &[&str] =
                if command { &[] } else { &[&invoke[..], &["-S", "http"]].concat() };
            let one = child::run(&mut first)?;
            let other = child::run(&mut self.their_run(&right, options))?;
            if one.stdout != other.stdout {
                return Err(format!("{what}: `{}` and `{}`", one.stdout, other.stdout));
            }
            ours.push(&one);
            theirs.push(&other);
        }
        table.row(&format!("{what}: whole process, wall time"), &ours.wall, &theirs.wall);
        table.row(&format!("{what}: whole process, CPU"), &ours.cpu, &theirs.cpu);
        table.row(&format!("{what}: whole process, peak memory"), &ours.peak, &theirs.peak);
        Ok(())
    }

    /// Calls, in workers that take turns.
    fn in_process(&self, table: &ResultTable) -> Result<(), String> {
        let wasm = self.assembled()?;
        let timed = [&TIMED[..], &[("memory", "memory of an idle instance")]].concat();
        self.side_by_side(table, "components", &wasm, &timed)
    }

    /// The component of `programs/components/calls.wat`.
    fn assembled(&self) -> Result<PathBuf, String> {
        let source = crate::root().join("benches/programs/components/calls.wat");
        let wasm = wat::parse_file(&source).map_err(|why| why.to_string())?;
        let path = self.scratch.join("calls.wasm");
        std::fs::write(&path, wasm).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(path)
    }

    fn outputs(&self, wasm: &Path) -> [PathBuf; 2] {
        let name = wasm.file_stem().unwrap_or_default().to_string_lossy();
        ["precast", "wasmtime"]
            .map(|side| self.scratch.join(format!("{name}.component.{side}.cwasm")))
    }
}
