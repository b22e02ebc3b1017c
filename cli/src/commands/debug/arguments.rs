//! The options of `run`, as a command line again.

use crate::run_options::{RunOptions, UnknownImports};
use clap::ValueEnum;
use precast_loader::wasi::DirAccess;
use std::ffi::OsString;
use std::path::Path;

/// The arguments with which this program runs an artifact as asked.
pub(super) fn of(options: &RunOptions, artifact: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["run".into()];
    let mut option = |name: &str, value: OsString| {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value);
        arguments.push(argument);
    };
    for dir in &options.dirs {
        let mut value = OsString::from(&dir.host);
        value.push("::");
        value.push(&dir.guest);
        value.push(match dir.access {
            DirAccess::ReadOnly => ":ro",
            _ => ":rw",
        });
        option("dir", value);
    }
    options.env.iter().for_each(|variable| option("env", variable.into()));
    // Of a module, the artifact has another name.
    let name = options.file().file_name().unwrap_or_default();
    option("argv0", options.argv0.clone().unwrap_or_else(|| name.to_owned()));
    options.invoke.iter().for_each(|name| option("invoke", name.into()));
    for (name, file) in &options.preload {
        let mut value = OsString::from(format!("{name}="));
        value.push(file);
        option("preload", value);
    }
    options.sockets.iter().for_each(|fd| option("socket-fd", fd.to_string().into()));
    for (name, value) in options.limits.arguments() {
        option(name, value.to_string().into());
    }
    options.cwd.iter().for_each(|cwd| option("cwd", cwd.into()));
    option("unknown-imports", name_of(options.unknown_imports));
    if options.inherit_env {
        arguments.push("--inherit-env".into());
    }
    arguments.push(artifact.into());
    arguments.extend(options.args().iter().cloned());
    arguments
}

/// How an action is written.
fn name_of(action: UnknownImports) -> OsString {
    let value = action.to_possible_value().expect("every action has a name");
    value.get_name().into()
}
