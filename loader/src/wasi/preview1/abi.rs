//! Layouts, flags and enumerations of `wasi_snapshot_preview1`
//! (`typenames.witx`). Records are little-endian; offsets stand beside the code
//! that writes them.

use crate::wasi::host::metadata::{FileKind, Metadata, Time};
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::{Result, Stop};

/// `$filetype`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Filetype {
    /// Anything else, pipes included: preview 1 has no name for them.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device; a terminal among them.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDgram = 5,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

impl From<FileKind> for Filetype {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::Regular => Self::RegularFile,
            FileKind::Directory => Self::Directory,
            FileKind::SymbolicLink => Self::SymbolicLink,
            FileKind::CharacterDevice => Self::CharacterDevice,
            FileKind::BlockDevice => Self::BlockDevice,
            FileKind::StreamSocket => Self::SocketStream,
            FileKind::DatagramSocket => Self::SocketDgram,
            FileKind::Fifo | FileKind::Unknown => Self::Unknown,
        }
    }
}

/// A set of flags that the guest passed: only the bits the specification
/// defines, in 64 bits whatever their width in the interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Flags(u64);

impl Flags {
    pub(super) fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    pub(super) fn bits(self) -> u64 {
        self.0
    }
}

/// Checks a set of flags. An undefined bit traps, as in today's runtimes.
pub(super) fn flags(name: &'static str, raw: impl Into<u64>, defined: u64) -> Result<Flags> {
    let raw = raw.into();
    if raw & !defined == 0 {
        return Ok(Flags(raw));
    }
    Err(Stop::Trap(format!("{raw:#x} is not a set of {name}: the defined bits are {defined:#x}")))
}

/// The error for an enumeration value that the specification does not define;
/// it traps, as in today's runtimes.
#[cold]
pub(super) fn undefined(name: &'static str, raw: u32) -> Stop {
    Stop::Trap(format!("{raw} is not a {name}"))
}

/// `$fdflags`.
pub(super) mod fdflags {
    pub(in crate::wasi::preview1) const APPEND: u64 = 1 << 0;
    pub(in crate::wasi::preview1) const DSYNC: u64 = 1 << 1;
    pub(in crate::wasi::preview1) const NONBLOCK: u64 = 1 << 2;
    pub(in crate::wasi::preview1) const RSYNC: u64 = 1 << 3;
    pub(in crate::wasi::preview1) const SYNC: u64 = 1 << 4;
    pub(in crate::wasi::preview1) const ALL: u64 = (1 << 5) - 1;
}

/// `$oflags`.
pub(super) mod oflags {
    pub(in crate::wasi::preview1) const CREAT: u64 = 1 << 0;
    pub(in crate::wasi::preview1) const DIRECTORY: u64 = 1 << 1;
    pub(in crate::wasi::preview1) const EXCL: u64 = 1 << 2;
    pub(in crate::wasi::preview1) const TRUNC: u64 = 1 << 3;
    pub(in crate::wasi::preview1) const ALL: u64 = (1 << 4) - 1;
}

/// `$fstflags`.
pub(super) mod fstflags {
    pub(in crate::wasi::preview1) const ATIM: u64 = 1 << 0;
    pub(in crate::wasi::preview1) const ATIM_NOW: u64 = 1 << 1;
    pub(in crate::wasi::preview1) const MTIM: u64 = 1 << 2;
    pub(in crate::wasi::preview1) const MTIM_NOW: u64 = 1 << 3;
    pub(in crate::wasi::preview1) const ALL: u64 = (1 << 4) - 1;
}

/// `$lookupflags`, whose only bit asks to follow a final symbolic link.
pub(super) fn follows_symlinks(raw: u32) -> Result<bool> {
    Ok(flags("lookupflags", raw, 1)?.has(1))
}

/// `$fdstat`: 24 bytes, aligned to 8.
pub(super) struct Fdstat {
    pub(super) filetype: Filetype,
    pub(super) flags: u64,
    pub(super) rights_base: u64,
    pub(super) rights_inheriting: u64,
}

impl Fdstat {
    pub(super) fn encode(&self) -> [u8; 24] {
        let mut record = [0; 24];
        record[0] = self.filetype as u8;
        record[2..4].copy_from_slice(&(self.flags as u16).to_le_bytes());
        record[8..16].copy_from_slice(&self.rights_base.to_le_bytes());
        record[16..24].copy_from_slice(&self.rights_inheriting.to_le_bytes());
        record
    }
}

/// `$filestat`. Times are nanoseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Filestat {
    pub(super) dev: u64,
    pub(super) ino: u64,
    pub(super) filetype: Filetype,
    pub(super) nlink: u64,
    pub(super) size: u64,
    pub(super) atim: u64,
    pub(super) mtim: u64,
    pub(super) ctim: u64,
}

