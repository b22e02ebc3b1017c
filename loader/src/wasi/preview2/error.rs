//! `error-code` of wasi:filesystem.

use crate::canonical::shapes::enumeration;
use crate::wasi::host::error::HostError;
use rustix::io::Errno;

enumeration! {
    /// `wasi:filesystem/types.error-code`.
    FileError {
        /// Permission denied, as `EACCES`.
        Access = "access",
        /// `EAGAIN`.
        WouldBlock = "would-block",
        /// `EALREADY`.
        Already = "already",
        /// `EBADF`.
        BadDescriptor = "bad-descriptor",
        /// `EBUSY`.
        Busy = "busy",
        /// `EDEADLK`.
        Deadlock = "deadlock",
        /// `EDQUOT`.
        Quota = "quota",
        /// `EEXIST`.
        Exist = "exist",
        /// `EFBIG`.
        FileTooLarge = "file-too-large",
        /// `EILSEQ`.
        IllegalByteSequence = "illegal-byte-sequence",
        /// `EINPROGRESS`.
        InProgress = "in-progress",
        /// `EINTR`.
        Interrupted = "interrupted",
        /// `EINVAL`.
        Invalid = "invalid",
        /// `EIO`, and what has no name here.
        Io = "io",
        /// `EISDIR`.
        IsDirectory = "is-directory",
        /// `ELOOP`.
        Loop = "loop",
        /// `EMLINK`.
        TooManyLinks = "too-many-links",
        /// `EMSGSIZE`.
        MessageSize = "message-size",
        /// `ENAMETOOLONG`.
        NameTooLong = "name-too-long",
        /// `ENODEV`.
        NoDevice = "no-device",
        /// `ENOENT`.
        NoEntry = "no-entry",
        /// `ENOLCK`.
        NoLock = "no-lock",
        /// `ENOMEM`.
        InsufficientMemory = "insufficient-memory",
        /// `ENOSPC`.
        InsufficientSpace = "insufficient-space",
        /// `ENOTDIR`.
        NotDirectory = "not-directory",
        /// `ENOTEMPTY`.
        NotEmpty = "not-empty",
        /// `ENOTRECOVERABLE`.
        NotRecoverable = "not-recoverable",
        /// `ENOTSUP`, `ENOSYS`.
        Unsupported = "unsupported",
        /// `ENOTTY`.
        NoTty = "no-tty",
        /// `ENXIO`.
        NoSuchDevice = "no-such-device",
        /// `EOVERFLOW`.
        Overflow = "overflow",
        /// `EPERM`.
        NotPermitted = "not-permitted",
        /// `EPIPE`.
        Pipe = "pipe",
        /// `EROFS`.
        ReadOnly = "read-only",
        /// `ESPIPE`.
        InvalidSeek = "invalid-seek",
        /// `ETXTBSY`.
        TextFileBusy = "text-file-busy",
        /// `EXDEV`.
        CrossDevice = "cross-device",
    }
}

/// What a function of files gives.
pub(super) type FileResult<V> = crate::error::Result<Result<V, FileError>>;

impl From<HostError> for FileError {
    fn from(error: HostError) -> Self {
        if error.read_only {
            return Self::ReadOnly;
        }
        match error.errno() {
            Errno::ACCESS => Self::Access,
            Errno::AGAIN => Self::WouldBlock,
            Errno::ALREADY => Self::Already,
            Errno::BADF => Self::BadDescriptor,
            Errno::BUSY => Self::Busy,
            Errno::DEADLK => Self::Deadlock,
            Errno::DQUOT => Self::Quota,
            Errno::EXIST => Self::Exist,
            Errno::FBIG => Self::FileTooLarge,
            Errno::ILSEQ => Self::IllegalByteSequence,
            Errno::INPROGRESS => Self::InProgress,
            Errno::INTR => Self::Interrupted,
            Errno::INVAL => Self::Invalid,
            Errno::ISDIR => Self::IsDirectory,
            Errno::LOOP => Self::Loop,
            Errno::MLINK => Self::TooManyLinks,
            Errno::MSGSIZE => Self::MessageSize,
            Errno::NAMETOOLONG => Self::NameTooLong,
            Errno::NODEV => Self::NoDevice,
            Errno::NOENT => Self::NoEntry,
            Errno::NOLCK => Self::NoLock,
            Errno::NOMEM | Errno::MFILE | Errno::NFILE => Self::InsufficientMemory,
            Errno::NOSPC => Self::InsufficientSpace,
            Errno::NOTDIR => Self::NotDirectory,
            Errno::NOTEMPTY => Self::NotEmpty,
            Errno::NOTRECOVERABLE => Self::NotRecoverable,
            Errno::NOTSUP | Errno::NOSYS => Self::Unsupported,
            Errno::NOTTY => Self::NoTty,
            Errno::NXIO => Self::NoSuchDevice,
            Errno::OVERFLOW => Self::Overflow,
            Errno::PERM => Self::NotPermitted,
            Errno::PIPE => Self::Pipe,
            Errno::ROFS => Self::ReadOnly,
            Errno::SPIPE => Self::InvalidSeek,
            Errno::TXTBSY => Self::TextFileBusy,
            Errno::XDEV => Self::CrossDevice,
            _ => Self::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_names_of_the_interface() {
        assert_eq!(FileError::from(HostError::ESCAPE), FileError::NotPermitted);
        assert_eq!(FileError::from(HostError::READ_ONLY), FileError::ReadOnly);
        assert_eq!(FileError::from(HostError::from(Errno::XDEV)), FileError::CrossDevice);
        assert_eq!(FileError::from(HostError::from(Errno::NOTBLK)), FileError::Io);
        assert_eq!(FileError::CrossDevice as usize + 1, 37);
    }
}
