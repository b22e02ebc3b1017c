//! Open files.

use crate::sys::buffer::{self, Buffer};
use crate::wasi::host::error::{Error, Result};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::metadata::{FileKind, Metadata, SetTime, timestamps};
use crate::wasi::host::permissions::DirAccess;
use rustix::fs::{Advice, OFlags, fcntl_getfl, fcntl_setfl, fstat, futimens};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};

/// An open file. The guest's position is kept here and not in the kernel, so
/// that seeking costs no system call.
pub(crate) struct File {
    fd: OwnedFd,
    /// What kind of file it was when it was opened.
    pub(crate) kind: FileKind,
    /// What was granted of the directory it was opened below.
    pub(crate) access: DirAccess,
    /// How it was opened.
    pub(crate) mode: FileMode,
    position: Position,
}

/// How a file was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FileMode {
    /// To read; what the kernel allows decides, this only answers guests.
    pub(crate) read: bool,
    /// To write.
    pub(crate) write: bool,
    /// Mirrors `O_APPEND` of the kernel's file description.
    pub(crate) append: bool,
    /// Recorded only: regular files never block.
    pub(crate) nonblock: bool,
}

/// Where the next read or write happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Position {
    At(u64),
    /// The kernel's offset, which an appending write has just moved to the end
    /// of what it wrote.
    Kernel,
}

/// Where an offset counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whence {
    /// The start of the file.
    Set,
    /// The position.
    Cur,
    /// The end of the file.
    End,
}

impl File {
    /// A file at its start.
    pub(crate) fn new(fd: OwnedFd, kind: FileKind, access: DirAccess, mode: FileMode) -> Self {
        Self { fd, kind, access, mode, position: Position::At(0) }
    }

    /// Reads once, at the position.
    pub(crate) fn read(&mut self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        let position = self.position()?;
        let count = self.read_at(buffers, position, interrupt)?;
        self.position = Position::At(position.saturating_add(count as u64));
        Ok(count)
    }

    /// Reads once, from an offset; the position stays.
    pub(crate) fn read_at(
        &self,
        buffers: &[Buffer<'_>],
        offset: u64,
        interrupt: &Interrupt,
    ) -> Result<usize> {
        Ok(interrupt.retry(|| buffer::read_at(&self.fd, buffers, offset))?)
    }

    /// Writes once, at the position or, when appending, at the end.
    pub(crate) fn write(&mut self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        if self.mode.append {
            let count = interrupt.retry(|| buffer::write(&self.fd, buffers))?;
            // Writing nothing moves nothing.
            if count > 0 {
                self.position = Position::Kernel;
            }
            return Ok(count);
        }
        let position = self.position()?;
        let count = self.write_at(buffers, position, interrupt)?;
        self.position = Position::At(position.saturating_add(count as u64));
        Ok(count)
    }

    /// Writes once, at an offset; the position stays. When appending, the
    /// kernel ignores the offset.
    pub(crate) fn write_at(
        &self,
        buffers: &[Buffer<'_>],
        offset: u64,
        interrupt: &Interrupt,
    ) -> Result<usize> {
        Ok(interrupt.retry(|| buffer::write_at(&self.fd, buffers, offset))?)
    }

    /// The position.
    pub(crate) fn position(&mut self) -> Result<u64> {
        match self.position {
            Position::At(position) => Ok(position),
            Position::Kernel => {
                let position = rustix::fs::tell(&self.fd)?;
                self.position = Position::At(position);
                Ok(position)
            }
        }
    }

    /// Moves the position; the new one.
    pub(crate) fn seek(&mut self, offset: i64, whence: Whence) -> Result<u64> {
        let base = match whence {
            Whence::Set => 0,
            Whence::Cur => self.position()?,
            Whence::End => fstat(&self.fd)?.st_size as u64,
        };
        let position = base.checked_add_signed(offset).ok_or(Error::INVALID)?;
        self.position = Position::At(position);
        Ok(position)
    }

    /// Whether the position is at the end or beyond.
    pub(crate) fn at_end(&mut self) -> Result<bool> {
        let size = fstat(&self.fd)?.st_size as u64;
        Ok(self.position()? >= size)
    }

    /// Appends from now on, or writes at the position.
    pub(crate) fn set_append(&mut self, append: bool) -> Result<()> {
        if append != self.mode.append {
            // Reads and writes without O_APPEND go by our own position;
            // with it, by the kernel's, which the next write moves.
            self.position()?;
            set_status(&self.fd, OFlags::APPEND, append)?;
            self.mode.append = append;
        }
        Ok(())
    }

    /// Its attributes.
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        Ok(fstat(&self.fd)?.into())
    }

    /// Makes it shorter, or longer with zeros.
    pub(crate) fn set_size(&self, size: u64, interrupt: &Interrupt) -> Result<()> {
        self.access.check_write()?;
        // A length above i64::MAX is negative to the kernel: EINVAL.
        Ok(interrupt.retry(|| rustix::fs::ftruncate(&self.fd, size))?)
    }

    /// Sets its times.
    pub(crate) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.access.check_write()?;
        Ok(futimens(&self.fd, &timestamps(accessed, modified))?)
    }

