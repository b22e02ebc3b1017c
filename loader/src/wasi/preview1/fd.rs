//! Descriptors themselves: closing, renumbering, flags, rights, preopens, and
//! what is passed on to the kernel about a file.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::directory::Directory;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::{fdflags, flags, prestat_dir, undefined};
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::Result;
use crate::wasi::preview1::rights;
use rustix::fs::Advice;
use std::num::NonZeroU64;

pub(super) fn fd_advise(
    ctx: &mut WasiCtx,
    _memory: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<()> {
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        other => return Err(undefined("advice", other)),
    };
    Ok(ctx.table.get(fd)?.advise(offset, NonZeroU64::new(len), advice)?)
}

pub(super) fn fd_allocate(
    ctx: &mut WasiCtx,
    _memory: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
) -> Result<()> {
    Ok(ctx.table.get(fd)?.allocate(offset, len, &ctx.interrupt)?)
}

pub(super) fn fd_close(ctx: &mut WasiCtx, _memory: &GuestMemory<'_>, fd: u32) -> Result<()> {
    drop(ctx.table.remove(fd)?);
    Ok(())
}

pub(super) fn fd_renumber(
    ctx: &mut WasiCtx,
    _memory: &GuestMemory<'_>,
    from: u32,
    to: u32,
) -> Result<()> {
    Ok(ctx.table.renumber(from, to)?)
}

pub(super) fn fd_datasync(ctx: &mut WasiCtx, _memory: &GuestMemory<'_>, fd: u32) -> Result<()> {
    Ok(ctx.table.get(fd)?.sync_data(&ctx.interrupt)?)
}

pub(super) fn fd_sync(ctx: &mut WasiCtx, _memory: &GuestMemory<'_>, fd: u32) -> Result<()> {
    Ok(ctx.table.get(fd)?.sync(&ctx.interrupt)?)
}

pub(super) fn fd_fdstat_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    stat: u32,
) -> Result<()> {
    let fdstat = rights::fdstat(ctx.table.get(fd)?);
    Ok(memory.write_record(stat, 8, &fdstat.encode())?)
}

pub(super) fn fd_fdstat_set_flags(
    ctx: &mut WasiCtx,
    _memory: &GuestMemory<'_>,
    fd: u32,
    raw: u32,
) -> Result<()> {
    let wanted = flags("fdflags", raw, fdflags::ALL)?;
    // When writes are on the device is decided at opening, as on Linux.
    let (append, nonblock) = (wanted.has(fdflags::APPEND), wanted.has(fdflags::NONBLOCK));
    Ok(ctx.table.get_mut(fd)?.set_flags(append, nonblock)?)
}

/// Rights cannot be changed, as in today's runtimes.
pub(super) fn fd_fdstat_set_rights(
    ctx: &mut WasiCtx,
    _memory: &GuestMemory<'_>,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Result<()> {
    flags("rights", base, rights::ALL)?;
    flags("rights", inheriting, rights::ALL)?;
    match ctx.table.get(fd)? {
        Descriptor::Input(_) | Descriptor::Output(_) => Err(Errno::Badf.into()),
        _ => Err(Errno::Notsup.into()),
    }
}

pub(super) fn fd_prestat_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    prestat: u32,
) -> Result<()> {
    match ctx.table.get(fd)? {
        Descriptor::Directory(Directory { preopen: Some(name), .. }) => {
            let len = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
            Ok(memory.write_record(prestat, 4, &prestat_dir(len))?)
        }
        _ => Err(Errno::Badf.into()),
    }
}

pub(super) fn fd_prestat_dir_name(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    match ctx.table.get(fd)? {
        Descriptor::Directory(Directory { preopen: Some(name), .. })
            if name.len() <= path_len as usize =>
        {
            Ok(memory.write_bytes(path, name.as_bytes())?)
        }
        Descriptor::Directory(Directory { preopen: Some(_), .. }) => Err(Errno::Nametoolong.into()),
        _ => Err(Errno::Notdir.into()),
    }
}
