//! Attributes of the host's files as guests see them.

use cap_std::fs::{Metadata, MetadataExt};
use rustix::fs::{FileType, Stat};

use super::abi::Filestat;
use super::errno::Errno;
use super::outcome::Result;

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
}
