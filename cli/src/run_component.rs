//! Running components: as commands, or a call of what they export.

use crate::exit;
use crate::run_options::{RunOptions, UnknownImports};
use crate::wave::{self, WrittenCall};
use precast_loader::component::{Component, ComponentInstance, run_component};
use precast_loader::{Artifact, Error, Program, Result};

/// Runs a component, or calls the export that the options name and prints its
/// result. Gives the exit code.
pub(crate) fn start(
    options: &RunOptions,
    program: &mut Program,
    artifact: &Artifact,
) -> Result<i32> {
    let component = Component::new(artifact.clone())?;
    // A value of any type cannot be made up, so both kinds fail when they are called.
    if options.unknown_imports != UnknownImports::Deny {
        program.component_linker_mut().define_unknown_functions(&component);
    }
    let instance = program.component(&component)?;
    let result = match &options.invoke {
        Some(call) => invoke(&component, program, &instance, call).map(|()| 0),
        None => run_component(program.store_mut(), &instance),
    };
    if options.report_handles {
        report(program, &instance)?;
    }
    result
}

/// Calls an export as the text says, and prints the result.
fn invoke(
    component: &Component,
    program: &mut Program,
    instance: &ComponentInstance,
    text: &str,
) -> Result<()> {
    let call = WrittenCall::new(text);
    let path = find(component, call.name).map_err(Error::Invocation)?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let store = program.store_mut();
    let func = instance.get_func(store, &path)?;
    let arguments = call.arguments(&func.params(store)).map_err(|why| {
        Error::Invocation(format!("`{}` is {}: {why}", call.name, func.ty(store)))
    })?;
    let result = func.call(store, &arguments)?;
    if let (Some(result), Some(ty)) = (result, func.result(store)) {
        println!("{}", wave::show(&result, &ty).map_err(Error::Invocation)?);
    }
    Ok(())
}

/// The path of the exported function of a name: the names that lead to it with
/// `/` or `#` between them, or the last alone, if there is only one such.
fn find(component: &Component, name: &str) -> Result<Vec<String>, String> {
    let functions = component.exports().into_iter().filter(|export| export.is_function());
    let paths: Vec<Vec<String>> = functions.map(|export| export.path).collect();
    let whole = |path: &&Vec<String>| path.join("/") == name || path.join("#") == name;
    if let Some(path) = paths.iter().find(whole) {
        return Ok(path.clone());
    }
    let mut last = paths.iter().filter(|path| path.last().is_some_and(|last| last == name));
    match (last.next(), last.next()) {
        (Some(path), None) => Ok(path.clone()),
        (found, _) => {
            let what = if found.is_some() { "several functions are" } else { "no function is" };
            let all: Vec<String> = paths.iter().map(|path| path.join("/")).collect();
            Err(format!("{what} called `{name}`; there are: {}", all.join(", ")))
        }
    }
}

/// Says which handles are left.
fn report(program: &Program, instance: &ComponentInstance) -> Result<()> {
    let left = instance.left_handles(program.store())?;
    if left.is_empty() {
        exit::note(format_args!("no handles are left"));
    }
    for handles in left {
        let (count, resource) = (handles.guest + handles.host, &handles.resource);
        let held = match handles.host {
            0 => String::new(),
            host => format!(", {host} of them held by the host"),
        };
        exit::note(format_args!("handles left of `{resource}`: {count}{held}"));
    }
    Ok(())
}
