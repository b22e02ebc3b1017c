//! Whether a directory leads into procfs, where processes can be looked into.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The procfs that can be reached from a directory: one that is mounted at it
/// or below, or else the directory itself, if it lies in one. None where this
/// process cannot see what is mounted.
pub(crate) fn within_reach(dir: &Path) -> Option<PathBuf> {
    let dir = dir.canonicalize().ok()?;
    find(&dir, &fs::read("/proc/self/mountinfo").ok()?)
}

/// `dir` is absolute and without links; `table` as in `proc_pid_mountinfo(5)`.
fn find(dir: &Path, table: &[u8]) -> Option<PathBuf> {
    let mounts: Vec<Mount> = table.split(|byte| *byte == b'\n').filter_map(Mount::parse).collect();
    let below = mounts.iter().find(|mount| mount.procfs && mount.point.starts_with(dir));
    if let Some(mount) = below {
        return Some(mount.point.clone());
    }
    // The deepest holds it; of those at one place, the one mounted last.
    let holds = mounts.iter().filter(|mount| dir.starts_with(&mount.point));
    let innermost = holds.max_by_key(|mount| mount.point.components().count())?;
    innermost.procfs.then(|| dir.to_owned())
}

/// Something that is mounted.
struct Mount {
    point: PathBuf,
    procfs: bool,
}

impl Mount {
    /// Reads a line: number, parent, device, root, mount point, options, any
    /// number of further fields, a dash, the type of file system, ...
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let point = unescape(fields.nth(4)?);
        let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
        Some(Self { point: OsString::from_vec(point).into(), procfs: kind == b"proc" })
    }
}

/// Blanks and backslashes stand there as a backslash and three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| byte == b'\\');
        let octal = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let value = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(value.unwrap_or(byte));
        rest = if value.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"\
        20 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw\n\
        21 20 0:21 / /proc rw,nosuid shared:2 master:1 - proc proc rw\n\
        22 21 0:30 / /proc/sys/fs/binfmt_misc rw - binfmt_misc none rw\n\
        23 20 0:31 / /srv/a\\040jail/proc ro - proc none ro\n\
        24 20 0:32 / /mnt rw - proc proc rw\n\
        25 24 0:33 / /mnt rw - tmpfs tmpfs rw\n\
        26 20 0:34 / /process rw - tmpfs - rw\n";

    #[test]
    fn what_contains_it_and_what_it_contains() {
        for (dir, found) in [
            ("/", Some("/proc")),
            ("/proc", Some("/proc")),
            ("/proc/self", Some("/proc/self")),
            ("/srv", Some("/srv/a jail/proc")),
            ("/srv/a jail", Some("/srv/a jail/proc")),
            ("/srv/a", None),
            ("/home", None),
            ("/process", None),
            // Another file system lies over them.
            ("/proc/sys/fs/binfmt_misc/status", None),
            ("/mnt/folder", None),
        ] {
            assert_eq!(find(Path::new(dir), TABLE), found.map(PathBuf::from), "{dir}");
        }
        assert_eq!(find(Path::new("/"), b"not a table\n"), None);
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape(b"a\\040b\\134c"), b"a b\\c");
        assert_eq!(unescape(b"\\9\\04"), b"\\9\\04");
    }
}
