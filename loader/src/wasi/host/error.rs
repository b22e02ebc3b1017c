//! What can go wrong with the host: the number that a native program would see.

use rustix::io::Errno;

/// A native error number. Each preview has its own name for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HostError(Errno);

/// The result of an operation of the host.
pub(crate) type Result<T> = std::result::Result<T, HostError>;

impl HostError {
    /// What a path is refused with that leads out of its directory.
    pub(crate) const ESCAPE: Self = Self(Errno::PERM);
    /// What a change is refused with where only reading was granted.
    pub(crate) const READ_ONLY: Self = Self(Errno::PERM);
    /// There is no such descriptor, or it is not for this operation.
    pub(crate) const BAD_DESCRIPTOR: Self = Self(Errno::BADF);
    /// A guest has as many descriptors as it may.
    pub(crate) const TOO_MANY_DESCRIPTORS: Self = Self(Errno::MFILE);
    /// A guest has written as much as it may.
    pub(crate) const TOO_LARGE: Self = Self(Errno::FBIG);
    /// A guest holds as much as it may.
    pub(crate) const NO_MEMORY: Self = Self(Errno::NOMEM);
    /// What is no file has no positions.
    pub(crate) const NOT_SEEKABLE: Self = Self(Errno::SPIPE);
    /// Only a directory has paths below it.
    pub(crate) const NOT_A_DIRECTORY: Self = Self(Errno::NOTDIR);
    /// Only a socket has another side.
    pub(crate) const NOT_A_SOCKET: Self = Self(Errno::NOTSOCK);
    /// A symbolic link is not to be followed.
    pub(crate) const LINK: Self = Self(Errno::LOOP);
    /// An argument that makes no sense here.
    pub(crate) const INVALID: Self = Self(Errno::INVAL);
    /// The empty path names nothing.
    pub(crate) const NOT_FOUND: Self = Self(Errno::NOENT);
    /// The host ended a wait; see [`Interrupt`](super::interrupt::Interrupt).
    pub(crate) const INTERRUPTED: Self = Self(Errno::INTR);

    /// The number.
    pub(crate) fn errno(self) -> Errno {
        self.0
    }
}

impl From<Errno> for HostError {
    fn from(errno: Errno) -> Self {
        Self(errno)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_through() {
        assert_eq!(HostError::from(Errno::XDEV).errno(), Errno::XDEV);
        assert_eq!(HostError::from(Errno::PERM), HostError::ESCAPE);
    }
}
