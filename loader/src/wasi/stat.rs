//! Attributes of files, and setting their times and sizes.

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::abi::{Filestat, Filetype, flags, fstflags};
use super::attributes::from_host;
use super::context::WasiCtx;
use super::descriptor::{Descriptor, DirAccess};
use super::errno::Errno;
use super::fd::stream_type;
use super::memory::GuestMemory;
use super::outcome::Result;
use super::time::timespec;

pub(super) fn fd_filestat_get(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    buf: u32,
) -> Result<()> {
    let stat = of_descriptor(ctx, fd)?;
    memory.write_record(buf, 8, &stat.encode())
}

/// The attributes behind a descriptor. Standard streams have none.
pub(super) fn of_descriptor(ctx: &WasiCtx, fd: u32) -> Result<Filestat> {
    let host = match ctx.table.get(fd)? {
        Descriptor::Input(input) => return Ok(stream(stream_type(input.fd()))),
        Descriptor::Output(output) => return Ok(stream(stream_type(output.fd()))),
        Descriptor::File(file) => rustix::fs::fstat(&file.fd)?,
        Descriptor::Directory(directory) => rustix::fs::fstat(&directory.dir)?,
        Descriptor::Socket(socket) => {
            let mut stat = from_host(&rustix::fs::fstat(&socket.fd)?)?;
            stat.filetype = socket.filetype;
            return Ok(stat);
        }
    };
    from_host(&host)
}

fn stream(filetype: Filetype) -> Filestat {
    Filestat { dev: 0, ino: 0, filetype, nlink: 0, size: 0, atim: 0, mtim: 0, ctim: 0 }
}

pub(super) fn fd_filestat_set_size(
    ctx: &mut WasiCtx,
    _memory: &mut GuestMemory<'_>,
    fd: u32,
    size: u64,
) -> Result<()> {
    let file = ctx.table.file(fd)?;
    writable(file.access)?;
    // A length above i64::MAX is negative to the kernel: EINVAL.
    ctx.interrupt.retry(|| rustix::fs::ftruncate(&file.fd, size))?;
    Ok(())
}

pub(super) fn fd_filestat_set_times(
    ctx: &mut WasiCtx,
    _memory: &mut GuestMemory<'_>,
    fd: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result<()> {
    let times = timestamps(atim, mtim, fst_flags)?;
    match ctx.table.get(fd)? {
        Descriptor::File(file) => {
            writable(file.access)?;
            rustix::fs::futimens(&file.fd, &times)?;
        }
        Descriptor::Directory(directory) => {
            writable(directory.access)?;
            rustix::fs::futimens(&directory.dir, &times)?;
        }
        _ => return Err(Errno::Badf.into()),
    }
    Ok(())
}

/// What `$fstflags` asks for; a time and "now" together are `EINVAL`.
pub(super) fn timestamps(atim: u64, mtim: u64, fst_flags: u32) -> Result<Timestamps> {
    let flags = flags("fstflags", fst_flags, fstflags::ALL)?;
    let pick = |set, now, time| match (flags.has(set), flags.has(now)) {
        (true, true) => Err(Errno::Inval),
        (true, false) => Ok(timespec(time)),
        (false, true) => Ok(marker(UTIME_NOW)),
        (false, false) => Ok(marker(UTIME_OMIT)),
    };
    Ok(Timestamps {
        last_access: pick(fstflags::ATIM, fstflags::ATIM_NOW, atim)?,
        last_modification: pick(fstflags::MTIM, fstflags::MTIM_NOW, mtim)?,
    })
}

fn marker(tv_nsec: i64) -> Timespec {
    Timespec { tv_sec: 0, tv_nsec: tv_nsec as _ }
}

/// Refuses changes below read-only directories.
pub(super) fn writable(access: DirAccess) -> Result<()> {
    match access {
        DirAccess::ReadWrite => Ok(()),
        DirAccess::ReadOnly => Err(Errno::Perm.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::outcome::Stop;

    #[test]
    fn set_and_now_exclude_each_other() {
        for both in [0b0011, 0b1100, 0b1111] {
            let result = timestamps(0, 0, both);
            assert!(matches!(result, Err(Stop::Errno(Errno::Inval))), "{both:b}");
        }
        let times = timestamps(5_000_000_007, 0, 0b1001).unwrap();
        assert_eq!((times.last_access.tv_sec, times.last_access.tv_nsec), (5, 7));
        assert_eq!(times.last_modification.tv_nsec, UTIME_NOW);
        assert_eq!(timestamps(1, 1, 0).unwrap().last_access.tv_nsec, UTIME_OMIT);
    }
}
