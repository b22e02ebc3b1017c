//! Attributes of the host's files, as much of them as guests may know.

use rustix::fs::{FileType, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

/// What kind of file it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FileKind {
    /// None of the others.
    Unknown,
    /// A pipe, with a name or without.
    Fifo,
    /// A block device.
    BlockDevice,
    /// A character device; a terminal among them.
    CharacterDevice,
    /// A directory.
    Directory,
    /// A regular file.
    Regular,
    /// A datagram socket.
    DatagramSocket,
    /// A stream socket, or one whose type is not known.
    StreamSocket,
    /// A symbolic link.
    SymbolicLink,
}

impl From<FileType> for FileKind {
    fn from(host: FileType) -> Self {
        match host {
            FileType::RegularFile => Self::Regular,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::SymbolicLink,
            FileType::CharacterDevice => Self::CharacterDevice,
            FileType::BlockDevice => Self::BlockDevice,
            FileType::Socket => Self::StreamSocket,
            FileType::Fifo => Self::Fifo,
            FileType::Unknown => Self::Unknown,
        }
    }
}

/// A time since 1970, earlier ones negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Time {
    /// Whole seconds.
    pub(crate) seconds: i64,
    /// The rest, below a thousand million.
    pub(crate) nanoseconds: u32,
}

impl Time {
    /// So many nanoseconds after 1970.
    pub(crate) fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self {
            seconds: (nanoseconds / 1_000_000_000) as i64,
            nanoseconds: (nanoseconds % 1_000_000_000) as u32,
        }
    }
}

/// What to do with one time of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SetTime {
    /// Leave it.
    Keep,
    /// Set it to the time now.
    Now,
    /// Set it to this time.
    At(Time),
}

/// Attributes of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Metadata {
    /// With the inode, the file's identity.
    pub(crate) device: u64,
    /// See [`inode`].
    pub(crate) inode: u64,
    /// What kind of file it is.
    pub(crate) kind: FileKind,
    /// How many names it has.
    pub(crate) links: u64,
    /// Size in bytes.
    pub(crate) size: u64,
    /// When it was last read.
    pub(crate) accessed: Time,
    /// When its contents last changed.
    pub(crate) modified: Time,
    /// When contents or attributes last changed.
    pub(crate) changed: Time,
}

/// The one device that guests see; [`inode`] keeps files of different host
/// devices apart.
const DEVICE: u64 = 1;

#[allow(clippy::unnecessary_cast, reason = "the widths differ between architectures")]
impl From<Stat> for Metadata {
    fn from(stat: Stat) -> Self {
        Self {
            device: DEVICE,
            inode: inode(stat.st_dev, stat.st_ino),
            kind: FileType::from_raw_mode(stat.st_mode).into(),
            links: stat.st_nlink as u64,
            size: stat.st_size as u64,
            accessed: time(stat.st_atime, stat.st_atime_nsec as i64),
            modified: time(stat.st_mtime, stat.st_mtime_nsec as i64),
            changed: time(stat.st_ctime, stat.st_ctime_nsec as i64),
        }
    }
}

fn time(seconds: i64, nanoseconds: i64) -> Time {
    Time { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) }
}

/// A number for the file `ino` of the host's device `dev`. It is unique within
/// a device, and two devices collide only by a chance of 2^-64. Guests learn
/// nothing about the host from it.
pub(crate) fn inode(dev: u64, ino: u64) -> u64 {
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

/// Times to set, as the kernel takes them.
pub(crate) fn timestamps(accessed: SetTime, modified: SetTime) -> Timestamps {
    let marker = |tv_nsec: i64| Timespec { tv_sec: 0, tv_nsec: tv_nsec as _ };
    let convert = |time| match time {
        SetTime::Keep => marker(UTIME_OMIT),
        SetTime::Now => marker(UTIME_NOW),
        SetTime::At(time) => {
            Timespec { tv_sec: time.seconds, tv_nsec: i64::from(time.nanoseconds) as _ }
        }
    };
    Timestamps { last_access: convert(accessed), last_modification: convert(modified) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn times_to_set() {
        let times = timestamps(SetTime::At(Time::from_nanoseconds(5_000_000_007)), SetTime::Now);
        assert_eq!((times.last_access.tv_sec, times.last_access.tv_nsec), (5, 7));
        assert_eq!(times.last_modification.tv_nsec, UTIME_NOW);
        assert_eq!(timestamps(SetTime::Keep, SetTime::Keep).last_access.tv_nsec, UTIME_OMIT);
    }
}
