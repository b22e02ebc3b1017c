//! How paths are resolved: below a directory, never out of it.
//!
//! With `openat2` and `RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS` where the
//! kernel has it, else one component at a time by `walk`; both give the same
//! answers. A path that leads out of the directory, through `..`, an absolute
//! path or a symbolic link, is [`HostError::ESCAPE`].
//!
//! What is done to a name rather than to what it leads to is done with the
//! directory that holds it, by [`parent`]. The kernel follows no symbolic link
//! there, not even before a slash, in `mkdirat`, `unlinkat`, `renameat`,
//! `symlinkat` and as the new name of `linkat`.

use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::procfs;
use crate::wasi::host::walk;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

/// Opens a path below `dir`; `mode` is for what is created.
pub(super) fn open(
    dir: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    mode: Mode,
    interrupt: &Interrupt,
) -> Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    if kernel_resolves() {
        match by_kernel(dir, path, flags, mode, interrupt) {
            // Somebody renames directories all the time: hold on to each.
            Err(error) if error.errno() == Errno::AGAIN => {}
            // What holds it has to be known as well.
            Ok(file) if !flags.contains(OFlags::PATH) && procfs::holds(&file)? => {}
            result => return result,
        }
    }
    walk::open(dir, path, flags, mode, interrupt)
}

/// Opens to name only: nothing can be read or written through it.
pub(super) fn name(dir: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd> {
    open(dir, path, OFlags::PATH | flags, Mode::empty(), &Interrupt::default())
}

/// How often the kernel is asked again while others rename.
const ATTEMPTS: u32 = 16;

fn by_kernel(
    dir: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    mode: Mode,
    interrupt: &Interrupt,
) -> Result<OwnedFd> {
    let mode = if flags.contains(OFlags::CREATE) { mode } else { Mode::empty() };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut attempts = 0;
    let opened = interrupt.retry(|| {
        loop {
            attempts += 1;
            match openat2(dir, path, flags, mode, resolve) {
                Err(Errno::AGAIN) if attempts < ATTEMPTS => {}
                result => return result,
            }
        }
    });
    opened.map_err(|errno| match errno {
        Errno::XDEV => HostError::ESCAPE,
        other => other.into(),
    })
}

/// The directory that holds the last component of a path, and that component
/// with the slashes after it as one.
pub(super) fn parent<'d>(dir: BorrowedFd<'d>, path: &[u8]) -> Result<(Parent<'d>, Vec<u8>)> {
    walk::check(path)?;
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    let trimmed = &path[..end];
    let (above, last) = match trimmed.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (Some(&trimmed[..slash]), &trimmed[slash + 1..]),
        None => (None, trimmed),
    };
    if last == b".." {
        // What may be there stays; the name itself is refused by the kernel.
        name(dir, path, OFlags::DIRECTORY)?;
    }
    let mut last = last.to_vec();
    if end < path.len() {
        last.push(b'/');
    }
    let parent = match above {
        None => Parent::Same(dir),
        Some(above) => Parent::Below(name(dir, above, OFlags::DIRECTORY)?),
    };
    Ok((parent, last))
}

/// A directory, or one opened on the way to it.
pub(super) enum Parent<'d> {
    /// The directory itself.
    Same(BorrowedFd<'d>),
    /// One below it.
    Below(OwnedFd),
}

