//! Open files.

use crate::sys::buffer::{self, Buffer};
use crate::sys::quiet::quietly;
use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::metadata::{FileKind, SetTime, timestamps};
use crate::wasi::host::permissions::DirAccess;
use rustix::fs::{OFlags, SeekFrom, fcntl_getfl, fcntl_setfl, fstat, futimens};
use rustix::process::{Resource, getrlimit};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// An open file. The guest's position in a regular file is kept here and not in
/// the kernel, so that seeking costs no system call; what else there is, pipes,
/// terminals and devices, is read and written where the kernel stands.
pub(crate) struct File {
    fd: OwnedFd,
    /// What kind of file it was when it was opened.
    pub(crate) kind: FileKind,
    /// What was granted of the directory it was opened below.
    pub(crate) access: DirAccess,
    /// How it was opened.
    pub(crate) mode: FileMode,
    position: FilePosition,
    /// Writing may raise a signal here.
    signals: bool,
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
    /// Mirrors `O_NONBLOCK`, which regular files do not mind.
    pub(crate) nonblock: bool,
    /// When what is written is on the device.
    pub(crate) sync: Sync,
}

/// When what is written to a file is on its device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sync {
    /// When the system sees fit.
    Later,
    /// The contents at the end of each write (`O_DSYNC`).
    Contents,
    /// Contents and attributes at the end of each write (`O_SYNC`).
    All,
}

/// Where the next read or write happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FilePosition {
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
        let limited = getrlimit(Resource::Fsize).current.is_some();
        let signals = kind != FileKind::Regular || limited;
        Self { fd, kind, access, mode, position: FilePosition::At(0), signals }
    }

    /// Reads once, at the position.
    pub(crate) fn read(&mut self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        if !self.is_regular() {
            return Ok(interrupt.retry(|| buffer::read(&self.fd, buffers))?);
        }
        let position = self.position()?;
        let count = interrupt.retry(|| buffer::read_at(&self.fd, buffers, position))?;
        self.position = FilePosition::At(position.saturating_add(count as u64));
        Ok(count)
    }

    /// Writes once, at the position or, when appending, at the end.
    pub(crate) fn write(&mut self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        if self.mode.append || !self.is_regular() {
            let count = self.loudly(interrupt, || buffer::write(&self.fd, buffers))?;
            // Writing nothing moves nothing.
            if count > 0 && self.is_regular() {
                self.position = FilePosition::Kernel;
            }
            return Ok(count);
        }
        let position = self.position()?;
        let count = self.write_at(buffers, position, interrupt)?;
        self.position = FilePosition::At(position.saturating_add(count as u64));
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
        self.loudly(interrupt, || buffer::write_at(&self.fd, buffers, offset))
    }

    /// Makes a call that writes, and that may raise a signal in some files.
    fn loudly<T>(
        &self,
        interrupt: &Interrupt,
        mut call: impl FnMut() -> rustix::io::Result<T>,
    ) -> Result<T> {
        Ok(match self.signals {
            true => interrupt.retry(|| quietly(&mut call))?,
            false => interrupt.retry(call)?,
        })
    }

    /// The position.
    pub(crate) fn position(&mut self) -> Result<u64> {
        match self.position {
            FilePosition::At(position) => Ok(position),
            FilePosition::Kernel => {
                let position = rustix::fs::tell(&self.fd)?;
                self.position = FilePosition::At(position);
                Ok(position)
            }
        }
    }

    /// Moves the position; the new one.
    pub(crate) fn seek(&mut self, offset: i64, whence: Whence) -> Result<u64> {
        if !self.is_regular() {
            return seek(&self.fd, offset, whence);
        }
        let base = match whence {
            Whence::Set => 0,
            Whence::Cur => self.position()?,
            Whence::End => fstat(&self.fd)?.st_size as u64,
        };
        let position = base.checked_add_signed(offset).ok_or(HostError::INVALID)?;
        // As far as the kernel's positions go.
        i64::try_from(position).map_err(|_| HostError::INVALID)?;
        if position > EVERYWHERE {
            rustix::fs::seek(&self.fd, SeekFrom::Start(position))?;
        }
        self.position = FilePosition::At(position);
        Ok(position)
    }

    /// How many bytes lie between the position and the end.
    pub(crate) fn left(&mut self) -> Result<u64> {
        let size = fstat(&self.fd)?.st_size as u64;
        Ok(size.saturating_sub(self.position()?))
    }

    /// A file whose position is kept here.
    pub(crate) fn is_regular(&self) -> bool {
        self.kind == FileKind::Regular
    }

    /// Appends from now on, or writes at the position; waits, or does not.
    pub(crate) fn set_flags(&mut self, append: bool, nonblock: bool) -> Result<()> {
        if append != self.mode.append {
            // Reads and writes without O_APPEND go by our own position;
            // with it, by the kernel's, which the next write moves.
            self.position()?;
            set_status(&self.fd, OFlags::APPEND, append)?;
            self.mode.append = append;
        }
        if nonblock != self.mode.nonblock {
            set_status(&self.fd, OFlags::NONBLOCK, nonblock)?;
            self.mode.nonblock = nonblock;
        }
        Ok(())
    }

    /// Sets its times.
    pub(crate) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.access.check_write()?;
        Ok(futimens(&self.fd, &timestamps(accessed, modified))?)
    }
}

/// Offsets up to this one fit the files of every file system. How far others go
/// differs, so the kernel is asked.
const EVERYWHERE: u64 = 1 << 40;

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Moves the kernel's position; the new one.
pub(crate) fn seek(fd: impl AsFd, offset: i64, whence: Whence) -> Result<u64> {
    let to = match whence {
        // What is negative is so to the kernel too.
        Whence::Set => SeekFrom::Start(offset as u64),
        Whence::Cur => SeekFrom::Current(offset),
        Whence::End => SeekFrom::End(offset),
    };
    Ok(rustix::fs::seek(fd, to)?)
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
        let mode =
            FileMode { read: true, write: true, append: false, nonblock: false, sync: Sync::Later };
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
        assert_eq!(file.position(), Ok(4));
        assert_eq!(file.write(&buffers, &interrupt), Ok(4));
        assert_eq!(file.seek(-1, Whence::Cur), Ok(7));
        assert_eq!(file.seek(-1, Whence::Set), Err(HostError::INVALID));
        assert_eq!(file.left(), Ok(3));
        assert_eq!(file.seek(0, Whence::End), Ok(10));
        assert_eq!(file.left(), Ok(0));
        file.set_flags(true, false).unwrap();
        assert_eq!(file.seek(0, Whence::Set), Ok(0));
        assert_eq!(file.write(&buffers, &interrupt), Ok(4));
        assert_eq!(file.position(), Ok(14));
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"01230123890123");
    }

    #[test]
    fn read_only_files_stay_as_they_are() {
        let scratch = Scratch::new();
        scratch.write("file", "kept");
        let file = open(&scratch, "file", DirAccess::ReadOnly);
        assert_eq!(file.set_times(SetTime::Now, SetTime::Now), Err(HostError::READ_ONLY));
        assert_eq!(fstat(&file).unwrap().st_size, 4);
    }
}
