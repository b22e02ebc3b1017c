//! Resolving a path one component at a time, for kernels without `openat2` and
//! where the directory that holds a file must be known.
//!
//! Every directory on the way is opened without following links, from the one
//! before it, and kept: `..` goes back to it, wherever it may have been moved.
//! Targets of symbolic links are read and walked. So whoever renames and
//! replaces meanwhile changes what is found, not that it is below the start.
//! The order of checks is the kernel's (`fs/namei.c`).

use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::procfs;
use rustix::fs::{Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// As many links as the kernel follows (`MAXSYMLINKS`).
const MOST_LINKS: u32 = 40;

/// The most bytes of a path, its terminating zero included (`PATH_MAX`).
const PATH_MAX: usize = 4096;

/// What no path may be, whatever there is.
pub(super) fn check(path: &[u8]) -> Result<()> {
    match path.first() {
        None => Err(HostError::NOT_FOUND),
        Some(_) if path.len() >= PATH_MAX => Err(Errno::NAMETOOLONG.into()),
        Some(b'/') => Err(HostError::ESCAPE),
        Some(_) if path.contains(&0) => Err(HostError::INVALID),
        Some(_) => Ok(()),
    }
}

/// Opens a path below `root`, as [`resolve::open`](super::resolve::open) does.
pub(super) fn open(
    root: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    mode: Mode,
    interrupt: &Interrupt,
) -> Result<OwnedFd> {
    let mut walk = Walk::new(root, path)?;
    let follow = !flags.contains(OFlags::NOFOLLOW);
    let create = flags.contains(OFlags::CREATE);
    let exclusive = create && flags.contains(OFlags::EXCL);
    loop {
        let Last { name, slash } = walk.advance()?;
        let mut flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if name != b"." {
            if slash && create {
                return Err(Errno::ISDIR.into());
            }
            if slash {
                flags |= OFlags::DIRECTORY;
            }
            if (follow || slash) && !exclusive && walk.expand(&name, slash)? {
                continue;
            }
        }
        let mode = if create { mode } else { Mode::empty() };
        match interrupt.retry(|| openat(walk.here(), &*name, flags, mode)) {
            // It has become a link since.
            Err(Errno::LOOP) if follow => walk.again(&name, slash)?,
            Err(errno) => return Err(errno.into()),
            Ok(file) => {
                if !flags.contains(OFlags::PATH) {
                    procfs::refuse_own(&file, walk.here())?;
                }
                return Ok(file);
            }
        }
    }
}

/// The directory that holds what a path leads to, and its name there, which is
/// no symbolic link if the path is followed or ends with a slash.
pub(super) fn last<'d>(
    root: BorrowedFd<'d>,
    path: &[u8],
    follow: bool,
) -> Result<(Walk<'d>, Vec<u8>)> {
    let mut walk = Walk::new(root, path)?;
    loop {
        let Last { name, slash } = walk.advance()?;
        if name != b"." && (follow || slash) && walk.expand(&name, slash)? {
            continue;
        }
        if slash {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(walk.here(), &*name, flags, Mode::empty())?;
        }
        return Ok((walk, name));
    }
}

/// A place on the way.
pub(super) struct Walk<'d> {
    root: BorrowedFd<'d>,
    /// The directories below the start, each in the one before it.
    below: Vec<OwnedFd>,
    /// What is still to be walked; no slash at its start.
    rest: Vec<u8>,
    /// How many links were followed.
    links: u32,
}

/// The last component of a path: a name, or `.`.
struct Last {
    name: Vec<u8>,
    /// A slash follows: it must be a directory.
    slash: bool,
}

impl<'d> Walk<'d> {
    fn new(root: BorrowedFd<'d>, path: &[u8]) -> Result<Self> {
        check(path)?;
        Ok(Self { root, below: Vec::new(), rest: path.to_vec(), links: 0 })
    }

    /// The directory reached.
    pub(super) fn here(&self) -> BorrowedFd<'_> {
        self.below.last().map_or(self.root, AsFd::as_fd)
    }

    /// Goes as far as the directory of the last component.
    fn advance(&mut self) -> Result<Last> {
        loop {
            let end = self.rest.iter().position(|byte| *byte == b'/').unwrap_or(self.rest.len());
            let more = self.rest[end..].iter().position(|byte| *byte != b'/');
            let slash = end < self.rest.len();
            let rest = more.map_or(Vec::new(), |start| self.rest[end + start..].to_vec());
            let mut name = std::mem::replace(&mut self.rest, rest);
            name.truncate(end);
            let dots = matches!(&*name, b"." | b"..");
            if dots {
                self.search()?;
            }
            match (&*name, more) {
                (b"..", _) => drop(self.below.pop().ok_or(HostError::ESCAPE)?),
                (b".", _) => {}
                (_, None) => return Ok(Last { name, slash }),
                (_, Some(_)) => self.enter(&name)?,
            }
            if dots && more.is_none() {
                return Ok(Last { name: b".".to_vec(), slash });
            }
        }
    }

    /// Whether anything may be looked up here.
    fn search(&self) -> Result<()> {
        openat(self.here(), ".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        Ok(())
    }

    /// Goes into a directory, or to what a link leads to.
    fn enter(&mut self, name: &[u8]) -> Result<()> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(self.here(), name, flags, Mode::empty()) {
            Ok(dir) => self.below.push(dir),
            Err(Errno::NOTDIR | Errno::LOOP) if self.expand(name, true)? => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }

    /// Puts the target of a link in front of what is still to be walked; false
    /// if it is none. `slash` stands after it.
    fn expand(&mut self, name: &[u8], slash: bool) -> Result<bool> {
        let target = match readlinkat(self.here(), name, Vec::new()) {
            Ok(target) => target.into_bytes(),
            // No link, or nothing there: what is done to it says so.
            Err(Errno::INVAL | Errno::NOENT) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        };
        match target.first() {
            None => return Err(HostError::NOT_FOUND),
            Some(b'/') => return Err(HostError::ESCAPE),
            Some(_) => self.again(&target, slash)?,
        }
        Ok(true)
    }

    /// Walks this first.
    fn again(&mut self, path: &[u8], slash: bool) -> Result<()> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(HostError::LINK);
        }
        let rest = std::mem::take(&mut self.rest);
        self.rest.extend_from_slice(path);
        if slash {
            self.rest.push(b'/');
        }
        self.rest.extend_from_slice(&rest);
        Ok(())
    }
}
