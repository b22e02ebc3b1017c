//! Attributes of files, and setting their times and sizes.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::metadata::{SetTime, Time};
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::{Filestat, Filetype, flags, fstflags};
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::Result;

pub(super) fn fd_filestat_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    buf: u32,
) -> Result<()> {
    let stat = of_descriptor(ctx, fd)?;
    Ok(memory.write_record(buf, 8, &stat.encode())?)
}

/// The attributes behind a descriptor. What the host keeps in memory has none.
pub(super) fn of_descriptor(ctx: &WasiCtx, fd: u32) -> Result<Filestat> {
    match ctx.table.get(fd)?.metadata()? {
        Some(metadata) => Ok(metadata.try_into()?),
        None => Ok(Filestat::stream(Filetype::Unknown)),
    }
}

pub(super) fn fd_filestat_set_size(
    ctx: &mut WasiCtx,
    _memory: &GuestMemory<'_>,
    fd: u32,
    size: u64,
) -> Result<()> {
    Ok(ctx.table.get(fd)?.set_size(size, &ctx.interrupt)?)
}

pub(super) fn fd_filestat_set_times(
    ctx: &mut WasiCtx,
    _memory: &GuestMemory<'_>,
    fd: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result<()> {
    let [accessed, modified] = times_to_set(atim, mtim, fst_flags)?;
    match ctx.table.get(fd)? {
        Descriptor::File(file) => file.set_times(accessed, modified)?,
        Descriptor::Directory(directory) => directory.set_times(accessed, modified)?,
        _ => return Err(Errno::Badf.into()),
    }
    Ok(())
}

/// What `$fstflags` asks for, of the time of access and of that of
/// modification; a time and "now" together are `EINVAL`.
pub(super) fn times_to_set(atim: u64, mtim: u64, fst_flags: u32) -> Result<[SetTime; 2]> {
    let flags = flags("fstflags", fst_flags, fstflags::ALL)?;
    let pick = |set, now, time| match (flags.has(set), flags.has(now)) {
        (true, true) => Err(Errno::Inval),
        (true, false) => Ok(SetTime::At(Time::from_nanoseconds(time))),
        (false, true) => Ok(SetTime::Now),
        (false, false) => Ok(SetTime::Keep),
    };
    Ok([
        pick(fstflags::ATIM, fstflags::ATIM_NOW, atim)?,
        pick(fstflags::MTIM, fstflags::MTIM_NOW, mtim)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::preview1::outcome::Stop;

    #[test]
    fn set_and_now_exclude_each_other() {
        for both in [0b0011, 0b1100, 0b1111] {
            let result = times_to_set(0, 0, both);
            assert!(matches!(result, Err(Stop::Errno(Errno::Inval))), "{both:b}");
        }
        let time = Time { seconds: 5, nanoseconds: 7 };
        let times = times_to_set(5_000_000_007, 0, 0b1001).unwrap();
        assert_eq!(times, [SetTime::At(time), SetTime::Now]);
        assert_eq!(times_to_set(1, 1, 0).unwrap(), [SetTime::Keep; 2]);
    }
}
