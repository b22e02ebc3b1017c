//! The options of `run`, as a command line again.

use crate::run_options::RunOptions;
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
    option("argv0", options.argv0.as_ref().map_or_else(|| name.to_owned(), OsString::from));
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
    arguments.push(artifact.into());
    arguments.extend(options.args().iter().map(OsString::from));
    arguments
}
