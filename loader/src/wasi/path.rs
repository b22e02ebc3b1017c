//! Operations on paths below a directory.
//!
//! cap-std resolves every path: with `openat2` and `RESOLVE_BENEATH |
//! RESOLVE_NO_MAGICLINKS` where the kernel has it, else one component at a
//! time. A path that leads out of the directory, through `..`, an absolute path
//! or a symbolic link, is `EPERM`.

use std::borrow::Cow;

use cap_std::fs::{OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, OFlags, utimensat};

use super::abi::{Filestat, follows_symlinks};
use super::context::WasiCtx;
use super::errno::Errno;
use super::memory::GuestMemory;
use super::outcome::Result;
use super::stat::{from_metadata, timestamps, writable};

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
    // An O_PATH descriptor names the file, or the link itself, whatever its
    // permissions; cap-std has no such operation.
    let mut flags = OFlags::PATH;
    if !follow {
        flags |= OFlags::NOFOLLOW;
    }
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits() as i32);
    let file = directory.dir.open_with(path, &options)?;
    utimensat(&file, "", &times, AtFlags::EMPTY_PATH)?;
    Ok(())
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
