//! wasi:cli.

use super::function::HostCall;
use super::input::InputStream;
use super::io::fault;
use super::output::{OutputStream, Place, is_terminal};
use crate::canonical::owned::Own;
use crate::error::{Error, Result};

/// `wasi:cli/terminal-input.terminal-input`.
#[derive(Debug)]
pub(crate) struct TerminalInput;

/// `wasi:cli/terminal-output.terminal-output`.
#[derive(Debug)]
pub(crate) struct TerminalOutput;

/// Strings are Unicode here: what is not becomes U+FFFD.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn get_environment(call: &mut HostCall<'_>, (): ()) -> Result<Vec<(String, String)>> {
    let split = |variable: &Vec<u8>| {
        let variable = text(variable);
        match variable.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (variable, String::new()),
        }
    };
    Ok(call.ctx.environ.iter().map(split).collect())
}

pub(super) fn get_arguments(call: &mut HostCall<'_>, (): ()) -> Result<Vec<String>> {
    Ok(call.ctx.args.iter().map(|arg| text(arg)).collect())
}

pub(super) fn initial_cwd(_: &mut HostCall<'_>, (): ()) -> Result<Option<String>> {
    Ok(None)
}

pub(super) fn exit(_: &mut HostCall<'_>, (status,): (std::result::Result<(), ()>,)) -> Result<()> {
    Err(Error::Exit(status.is_err().into()))
}

pub(super) fn exit_with_code(_: &mut HostCall<'_>, (code,): (u8,)) -> Result<()> {
    Err(Error::Exit(code.into()))
}

pub(super) fn get_stdin(call: &mut HostCall<'_>, (): ()) -> Result<Own<InputStream>> {
    InputStream::new(0, None).give(call.ctx)
}

pub(super) fn get_stdout(call: &mut HostCall<'_>, (): ()) -> Result<Own<OutputStream>> {
    OutputStream::new(1, Place::Here).give(call.ctx)
}

pub(super) fn get_stderr(call: &mut HostCall<'_>, (): ()) -> Result<Own<OutputStream>> {
    OutputStream::new(2, Place::Here).give(call.ctx)
}

/// A resource that stands for a terminal, if the standard stream is one.
fn terminal<R: Send + 'static>(
    call: &mut HostCall<'_>,
    descriptor: u32,
    resource: R,
) -> Result<Option<Own<R>>> {
    match call.ctx.table.get(descriptor).is_ok_and(is_terminal) {
        true => Ok(Some(Own::new(call.ctx.resources.insert(resource).map_err(fault)?))),
        false => Ok(None),
    }
}

pub(super) fn get_terminal_stdin(
    call: &mut HostCall<'_>,
    (): (),
) -> Result<Option<Own<TerminalInput>>> {
    terminal(call, 0, TerminalInput)
}

pub(super) fn get_terminal_stdout(
    call: &mut HostCall<'_>,
    (): (),
) -> Result<Option<Own<TerminalOutput>>> {
    terminal(call, 1, TerminalOutput)
}

pub(super) fn get_terminal_stderr(
    call: &mut HostCall<'_>,
    (): (),
) -> Result<Option<Own<TerminalOutput>>> {
    terminal(call, 2, TerminalOutput)
}
