//! Operations on paths below a directory.
//!
//! cap-std resolves every path: with `openat2` and `RESOLVE_BENEATH |
//! RESOLVE_NO_MAGICLINKS` where the kernel has it, else one component at a
//! time. A path that leads out of the directory, through `..`, an absolute path
//! or a symbolic link, is `EPERM`.

use std::borrow::Cow;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, OFlags, Timestamps, futimens, utimensat};

use super::abi::{Filestat, follows_symlinks};
use super::attributes::from_metadata;
use super::context::WasiCtx;
use super::errno::Errno;
use super::memory::GuestMemory;
use super::outcome::Result;
use super::stat::{timestamps, writable};

pub(super) fn path_create_directory(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    let directory = ctx.table.directory(fd)?;
    let path = memory.string(path, path_len)?;
    writable(directory.access)?;
    directory.dir.create_dir(path)?;
    Ok(())
}

pub(super) fn path_filestat_get(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    buf: u32,
) -> Result<()> {
    let stat = filestat(ctx, memory, fd, lookup, path, path_len)?;
    memory.write_record(buf, 8, &stat.encode())
}

/// The attributes behind a path.
pub(super) fn filestat(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
) -> Result<Filestat> {
    let follow = follows_symlinks(lookup)?;
    let directory = ctx.table.directory(fd)?;
    let path = memory.string(path, path_len)?;
    from_metadata(&if follow {
        directory.dir.metadata(path)?
    } else {
        directory.dir.symlink_metadata(path)?
    })
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_filestat_set_times(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result<()> {
    let follow = follows_symlinks(lookup)?;
    let times = timestamps(atim, mtim, fst_flags)?;
    let directory = ctx.table.directory(fd)?;
    let path = memory.string(path, path_len)?;
    writable(directory.access)?;
    if follow {
        set_times_of_target(&directory.dir, path, &times)?;
    } else {
        let (parent, name) = parent(&directory.dir, path)?;
        utimensat(&*parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
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
        Err(rustix::io::Errno::INVAL) => futimens(open(OFlags::NONBLOCK)?, times)?,
        result => result?,
    }
    Ok(())
}

/// The directory that holds the last component of a path, and that component:
/// never `..`, and `.` where the path can only name a directory.
pub(super) fn parent<'d, 'p>(dir: &'d Dir, path: &'p str) -> Result<(Parent<'d>, &'p str)> {
    match path.rsplit_once('/') {
        None if path.is_empty() => Err(Errno::Noent.into()),
        None if path != ".." => Ok((Parent::Same(dir), path)),
        Some((above, name)) if !above.is_empty() && !matches!(name, "" | "." | "..") => {
            Ok((Parent::Below(dir.open_dir(above)?), name))
        }
        _ => Ok((Parent::Below(dir.open_dir(path)?), ".")),
    }
}

/// A directory, or one opened on the way to it.
pub(super) enum Parent<'d> {
    Same(&'d Dir),
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

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_link(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    old_fd: u32,
    old_lookup: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<()> {
    let follow = follows_symlinks(old_lookup)?;
    let old = ctx.table.directory(old_fd)?;
    let new = ctx.table.directory(new_fd)?;
    let old_path = memory.string(old_path, old_path_len)?;
    let new_path = memory.string(new_path, new_path_len)?;
    // Read-only on either side: a link would let the other side write.
    writable(old.access)?;
    writable(new.access)?;
    if follow {
        return Err(Errno::Inval.into());
    }
    old.dir.hard_link(old_path, &new.dir, new_path)?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_readlink(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
    buf: u32,
    buf_len: u32,
    used: u32,
) -> Result<()> {
    let directory = ctx.table.directory(fd)?;
    let path = memory.string(path, path_len)?;
    // An absolute target is EPERM: it would tell about the host.
    let target = directory.dir.read_link(path)?;
    let target = target.to_str().ok_or(Errno::Ilseq)?.as_bytes();
    let len = target.len().min(buf_len as usize);
    memory.write_bytes(buf, &target[..len])?;
    memory.write_u32(used, len as u32)
}

pub(super) fn path_remove_directory(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    let directory = ctx.table.directory(fd)?;
    let path = memory.string(path, path_len)?;
    writable(directory.access)?;
    directory.dir.remove_dir(path)?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_rename(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    old_fd: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<()> {
    let old = ctx.table.directory(old_fd)?;
    let new = ctx.table.directory(new_fd)?;
    let old_path = memory.string(old_path, old_path_len)?;
    let new_path = memory.string(new_path, new_path_len)?;
    writable(old.access)?;
    writable(new.access)?;
    // A slash at the end of either path says that a directory is renamed;
    // cap-std minds the first only.
    let old_path = if new_path.ends_with('/') && !old_path.is_empty() {
        Cow::Owned(format!("{old_path}/"))
    } else {
        Cow::Borrowed(old_path)
    };
    old.dir.rename(&*old_path, &new.dir, new_path)?;
    Ok(())
}

pub(super) fn path_symlink(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    target: u32,
    target_len: u32,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    let directory = ctx.table.directory(fd)?;
    let target = memory.string(target, target_len)?;
    let path = memory.string(path, path_len)?;
    writable(directory.access)?;
    // An absolute target is EPERM.
    directory.dir.symlink(target, path)?;
    Ok(())
}

pub(super) fn path_unlink_file(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    let directory = ctx.table.directory(fd)?;
    let path = memory.string(path, path_len)?;
    writable(directory.access)?;
    directory.dir.remove_file(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::wasi::testing::{Guest, Scratch};
    use crate::wasi::{DirAccess, Errno};

    const READ: u64 = 1 << 1;
    const WRITE: u64 = 1 << 6;
    const CREAT: u64 = 1;

    /// Every way to `outside/secret` or its directory; in `fixtures/wasi` is a
    /// guest with many more.
    fn roads(scratch: &Scratch) -> Vec<String> {
        let outside = scratch.outside();
        scratch.mkdir("sub");
        scratch.symlink(outside.join("secret"), "absolute");
        scratch.symlink("../outside/secret", "relative");
        scratch.symlink(&outside, "absolute-dir");
        scratch.symlink("../outside", "relative-dir");
        scratch.symlink("relative-dir", "chain");
        scratch.symlink("../..", "sub/up");
        scratch.symlink("/proc/self/fd", "fd");
        vec![
            outside.join("secret").to_str().unwrap().to_owned(),
            "../outside/secret".to_owned(),
            "sub/../../outside/secret".to_owned(),
            "absolute".to_owned(),
            "relative".to_owned(),
            "absolute-dir/secret".to_owned(),
            "relative-dir/secret".to_owned(),
            "chain/secret".to_owned(),
            "sub/up/outside/secret".to_owned(),
            "fd/0".to_owned(),
        ]
    }

    #[test]
    fn no_road_leads_outside() {
        let scratch = Scratch::new();
        let roads = roads(&scratch);
        scratch.write("mine", "");
        let mut guest = Guest::new(scratch.context());
        for road in &roads {
            for rights in [READ, WRITE, READ | WRITE] {
                for oflags in [0, CREAT] {
                    let opened = guest.open(road, oflags, rights);
                    assert_eq!(opened, Err(Errno::Perm), "{road}");
                }
            }
            let [path, len] = guest.place(road);
            let get = guest.call("path_filestat_get", &[3, 1, path, len, 64]);
            assert_eq!(get, Errno::Perm, "{road}");
            let set = guest.call("path_filestat_set_times", &[3, 1, path, len, 1, 1, 5]);
            assert_eq!(set, Errno::Perm, "{road}");

            // The last component may be a link; what lies behind it may not be
            // reached.
            let [below, below_len] = guest.place(format!("{road}/x"));
            let [mine, mine_len] = guest.place("mine");
            for (name, args) in [
                ("path_create_directory", vec![3, below, below_len]),
                ("path_remove_directory", vec![3, below, below_len]),
                ("path_unlink_file", vec![3, below, below_len]),
                ("path_symlink", vec![mine, mine_len, 3, below, below_len]),
                ("path_readlink", vec![3, below, below_len, 64, 64, 0]),
                ("path_link", vec![3, 0, below, below_len, 3, mine, mine_len]),
                ("path_link", vec![3, 0, mine, mine_len, 3, below, below_len]),
                ("path_rename", vec![3, below, below_len, 3, mine, mine_len]),
                ("path_rename", vec![3, mine, mine_len, 3, below, below_len]),
            ] {
                assert_eq!(guest.call(name, &args), Errno::Perm, "{name} {road}");
            }
        }
        let secret = std::fs::read(scratch.outside().join("secret")).unwrap();
        assert_eq!(secret, b"secret");
        let left: Vec<_> = std::fs::read_dir(scratch.outside()).unwrap().collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn absolute_links_are_neither_read_nor_made() {
        let scratch = Scratch::new();
        scratch.symlink("/etc/passwd", "link");
        let mut guest = Guest::new(scratch.context());
        let [path, len] = guest.place("link");
        let read = guest.call("path_readlink", &[3, path, len, 64, 64, 0]);
        assert_eq!(read, Errno::Perm);
        let [target, target_len] = guest.place("/etc");
        let [path, len] = guest.place("new");
        let made = guest.call("path_symlink", &[target, target_len, 3, path, len]);
        assert_eq!(made, Errno::Perm);
        assert!(!scratch.path("new").exists());
    }

    #[test]
    fn read_only_directories_stay_as_they_are() {
        let scratch = Scratch::new();
        scratch.write("file", "kept");
        scratch.mkdir("dir");
        let mut guest = Guest::new(scratch.context_with(DirAccess::ReadOnly));
        for (oflags, rights) in [(0, WRITE), (CREAT, READ), (1 << 3, READ), (0, READ | WRITE)] {
            assert_eq!(guest.open("file", oflags, rights), Err(Errno::Perm));
        }
        let [file, file_len] = guest.place("file");
        let [dir, dir_len] = guest.place("dir");
        let [new, new_len] = guest.place("new");
        for (name, args) in [
            ("path_create_directory", vec![3, new, new_len]),
            ("path_remove_directory", vec![3, dir, dir_len]),
            ("path_unlink_file", vec![3, file, file_len]),
            ("path_symlink", vec![file, file_len, 3, new, new_len]),
            ("path_link", vec![3, 0, file, file_len, 3, new, new_len]),
            ("path_rename", vec![3, file, file_len, 3, new, new_len]),
            ("path_filestat_set_times", vec![3, 0, file, file_len, 1, 1, 5]),
        ] {
            assert_eq!(guest.call(name, &args), Errno::Perm, "{name}");
        }
        let fd = guest.open("file", 0, READ).unwrap();
        assert_eq!(guest.call("fd_filestat_set_size", &[fd, 0]), Errno::Perm);
        assert_eq!(guest.call("fd_filestat_set_times", &[fd, 1, 1, 5]), Errno::Perm);
        // What is opened below is read-only too.
        let inner = guest.open("dir", 1 << 1, READ).unwrap();
        let made = guest.call("path_create_directory", &[inner, new, new_len]);
        assert_eq!(made, Errno::Perm);
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"kept");
    }
}
