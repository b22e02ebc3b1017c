//! Lists of what is in a directory.

use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::metadata::{FileKind, inode};
use crate::wasi::host::quota::Quota;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, fstat, openat, statat};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};

/// The entries of a directory at one moment, `.` and `..` first.
pub(crate) struct Listing {
    entries: Vec<Record>,
    /// All names, one after the other.
    names: Vec<u8>,
    /// What may be used for lists.
    quota: Quota,
    /// What this one uses.
    used: u64,
}

/// One entry of a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DirectoryEntry<'l> {
    /// The inode, as in the file's metadata.
    pub(crate) inode: u64,
    /// What kind of file it is.
    pub(crate) kind: FileKind,
    /// Its name, in whatever encoding.
    pub(crate) name: &'l [u8],
}

struct Record {
    inode: u64,
    kind: FileKind,
    /// Where its name ends in `names`; it starts where the previous one ends.
    name_end: usize,
}

/// How many bytes of entries one system call may return.
const KERNEL_BUFFER: usize = 32 << 10;

impl Listing {
    /// Reads the directory as it is now. Its bytes count against the quota as long
    /// as it is there.
    pub(crate) fn read(dir: impl AsFd, quota: &Quota) -> Result<Self> {
        // A descriptor of its own: its offset starts at the first entry.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(&dir, ".", flags, Mode::empty())?;
        let stat = fstat(&fd)?;
        let (entries, names) = (Vec::new(), Vec::new());
        let mut listing = Self { entries, names, quota: quota.clone(), used: 0 };
        let own = inode(stat.st_dev, stat.st_ino);
        listing.push(own, FileKind::Directory, b".")?;
        // What is above a directory is not the guest's to know.
        listing.push(own, FileKind::Directory, b"..")?;
        listing.read_entries(&fd, stat.st_dev)?;
        Ok(listing)
    }

    fn read_entries(&mut self, fd: &OwnedFd, dev: u64) -> Result<()> {
        let mut buffer = Vec::with_capacity(KERNEL_BUFFER);
        let mut entries = RawDir::new(fd, buffer.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = match entry {
                // The directory itself was removed: it has no entries.
                Err(Errno::NOENT) => break,
                entry => entry?,
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let filetype = match entry.file_type() {
                // Some file systems do not say.
                FileType::Unknown => {
                    let stat = statat(fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
                    FileType::from_raw_mode(stat.st_mode)
                }
                known => known,
            };
            self.push(inode(dev, entry.ino()), filetype.into(), name.to_bytes())?;
        }
        Ok(())
    }

    fn push(&mut self, inode: u64, kind: FileKind, name: &[u8]) -> Result<()> {
        let bytes = (size_of::<Record>() + name.len()) as u64;
        if !self.quota.take(bytes) {
            return Err(HostError::NO_MEMORY);
        }
        self.used += bytes;
        self.names.extend_from_slice(name);
        self.entries.push(Record { inode, kind, name_end: self.names.len() });
        Ok(())
    }

    /// The entries from number `start` on.
    pub(crate) fn from(&self, start: usize) -> impl Iterator<Item = DirectoryEntry<'_>> {
        let before = start.checked_sub(1).and_then(|previous| self.entries.get(previous));
        let mut name_start = before.map_or(0, |previous| previous.name_end);
        self.entries.iter().skip(start).map(move |record| {
            let name = &self.names[name_start..record.name_end];
            name_start = record.name_end;
            DirectoryEntry { inode: record.inode, kind: record.kind, name }
        })
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.quota.give_back(self.used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::testing::Scratch;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn entries_from_any_number() {
        let scratch = Scratch::new();
        scratch.write("file", "");
        scratch.symlink("nowhere", "link");
        std::fs::write(scratch.path("").join(OsStr::from_bytes(b"\xff")), "").unwrap();
        let dir = std::fs::File::open(scratch.path("")).unwrap();
        let quota = Quota::new(1000);
        let listing = Listing::read(&dir, &quota).unwrap();
        let all: Vec<_> = listing.from(0).collect();
        assert_eq!(all.len(), 5);
        assert_eq!((all[0].name, all[1].name), (&b"."[..], &b".."[..]));
        // What is above is not the guest's to know.
        assert_eq!(all[0].inode, all[1].inode);
        let kind =
            |name: &[u8]| all.iter().find(|entry| entry.name == name).map(|entry| entry.kind);
        assert_eq!(kind(b"file"), Some(FileKind::Regular));
        assert_eq!(kind(b"\xff"), Some(FileKind::Regular));
        assert_eq!(kind(b"link"), Some(FileKind::SymbolicLink));
        for start in 0..7 {
            let rest: Vec<_> = listing.from(start).collect();
            assert_eq!(rest, all[start.min(5)..]);
        }
        assert_eq!(listing.from(usize::MAX).count(), 0);
        // Others have what is left, and all of it afterwards.
        assert!(!quota.take(1000));
        drop(listing);
        assert!(quota.take(900));
        assert_eq!(Listing::read(&dir, &quota).err(), Some(HostError::NO_MEMORY));
        assert!(quota.take(100));
    }
}
