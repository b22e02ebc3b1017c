//! A file that is not in its place yet.
//!
//! On most file systems it has no name until it is complete (`O_TMPFILE`), so
//! that whatever ends the process leaves nothing behind, `SIGKILL` included.
//! Elsewhere it is a hidden file beside its place.

use super::destination::folder_of;
use super::interrupt::Named;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Readable by all, as any output; the umask takes away what it must.
const MODE: u32 = 0o666;

/// How much of two files is compared at a time, in bytes.
const CHUNK: usize = 1 << 20;

/// A file on its way.
pub(super) struct Temporary {
    file: File,
    /// Its name, if the file system has none without.
    named: Option<Named>,
}

impl Temporary {
    /// A file that can come to stand at `path`, with the permissions of the one
    /// there.
    pub(super) fn beside(path: &Path, permissions: Option<Permissions>) -> io::Result<Self> {
        let temporary = Self::unnamed(path).or_else(|_| Self::named(path))?;
        if let Some(permissions) = permissions {
            temporary.file.set_permissions(permissions)?;
        }
        Ok(temporary)
    }

    fn unnamed(path: &Path) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(open(folder_of(path), flags, Mode::from_raw_mode(MODE))?);
        // Its way to a name leads through here.
        std::fs::symlink_metadata(own_path(&file))?;
        Ok(Self { file, named: None })
    }

    fn named(path: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".precast-").permissions(Permissions::from_mode(MODE));
        let (file, path) = builder.tempfile_in(folder_of(path))?.into_parts();
        Ok(Self { file, named: Some(Named::new(path)) })
    }

    /// Lets those execute the file who may read it.
    pub(super) fn make_executable(&self) -> io::Result<()> {
        let mode = self.file.metadata()?.permissions().mode();
        self.file.set_permissions(Permissions::from_mode(mode | (mode & 0o444) >> 2))
    }

    /// Puts the file in its place, in place of what is there; unless that has
    /// the same bytes: then it is not touched, so that nothing that depends on
    /// it is made again.
    pub(super) fn persist(self, path: &Path) -> io::Result<()> {
        if same(&self.file, path) {
            return Ok(());
        }
        self.file.sync_all()?;
        if let Some(named) = self.named {
            return named.persist(path);
        }
        let link = |to: &Path| {
            linkat(CWD, own_path(&self.file), CWD, to, AtFlags::SYMLINK_FOLLOW)
                .map_err(io::Error::from)
        };
        match link(path) {
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            done => return done,
        }
        // A link cannot replace a file: the name in between lives for the
        // length of one system call.
        let mut builder = tempfile::Builder::new();
        let linked = builder.prefix(".precast-").make_in(folder_of(path), |name| link(name))?;
        Named::new(linked.into_temp_path()).persist(path)
    }
}

impl Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Whether a file has the bytes of the one at `path`. It does not where either
/// cannot be read.
fn same(file: &File, path: &Path) -> bool {
    let compare = || -> io::Result<bool> {
        let there = File::open(path)?;
        if there.metadata()?.len() != file.metadata()?.len() {
            return Ok(false);
        }
        let (mut one, mut other) = (vec![0; CHUNK], vec![0; CHUNK]);
        let mut offset = 0;
        loop {
            let read = file.read_at(&mut one, offset)?;
            if read == 0 {
                return Ok(true);
            }
            there.read_exact_at(&mut other[..read], offset)?;
            if one[..read] != other[..read] {
                return Ok(false);
            }
            offset += read as u64;
        }
    };
    compare().unwrap_or(false)
}

/// The path by which an open file is found, whatever its name.
fn own_path(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let entries = || std::fs::read_dir(folder.path()).unwrap().count();
        for make in [Temporary::unnamed, Temporary::named] {
            for contents in ["first", "second"] {
                let before = entries();
                let mut temporary = make(&path).unwrap();
                temporary.write_all(contents.as_bytes()).unwrap();
                assert_eq!(entries() - before, usize::from(temporary.named.is_some()));
                temporary.persist(&path).unwrap();
                assert_eq!(std::fs::read(&path).unwrap(), contents.as_bytes());
                assert_eq!(entries(), 1);
            }
            drop(make(&path).unwrap());
            assert_eq!(entries(), 1);
        }
    }
}
