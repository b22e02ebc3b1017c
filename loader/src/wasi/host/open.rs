//! Opening what lies below a directory.

use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::directory::Directory;
use crate::wasi::host::error::{Error, Result};
use crate::wasi::host::file::{File, FileMode};
use crate::wasi::host::metadata::FileKind;
use crate::wasi::host::resolve::{kernel_resolves, parent};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{FileType, OFlags, fstat};

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
    /// How a file is opened. A directory is opened in any mode.
    pub(crate) mode: FileMode,
}

impl OpenRequest {
    /// Opens a path below a directory.
    pub(crate) fn open(&self, directory: &Directory, path: &str) -> Result<Descriptor> {
        if self.mode.write {
            directory.access.check_write()?;
        }
        self.refuse_link(&directory.dir, path)?;
        let file = directory.dir.open_with(path, &self.host_options())?.into_std();
        let kind = FileKind::from(FileType::from_raw_mode(fstat(&file)?.st_mode));
        if kind == FileKind::Directory {
            let dir = Dir::from_std_file(file);
            return Ok(Descriptor::Directory(Directory::new(dir, directory.access, None)));
        }
        // Not O_DIRECTORY: with a symbolic link that is not followed it would
        // turn ELOOP into ENOTDIR.
        if self.directory {
            return Err(Error::NOT_A_DIRECTORY);
        }
        Ok(Descriptor::File(File::new(file.into(), kind, directory.access, self.mode)))
    }

    /// Where the kernel resolves no paths for us, cap-std does, and its own
    /// resolution follows a last link whatever the options: look first.
    fn refuse_link(&self, dir: &Dir, path: &str) -> Result<()> {
        if self.follow || (self.create && self.exclusive) || kernel_resolves() {
            return Ok(());
        }
        let (parent, name) = parent(dir, path)?;
        match parent.symlink_metadata(name) {
            Ok(found) if found.is_symlink() => Err(Error::LINK),
            _ => Ok(()),
        }
    }

    fn host_options(&self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options
            .read(self.mode.read)
            .write(self.mode.write)
            .create(self.create)
            .create_new(self.create && self.exclusive)
            .truncate(self.truncate);
        // A terminal that a guest opens does not become the host's.
        let mut custom = OFlags::NOCTTY;
        if !self.follow {
            custom |= OFlags::NOFOLLOW;
        }
        // Not `append(true)`, which cap-std refuses together with truncation.
        if self.mode.append {
            custom |= OFlags::APPEND;
        }
        options.custom_flags(custom.bits() as i32);
        options
    }
}
