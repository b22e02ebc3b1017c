//! Open directories, and operations on paths below them. Paths are bytes, as
//! the kernel's are.

use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::listing::Listing;
use crate::wasi::host::metadata::{FileKind, Metadata, SetTime, timestamps};
use crate::wasi::host::permissions::DirAccess;
use crate::wasi::host::quota::Quota;
use crate::wasi::host::{resolve, walk};
use rustix::fs::{
    AtFlags, Mode, OFlags, fstat, futimens, linkat, mkdirat, readlinkat, renameat, statat,
    symlinkat, unlinkat, utimensat,
};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// An open directory: the authority to reach what is below it.
pub(crate) struct Directory {
    pub(super) dir: OwnedFd,
    /// What was granted.
    pub(crate) access: DirAccess,
    /// The name under which the guest knows it, if the host passed it in.
    pub(crate) preopen: Option<String>,
    listing: Option<Listing>,
}

impl Directory {
    /// A directory that has just been opened.
    pub(crate) fn new(dir: OwnedFd, access: DirAccess, preopen: Option<String>) -> Self {
        Self { dir, access, preopen, listing: None }
    }

    /// The kernel's descriptor of it.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// What is in it: as it is now, or as of the last time that it was read
    /// anew.
    pub(crate) fn listing(&mut self, anew: bool, quota: &Quota) -> Result<&Listing> {
        if anew {
            self.listing = None;
        }
        match &mut self.listing {
            Some(listing) => Ok(listing),
            none => Ok(none.insert(Listing::read(&self.dir, quota)?)),
        }
    }

