//! What a build, or a person, may ask for: `--print`.

use super::command::{CompileCommand, Print};
use super::machine;
use crate::commands::{debug_files, input, output, store_folder};
use crate::exit::{Failure, Result};
use precast_artifact::abi::Versions;
use precast_compiler::{CRANELIFT_VERSION, targets};

/// Prints it.
pub(super) fn print(command: &CompileCommand, what: Print) -> Result {
    let text = match what {
        Print::Version => version(),
        Print::Targets => {
            let triples = targets().into_iter().flat_map(|target| target.triples);
            triples.map(|triple| format!("{triple}\n")).collect()
        }
        Print::Cpus => cpus(command)?,
        Print::CacheKey => keys(command)?,
        Print::Passes => passes(command)?,
        Print::Profile => match &command.codegen.known_profile {
            Some(profile) => profile.to_string(),
            None => {
                let why = "`--print profile` prints what `--profile FILE` says";
                return Err(Failure::Usage(why.to_owned()));
            }
        },
    };
    output::print(&text)
}

/// This program, and all of it that what it writes depends on.
pub fn version() -> String {
    let Versions { container, context, builtins } = Versions::CURRENT;
    let triples: Vec<&str> = targets().iter().flat_map(|t| t.triples).copied().collect();
    format!(
        "precast {}\nformat: {container}\nabi: context {context}, builtins {builtins}\n\
         cranelift: {CRANELIFT_VERSION}\ntargets: {}\n",
        env!("CARGO_PKG_VERSION"),
        triples.join(" ")
    )
}

fn cpus(command: &CompileCommand) -> Result<String> {
    let mut text = String::new();
    for target in command.targets() {
        let options = command.options(target);
        // Says what is wrong with a target.
        precast_compiler::fingerprint(&options)?;
        let names = machine::of_target(target).into_iter().flat_map(|known| known.cpus);
        names.for_each(|(name, _)| text.push_str(&format!("{name}\n")));
    }
    Ok(text)
}

fn keys(command: &CompileCommand) -> Result<String> {
    let mut text = String::new();
    for path in &command.inputs {
        let wasm = input::module(path)?;
        for target in command.targets() {
            let mut options = command.options(target);
            debug_files::find(path, &wasm, &command.codegen.debug_path, &mut options);
            let emit = command.emit.extension();
            text.push_str(&format!("{}-{emit}\n", store_folder::key(&wasm, &options)?));
        }
    }
    Ok(text)
}

/// What each optimisation did to each input for each target, and its time.
fn passes(command: &CompileCommand) -> Result<String> {
    let mut text = String::new();
    for path in &command.inputs {
        let wasm = input::module(path)?;
        for target in command.targets() {
            for pass in precast_compiler::passes(&wasm, &command.options(target))? {
                let name = pass.optimisation.name();
                let time = pass.time.map(|time| format!("{:.1} ms", time.as_secs_f64() * 1e3));
                let did = format!("{} {}", pass.changed, pass.what);
                let line = match pass.enabled {
                    true => format!("{name:<18} {did:<32} {}", time.unwrap_or_default()),
                    false => format!("{name:<18} off"),
                };
                text.push_str(&format!("{}\n", line.trim_end()));
            }
        }
    }
    Ok(text)
}
