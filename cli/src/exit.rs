//! How a command ends: exit codes, and the message that goes with them.
//!
//! | code | meaning |
//! |-|-|
//! | the guest's | the guest ended itself with `proc_exit` (the low 8 bits of its code), or returned (0) |
//! | 1 | an error: unreadable file, invalid module, missing import, ... |
//! | 2 | wrong usage of the command line |
//! | 134 | the guest trapped, or threw an exception that nothing caught |

use precast_artifact::text::PrintableLines;
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
        match error {
            precast_loader::Error::Exit(code) => Self::Guest(code),
            precast_loader::Error::Trap(trap) => Self::Trap(trap.to_string()),
            precast_loader::Error::Exception(exception) => Self::Trap(exception.to_string()),
            precast_loader::Error::Invocation(why) => Self::Usage(why),
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
        Err(Failure::Trap(message)) => (message, TRAP),
    };
    // What comes from modules may hold anything.
    eprintln!("{program}: {}", PrintableLines(&message));
    ExitCode::from(code)
}
