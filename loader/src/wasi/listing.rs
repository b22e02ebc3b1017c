//! Lists of what is in a directory.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, fstat, openat, statat};
use rustix::io::Errno as Host;

use super::abi::{Filetype, dirent};
use super::attributes::inode;
use super::errno::Errno;
use super::outcome::Result;

/// The entries of a directory at one moment, `.` and `..` first.
#[derive(Default)]
pub(super) struct Listing {
    entries: Vec<Entry>,
    /// All names, one after the other.
    names: String,
}

struct Entry {
    ino: u64,
    filetype: Filetype,
    /// Where its name ends in `names`; it starts where the previous one ends.
    name_end: usize,
}

/// How many bytes of entries one system call may return.
const KERNEL_BUFFER: usize = 32 << 10;

impl Listing {
    /// Reads the directory as it is now.
    pub(super) fn read(dir: &cap_std::fs::Dir) -> Result<Self> {
        // A descriptor of its own: its offset starts at the first entry.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(dir, ".", flags, Mode::empty())?;
        let stat = fstat(&fd)?;
        let mut listing = Self::default();
        let own = inode(stat.st_dev, stat.st_ino);
        listing.push(own, Filetype::Directory, ".");
        // What is above a directory is not the guest's to know.
        listing.push(own, Filetype::Directory, "..");
        listing.read_entries(&fd, stat.st_dev)?;
        Ok(listing)
    }

    fn read_entries(&mut self, fd: &OwnedFd, dev: u64) -> Result<()> {
        let mut buffer = Vec::with_capacity(KERNEL_BUFFER);
        let mut entries = RawDir::new(fd, buffer.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = match entry {
                // The directory itself was removed: it has no entries.
                Err(Host::NOENT) => break,
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
            let name = name.to_str().map_err(|_| Errno::Ilseq)?;
            self.push(inode(dev, entry.ino()), filetype.into(), name);
        }
        Ok(())
    }

    fn push(&mut self, ino: u64, filetype: Filetype, name: &str) {
        self.names.push_str(name);
        self.entries.push(Entry { ino, filetype, name_end: self.names.len() });
    }

    /// The record of the entry at `index`, which is below [`Listing::len`], and
    /// the name that follows it.
    pub(super) fn encode(&self, index: usize) -> ([u8; 24], &str) {
        let start = match index.checked_sub(1) {
            Some(previous) => self.entries[previous].name_end,
            None => 0,
        };
        let entry = &self.entries[index];
        let name = &self.names[start..entry.name_end];
        let next = index as u64 + 1;
        // Names are at most 255 bytes on Linux.
        let header = dirent(next, entry.ino, name.len() as u32, entry.filetype);
        (header, name)
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
