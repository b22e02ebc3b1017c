//! Attributes of files, and setting their times and sizes.

use cap_std::fs::{Metadata, MetadataExt};
use rustix::fs::{FileType, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::abi::{Filestat, Filetype, flags, fstflags};
use super::clock;
use super::context::WasiCtx;
use super::descriptor::{Descriptor, DirAccess};
use super::errno::Errno;
use super::memory::GuestMemory;
use super::outcome::Result;

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
        Descriptor::Input(input) => return Ok(stream(super::fd::stream_type(input.fd()))),
        Descriptor::Output(output) => return Ok(stream(super::fd::stream_type(output.fd()))),
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

#[allow(clippy::unnecessary_cast, reason = "the widths differ between architectures")]
pub(super) fn from_host(stat: &Stat) -> Result<Filestat> {
    Ok(Filestat {
        dev: DEVICE,
        ino: inode(stat.st_dev, stat.st_ino),
        filetype: FileType::from_raw_mode(stat.st_mode).into(),
        nlink: stat.st_nlink as u64,
        size: stat.st_size as u64,
        atim: time(stat.st_atime, stat.st_atime_nsec as i64)?,
        mtim: time(stat.st_mtime, stat.st_mtime_nsec as i64)?,
        ctim: time(stat.st_ctime, stat.st_ctime_nsec as i64)?,
    })
}

pub(super) fn from_metadata(metadata: &Metadata) -> Result<Filestat> {
    Ok(Filestat {
        dev: DEVICE,
        ino: inode(metadata.dev(), metadata.ino()),
        filetype: FileType::from_raw_mode(metadata.mode()).into(),
        nlink: metadata.nlink(),
        size: metadata.size(),
        atim: time(metadata.atime(), metadata.atime_nsec())?,
        mtim: time(metadata.mtime(), metadata.mtime_nsec())?,
        ctim: time(metadata.ctime(), metadata.ctime_nsec())?,
    })
}

/// The one device that guests see; [`inode`] keeps files of different host
/// devices apart.
const DEVICE: u64 = 1;

/// A number for the file `ino` of the host's device `dev`. It is unique within
/// a device, and two devices collide only by a chance of 2^-64. Guests learn
/// nothing about the host from it.
pub(super) fn inode(dev: u64, ino: u64) -> u64 {
    mix(mix(dev).wrapping_add(ino))
}

/// A bijection that spreads every bit (the finaliser of SplitMix64, Steele et
/// al., "Fast splittable pseudorandom number generators", 2014).
fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Times before 1970 have no representation and read as 0.
fn time(seconds: i64, nanoseconds: i64) -> Result<u64> {
    let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(seconds), u64::try_from(nanoseconds))
    else {
        return Ok(0);
    };
    seconds
        .checked_mul(1_000_000_000)
        .and_then(|time| time.checked_add(nanoseconds))
        .ok_or_else(|| Errno::Overflow.into())
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
        (true, false) => Ok(clock::timespec(time)),
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
    fn inodes_are_distinct() {
        let mut seen = std::collections::HashSet::new();
        for dev in 0..40 {
            for ino in 0..1000 {
                assert!(seen.insert(inode(dev, ino)));
            }
        }
    }

    #[test]
    fn times() {
        assert_eq!(time(2, 3).unwrap(), 2_000_000_003);
        assert_eq!(time(-1, 999_999_999).unwrap(), 0);
        assert!(matches!(time(i64::MAX, 0), Err(Stop::Errno(Errno::Overflow))));
    }

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