    /// Sets its own times.
    pub(crate) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.access.check_write()?;
        Ok(futimens(&self.dir, &timestamps(accessed, modified))?)
    }

    /// The attributes behind a path.
    pub(crate) fn metadata_at(&self, path: &[u8], follow: bool) -> Result<Metadata> {
        // What lies right here and is no link needs no descriptor.
        if !path.contains(&b'/') && path != b".." {
            walk::check(path)?;
            let found = Metadata::from(statat(&self.dir, path, AtFlags::SYMLINK_NOFOLLOW)?);
            if !follow || found.kind != FileKind::SymbolicLink {
                return Ok(found);
            }
        }
        let flags = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
        Ok(fstat(resolve::name(self.dir.as_fd(), path, flags)?)?.into())
    }

    /// Sets the times behind a path.
    pub(crate) fn set_times_at(
        &self,
        path: &[u8],
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        self.access.check_write()?;
        let (walk, name) = walk::last(self.dir.as_fd(), path, follow)?;
        let times = timestamps(accessed, modified);
        Ok(utimensat(walk.here(), &*name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Makes a directory.
    pub(crate) fn create_directory(&self, path: &[u8]) -> Result<()> {
        self.access.check_write()?;
        let (parent, name) = resolve::parent(self.dir.as_fd(), path)?;
        Ok(mkdirat(parent, &*name, Mode::from_raw_mode(0o777))?)
    }

    /// Removes an empty directory.
    pub(crate) fn remove_directory(&self, path: &[u8]) -> Result<()> {
        self.access.check_write()?;
        let (parent, name) = resolve::parent(self.dir.as_fd(), path)?;
        Ok(unlinkat(parent, &*name, AtFlags::REMOVEDIR)?)
    }

    /// Removes what is not a directory.
    pub(crate) fn remove_file(&self, path: &[u8]) -> Result<()> {
        self.access.check_write()?;
        let (parent, name) = resolve::parent(self.dir.as_fd(), path)?;
        Ok(unlinkat(parent, &*name, AtFlags::empty())?)
    }

    /// Makes a symbolic link. An absolute target is [`HostError::ESCAPE`].
    pub(crate) fn create_symlink(&self, target: &[u8], path: &[u8]) -> Result<()> {
        self.access.check_write()?;
        if target.starts_with(b"/") {
            return Err(HostError::ESCAPE);
        }
        let (parent, name) = resolve::parent(self.dir.as_fd(), path)?;
        Ok(symlinkat(target, parent, &*name)?)
    }

    /// Where a symbolic link leads. An absolute target is [`HostError::ESCAPE`]:
    /// it would tell about the host.
    pub(crate) fn read_link(&self, path: &[u8]) -> Result<Vec<u8>> {
        if path.ends_with(b"/") {
            // A slash follows the link, so what is there is none.
            resolve::name(self.dir.as_fd(), path, OFlags::DIRECTORY)?;
            return Err(HostError::INVALID);
        }
        let (parent, name) = resolve::parent(self.dir.as_fd(), path)?;
        let target = readlinkat(parent, &*name, Vec::new())?.into_bytes();
        if target.starts_with(b"/") {
            return Err(HostError::ESCAPE);
        }
        Ok(target)
    }

    /// Gives a file a further name: what the path names, or what it leads to.
    pub(crate) fn link(&self, path: &[u8], follow: bool, to: &Self, to_path: &[u8]) -> Result<()> {
        // Read-only on either side: a link would let the other side write.
        self.access.check_write()?;
        to.access.check_write()?;
        let (walk, name) = walk::last(self.dir.as_fd(), path, follow)?;
        // What is not there comes before what is wrong with the new name.
        statat(walk.here(), &*name, AtFlags::SYMLINK_NOFOLLOW)?;
        let (parent, to_name) = resolve::parent(to.dir.as_fd(), to_path)?;
        Ok(linkat(walk.here(), &*name, parent, &*to_name, AtFlags::empty())?)
    }

    /// Renames a file or directory, over one that is there.
    pub(crate) fn rename(&self, path: &[u8], to: &Self, to_path: &[u8]) -> Result<()> {
        self.access.check_write()?;
        to.access.check_write()?;
        let (parent, name) = resolve::parent(self.dir.as_fd(), path)?;
        let (to_parent, to_name) = resolve::parent(to.dir.as_fd(), to_path)?;
        Ok(renameat(parent, &*name, to_parent, &*to_name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::testing::Scratch;
    use rustix::io::Errno;

    fn open(scratch: &Scratch, access: DirAccess) -> Directory {
        let dir = std::fs::File::open(scratch.path("")).unwrap();
        Directory::new(dir.into(), access, None)
    }

    #[test]
    fn errors_are_the_kernels() {
        let scratch = Scratch::new();
        scratch.write("file", "");
        scratch.mkdir("full");
        scratch.write("full/file", "");
        let directory = open(&scratch, DirAccess::ReadWrite);
        let errno = |result: Result<()>| result.unwrap_err().errno();
        assert_eq!(errno(directory.create_directory(b"file")), Errno::EXIST);
        assert_eq!(errno(directory.remove_directory(b"file")), Errno::NOTDIR);
        assert_eq!(errno(directory.remove_directory(b"full")), Errno::NOTEMPTY);
        assert_eq!(errno(directory.remove_file(b"full")), Errno::ISDIR);
        assert_eq!(errno(directory.rename(b"file", &directory, b"full")), Errno::ISDIR);
        assert_eq!(errno(directory.rename(b"file", &directory, b"new/")), Errno::NOTDIR);
        assert_eq!(errno(directory.metadata_at(b"none", true).map(drop)), Errno::NOENT);
        assert_eq!(errno(directory.remove_file(b"../outside/secret")), Errno::PERM);
    }

    #[test]
    fn a_listing_is_kept_until_it_is_read_anew() {
        let scratch = Scratch::new();
        let mut directory = open(&scratch, DirAccess::ReadWrite);
        let quota = Quota::new(1000);
        let count = |directory: &mut Directory, anew| {
            directory.listing(anew, &quota).unwrap().from(0).count()
        };
        assert_eq!(count(&mut directory, false), 2);
        directory.create_directory(b"new").unwrap();
        assert_eq!(count(&mut directory, false), 2);
        assert_eq!(count(&mut directory, true), 3);
    }

    #[test]
    fn links_between_grants() {
        let scratch = Scratch::new();
        scratch.write("file", "");
        let (writable, read_only) =
            (open(&scratch, DirAccess::ReadWrite), open(&scratch, DirAccess::ReadOnly));
        let refused = Err(HostError::READ_ONLY);
        assert_eq!(writable.link(b"file", false, &read_only, b"link"), refused);
        assert_eq!(read_only.link(b"file", false, &writable, b"link"), refused);
        assert_eq!(read_only.rename(b"file", &writable, b"moved"), refused);
        writable.link(b"file", false, &writable, b"link").unwrap();
        assert_eq!(writable.metadata_at(b"file", true).unwrap().links, 2);
    }
}
