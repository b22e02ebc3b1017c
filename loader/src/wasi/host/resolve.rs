//! How paths are resolved.
//!
//! cap-std resolves every path: with `openat2` and `RESOLVE_BENEATH |
//! RESOLVE_NO_MAGICLINKS` where the kernel has it, else one component at a
//! time. A path that leads out of the directory, through `..`, an absolute path
//! or a symbolic link, is [`Error::ESCAPE`].

use crate::wasi::host::error::{Error, Result};
use cap_std::fs::Dir;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use std::sync::OnceLock;

/// The directory that holds the last component of a path, and that component:
/// never `..`, and `.` where the path can only name a directory.
pub(crate) fn parent<'d, 'p>(dir: &'d Dir, path: &'p str) -> Result<(Parent<'d>, &'p str)> {
    match path.rsplit_once('/') {
        None if path.is_empty() => Err(Error::NOT_FOUND),
        None if path != ".." => Ok((Parent::Same(dir), path)),
        Some((above, name)) if !above.is_empty() && !matches!(name, "" | "." | "..") => {
            Ok((Parent::Below(dir.open_dir(above)?), name))
        }
        _ => Ok((Parent::Below(dir.open_dir(path)?), ".")),
    }
}

/// A directory, or one opened on the way to it.
pub(crate) enum Parent<'d> {
    /// The directory itself.
    Same(&'d Dir),
    /// One below it.
    Below(Dir),
}

impl std::ops::Deref for Parent<'_> {
    type Target = Dir;

    fn deref(&self) -> &Dir {
        match self {
            Self::Same(dir) => dir,
            Self::Below(dir) => dir,
        }
    }
}

/// `openat2` exists (Linux 5.6) and no filter of system calls refuses it.
pub(crate) fn kernel_resolves() -> bool {
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

    #[test]
    fn last_components() {
        let scratch = Scratch::new();
        scratch.mkdir("sub");
        let dir = std::fs::File::open(scratch.path("")).unwrap();
        let dir = Dir::from_std_file(dir);
        for (path, name) in
            [("a", "a"), (".", "."), ("sub/a", "a"), ("sub/", "."), ("sub/..", "."), ("sub/.", ".")]
        {
            assert_eq!(parent(&dir, path).unwrap().1, name, "{path}");
        }
        for path in ["..", "/a", "../a", "/", "sub/../.."] {
            assert_eq!(parent(&dir, path).err(), Some(Error::ESCAPE), "{path}");
        }
        for path in ["", "none/a", "none/"] {
            assert_eq!(parent(&dir, path).err(), Some(Error::NOT_FOUND), "{path}");
        }
    }
}
