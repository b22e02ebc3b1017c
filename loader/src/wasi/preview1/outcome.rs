//! How a WASI call ends.

use crate::wasi::host::error::HostError;
use crate::wasi::memory::BadPointer;
use crate::wasi::preview1::errno::Errno;

/// What the caller of a WASI function must do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Return this errno to the guest.
    Return(Errno),
    /// The guest called `proc_exit` with this code, of which a process
    /// passes on the low 8 bits.
    Exit(u32),
    /// End the call with a trap; the text says what was wrong.
    Trap(String),
}

/// Why an implementation stopped before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// An error the guest is told about.
    Errno(Errno),
    /// A call no conforming guest makes.
    Trap(String),
    /// `proc_exit`.
    Exit(u32),
}

/// The result of every step in an implementation.
pub(super) type Result<T, E = Stop> = std::result::Result<T, E>;

impl Outcome {
    /// Ends the call of the function `name`.
    pub(super) fn from_result(name: &str, result: Result<()>) -> Self {
        match result {
            Ok(()) => Self::Return(Errno::Success),
            Err(Stop::Errno(errno)) => Self::Return(errno),
            Err(Stop::Exit(code)) => Self::Exit(code),
            Err(Stop::Trap(cause)) => Self::Trap(format!("{name}: {cause}")),
        }
    }
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<HostError> for Stop {
    fn from(error: HostError) -> Self {
        Self::Errno(error.into())
    }
}

impl From<BadPointer> for Stop {
    fn from(pointer: BadPointer) -> Self {
        Self::Trap(pointer.to_string())
    }
}
