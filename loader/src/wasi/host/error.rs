//! What can go wrong with the host: the number that a native program would see.

use rustix::io::Errno;

/// A native error number. Each preview has its own name for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HostError {
    errno: Errno,
    /// It is not the system's: what was granted is not to be changed.
    pub(crate) read_only: bool,
}

/// The result of an operation of the host.
pub(crate) type Result<T> = std::result::Result<T, HostError>;

impl HostError {
    /// What a path is refused with that leads out of its directory.
    pub(crate) const ESCAPE: Self = Self::of(Errno::PERM);
    /// What a change is refused with where only reading was granted.
    pub(crate) const READ_ONLY: Self = Self { errno: Errno::PERM, read_only: true };
    /// There is no such descriptor, or it is not for this operation.
    pub(crate) const BAD_DESCRIPTOR: Self = Self::of(Errno::BADF);
    /// A guest has as many descriptors as it may.
    pub(crate) const TOO_MANY_DESCRIPTORS: Self = Self::of(Errno::MFILE);
    /// A guest has written as much as it may.
    pub(crate) const TOO_LARGE: Self = Self::of(Errno::FBIG);
    /// A guest holds as much as it may.
    pub(crate) const NO_MEMORY: Self = Self::of(Errno::NOMEM);
    /// What is no file has no positions.
    pub(crate) const NOT_SEEKABLE: Self = Self::of(Errno::SPIPE);
    /// Only a directory has paths below it.
    pub(crate) const NOT_A_DIRECTORY: Self = Self::of(Errno::NOTDIR);
    /// Only a socket has another side.
    pub(crate) const NOT_A_SOCKET: Self = Self::of(Errno::NOTSOCK);
    /// A symbolic link is not to be followed.
    pub(crate) const LINK: Self = Self::of(Errno::LOOP);
    /// An argument that makes no sense here.
    pub(crate) const INVALID: Self = Self::of(Errno::INVAL);
    /// The empty path names nothing.
    pub(crate) const NOT_FOUND: Self = Self::of(Errno::NOENT);
    /// The host ended a wait; see [`Interrupt`](super::interrupt::Interrupt).
    pub(crate) const INTERRUPTED: Self = Self::of(Errno::INTR);

    const fn of(errno: Errno) -> Self {
        Self { errno, read_only: false }
    }

    /// The number.
    pub(crate) fn errno(self) -> Errno {
        self.errno
    }
}

impl From<Errno> for HostError {
    fn from(errno: Errno) -> Self {
        Self::of(errno)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_through() {
        assert_eq!(HostError::from(Errno::XDEV).errno(), Errno::XDEV);
        assert_eq!(HostError::from(Errno::PERM), HostError::ESCAPE);
        assert_eq!(HostError::READ_ONLY.errno(), Errno::PERM);
        assert_ne!(HostError::READ_ONLY, HostError::ESCAPE);
    }
}
