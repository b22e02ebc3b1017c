//! Running an artifact: what `precast run` and `precast-run` share.

use crate::exit::{Failure, Result};
use crate::run_options::{RunOptions, TrapAction};
use precast_loader::wasi::{WasiCtx, WasiCtxBuilder};
use precast_loader::{
    Artifact, Error, Func, Instance, Limits, LinkProblem, Linker, Store, Trap, Val, ValType,
};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Where the artifact of a program is.
pub enum Source {
    /// In the file that the user named.
    Path(PathBuf),
    /// In a file of the cache.
    Cached(PathBuf),
    /// In memory.
    Bytes(Vec<u8>),
}

/// Runs a program to its end. `find` turns the file that the user named into
/// an artifact.
pub fn run(options: &RunOptions, find: &mut dyn FnMut(&Path) -> Result<Source>) -> Result {
    let mut limits = Limits::default();
    if let Some(kib) = options.stack_size {
        limits.stack_bytes = kib << 10;
    }
    if let Some(mib) = options.max_memory {
        limits.memory_bytes = mib << 20;
    }
    let mut store = Store::with_limits(wasi(options)?, limits);
    let mut linker = Linker::new();
    linker.add_wasi(|wasi: &mut WasiCtx| wasi);
    for (name, file) in &options.preload {
        let artifact = open(find(file)?, file)?;
        let instance = instantiate(&linker, &mut store, &artifact, file)?;
        if instance.get_func(&store, "_initialize").is_some() {
            precast_loader::run_command(&mut store, &instance)?;
        }
        linker.instance(&store, name, instance);
    }
    let artifact = open(find(options.file())?, options.file())?;
    if options.on_trap == TrapAction::Abort {
        store.abort_on_trap();
    }
    let result = start(options, &linker, &mut store, &artifact);
    if let (Err(Stopped::Guest(Error::Trap(trap))), Some(file)) = (&result, &options.coredump) {
        dump(&store, trap, options.file(), file)?;
    }
    if let (Err(_), Some(bytes)) = (&result, store.exhausted_reservation()) {
        eprintln!(
            "note: a memory could not grow beyond its reservation of {bytes} bytes; \
             `compile --memory-reservation SIZE` sets another"
        );
    }
    result.map_err(Failure::from)
}

/// Instantiates the program and runs it.
fn start(
    options: &RunOptions,
    linker: &Linker<WasiCtx>,
    store: &mut Store<WasiCtx>,
    artifact: &Artifact,
) -> Result<(), Stopped> {
    let instance = instantiate(linker, store, artifact, options.file())?;
    match &options.invoke {
        Some(name) => invoke(store, &instance, name, options.args()),
        None => match precast_loader::run_command(store, &instance)? {
            0 => Ok(()),
            code => Err(Stopped::Before(Failure::Guest(code))),
        },
    }
}

/// Why a program did not run to its end.
enum Stopped {
    /// It was not started.
    Before(Failure),
    /// The guest failed, or what it called.
    Guest(Error),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Before(failure)
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Guest(error)
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Before(failure) => failure,
            Stopped::Guest(error) => error.into(),
        }
    }
}

/// Writes a core dump of what a trap left.
fn dump(store: &Store<WasiCtx>, trap: &Trap, program: &Path, path: &Path) -> Result {
    let failed = || Failure::while_doing(format!("cannot write {}", path.display()));
    let mut out = BufWriter::new(File::create(path).map_err(failed())?);
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    precast_loader::write_core_dump(store, trap, &name, &mut out).map_err(failed())?;
    out.flush().map_err(failed())
}

/// Opens an artifact. Messages name the file that the user named.
fn open(source: Source, file: &Path) -> Result<Artifact> {
    let artifact = match source {
        Source::Path(path) | Source::Cached(path) => Artifact::open(path),
        Source::Bytes(bytes) => Artifact::from_bytes(&bytes),
    };
    artifact.map_err(|error| match error {
        // These have a path already.
        Error::Open(Some(_), _) | Error::System(..) => error.into(),
        other => Failure::Error(format!("{}: {other}", file.display())),
    })
}

fn instantiate(
    linker: &Linker<WasiCtx>,
    store: &mut Store<WasiCtx>,
    artifact: &Artifact,
    file: &Path,
) -> Result<Instance, Stopped> {
    linker.instantiate(store, artifact).map_err(|error| match error {
        Error::Link(problems) => Failure::Error(unsatisfied(file, &problems)).into(),
        other => other.into(),
    })
}

/// Every import that is missing, with its type, and what would provide it.
fn unsatisfied(file: &Path, problems: &[LinkProblem]) -> String {
    let mut text = format!("{}: {}", file.display(), Error::Link(problems.to_vec()));
    let mut modules: Vec<&str> =
        problems.iter().filter(|p| p.found.is_none()).map(|p| p.module.as_str()).collect();
    modules.sort_unstable();
    modules.dedup();
    for module in modules.iter().filter(|module| !module.starts_with("wasi_")) {
        text.push_str(&format!("\n`--preload {module}=FILE` provides the exports of a module"));
    }
    text
}

