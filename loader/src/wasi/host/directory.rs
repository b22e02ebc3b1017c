//! Open directories, and operations on paths below them.

use crate::wasi::host::error::{Error, Result};
use crate::wasi::host::listing::Listing;
use crate::wasi::host::metadata::{Metadata, SetTime, timestamps};
use crate::wasi::host::permissions::DirAccess;
use crate::wasi::host::resolve::parent;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, OFlags, Timestamps, fstat, futimens, utimensat};
use rustix::io::Errno;
use std::borrow::Cow;
use std::path::PathBuf;

/// An open directory: the authority to reach what is below it.
pub(crate) struct Directory {
    pub(super) dir: Dir,
    /// What was granted.
    pub(crate) access: DirAccess,
    /// The name under which the guest knows it, if the host passed it in.
    pub(crate) preopen: Option<String>,
    listing: Option<Listing>,
}

impl Directory {
    /// A directory that has just been opened.
    pub(crate) fn new(dir: Dir, access: DirAccess, preopen: Option<String>) -> Self {
        Self { dir, access, preopen, listing: None }
    }

    /// What is in it: as it is now, or as of the last time that it was read
    /// anew.
    pub(crate) fn listing(&mut self, anew: bool) -> Result<&Listing> {
        if anew {
            self.listing = None;
        }
        match &mut self.listing {
            Some(listing) => Ok(listing),
            none => Ok(none.insert(Listing::read(&self.dir)?)),
        }
    }

    /// Its own attributes.
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        Ok(fstat(&self.dir)?.into())
    }

    /// Sets its own times.
    pub(crate) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<()> {
        self.access.check_write()?;
        Ok(futimens(&self.dir, &timestamps(accessed, modified))?)
    }

    /// The attributes behind a path.
    pub(crate) fn metadata_at(&self, path: &str, follow: bool) -> Result<Metadata> {
        let host = match follow {
            true => self.dir.metadata(path)?,
            false => self.dir.symlink_metadata(path)?,
        };
        Ok(host.into())
    }

    /// Sets the times behind a path.
    pub(crate) fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<()> {
        self.access.check_write()?;
        let times = timestamps(accessed, modified);
        if follow {
            return set_times_of_target(&self.dir, path, &times);
        }
        let (parent, name) = parent(&self.dir, path)?;
        Ok(utimensat(&*parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Makes a directory.
    pub(crate) fn create_directory(&self, path: &str) -> Result<()> {
        self.access.check_write()?;
        Ok(self.dir.create_dir(path)?)
    }

    /// Removes an empty directory.
    pub(crate) fn remove_directory(&self, path: &str) -> Result<()> {
        self.access.check_write()?;
        Ok(self.dir.remove_dir(path)?)
    }

    /// Removes what is not a directory.
    pub(crate) fn remove_file(&self, path: &str) -> Result<()> {
        self.access.check_write()?;
        Ok(self.dir.remove_file(path)?)
    }

    /// Makes a symbolic link. An absolute target is [`Error::ESCAPE`].
    pub(crate) fn create_symlink(&self, target: &str, path: &str) -> Result<()> {
        self.access.check_write()?;
        Ok(self.dir.symlink(target, path)?)
    }

    /// Where a symbolic link leads. An absolute target is [`Error::ESCAPE`]:
    /// it would tell about the host.
    pub(crate) fn read_link(&self, path: &str) -> Result<PathBuf> {
        Ok(self.dir.read_link(path)?)
    }

    /// Gives a file a further name. Following a link is refused, as in today's
    /// runtimes.
    pub(crate) fn link(&self, path: &str, follow: bool, to: &Self, to_path: &str) -> Result<()> {
        // Read-only on either side: a link would let the other side write.
        self.access.check_write()?;
        to.access.check_write()?;
        if follow {
            return Err(Error::INVALID);
        }
        Ok(self.dir.hard_link(path, &to.dir, to_path)?)
    }

    /// Renames a file or directory, over one that is there.
    pub(crate) fn rename(&self, path: &str, to: &Self, to_path: &str) -> Result<()> {
        self.access.check_write()?;
        to.access.check_write()?;
        // A slash at the end of either path says that a directory is renamed;
        // cap-std minds the first only.
        let path = match to_path.ends_with('/') && !path.is_empty() {
            true => Cow::Owned(format!("{path}/")),
            false => Cow::Borrowed(path),
        };
        Ok(self.dir.rename(&*path, &to.dir, to_path)?)
    }
}

/// Sets times whatever the permissions of the file, through a descriptor that
/// only names it; cap-std has no such operation.
fn set_times_of_target(dir: &Dir, path: &str, times: &Timestamps) -> Result<()> {
    let open = |flags: OFlags| {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags.bits() as i32);
        dir.open_with(path, &options)
    };
    let file = open(OFlags::PATH)?;
    match utimensat(&file, "", times, AtFlags::EMPTY_PATH) {
        // Linux before 5.8 takes no empty path here.
        Err(Errno::INVAL) => futimens(open(OFlags::NONBLOCK)?, times)?,
        result => result?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::testing::Scratch;

    fn open(scratch: &Scratch, access: DirAccess) -> Directory {
        let dir = std::fs::File::open(scratch.path("")).unwrap();
        Directory::new(Dir::from_std_file(dir), access, None)
    }

    #[test]
    fn errors_are_the_kernels() {
        let scratch = Scratch::new();
        scratch.write("file", "");
        scratch.mkdir("full");
        scratch.write("full/file", "");
        let directory = open(&scratch, DirAccess::ReadWrite);
        let errno = |result: Result<()>| result.unwrap_err().errno();
        assert_eq!(errno(directory.create_directory("file")), Errno::EXIST);
        assert_eq!(errno(directory.remove_directory("file")), Errno::NOTDIR);
        assert_eq!(errno(directory.remove_directory("full")), Errno::NOTEMPTY);
        assert_eq!(errno(directory.remove_file("full")), Errno::ISDIR);
        assert_eq!(errno(directory.rename("file", &directory, "full")), Errno::ISDIR);
        assert_eq!(errno(directory.rename("file", &directory, "new/")), Errno::NOTDIR);
        assert_eq!(errno(directory.metadata_at("none", true).map(drop)), Errno::NOENT);
        assert_eq!(errno(directory.remove_file("../outside/secret")), Errno::PERM);
    }

    #[test]
    fn a_listing_is_kept_until_it_is_read_anew() {
        let scratch = Scratch::new();
        let mut directory = open(&scratch, DirAccess::ReadWrite);
        let count =
            |directory: &mut Directory, anew| directory.listing(anew).unwrap().from(0).count();
        assert_eq!(count(&mut directory, false), 2);
        directory.create_directory("new").unwrap();
        assert_eq!(count(&mut directory, false), 2);
        assert_eq!(count(&mut directory, true), 3);
    }

    #[test]
    fn links_between_grants() {
        let scratch = Scratch::new();
        scratch.write("file", "");
        let (writable, read_only) =
            (open(&scratch, DirAccess::ReadWrite), open(&scratch, DirAccess::ReadOnly));
        let refused = Err(Error::READ_ONLY);
        assert_eq!(writable.link("file", false, &read_only, "link"), refused);
        assert_eq!(read_only.link("file", false, &writable, "link"), refused);
        assert_eq!(read_only.rename("file", &writable, "moved"), refused);
        writable.link("file", false, &writable, "link").unwrap();
        assert_eq!(writable.metadata_at("file", true).unwrap().links, 2);
    }
}
