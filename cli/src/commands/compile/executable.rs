//! Programs: an artifact with the loader that runs it.

use super::command::CompileCommand;
use super::machine;
use crate::exit::{Failure, Result};
use crate::program::{self, Trailer};
use crate::run_options::RunOptions;
use clap::Args;
use object::{Architecture, Object};
use precast_compiler::{Options, Report, TargetDescription};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What a loader is called.
const LOADER: &str = "precast-run";

/// Writes the program whose artifact `compile` gives.
pub(super) fn write(
    command: &CompileCommand,
    options: &Options,
    out: &mut dyn Write,
    compile: &mut dyn FnMut(&mut dyn Write) -> Result<Report>,
) -> Result<Report> {
    check_run_options(&command.run_options)?;
    let loader = loader(command.loader.as_deref(), options)?;
    let mut artifact = Vec::new();
    let mut report = compile(&mut artifact)?;
    let failed = Failure::while_doing("cannot write the program");
    program::write(&loader, &artifact, &command.run_options, out).map_err(failed)?;
    report.size = (loader.len() + artifact.len()) as u64;
    Ok(report)
}

/// Whether the loader will take these options.
fn check_run_options(options: &[String]) -> Result {
    let command = RunOptions::augment_args(clap::Command::new(LOADER).no_binary_name(true));
    let words = options.iter().map(String::as_str).chain(["--", "program"]);
    match command.try_get_matches_from(words) {
        Ok(_) => Ok(()),
        Err(why) => Err(Failure::Usage(format!("`--run-option`: {why}"))),
    }
}

/// The loader for a target, from the first place that has one.
fn loader(given: Option<&Path>, options: &Options) -> Result<Vec<u8>> {
    let target = options.target.as_deref();
    let wanted = target.unwrap_or("this machine");
    // Says what is wrong with the target, if anything is.
    precast_compiler::fingerprint(options)?;
    let unknown = || Failure::Usage(format!("there are no loaders for {wanted}"));
    let machine = machine::of_target(target).ok_or_else(unknown)?;
    let places = match given {
        Some(path) if path.is_dir() => in_folder(path, target, &machine),
        Some(path) => vec![path.to_owned()],
        None => installed(target, &machine),
    };
    let Some(path) = places.iter().find(|path| path.exists()) else {
        let shown: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
        return Err(Failure::Error(format!(
            "no loader for {wanted}: none of {} is there\n\
             help: give a precast-run for it by `--loader FILE`, or a folder with \
             TARGET/precast-run",
            shown.join(", ")
        )));
    };
    let bytes = std::fs::read(path).map_err(Failure::while_doing(path.display()))?;
    let refused = |why: &str| Failure::Error(format!("{}: {why}", path.display()));
    let file = object::read::elf::ElfFile64::<object::Endianness, _>::parse(&*bytes);
    let file = file.map_err(|_| refused("it is no program for Linux"))?;
    if file.architecture() != elf_architecture(machine.architecture) {
        return Err(refused(&format!("it is for another machine than {wanted}")));
    }
    let size = bytes.len() as u64;
    if bytes.last_chunk().is_some_and(|end| Trailer::read(end, size).is_some()) {
        return Err(refused("it has a program in it already; give a plain precast-run"));
    }
    Ok(bytes)
}

fn elf_architecture(name: &str) -> Architecture {
    match name {
        "aarch64" => Architecture::Aarch64,
        "riscv64" => Architecture::Riscv64,
        _ => Architecture::X86_64,
    }
}

/// Where a folder has loaders for a machine: the target's own first. One with
/// another C library runs the same artifacts.
fn in_folder(folder: &Path, target: Option<&str>, machine: &TargetDescription) -> Vec<PathBuf> {
    let triples = target.into_iter().chain(machine.triples.iter().copied());
    triples.map(|triple| folder.join(triple).join(LOADER)).collect()
}

/// Where loaders are installed: in a folder that the environment names, beside
/// this program in `../lib/precast`, and for this machine with this program.
fn installed(target: Option<&str>, machine: &TargetDescription) -> Vec<PathBuf> {
    let named = std::env::var_os("PRECAST_LOADERS").filter(|value| !value.is_empty());
    let own = std::env::current_exe().ok();
    let bin = own.as_deref().and_then(Path::parent);
    let library = bin.and_then(Path::parent).map(|root| root.join("lib/precast"));
    let folders = named.map(PathBuf::from).into_iter().chain(library);
    let mut places: Vec<PathBuf> =
        folders.flat_map(|folder| in_folder(&folder, target, machine)).collect();
    if machine.architecture == std::env::consts::ARCH {
        places.extend(bin.map(|bin| bin.join(LOADER)));
    }
    places
}
