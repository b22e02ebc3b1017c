//! `precast debug`: starts a debugger on a guest, set up to show it as if it
//! had been compiled natively.
//!
//! The debugger runs this program's own `run`. What it must know beyond that
//! of guests stands in two Python scripts, which are written to the cache
//! folder; `--init` prints what makes a debugger read them at every start, so
//! that it shows guests without `precast debug` too. See
//! [`precast_debuggers`] for what debuggers find by themselves.

mod arguments;
mod core;
mod scripts;
mod vscode;

use super::codegen::CodegenOptions;
use super::{cache, debug_files, input, output};
use crate::exit::{Failure, Result};
use crate::run::ArtifactSource;
use crate::run_options::RunOptions;
use clap::Args;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `precast debug`.
#[derive(Args, Debug)]
pub struct DebugCommand {
    #[command(flatten)]
    codegen: CodegenOptions,

    /// Use GDB instead of LLDB
    #[arg(long)]
    gdb: bool,

    /// Write .vscode/launch.json for lldb-dap instead of starting a debugger
    #[arg(long, conflicts_with = "gdb")]
    vscode: bool,

    /// Print the commands with which a debugger shows guests' values when it is
    /// started without `precast debug`, to be added to ~/.lldbinit or ~/.gdbinit
    #[arg(long, value_name = "DEBUGGER", exclusive = true)]
    init: Option<Debugger>,

    /// Debug a process that runs already, by its number
    #[arg(long, value_name = "PID", conflicts_with = "vscode")]
    pid: Option<u32>,

    /// Look at a core dump of a process that ran the artifact
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pid", "vscode"])]
    core: Option<PathBuf>,

    /// The program that dumped core, if not this one
    #[arg(long, value_name = "PROGRAM", requires = "core")]
    host: Option<PathBuf>,

    /// The debugger to start, instead of the one in PATH
    #[arg(long, value_name = "PROGRAM")]
    debugger: Option<PathBuf>,

    /// Give the debugger a command when all is set up, such as `run`
    #[arg(long = "command", value_name = "COMMAND")]
    commands: Vec<String>,

    /// End the debugger after the last --command
    #[arg(long)]
    batch: bool,

    /// Show no progress
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    run: RunOptions,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Debugger {
    Lldb,
    Gdb,
}

impl DebugCommand {
    pub(super) fn run(&self) -> Result {
        if let Some(debugger) = self.init {
            let program = program()?;
            let runner = program.with_file_name("precast-run");
            let programs = [program, runner].into_iter().filter(|program| program.exists());
            let commands = match debugger {
                Debugger::Lldb => scripts::lldb_setup(&scripts::lldb()?).to_vec(),
                Debugger::Gdb => {
                    scripts::gdb_setup(&scripts::gdb()?, &programs.collect::<Vec<_>>())
                }
            };
            return output::print(&(commands.join("\n") + "\n"));
        }
        let file = self.run.file();
        let artifact = self.artifact(file)?;
        let program = program()?;
        let arguments = arguments::of(&self.run, &artifact);
        if self.vscode {
            return vscode::write(file, &program, &arguments, &scripts::lldb()?);
        }
        let host = self.host.as_ref().unwrap_or(&program);
        let mut command = match self.gdb {
            true => self.gdb_command(&scripts::gdb()?, host, &artifact)?,
            false => self.lldb_command(&scripts::lldb()?, &artifact)?,
        };
        match (&self.pid, &self.core, self.gdb) {
            (Some(pid), _, _) => command.args(["-p", &pid.to_string()]),
            (_, Some(core), true) => command.arg(host).arg(core),
            (_, Some(core), false) => command.arg("-c").arg(core).arg(host),
            (_, _, true) => command.arg("--args").arg(program).args(arguments),
            (_, _, false) => command.arg("--").arg(program).args(arguments),
        };
        // The debugger takes this process's place, with its terminal.
        let name = command.get_program().to_string_lossy().into_owned();
        Err(Failure::while_doing(format!("cannot start {name}"))(command.exec()))
    }

    /// The artifact to debug. A module is compiled for debugging, into the
    /// cache: with debug information, and unless the user wants otherwise
    /// without optimisation.
    fn artifact(&self, file: &Path) -> Result<PathBuf> {
        let absolute =
            |path: &Path| std::path::absolute(path).map_err(Failure::while_doing(path.display()));
        let bytes = match input::peek(file)? {
            input::InputKind::Artifact => {
                input::refuse_options(file, self.codegen.given())?;
                return absolute(file);
            }
            input::InputKind::Module(bytes) => bytes,
        };
        let mut options = self.codegen.debug_options();
        options.fuel = self.run.limits.fuel.is_some();
        debug_files::find(file, &bytes, &self.codegen.debug_path, &mut options);
        match cache::compiled(file, &bytes, &options, self.quiet)? {
            ArtifactSource::Path(path) | ArtifactSource::Cached(path) => absolute(&path),
            ArtifactSource::Bytes(_) | ArtifactSource::Part(..) => Err(Failure::Error(format!(
                "no cache folder to compile {} into: set PRECAST_CACHE, or debug the output of \
                 `precast compile -g -O0`",
                file.display()
            ))),
        }
    }

    fn lldb_command(&self, script: &Path, artifact: &Path) -> Result<Command> {
        let names = ["lldb", "lldb-23", "lldb-22", "lldb-21", "lldb-20", "lldb-19"];
        let mut command = Command::new(self.find(&names)?);
        for setup in scripts::lldb_setup(script) {
            command.arg("-O").arg(setup);
        }
        if let Some(core) = &self.core {
            for setup in scripts::lldb_image(artifact, &slides(core, artifact)?) {
                command.arg("-o").arg(setup);
            }
        }
        for user in &self.commands {
            command.arg("-o").arg(user);
        }
        if self.batch {
            // Its own `--batch` ends at the first trap.
            command.args(["-O", "settings set auto-confirm true", "-o", "quit"]);
        }
        Ok(command)
    }

    fn gdb_command(&self, script: &Path, host: &Path, artifact: &Path) -> Result<Command> {
        let mut command = Command::new(self.find(&["gdb"])?);
        if self.batch {
            command.arg("-batch");
        }
        for setup in scripts::gdb_setup(script, &[host.to_owned()]) {
            command.arg("-iex").arg(setup);
        }
        if let Some(core) = &self.core {
            for setup in scripts::gdb_images(artifact, &slides(core, artifact)?) {
                command.arg("-ex").arg(setup);
            }
        }
        for user in &self.commands {
            command.arg("-ex").arg(user);
        }
        Ok(command)
    }

    /// The debugger: what the user named, or the first that is there.
    fn find(&self, names: &[&str]) -> Result<OsString> {
        if let Some(debugger) = &self.debugger {
            return Ok(debugger.into());
        }
        match names.iter().find(|name| which::which(name).is_ok()) {
            Some(name) => Ok(name.into()),
            None => Err(Failure::Error(format!(
                "no {} in PATH: install it, or name one with --debugger",
                names[0]
            ))),
        }
    }
}

/// Where a core dump has an artifact.
fn slides(core: &Path, artifact: &Path) -> Result<Vec<u64>> {
    let bytes = std::fs::read(artifact).map_err(Failure::while_doing(artifact.display()))?;
    Ok(core::slides(core, &bytes))
}

/// This program, which holds the loader.
fn program() -> Result<PathBuf> {
    std::env::current_exe().map_err(Failure::while_doing("/proc/self/exe"))
}
