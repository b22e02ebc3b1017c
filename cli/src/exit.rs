//! How a command ends, and what it says: exit codes, and the messages that go
//! with them.
//!
//! | code | meaning |
//! |-|-|
//! | the guest's | the guest ended itself with `proc_exit` (the low 8 bits of its code), or returned (0) |
//! | 1 | an error: unreadable file, invalid module, missing import, ... |
//! | 2 | wrong usage of the command line |
//! | 134 | the guest trapped, or threw an exception that nothing caught |
//!
//! Messages go to standard error, in colours where that is a terminal that has
//! them: `error: what`, then perhaps lines that begin with `help: ` and say
//! what to do; `warning: ` and `note: ` where there is no error.

use crate::names;
use anstyle::{AnsiColor, Style};
use precast_artifact::text::PrintableLines;
use precast_loader::UnknownImport;
use std::fmt;
use std::process::ExitCode;

/// Exit code after a trap or an uncaught exception, as of a process that aborted (128 + SIGABRT).
pub const TRAP: u8 = 134;
/// Exit code for wrong usage.
pub const USAGE: u8 = 2;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// Anything that is not one of the below: what was done, and why it
    /// failed.
    Error(String),
    /// The command line was wrong.
    Usage(String),
    /// The guest trapped, or threw what nothing caught; the report.
    Trap(String),
    /// The guest ended itself with this code. Nothing is printed.
    Guest(i32),
    /// Whoever failed has said so already.
    Silent,
}

/// Shorthand for results of commands.
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// An error while doing something: `what: why`.
    pub fn while_doing(what: impl fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        move |why| Self::Error(format!("{what}: {why}"))
    }
}

impl From<precast_loader::Error> for Failure {
    fn from(error: precast_loader::Error) -> Self {
        use precast_loader::Error;
        match error {
            Error::Exit(code) => Self::Guest(code),
            Error::Trap(trap) => Self::Trap(trap.to_string()),
            Error::Exception(exception) => Self::Trap(exception.to_string()),
            Error::Invocation(why) => Self::Usage(why),
            host if host.downcast_ref::<UnknownImport>().is_some() => Self::Trap(host.to_string()),
            other => Self::Error(other.to_string()),
        }
    }
}

/// Prints what went wrong, if anything did, and gives the exit code.
pub fn finish(program: &str, outcome: Result) -> ExitCode {
    let (message, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Guest(code)) => return ExitCode::from(code as u8),
        Err(Failure::Silent) => return ExitCode::from(1),
        Err(Failure::Error(message)) => (message, 1),
        Err(Failure::Usage(message)) => (message, USAGE),
        Err(Failure::Trap(message)) => {
            // The guest writes to the same place, so it says who speaks.
            say(program, ERROR, names::readable(&message));
            return ExitCode::from(TRAP);
        }
    };
    say("error", ERROR, names::readable(&message));
    ExitCode::from(code)
}

/// Says what has failed, where the command goes on.
pub fn error(message: impl fmt::Display) {
    say("error", ERROR, message);
}

/// Says what is not as it should be.
pub fn warn(message: impl fmt::Display) {
    say("warning", WARNING, message);
}

/// Says what is good to know.
pub fn note(message: impl fmt::Display) {
    say("note", NOTE, message);
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Green.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Prints a message after a label, and the labels within it in colour.
fn say(label: &str, style: Style, message: impl fmt::Display) {
    anstream::eprintln!("{}", labelled(label, style, message));
}

fn labelled(label: &str, style: Style, message: impl fmt::Display) -> String {
    // What comes from modules may hold anything.
    let message = PrintableLines(message.to_string()).to_string();
    let mut text = format!("{style}{label}:{style:#} ");
    for (number, line) in message.lines().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        match line.strip_prefix("help: ") {
            Some(help) => text.push_str(&format!("{HELP}help:{HELP:#} {help}")),
            None => text.push_str(line),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_colours_and_messages_none() {
        let text = labelled("error", ERROR, "a\x1b[0mb\nhelp: c");
        assert!(text.starts_with("\x1b[1m\x1b[31merror:\x1b[0m a"), "{text:?}");
        assert!(text.contains(r"\u{1b}[0mb") && text.contains("help:\x1b[0m c"), "{text:?}");
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain, "error: a\\u{1b}[0mb\nhelp: c");
    }
}