impl AsFd for Parent<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Same(dir) => *dir,
            Self::Below(dir) => dir.as_fd(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::testing::Scratch;
    use rustix::fs::{AtFlags, RenameFlags, renameat_with};
    use std::sync::atomic::{AtomicBool, Ordering};

    fn root(scratch: &Scratch) -> OwnedFd {
        std::fs::File::open(scratch.path("")).unwrap().into()
    }

    #[test]
    fn last_components() {
        let scratch = Scratch::new();
        scratch.mkdir("sub");
        let dir = root(&scratch);
        for (path, last) in [
            ("a", "a"),
            (".", "."),
            ("sub/a", "a"),
            ("sub/", "sub/"),
            ("sub//", "sub/"),
            ("sub/..", ".."),
            ("sub/.", "."),
        ] {
            let (_, found) = parent(dir.as_fd(), path.as_bytes()).unwrap();
            assert_eq!(found, last.as_bytes(), "{path}");
        }
        for path in ["..", "/a", "../a", "/", "sub/../.."] {
            let found = parent(dir.as_fd(), path.as_bytes()).err();
            assert_eq!(found, Some(HostError::ESCAPE), "{path}");
        }
        for path in ["", "none/a", "none/.."] {
            let found = parent(dir.as_fd(), path.as_bytes()).err();
            assert_eq!(found, Some(HostError::NOT_FOUND), "{path}");
        }
    }

    /// The kernel's resolution and ours, on every path that can be made of a
    /// few components, with every combination of flags.
    #[test]
    fn kernel_and_walk_agree() {
        let scratch = Scratch::new();
        scratch.mkdir("dir");
        scratch.write("file", "");
        for (target, link) in [
            ("dir", "to-dir"),
            ("file", "to-file"),
            ("none", "dangling"),
            ("..", "dir/up"),
            ("loop", "loop"),
        ] {
            scratch.symlink(target, link);
        }
        scratch.symlink(scratch.outside(), "absolute");
        let dir = root(&scratch);
        let parts = [
            "dir", "file", "to-dir", "to-file", "dangling", "up", "loop", "absolute", ".", "..",
            "none",
        ];
        let kinds = [
            OFlags::RDONLY,
            OFlags::WRONLY,
            OFlags::PATH,
            OFlags::PATH | OFlags::NOFOLLOW,
            OFlags::RDONLY | OFlags::NOFOLLOW,
            OFlags::RDONLY | OFlags::DIRECTORY,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW,
        ];
        let mut compared = 0;
        for first in parts {
            for second in parts {
                for path in
                    [first.to_owned(), format!("{first}/{second}"), format!("{first}/{second}/")]
                {
                    for flags in kinds {
                        let (path, interrupt) = (path.as_bytes(), Interrupt::default());
                        let flags = flags | OFlags::CLOEXEC;
                        let one = by_kernel(dir.as_fd(), path, flags, Mode::empty(), &interrupt);
                        let two = walk::open(dir.as_fd(), path, flags, Mode::empty(), &interrupt);
                        let inode = |fd: OwnedFd| rustix::fs::fstat(fd).unwrap().st_ino;
                        let shown = String::from_utf8_lossy(path);
                        assert_eq!(one.map(inode), two.map(inode), "{shown} {flags:?}");
                        compared += 1;
                    }
                }
            }
        }
        assert_eq!(compared, 11 * 11 * 3 * 7);
    }

    /// While others swap a directory for a link that leads out, and back, a
    /// path through it finds what is inside, or nothing, and never what is out.
    #[test]
    fn races_lead_nowhere() {
        let scratch = Scratch::new();
        scratch.mkdir("sub");
        scratch.write("sub/secret", "inside");
        scratch.symlink("../outside", "link");
        scratch.mkdir("deep");
        scratch.symlink("../sub", "deep/back");
        let dir = root(&scratch);
        let done = AtomicBool::new(false);
        let mut found = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let flags = RenameFlags::EXCHANGE;
                    renameat_with(&dir, "sub", &dir, "link", flags).unwrap();
                }
            });
            for round in 0..6000 {
                let path = ["sub/secret", "deep/back/secret", "link/secret", "sub/../sub/secret"]
                    [round % 4];
                for open in [open, walk::open] {
                    let interrupt = Interrupt::default();
                    let opened = open(
                        dir.as_fd(),
                        path.as_bytes(),
                        OFlags::RDONLY,
                        Mode::empty(),
                        &interrupt,
                    );
                    let Ok(file) = opened else { continue };
                    let text = std::io::read_to_string(std::fs::File::from(file)).unwrap();
                    assert_eq!(text, "inside", "{path}");
                    found += 1;
                }
                // Nothing is made or removed outside either.
                let (parent, name) = match parent(dir.as_fd(), b"sub/made") {
                    Ok(place) => place,
                    Err(_) => continue,
                };
                let _ = rustix::fs::mkdirat(&parent, &*name, Mode::from_raw_mode(0o777));
                let _ = rustix::fs::unlinkat(&parent, &*name, AtFlags::REMOVEDIR);
            }
            done.store(true, Ordering::Relaxed);
        });
        assert!(found > 1000, "only {found} of 12000 were found");
        let left: Vec<_> = std::fs::read_dir(scratch.outside()).unwrap().collect();
        assert_eq!(left.len(), 1);
    }
}