    /// Says how a range will be used; no length is up to the end.
    pub(crate) fn advise(
        &self,
        offset: u64,
        len: Option<NonZeroU64>,
        advice: Advice,
    ) -> Result<()> {
        Ok(rustix::fs::fadvise(&self.fd, offset, len, advice)?)
    }

    /// Waits until contents and attributes are on the device.
    pub(crate) fn sync(&self, interrupt: &Interrupt) -> Result<()> {
        Ok(interrupt.retry(|| rustix::fs::fsync(&self.fd))?)
    }

    /// Waits until the contents are on the device.
    pub(crate) fn sync_data(&self, interrupt: &Interrupt) -> Result<()> {
        Ok(interrupt.retry(|| rustix::fs::fdatasync(&self.fd))?)
    }
}

/// Sets or clears a flag of the kernel's file description.
pub(crate) fn set_status(fd: impl AsFd, flag: OFlags, on: bool) -> Result<()> {
    let mut status = fcntl_getfl(&fd)?;
    status.set(flag, on);
    Ok(fcntl_setfl(&fd, status)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::testing::Scratch;

    fn open(scratch: &Scratch, name: &str, access: DirAccess) -> File {
        let mut options = std::fs::OpenOptions::new();
        let file = options.read(true).write(true).open(scratch.path(name)).unwrap();
        let mode = FileMode { read: true, write: true, append: false, nonblock: false };
        File::new(file.into(), FileKind::Regular, access, mode)
    }

    #[test]
    fn positions_are_kept() {
        let scratch = Scratch::new();
        scratch.write("file", "0123456789");
        let mut file = open(&scratch, "file", DirAccess::ReadWrite);
        let interrupt = Interrupt::default();
        let mut bytes = [0; 4];
        let buffers = [Buffer::from_slice(&mut bytes)];
        assert_eq!(file.read(&buffers, &interrupt), Ok(4));
        assert_eq!(file.read_at(&buffers, 8, &interrupt), Ok(2));
        assert_eq!(file.position(), Ok(4));
        assert_eq!(file.write(&buffers, &interrupt), Ok(4));
        assert_eq!(file.seek(-1, Whence::Cur), Ok(7));
        assert_eq!(file.seek(-1, Whence::Set), Err(Error::INVALID));
        assert_eq!(file.at_end(), Ok(false));
        assert_eq!(file.seek(0, Whence::End), Ok(10));
        assert_eq!(file.at_end(), Ok(true));
        file.set_append(true).unwrap();
        assert_eq!(file.seek(0, Whence::Set), Ok(0));
        assert_eq!(file.write(&buffers, &interrupt), Ok(4));
        assert_eq!(file.position(), Ok(14));
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"01238923898923");
    }

    #[test]
    fn read_only_files_stay_as_they_are() {
        let scratch = Scratch::new();
        scratch.write("file", "kept");
        let file = open(&scratch, "file", DirAccess::ReadOnly);
        assert_eq!(file.set_size(0, &Interrupt::default()), Err(Error::READ_ONLY));
        assert_eq!(file.set_times(SetTime::Now, SetTime::Now), Err(Error::READ_ONLY));
        assert_eq!(file.metadata().unwrap().size, 4);
    }
}
