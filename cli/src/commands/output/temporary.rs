//! A file that is not in its place yet.
//!
//! On most file systems it has no name until it is complete (`O_TMPFILE`), so
//! that whatever ends the process leaves nothing behind, `SIGKILL` included.
//! Elsewhere it is a hidden file beside its place.
//!
//! Where a file is to be replaced, what is written is kept in memory first, if it
//! is not much: of a build that changes nothing no file is made at all.

use super::destination::folder_of;
use super::interrupt::{Named, outlive_size_limit};
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

/// How much is kept in memory before there is a file, in bytes.
const KEPT: usize = 4 << 20;

/// What is on its way to `path`.
pub(super) struct Pending {
    path: PathBuf,
    permissions: Option<Permissions>,
    /// What was written while there is no file.
    kept: Vec<u8>,
    temporary: Option<Temporary>,
}

impl Pending {
    /// What can come to stand at `path`, with the permissions of the file there.
    ///
    /// # Errors
    ///
    /// When no file can be made there.
    pub(super) fn new(path: PathBuf, permissions: Option<Permissions>) -> io::Result<Self> {
        outlive_size_limit();
        let temporary = match permissions {
            // To be told of it now, not when everything is compiled.
            Some(_) => {
                rustix::fs::access(folder_of(&path), rustix::fs::Access::WRITE_OK)?;
                None
            }
            None => Some(Temporary::beside(&path, None)?),
        };
        Ok(Self { path, permissions, kept: Vec::new(), temporary })
    }

    /// The file, with all that was written.
    fn file(&mut self) -> io::Result<&mut Temporary> {
        if self.temporary.is_none() {
            let mut temporary = Temporary::beside(&self.path, self.permissions.clone())?;
            temporary.file.write_all(&std::mem::take(&mut self.kept))?;
            self.temporary = Some(temporary);
        }
        Ok(self.temporary.as_mut().expect("was made"))
    }

    /// Puts it in its place, in place of what is there; unless that has the same
    /// bytes: then it is not touched, so that nothing that depends on it is made
    /// again.
    pub(super) fn persist(mut self, executable: bool) -> io::Result<()> {
        if self.temporary.is_none() && has(&self.path, &self.kept) {
            return Ok(());
        }
        self.file()?;
        let temporary = self.temporary.take().expect("was made");
        if executable {
            temporary.make_executable()?;
        }
        temporary.persist(&self.path)
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.temporary.is_none() && self.kept.len() + bytes.len() <= KEPT {
            self.kept.extend(bytes);
            return Ok(bytes.len());
        }
        self.file()?.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the file at a path has these bytes. It has not where it cannot be
/// read.
fn has(path: &Path, bytes: &[u8]) -> bool {
    let compare = || -> io::Result<bool> {
        let there = File::open(path)?;
        let mut part = [0; 64 << 10];
        let mut rest = bytes;
        if there.metadata()?.len() != bytes.len() as u64 {
            return Ok(false);
        }
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(part.len()));
            let part = &mut part[..now.len()];
            there.read_exact_at(part, (bytes.len() - rest.len()) as u64)?;
            if part != now {
                return Ok(false);
            }
            rest = later;
        }
        Ok(true)
    };
    compare().unwrap_or(false)
}

/// A file on its way.
struct Temporary {
    file: File,
    /// Its name, if the file system has none without.
    named: Option<Named>,
}

impl Temporary {
    /// A file that can come to stand at `path`, with the permissions of the one
    /// there.
    fn beside(path: &Path, permissions: Option<Permissions>) -> io::Result<Self> {
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
    fn make_executable(&self) -> io::Result<()> {
        let mode = self.file.metadata()?.permissions().mode();
        self.file.set_permissions(Permissions::from_mode(mode | (mode & 0o444) >> 2))
    }

    /// Puts the file in its place, unless what is there has the same bytes.
    fn persist(self, path: &Path) -> io::Result<()> {
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
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn with_and_without_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let entries = || std::fs::read_dir(folder.path()).unwrap().count();
        for make in [Temporary::unnamed, Temporary::named] {
            for contents in ["first", "second"] {
                let before = entries();
                let mut temporary = make(&path).unwrap();
                temporary.file.write_all(contents.as_bytes()).unwrap();
                assert_eq!(entries() - before, usize::from(temporary.named.is_some()));
                temporary.persist(&path).unwrap();
                assert_eq!(std::fs::read(&path).unwrap(), contents.as_bytes());
                assert_eq!(entries(), 1);
            }
            drop(make(&path).unwrap());
            assert_eq!(entries(), 1);
        }
    }

    #[test]
    fn what_is_there_stays_if_it_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let state = || {
            let meta = path.metadata().unwrap();
            (meta.ino(), std::fs::read(&path).unwrap())
        };
        // The last is too long for memory.
        for (length, part) in [(0, 1), (10, 3), (200 << 10, 999), (KEPT + 9, 70_000)] {
            let bytes: Vec<u8> = (0..length).map(|at| (at / 7) as u8).collect();
            let write = |bytes: &[u8]| {
                let there = path.metadata().ok().map(|meta| meta.permissions());
                let mut pending = Pending::new(path.clone(), there).unwrap();
                bytes.chunks(part).for_each(|part| pending.write_all(part).unwrap());
                pending.persist(false).unwrap();
            };
            write(&bytes);
            let first = state();
            assert!(first.1 == bytes);
            write(&bytes);
            assert!(state() == first);
            let mut other = bytes.clone();
            other.push(1);
            write(&other);
            assert!(state().1 == other && state().0 != first.0);
            if let Some(last) = other.first_mut() {
                *last ^= 1;
            }
            write(&other);
            assert!(state().1 == other);
        }
    }
}
