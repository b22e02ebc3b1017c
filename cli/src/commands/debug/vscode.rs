//! `.vscode/launch.json`, with a configuration for lldb-dap.

use super::scripts;
use crate::commands::output;
use crate::exit::{Failure, Result};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::Path;

/// Writes a configuration that debugs a guest, in place of one with the same
/// name, besides the others that the file has.
pub(super) fn write(file: &Path, program: &Path, arguments: &[OsString], script: &Path) -> Result {
    let path = Path::new(".vscode/launch.json");
    let ours = configuration(file, program, arguments, script);
    let launch = match std::fs::read(path) {
        Ok(text) => merged(&text, &ours).ok_or_else(|| {
            Failure::Error(format!(
                "{} is not plain JSON with `configurations`; add this one to it:\n{ours:#}",
                path.display()
            ))
        })?,
        Err(_) => json!({ "version": "0.2.0", "configurations": [ours] }),
    };
    let failed = || Failure::while_doing(format!("cannot write {}", path.display()));
    std::fs::create_dir_all(".vscode").map_err(failed())?;
    output::write_bytes(path, format!("{launch:#}\n").as_bytes())?;
    let name = ours["name"].as_str().unwrap_or_default();
    output::print(&format!("{}: {name}\n", path.display()))
}

fn configuration(file: &Path, program: &Path, arguments: &[OsString], script: &Path) -> Value {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    json!({
        "name": format!("Debug {name}"),
        "type": "lldb-dap",
        "request": "launch",
        "program": program.to_string_lossy(),
        "args": arguments,
        "cwd": "${workspaceFolder}",
        "initCommands": scripts::lldb_setup(script),
    })
}

/// The launch file `text` with the configuration in it.
fn merged(text: &[u8], ours: &Value) -> Option<Value> {
    let mut launch: Value = serde_json::from_slice(text).ok()?;
    let configurations = launch.get_mut("configurations")?.as_array_mut()?;
    match configurations.iter_mut().find(|other| other["name"] == ours["name"]) {
        Some(old) => *old = ours.clone(),
        None => configurations.push(ours.clone()),
    }
    Some(launch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_configurations_stay() {
        let ours = json!({ "name": "Debug a" });
        let launch = merged(br#"{"version": "0.2.0", "configurations": [{"name": "b"}]}"#, &ours);
        let names = |launch: &Value| -> Vec<String> {
            let all = launch["configurations"].as_array().unwrap();
            all.iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
        };
        let launch = launch.unwrap();
        assert_eq!(names(&launch), ["b", "Debug a"]);
        let again = merged(launch.to_string().as_bytes(), &ours).unwrap();
        assert_eq!(names(&again), ["b", "Debug a"]);
        assert_eq!(merged(b"// with a comment\n{}", &ours), None);
    }
}
