//! Opening what lies below a directory.

use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::directory::Directory;
use crate::wasi::host::error::Result;
use crate::wasi::host::file::{File, FileMode, Sync};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::metadata::FileKind;
use crate::wasi::host::resolve;
use rustix::fs::{FileType, Mode, OFlags, fstat};
use std::os::fd::AsFd;

/// How to open a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OpenRequest {
    /// Follow a symbolic link at the end of the path; else refuse it.
    pub(crate) follow: bool,
    /// Create a regular file if there is nothing.
    pub(crate) create: bool,
    /// With `create`: refuse what is there.
    pub(crate) exclusive: bool,
    /// Make a regular file empty.
    pub(crate) truncate: bool,
    /// Refuse what is not a directory.
    pub(crate) directory: bool,
    /// How it is opened. A directory can only be read.
    pub(crate) mode: FileMode,
}

impl OpenRequest {
    /// Opens a path below a directory. What waits for another side, as a FIFO
    /// does, may be interrupted.
    pub(crate) fn open(
        &self,
        directory: &Directory,
        path: &[u8],
        interrupt: &Interrupt,
    ) -> Result<Descriptor> {
        if self.mode.write || self.create || self.truncate {
            directory.access.check_write()?;
        }
        let mode = Mode::from_raw_mode(0o666);
        let fd = resolve::open(directory.dir.as_fd(), path, self.flags(), mode, interrupt)?;
        let kind = FileKind::from(FileType::from_raw_mode(fstat(&fd)?.st_mode));
        Ok(match kind {
            FileKind::Directory => {
                Descriptor::Directory(Directory::new(fd, directory.access, None))
            }
            _ => Descriptor::File(File::new(fd, kind, directory.access, self.mode)),
        })
    }

    fn flags(&self) -> OFlags {
        // A terminal that a guest opens does not become the host's.
        let mut flags = OFlags::NOCTTY;
        flags |= match (self.mode.read, self.mode.write) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            (_, false) => OFlags::RDONLY,
        };
        flags.set(OFlags::NOFOLLOW, !self.follow);
        flags.set(OFlags::CREATE, self.create);
        flags.set(OFlags::EXCL, self.create && self.exclusive);
        flags.set(OFlags::TRUNC, self.truncate);
        flags.set(OFlags::DIRECTORY, self.directory);
        flags.set(OFlags::APPEND, self.mode.append);
        flags.set(OFlags::NONBLOCK, self.mode.nonblock);
        flags
            | match self.mode.sync {
                Sync::Later => OFlags::empty(),
                Sync::Contents => OFlags::DSYNC,
                Sync::All => OFlags::SYNC,
            }
    }
}
