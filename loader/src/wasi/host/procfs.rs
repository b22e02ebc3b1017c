//! The host's own process in procfs. What is below its folder there is not the
//! guest's even where procfs was granted: through `mem` and `task/*/mem` it
//! could write the host's memory, past every protection; the others tell about
//! it. Other processes are the kernel's to protect.

use crate::wasi::host::error::{HostError, Result};
use rustix::fs::{Mode, OFlags, PROC_SUPER_MAGIC, fstat, fstatfs, openat};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The inode of procfs's root.
const ROOT: u64 = 1;

/// Deeper than any folder of procfs is below that of a process.
const MOST_STEPS: u32 = 16;

/// Whether a file is one of procfs.
#[allow(clippy::unnecessary_cast, reason = "the widths differ between architectures")]
pub(super) fn holds(file: impl AsFd) -> Result<bool> {
    // Only file systems without a device can be.
    if rustix::fs::major(fstat(&file)?.st_dev as u64) != 0 {
        return Ok(false);
    }
    Ok(fstatfs(&file)?.f_type as u64 == PROC_SUPER_MAGIC as u64)
}

/// Refuses a file of procfs, found in `parent`, if one of the folders that hold
/// it is that of this process or of one of its threads.
pub(super) fn refuse_own(file: &OwnedFd, parent: BorrowedFd<'_>) -> Result<()> {
    if !holds(file)? {
        return Ok(());
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if is_ours(file.as_fd()) {
        return Err(HostError::ESCAPE);
    }
    let mut dir = openat(parent, ".", flags, Mode::empty())?;
    for _ in 0..MOST_STEPS {
        if !holds(&dir)? || fstat(&dir)?.st_ino == ROOT {
            return Ok(());
        }
        if is_ours(dir.as_fd()) {
            return Err(HostError::ESCAPE);
        }
        dir = openat(&dir, "..", flags, Mode::empty())?;
    }
    Err(HostError::ESCAPE)
}

/// Whether a folder is that of this process, or of a thread of it: its `status`
/// says so, whatever the name and the namespace it was mounted in.
fn is_ours(dir: BorrowedFd<'_>) -> bool {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let Ok(status) = openat(dir, "status", flags, Mode::empty()) else { return false };
    let Ok(text) = std::io::read_to_string(std::fs::File::from(status)) else { return false };
    names_us(&text, std::process::id())
}

/// Whether a `status` is that of the process `id`. The last number of `NStgid`
/// is the one in the namespace of the process itself.
fn names_us(status: &str, id: u32) -> bool {
    let line = |name| status.lines().find_map(|line: &str| line.strip_prefix(name));
    let numbers = line("NStgid:").or_else(|| line("Tgid:"));
    let last = numbers.and_then(|numbers| numbers.split_whitespace().last());
    last.and_then(|number| number.parse().ok()) == Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::host::interrupt::Interrupt;
    use crate::wasi::host::{resolve, walk};

    #[test]
    fn our_own_folder_is_refused() {
        let proc = OwnedFd::from(std::fs::File::open("/proc").unwrap());
        let id = std::process::id();
        // The thread's own number is a folder too, though `/proc` lists it not.
        let thread = rustix::thread::gettid().as_raw_nonzero();
        let mut paths: Vec<String> = ["mem", "maps", "environ", "fd", "map_files", "task", ""]
            .iter()
            .flat_map(|name| {
                [format!("self/{name}"), format!("{id}/{name}"), format!("{thread}/{name}")]
            })
            .collect();
        paths.push("thread-self/mem".to_owned());
        paths.push(format!("self/task/{thread}/mem"));
        paths.push("1/../self/./mem".to_owned());
        let interrupt = Interrupt::default();
        for path in &paths {
            for flags in [OFlags::RDONLY, OFlags::RDWR, OFlags::WRONLY] {
                for open in [resolve::open, walk::open] {
                    let opened =
                        open(proc.as_fd(), path.as_bytes(), flags, Mode::empty(), &interrupt);
                    let refused = opened.unwrap_err();
                    let directory =
                        flags != OFlags::RDONLY && refused.errno() == rustix::io::Errno::ISDIR;
                    assert!(
                        refused == HostError::ESCAPE || directory,
                        "{path} {flags:?}: {refused:?}"
                    );
                }
            }
        }
        let below = OwnedFd::from(std::fs::File::open("/proc/self").unwrap());
        let opened = resolve::open(below.as_fd(), b"mem", OFlags::RDWR, Mode::empty(), &interrupt);
        assert_eq!(opened.err(), Some(HostError::ESCAPE));
        for path in ["version", "sys/kernel/ostype", "."] {
            let flags = OFlags::RDONLY;
            resolve::open(proc.as_fd(), path.as_bytes(), flags, Mode::empty(), &interrupt).unwrap();
        }
    }

    #[test]
    fn namespaces() {
        assert!(names_us("Name:\tx\nTgid:\t9\nNStgid:\t4711\t9\n", 9));
        assert!(!names_us("Name:\tx\nTgid:\t9\nNStgid:\t9\t1\n", 9));
        assert!(names_us("Tgid:\t9\n", 9));
        assert!(!names_us("", 9));
    }
}
