//! `precast-run`: runs artifacts, and can do nothing else. It links the
//! loader alone, and asks the kernel to refuse memory that is both writable
//! and executable for the rest of the process's life. With a program of its own
//! in it, which `compile --emit exe` has put there, it is that program.

use clap::Parser;
use precast_cli::exit::{self, Result};
use precast_cli::program::{self, Embedded};
use precast_cli::run::{self, ArtifactSource};
use precast_cli::run_options::RunOptions;
use std::ffi::OsString;
use std::path::Path;
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
    let Some(Embedded { file, artifact, options }) = program::own() else {
        let cli = RunCli::parse();
        let find = &mut |path: &Path| Ok(ArtifactSource::Path(path.to_owned()));
        return exit::finish("precast-run", start(&cli.run, find));
    };
    let mut args = std::env::args_os();
    let name = args.next().filter(|name| !name.is_empty()).unwrap_or_else(|| "program".into());
    // Its own arguments are the guest's, whatever they look like.
    let words = ["precast-run".into()].into_iter().chain(options.into_iter().map(OsString::from));
    let cli = RunCli::parse_from(words.chain(["--".into(), name.clone()]).chain(args));
    let mut program = Some((file, artifact));
    // The last file that is asked for is the program.
    let last = cli.run.files().len();
    let mut asked = 0;
    let find = &mut |path: &Path| {
        asked += 1;
        let own = program.take_if(|_| asked == last);
        Ok(own.map_or_else(
            || ArtifactSource::Path(path.to_owned()),
            |(file, at)| ArtifactSource::Part(file, at),
        ))
    };
    let name = Path::new(&name).file_name().unwrap_or(&name);
    exit::finish(&name.to_string_lossy(), start(&cli.run, find))
}

fn start(options: &RunOptions, find: &mut dyn FnMut(&Path) -> Result<ArtifactSource>) -> Result {
    if !under_valgrind() {
        // Kernels before 6.3 do not know it; they run the program all the same.
        let _ = precast_loader::deny_write_execute();
    }
    run::run(options, find)
}

/// Valgrind translates programs as they run, in their own process, and names
/// itself among the libraries to be loaded first.
fn under_valgrind() -> bool {
    let preloaded = std::env::var_os("LD_PRELOAD").unwrap_or_default();
    preloaded.to_string_lossy().contains("/vgpreload_")
}
