//! Running an artifact: what `precast run` and `precast-run` share.
//!
//! # Safety
//!
//! Whoever names an artifact to run trusts its code as that of a program.
#![allow(unsafe_code)]

use crate::exit::{self, Failure, Result};
use crate::run_options::{RunOptions, TrapAction, UnknownImports, split};
use crate::{limit_options, procfs, run_component, unsatisfied};
use precast_loader::component::Component;
use precast_loader::wasi::{WasiCtx, WasiCtxBuilder};
use precast_loader::{Artifact, Error, Program, ProgramBuilder, Store, Trap, TrustedKeys};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where the artifact of a program is.
pub enum ArtifactSource {
    /// In the file that the user named.
    Path(PathBuf),
    /// In a file of the cache.
    Cached(PathBuf),
    /// In memory.
    Bytes(Vec<u8>),
    /// In these bytes of a file, the program that runs.
    Part(File, Range<u64>),
}

/// What stands before the artifact's build id in a report.
pub const BUILD_ID: &str = "      build id ";

/// Runs a program to its end. `find` turns the file that the user named into
/// an artifact.
pub fn run(options: &RunOptions, find: &mut dyn FnMut(&Path) -> Result<ArtifactSource>) -> Result {
    let mut program = set_up(options)?;
    let mut keys = TrustedKeys::new();
    for file in &options.trust {
        keys.read(file)?;
    }
    let keys = (!options.trust.is_empty()).then_some(&keys);
    for (name, file) in &options.preload {
        let artifact = open(find(file)?, file, keys)?;
        define_unknown(options, &mut program, &artifact);
        program.preload(name, &artifact).map_err(|error| failure(error, file))?;
    }
    let file = options.file();
    let artifact = open(find(file)?, file, keys)?;
    define_unknown(options, &mut program, &artifact);
    let result = start(options, &mut program, &artifact);
    if let (Err(Error::Trap(trap)), Some(path)) = (&result, &options.coredump) {
        dump(program.store(), trap, file, path)?;
    }
    if !matches!(result, Ok(0)) {
        name_limit(&program, result.as_ref().err());
    }
    if let (false, Some(bytes)) = (matches!(result, Ok(0)), program.store().exhausted_reservation())
    {
        exit::note(format_args!(
            "a memory could not grow beyond its reservation of {bytes} bytes; \
             `compile --memory-reservation SIZE` sets another"
        ));
    }
    match result {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::Guest(code)),
        Err(error) => Err(match failure(error, file) {
            Failure::Trap(report) => Failure::Trap(report + &identity(&artifact)),
            other => other,
        }),
    }
}

/// The line of a report by which `symbolize` knows the artifact again.
fn identity(artifact: &Artifact) -> String {
    let Some(id) = artifact.build_id() else { return String::new() };
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\n{BUILD_ID}{id}")
}

/// Says which limit a program has reached that failed, and how to set it.
fn name_limit(program: &Program, error: Option<&Error>) {
    let store = program.store();
    let reached = error.and_then(Error::limit);
    let reached = reached.or(store.limit_reached()).or(store.data().limit_reached());
    if let Some(kind) = reached {
        let option = limit_options::option(kind).map(|option| format!("; see `{option}`"));
        exit::note(format_args!("the limit on {kind} was reached{}", option.unwrap_or_default()));
    }
}

/// What the options give a program.
fn set_up(options: &RunOptions) -> Result<Program> {
    let mut builder = ProgramBuilder::new();
    builder.limits(options.limits.limits());
    options.limits.limit(builder.wasi());
    grant(options, builder.wasi())?;
    if options.on_trap == TrapAction::Abort {
        builder.abort_on_trap();
    }
    let mut program = builder.build();
    // A time so long that it cannot be told never comes.
    let deadline = options.limits.timeout.and_then(|time| Instant::now().checked_add(time));
    if deadline.is_some() {
        program.store_mut().set_deadline(deadline)?;
    }
    Ok(program)
}

/// Runs the program, or calls the export that the options name and prints its
/// results, one a line. Gives the exit code.
fn start(options: &RunOptions, program: &mut Program, artifact: &Artifact) -> Result<i32, Error> {
    if Component::is(artifact) {
        return run_component::start(options, program, artifact);
    }
    let Some(name) = &options.invoke else { return program.run(artifact) };
    // What is not text is no value either, and is refused as such.
    let arguments: Vec<_> = options.args().iter().map(|arg| arg.to_string_lossy()).collect();
    for result in program.invoke(artifact, name, &arguments)? {
        println!("{}", result.to_text());
    }
    Ok(0)
}