impl TryFrom<Metadata> for Filestat {
    type Error = Errno;

    fn try_from(metadata: Metadata) -> Result<Self, Errno> {
        Ok(Self {
            dev: metadata.device,
            ino: metadata.inode,
            filetype: metadata.kind.into(),
            nlink: metadata.links,
            size: metadata.size,
            atim: timestamp(metadata.accessed)?,
            mtim: timestamp(metadata.modified)?,
            ctim: timestamp(metadata.changed)?,
        })
    }
}

/// `$timestamp`. Times before 1970 have no representation and read as 0.
fn timestamp(time: Time) -> Result<u64, Errno> {
    let Ok(seconds) = u64::try_from(time.seconds) else { return Ok(0) };
    seconds
        .checked_mul(1_000_000_000)
        .and_then(|seconds| seconds.checked_add(u64::from(time.nanoseconds)))
        .ok_or(Errno::Overflow)
}

impl Filestat {
    /// A stream that has no attributes.
    pub(super) fn stream(filetype: Filetype) -> Self {
        Self { dev: 0, ino: 0, filetype, nlink: 0, size: 0, atim: 0, mtim: 0, ctim: 0 }
    }

    /// 64 bytes, aligned to 8.
    pub(super) fn encode(&self) -> [u8; 64] {
        let mut record = [0; 64];
        record[16] = self.filetype as u8;
        for (offset, field) in [
            (0, self.dev),
            (8, self.ino),
            (24, self.nlink),
            (32, self.size),
            (40, self.atim),
            (48, self.mtim),
            (56, self.ctim),
        ] {
            record[offset..offset + 8].copy_from_slice(&field.to_le_bytes());
        }
        record
    }
}

/// The header of `$dirent`: 24 bytes; the name follows it.
pub(super) fn dirent(next: u64, ino: u64, name_len: u32, filetype: Filetype) -> [u8; 24] {
    let mut record = [0; 24];
    record[0..8].copy_from_slice(&next.to_le_bytes());
    record[8..16].copy_from_slice(&ino.to_le_bytes());
    record[16..20].copy_from_slice(&name_len.to_le_bytes());
    record[20] = filetype as u8;
    record
}

/// `$prestat` of a directory: 8 bytes, aligned to 4. Tag 0 is the directory.
pub(super) fn prestat_dir(name_len: u32) -> [u8; 8] {
    let mut record = [0; 8];
    record[4..8].copy_from_slice(&name_len.to_le_bytes());
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_bits_trap() {
        assert!(flags("oflags", 0xfu32, oflags::ALL).unwrap().has(oflags::TRUNC));
        assert!(matches!(flags("oflags", 0x10u32, oflags::ALL), Err(Stop::Trap(_))));
        assert!(follows_symlinks(1).unwrap());
        assert!(!follows_symlinks(0).unwrap());
        assert!(matches!(follows_symlinks(2), Err(Stop::Trap(_))));
    }

    #[test]
    fn dirent_layout() {
        let record = dirent(0x11, 0x22, 0x33, Filetype::SymbolicLink);
        let mut expected = [0; 24];
        expected[0] = 0x11;
        expected[8] = 0x22;
        expected[16] = 0x33;
        expected[20] = 7;
        assert_eq!(record, expected);
    }

    #[test]
    fn filestat_layout() {
        let record = Filestat {
            dev: 1,
            ino: 2,
            filetype: Filetype::Directory,
            nlink: 4,
            size: 5,
            atim: 6,
            mtim: 7,
            ctim: 8,
        }
        .encode();
        let at = |offset: usize| record[offset];
        assert_eq!(
            [at(0), at(8), at(16), at(24), at(32), at(40), at(48), at(56)],
            [1, 2, 3, 4, 5, 6, 7, 8]
        );
    }

    #[test]
    fn timestamps() {
        let time = |seconds, nanoseconds| timestamp(Time { seconds, nanoseconds });
        assert_eq!(time(2, 3), Ok(2_000_000_003));
        assert_eq!(time(-1, 999_999_999), Ok(0));
        assert_eq!(time(i64::MAX, 0), Err(Errno::Overflow));
    }

    #[test]
    fn fdstat_layout() {
        let record = Fdstat {
            filetype: Filetype::RegularFile,
            flags: fdflags::APPEND | fdflags::NONBLOCK,
            rights_base: 0x0102,
            rights_inheriting: 0x0304,
        }
        .encode();
        assert_eq!(record[..4], [4, 0, 5, 0]);
        assert_eq!(record[8..10], [2, 1]);
        assert_eq!(record[16..18], [4, 3]);
    }
}
