//! `precast-run`: runs artifacts, and can do nothing else. It links the
//! loader alone, and asks the kernel to refuse memory that is both writable
//! and executable for the rest of the process's life.

use clap::Parser;
use precast_cli::exit::{self, Result};
use precast_cli::run::{self, Source};
use precast_cli::run_options::RunOptions;
use std::process::ExitCode;

/// Run a precompiled WebAssembly program
///
/// Takes what `precast compile` has written, and gives the program no more than
/// the options say: no files, variables or sockets unless they are granted.
#[derive(Parser, Debug)]
#[command(
    name = "precast-run",
    version,
    long_version = precast_cli::version::of_loader(),
    about,
    args_override_self = true,
    after_help = "Exit codes: the guest's own; 1 for an error; 2 for wrong usage; 134 when the guest traps or throws."
)]
struct RunCli {
    #[command(flatten)]
    run: RunOptions,
}

fn main() -> ExitCode {
    let cli = RunCli::parse();
    exit::finish("precast-run", start(&cli.run))
}

fn start(options: &RunOptions) -> Result {
    if !under_valgrind() {
        // Kernels before 6.3 do not know it; they run the program all the same.
        let _ = precast_loader::deny_write_execute();
    }
    run::run(options, &mut |path| Ok(Source::Path(path.to_owned())))
}

/// Valgrind translates programs as they run, in their own process, and names
/// itself among the libraries to be loaded first.
fn under_valgrind() -> bool {
    let preloaded = std::env::var_os("LD_PRELOAD").unwrap_or_default();
    preloaded.to_string_lossy().contains("/vgpreload_")
}