fn wasi(options: &RunOptions) -> Result<WasiCtx> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stdio();
    let name = options.file().file_name().unwrap_or(options.file().as_os_str());
    wasi.arg(options.argv0.clone().unwrap_or_else(|| name.to_string_lossy().into_owned()));
    if options.invoke.is_none() {
        wasi.args(options.args());
    }
    for variable in &options.env {
        match variable.split_once('=') {
            Some((name, value)) => {
                wasi.env(name, value);
            }
            None => {
                if let Ok(value) = std::env::var(variable) {
                    wasi.env(variable, value);
                }
            }
        }
    }
    for dir in &options.dirs {
        wasi.preopen_dir(&dir.host, &dir.guest, dir.access)
            .map_err(Failure::while_doing(format!("--dir {}", dir.host.display())))?;
    }
    for fd in &options.sockets {
        let socket = precast_loader::inherited_descriptor(*fd)
            .map_err(Failure::while_doing(format!("--socket-fd {fd}")))?;
        wasi.preopen_socket(socket).map_err(Failure::while_doing(format!("--socket-fd {fd}")))?;
    }
    Ok(wasi.build())
}

/// Calls an export with arguments from the command line and prints the
/// results, one a line.
fn invoke(
    store: &mut Store<WasiCtx>,
    instance: &Instance,
    name: &str,
    args: &[String],
) -> Result<(), Stopped> {
    if instance.get_func(store, "_initialize").is_some() {
        precast_loader::run_command(store, instance)?;
    }
    let Some(func) = instance.get_func(store, name) else {
        return Err(Failure::Usage(no_such_export(store, instance, name)).into());
    };
    let params = parse_args(store, func, name, args)?;
    for result in func.call(store, &params)? {
        println!("{}", show(&result));
    }
    Ok(())
}

fn no_such_export(store: &Store<WasiCtx>, instance: &Instance, name: &str) -> String {
    let functions: Vec<String> = instance
        .exports(store)
        .filter(|(_, item)| item.func().is_some())
        .map(|(name, _)| name.to_owned())
        .collect();
    format!("no function `{name}` is exported; there are: {}", functions.join(", "))
}

fn parse_args(store: &Store<WasiCtx>, func: Func, name: &str, args: &[String]) -> Result<Vec<Val>> {
    let ty = func.ty(store);
    if ty.params.len() != args.len() {
        let (want, got) = (ty.params.len(), args.len());
        return Err(Failure::Usage(format!("`{name}` is {ty}: {want} arguments, not {got}")));
    }
    let parse = |(ty, text): (&ValType, &String)| {
        value(ty, text)
            .ok_or_else(|| Failure::Usage(format!("`{text}` is not a value of type {ty}")))
    };
    ty.params.iter().zip(args).map(parse).collect()
}

/// A number as people write it: decimal or `0x`, signed or unsigned.
fn value(ty: &ValType, text: &str) -> Option<Val> {
    let integer = || {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let magnitude = match digits.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16).ok()?,
            None => digits.parse::<i128>().ok()?,
        };
        Some(if negative { -magnitude } else { magnitude })
    };
    let fits = |value: i128, bits: u32| {
        let (low, high) = (-(1i128 << (bits - 1)), (1i128 << bits) - 1);
        (low..=high).contains(&value).then_some(value)
    };
    Some(match ty {
        ValType::I32 => Val::I32(fits(integer()?, 32)? as i32),
        ValType::I64 => Val::I64(fits(integer()?, 64)? as i64),
        ValType::F32 => Val::F32(text.parse::<f32>().ok()?.to_bits()),
        ValType::F64 => Val::F64(text.parse::<f64>().ok()?.to_bits()),
        ValType::V128 => {
            let digits = text.strip_prefix("0x")?;
            Val::V128(u128::from_str_radix(digits, 16).ok()?)
        }
        ValType::Ref(_) => match text {
            "null" => Val::default_for(ty)?,
            _ => return None,
        },
    })
}

fn show(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => f32::from_bits(*bits).to_string(),
        Val::F64(bits) => f64::from_bits(*bits).to_string(),
        Val::V128(bits) => format!("{bits:#034x}"),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) => "null".to_owned(),
        Val::FuncRef(Some(_)) => "funcref".to_owned(),
        Val::ExternRef(Some(_)) => "externref".to_owned(),
        Val::ExnRef(Some(_)) => "exnref".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        let int = |text| value(&ValType::I32, text).and_then(|v| v.i32());
        assert_eq!(int("-5"), Some(-5));
        assert_eq!(int("0xffffffff"), Some(-1));
        assert_eq!(int("4294967295"), Some(-1));
        assert_eq!(int("4294967296"), None);
        assert_eq!(int("1.5"), None);
        assert_eq!(value(&ValType::I64, "-1").and_then(|v| v.i64()), Some(-1));
    }
}
