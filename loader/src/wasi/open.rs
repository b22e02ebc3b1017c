//! `path_open`.

use std::sync::OnceLock;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat2};

use super::abi::{Flags, fdflags, flags, follows_symlinks, oflags, rights};
use super::context::WasiCtx;
use super::descriptor::{Descriptor, Directory, File, Position};
use super::errno::Errno;
use super::memory::GuestMemory;
use super::outcome::Result;
use super::path::parent;
use super::stat::writable;

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_open(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    dirflags: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    rights_base: u64,
    rights_inheriting: u64,
    fdflags: u32,
    opened: u32,
) -> Result<()> {
    let request = Request {
        follow: follows_symlinks(dirflags)?,
        oflags: flags("oflags", oflags, oflags::ALL)?,
        rights: flags("rights", rights_base, rights::ALL)?,
        fdflags: flags("fdflags", fdflags, fdflags::ALL)?,
    };
    flags("rights", rights_inheriting, rights::ALL)?;
    let path = memory.string(path, path_len)?;
    let directory = match ctx.table.get(fd)? {
        Descriptor::Directory(directory) => directory,
        Descriptor::File(_) => return Err(Errno::Notdir.into()),
        _ => return Err(Errno::Badf.into()),
    };
    // Before anything is created.
    ctx.table.room()?;
    let descriptor = request.open(directory, path)?;
    let number = ctx.table.insert(descriptor)?;
    memory.write_u32(opened, number)
}

/// How the guest wants a path opened.
struct Request {
    follow: bool,
    oflags: Flags,
    rights: Flags,
    fdflags: Flags,
}

impl Request {
    fn open(&self, directory: &Directory, path: &str) -> Result<Descriptor> {
        let create = self.oflags.has(oflags::CREAT);
        let truncate = self.oflags.has(oflags::TRUNC);
        let wants_write = self.rights.has(rights::FD_WRITE);
        // Of the rights only these two count, as in today's runtimes; what is
        // neither read nor written is opened to read.
        let write = wants_write || create || truncate;
        let read = self.rights.has(rights::FD_READ) || !wants_write;

        let sync = fdflags::DSYNC | fdflags::RSYNC | fdflags::SYNC;
        if self.fdflags.has(sync) {
            return Err(Errno::Notsup.into());
        }
        let not_for_directories = oflags::CREAT | oflags::EXCL | oflags::TRUNC;
        if self.oflags.has(oflags::DIRECTORY) && self.oflags.has(not_for_directories) {
            return Err(Errno::Inval.into());
        }
        if write {
            writable(directory.access)?;
        }

        self.refuse_link(&directory.dir, path)?;
        let file = directory.dir.open_with(path, &self.host_options(read, write))?.into_std();
        let filetype = FileType::from_raw_mode(fstat(&file)?.st_mode);
        if filetype == FileType::Directory {
            return Ok(Descriptor::Directory(Directory {
                dir: Dir::from_std_file(file),
                access: directory.access,
                preopen: None,
                listing: None,
            }));
        }
        // Not O_DIRECTORY: with a symbolic link that is not followed it would
        // turn ELOOP into ENOTDIR.
        if self.oflags.has(oflags::DIRECTORY) {
            return Err(Errno::Notdir.into());
        }
        Ok(Descriptor::File(File {
            fd: file.into(),
            filetype: filetype.into(),
            access: directory.access,
            read,
            write,
            append: self.fdflags.has(fdflags::APPEND),
            nonblock: self.fdflags.has(fdflags::NONBLOCK),
            position: Position::At(0),
        }))
    }

    /// Where the kernel resolves no paths for us, cap-std does, and its own
    /// resolution follows a last link whatever the options: look first.
    fn refuse_link(&self, dir: &Dir, path: &str) -> Result<()> {
        let exclusive = self.oflags.has(oflags::CREAT) && self.oflags.has(oflags::EXCL);
        if self.follow || exclusive || kernel_resolves() {
            return Ok(());
        }
        let (parent, name) = parent(dir, path)?;
        match parent.symlink_metadata(name) {
            Ok(found) if found.is_symlink() => Err(Errno::Loop.into()),
            _ => Ok(()),
        }
    }

    fn host_options(&self, read: bool, write: bool) -> OpenOptions {
        let create = self.oflags.has(oflags::CREAT);
        let exclusive = self.oflags.has(oflags::EXCL);
        let mut options = OpenOptions::new();
        options
            .read(read)
            .write(write)
            .create(create)
            .create_new(create && exclusive)
            .truncate(self.oflags.has(oflags::TRUNC));
        // A terminal that a guest opens does not become the host's.
        let mut custom = OFlags::NOCTTY;
        if !self.follow {
            custom |= OFlags::NOFOLLOW;
        }
        // Not `append(true)`, which cap-std refuses together with truncation.
        if self.fdflags.has(fdflags::APPEND) {
            custom |= OFlags::APPEND;
        }
        options.custom_flags(custom.bits() as i32);
        options
    }
}

/// `openat2` exists (Linux 5.6) and no filter of system calls refuses it.
fn kernel_resolves() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        openat2(CWD, ".", flags, Mode::empty(), ResolveFlags::BENEATH).is_ok()
    })
}
