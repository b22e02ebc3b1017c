//! Operations on paths below a directory.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::directory::Directory;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::{Filestat, follows_symlinks};
use crate::wasi::preview1::outcome::Result;
use crate::wasi::preview1::stat::times_to_set;

/// A path, or the target of a link, in whatever encoding.
pub(super) fn bytes(memory: &GuestMemory<'_>, pointer: u32, len: u32) -> Result<Vec<u8>> {
    Ok(memory.bytes(pointer, len)?)
}

/// A directory, and a path below it.
fn place<'c>(
    ctx: &'c WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(&'c Directory, Vec<u8>)> {
    Ok((ctx.table.directory(fd)?, bytes(memory, path, path_len)?))
}

pub(super) fn path_create_directory(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    let (directory, path) = place(ctx, memory, fd, path, path_len)?;
    Ok(directory.create_directory(&path)?)
}

pub(super) fn path_filestat_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    buf: u32,
) -> Result<()> {
    let stat = filestat(ctx, memory, fd, lookup, path, path_len)?;
    Ok(memory.write_record(buf, 8, &stat.encode())?)
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
    let (directory, path) = place(ctx, memory, fd, path, path_len)?;
    Ok(directory.metadata_at(&path, follow)?.try_into()?)
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_filestat_set_times(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result<()> {
    let follow = follows_symlinks(lookup)?;
    let [accessed, modified] = times_to_set(atim, mtim, fst_flags)?;
    let (directory, path) = place(ctx, memory, fd, path, path_len)?;
    Ok(directory.set_times_at(&path, follow, accessed, modified)?)
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_link(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    old_fd: u32,
    old_lookup: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<()> {
    let follow = follows_symlinks(old_lookup)?;
    let (old, old_path) = place(ctx, memory, old_fd, old_path, old_path_len)?;
    let (new, new_path) = place(ctx, memory, new_fd, new_path, new_path_len)?;
    Ok(old.link(&old_path, follow, new, &new_path)?)
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_readlink(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
    buf: u32,
    buf_len: u32,
    used: u32,
) -> Result<()> {
    let (directory, path) = place(ctx, memory, fd, path, path_len)?;
    let target = directory.read_link(&path)?;
    let len = target.len().min(buf_len as usize);
    memory.write_bytes(buf, &target[..len])?;
    Ok(memory.write_u32(used, len as u32)?)
}

pub(super) fn path_remove_directory(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    let (directory, path) = place(ctx, memory, fd, path, path_len)?;
    Ok(directory.remove_directory(&path)?)
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_rename(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    old_fd: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<()> {
    let (old, old_path) = place(ctx, memory, old_fd, old_path, old_path_len)?;
    let (new, new_path) = place(ctx, memory, new_fd, new_path, new_path_len)?;
    Ok(old.rename(&old_path, new, &new_path)?)
}

pub(super) fn path_symlink(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    target: u32,
    target_len: u32,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    let target = bytes(memory, target, target_len)?;
    let (directory, path) = place(ctx, memory, fd, path, path_len)?;
    Ok(directory.create_symlink(&target, &path)?)
}

pub(super) fn path_unlink_file(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    let (directory, path) = place(ctx, memory, fd, path, path_len)?;
    Ok(directory.remove_file(&path)?)
}

#[cfg(test)]
mod tests {
    use crate::wasi::DirAccess;
    use crate::wasi::preview1::errno::Errno;
    use crate::wasi::preview1::testing::Guest;
    use crate::wasi::testing::Scratch;

    const READ: u64 = 1 << 1;
    const WRITE: u64 = 1 << 6;
    const CREAT: u64 = 1;

    #[test]
    fn names_are_bytes() {
        let scratch = Scratch::new();
        let mut guest = Guest::new(scratch.context());
        let [name, len] = guest.place(b"\xff");
        assert_eq!(guest.call("path_create_directory", &[3, name, len]), Errno::Success);
        let made: Vec<_> = std::fs::read_dir(scratch.path("")).unwrap().collect();
        assert_eq!(made[0].as_ref().unwrap().file_name().as_encoded_bytes(), b"\xff");
        assert_eq!(guest.call("path_remove_directory", &[3, name, len]), Errno::Success);
    }

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