/// Writes a core dump of what a trap left.
fn dump(store: &Store<WasiCtx>, trap: &Trap, program: &Path, path: &Path) -> Result {
    let failed = || Failure::while_doing(format!("cannot write {}", path.display()));
    let mut out = BufWriter::new(File::create(path).map_err(failed())?);
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    precast_loader::write_core_dump(store, trap, &name, &mut out).map_err(failed())?;
    out.flush().map_err(failed())
}

/// Opens an artifact, which must be signed if there are keys. Messages name the file
/// that the user named.
fn open(source: ArtifactSource, file: &Path, keys: Option<&TrustedKeys>) -> Result<Artifact> {
    let artifact = match (source, keys) {
        (ArtifactSource::Path(path), Some(keys)) => Artifact::open_signed(path, keys),
        // SAFETY: the user has asked to run this file, as any program.
        (ArtifactSource::Path(path), _) => unsafe { Artifact::open(path) },
        (ArtifactSource::Cached(path), _) => Artifact::open_owned(path),
        // SAFETY: the user has started the program, whose code it is.
        (ArtifactSource::Part(file, part), _) => unsafe { Artifact::from_part(file, part) },
        // SAFETY: the compiler of this process has made it.
        (ArtifactSource::Bytes(bytes), _) => unsafe { Artifact::from_bytes(&bytes) },
    };
    let title = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    artifact.map(|artifact| artifact.with_title(title)).map_err(|error| match error {
        // These have a path already.
        Error::Open(Some(_), _) | Error::System(..) | Error::Unsigned(..) => error.into(),
        other => Failure::Error(format!("{}: {other}", file.display())),
    })
}

/// Provides functions that nothing else does, if the user has asked for it.
fn define_unknown(options: &RunOptions, program: &mut Program, artifact: &Artifact) {
    let linker = program.linker_mut();
    let _ = match options.unknown_imports {
        UnknownImports::Deny => linker,
        UnknownImports::Trap => linker.define_unknown_functions(artifact),
        UnknownImports::Zero => linker.define_unknown_as_zero(artifact),
    };
}

/// Why a program that was instantiated from `file` failed.
fn failure(error: Error, file: &Path) -> Failure {
    match error {
        Error::Link(problems) => Failure::Error(unsatisfied::describe(file, &problems)),
        other => other.into(),
    }
}

fn grant(options: &RunOptions, wasi: &mut WasiCtxBuilder) -> Result {
    wasi.inherit_stdio();
    let name = options.file().file_name().unwrap_or(options.file().as_os_str());
    wasi.arg_os(options.argv0.as_deref().unwrap_or(name));
    if options.invoke.is_none() {
        for arg in options.args() {
            wasi.arg_os(arg);
        }
    }
    if options.inherit_env {
        wasi.inherit_env();
    }
    for variable in &options.env {
        match split(variable, b'=') {
            (name, Some(value)) => {
                wasi.env_os(name, value);
            }
            (name, None) => {
                if let Some(value) = std::env::var_os(name) {
                    wasi.env_os(name, &value);
                }
            }
        }
    }
    for dir in &options.dirs {
        wasi.preopen_dir(&dir.host, &dir.guest, dir.access)
            .map_err(Failure::while_doing(format!("--dir {}", dir.host.display())))?;
        if let Some(procfs) = procfs::within_reach(&dir.host) {
            exit::note(format_args!(
                "--dir {} grants {}, and with it whatever this user may do there to \
                 processes and settings of this system; grant a smaller directory",
                dir.host.display(),
                procfs.display()
            ));
        }
    }
    options.network.grant(wasi.network())?;
    if let Some(cwd) = &options.cwd {
        wasi.working_dir(cwd).map_err(Failure::while_doing(format!("--cwd {cwd}")))?;
    }
    for fd in &options.sockets {
        // SAFETY: the user says that it was passed on; standard streams and
        // files of our own are no sockets, and are refused below.
        let socket = unsafe { precast_loader::inherited_descriptor(*fd) }
            .map_err(Failure::while_doing(format!("--socket-fd {fd}")))?;
        wasi.preopen_socket(socket).map_err(Failure::while_doing(format!("--socket-fd {fd}")))?;
    }
    Ok(())
}
