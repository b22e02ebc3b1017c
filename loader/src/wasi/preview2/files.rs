//! wasi:filesystem: descriptors.

use super::clocks::Datetime;
use super::error::{FileError, FileResult};
use super::function::HostCall;
use super::input::InputStream;
use super::io::{IoError, fault};
use super::output::{OutputStream, Place};
use crate::canonical::canon::GuestBytes;
use crate::canonical::lists::HostBytes;
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::{bits, enumeration, record, variant};
use crate::error::Result;
use crate::sys::buffer::Buffer;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::error::HostError;
use crate::wasi::host::metadata::{FileKind, Metadata, SetTime, Time};
use rustix::fs::Advice;
use rustix::io::Errno;
use std::num::NonZeroU64;

/// `wasi:filesystem/types.descriptor`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileDescriptor {
    /// Its number in the guest's table.
    pub(crate) descriptor: u32,
    /// How it was opened.
    pub(crate) flags: DescriptorFlags,
}

enumeration! {
    /// `wasi:filesystem/types.descriptor-type`.
    DescriptorType {
        /// None of the others.
        Unknown = "unknown",
        /// A block device.
        BlockDevice = "block-device",
        /// A character device.
        CharacterDevice = "character-device",
        /// A directory.
        Directory = "directory",
        /// A pipe.
        Fifo = "fifo",
        /// A symbolic link.
        SymbolicLink = "symbolic-link",
        /// A regular file.
        RegularFile = "regular-file",
        /// A socket.
        Socket = "socket",
    }
}

bits! {
    /// `wasi:filesystem/types.descriptor-flags`.
    DescriptorFlags {
        /// To read.
        READ = "read",
        /// To write.
        WRITE = "write",
        /// Contents and attributes are on the device at the end of a write.
        FILE_SYNC = "file-integrity-sync",
        /// Contents are on the device at the end of a write.
        DATA_SYNC = "data-integrity-sync",
        /// As for writes, so for reads.
        REQUESTED_SYNC = "requested-write-sync",
        /// What is in the directory may be changed.
        MUTATE = "mutate-directory",
    }
}

enumeration! {
    /// `wasi:filesystem/types.advice`.
    FileAdvice {
        /// None.
        Normal = "normal",
        /// From lower offsets to higher ones.
        Sequential = "sequential",
        /// In any order.
        Random = "random",
        /// Soon.
        WillNeed = "will-need",
        /// Not soon.
        DontNeed = "dont-need",
        /// Once.
        NoReuse = "no-reuse",
    }
}

record! {
    /// `wasi:filesystem/types.descriptor-stat`.
    DescriptorStat {
        /// What kind of file it is.
        kind: DescriptorType = "type",
        /// How many names it has.
        links: u64 = "link-count",
        /// In bytes.
        size: u64 = "size",
        /// When it was last read.
        accessed: Option<Datetime> = "data-access-timestamp",
        /// When its contents last changed.
        modified: Option<Datetime> = "data-modification-timestamp",
        /// When contents or attributes last changed.
        changed: Option<Datetime> = "status-change-timestamp",
    }
}

record! {
    /// `wasi:filesystem/types.metadata-hash-value`.
    MetadataHash {
        /// One half.
        lower: u64 = "lower",
        /// The other.
        upper: u64 = "upper",
    }
}

variant! {
    /// `wasi:filesystem/types.new-timestamp`.
    NewTimestamp {
        /// It stays.
        Keep = "no-change",
        /// It becomes the time now.
        Now = "now",
        /// It becomes this.
        At(time: Datetime) = "timestamp",
    }
}

impl From<FileKind> for DescriptorType {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::Unknown => Self::Unknown,
            FileKind::Fifo => Self::Fifo,
            FileKind::BlockDevice => Self::BlockDevice,
            FileKind::CharacterDevice => Self::CharacterDevice,
            FileKind::Directory => Self::Directory,
            FileKind::Regular => Self::RegularFile,
            FileKind::DatagramSocket | FileKind::StreamSocket => Self::Socket,
            FileKind::SymbolicLink => Self::SymbolicLink,
        }
    }
}

impl From<Metadata> for DescriptorStat {
    fn from(metadata: Metadata) -> Self {
        Self {
            kind: metadata.kind.into(),
            links: metadata.links,
            size: metadata.size,
            accessed: Some(metadata.accessed.into()),
            modified: Some(metadata.modified.into()),
            changed: Some(metadata.changed.into()),
        }
    }
}

impl From<Metadata> for MetadataHash {
    fn from(metadata: Metadata) -> Self {
        Self { lower: metadata.inode, upper: metadata.device }
    }
}

impl NewTimestamp {
    /// As the host sets it; a time that is none is an error.
    pub(super) fn set(self) -> Result<SetTime, HostError> {
        Ok(match self {
            Self::Keep => SetTime::Keep,
            Self::Now => SetTime::Now,
            Self::At(Datetime { seconds, nanoseconds }) => {
                let seconds = i64::try_from(seconds).map_err(|_| Errno::OVERFLOW)?;
                if nanoseconds >= 1_000_000_000 {
                    return Err(HostError::INVALID);
                }
                SetTime::At(Time { seconds, nanoseconds })
            }
        })
    }
}

impl FileDescriptor {
    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(gone) = ctx.resources.remove::<Self>(rep) {
            ctx.resources.release(&mut ctx.table, gone.descriptor);
        }
    }
}

/// A descriptor, and what it stands for.
pub(super) fn file(
    ctx: &WasiCtx,
    it: &Borrow<FileDescriptor>,
) -> Result<FileDescriptor, HostError> {
    ctx.resources.get::<FileDescriptor>(it.rep).copied()
}

/// As [`file()`].
fn opened<'c>(ctx: &'c WasiCtx, it: &Borrow<FileDescriptor>) -> Result<&'c Descriptor, HostError> {
    ctx.table.get(file(ctx, it)?.descriptor)
}

/// As [`opened`], of anything but a directory.
fn not_directory<'c>(
    ctx: &'c WasiCtx,
    it: &Borrow<FileDescriptor>,
) -> Result<&'c Descriptor, HostError> {
    match opened(ctx, it)? {
        Descriptor::Directory(_) => Err(HostError::BAD_DESCRIPTOR),
        found => Ok(found),
    }
}

/// The attributes of what a descriptor stands for.
fn metadata(ctx: &WasiCtx, it: &Borrow<FileDescriptor>) -> Result<Metadata, HostError> {
    opened(ctx, it)?.metadata()?.ok_or(HostError::BAD_DESCRIPTOR)
}

/// Something other than a directory, to be read or written.
fn contents(
    ctx: &WasiCtx,
    it: &Borrow<FileDescriptor>,
    how: DescriptorFlags,
) -> Result<u32, HostError> {
    let found = file(ctx, it)?;
    match ctx.table.get(found.descriptor)? {
        Descriptor::Directory(_) => Err(HostError::BAD_DESCRIPTOR),
        _ if !found.flags.has(how) => Err(HostError::BAD_DESCRIPTOR),
        _ => Ok(found.descriptor),
    }
}

/// A result, with the interface's error.
pub(super) fn named<V>(result: Result<V, HostError>) -> FileResult<V> {
    Ok(result.map_err(FileError::from))
}

pub(super) fn read_via_stream(
    call: &mut HostCall<'_>,
    (it, offset): (Borrow<FileDescriptor>, u64),
) -> FileResult<Own<InputStream>> {
    match contents(call.ctx, &it, DescriptorFlags::READ) {
        Ok(descriptor) => InputStream::new(descriptor, Some(offset)).give(call.ctx).map(Ok),
        Err(error) => named(Err(error)),
    }
}

fn written_via_stream(
    call: &mut HostCall<'_>,
    it: &Borrow<FileDescriptor>,
    place: Place,
) -> FileResult<Own<OutputStream>> {
    match contents(call.ctx, it, DescriptorFlags::WRITE) {
        Ok(descriptor) => OutputStream::new(descriptor, place).give(call.ctx).map(Ok),
        Err(error) => named(Err(error)),
    }
}

pub(super) fn write_via_stream(
    call: &mut HostCall<'_>,
    (it, offset): (Borrow<FileDescriptor>, u64),
) -> FileResult<Own<OutputStream>> {
    written_via_stream(call, &it, Place::At(offset))
}

pub(super) fn append_via_stream(
    call: &mut HostCall<'_>,
    (it,): (Borrow<FileDescriptor>,),
) -> FileResult<Own<OutputStream>> {
    written_via_stream(call, &it, Place::End)
}

pub(super) fn advise(
    call: &mut HostCall<'_>,
    (it, offset, len, advice): (Borrow<FileDescriptor>, u64, u64, FileAdvice),
) -> FileResult<()> {
    let advice = match advice {
        FileAdvice::Normal => Advice::Normal,
        FileAdvice::Sequential => Advice::Sequential,
        FileAdvice::Random => Advice::Random,
        FileAdvice::WillNeed => Advice::WillNeed,
        FileAdvice::DontNeed => Advice::DontNeed,
        FileAdvice::NoReuse => Advice::NoReuse,
    };
    let len = NonZeroU64::new(len);
    named(not_directory(call.ctx, &it).and_then(|found| found.advise(offset, len, advice)))
}

pub(super) fn sync_data(
    call: &mut HostCall<'_>,
    (it,): (Borrow<FileDescriptor>,),
) -> FileResult<()> {
    let interrupt = &call.ctx.interrupt;
    named(opened(call.ctx, &it).and_then(|found| found.sync_data(interrupt)))
}

pub(super) fn sync(call: &mut HostCall<'_>, (it,): (Borrow<FileDescriptor>,)) -> FileResult<()> {
    let interrupt = &call.ctx.interrupt;
    named(opened(call.ctx, &it).and_then(|found| found.sync(interrupt)))
}

pub(super) fn get_flags(
    call: &mut HostCall<'_>,
    (it,): (Borrow<FileDescriptor>,),
) -> FileResult<DescriptorFlags> {
    named(file(call.ctx, &it).map(|found| found.flags))
}

pub(super) fn get_type(
    call: &mut HostCall<'_>,
    (it,): (Borrow<FileDescriptor>,),
) -> FileResult<DescriptorType> {
    named(metadata(call.ctx, &it).map(|metadata| metadata.kind.into()))
}

pub(super) fn set_size(
    call: &mut HostCall<'_>,
    (it, size): (Borrow<FileDescriptor>, u64),
) -> FileResult<()> {
    let interrupt = &call.ctx.interrupt;
    named(not_directory(call.ctx, &it).and_then(|found| found.set_size(size, interrupt)))
}

pub(super) fn set_times(
    call: &mut HostCall<'_>,
    (it, accessed, modified): (Borrow<FileDescriptor>, NewTimestamp, NewTimestamp),
) -> FileResult<()> {
    let set = || {
        let (accessed, modified) = (accessed.set()?, modified.set()?);
        match opened(call.ctx, &it)? {
            Descriptor::File(file) => file.set_times(accessed, modified),
            Descriptor::Directory(directory) => directory.set_times(accessed, modified),
            _ => Err(HostError::BAD_DESCRIPTOR),
        }
    };
    named(set())
}

/// The most bytes that one read gives.
const MOST: u64 = 1 << 20;

pub(super) fn read(
    call: &mut HostCall<'_>,
    (it, len, offset): (Borrow<FileDescriptor>, u64, u64),
) -> FileResult<(HostBytes, bool)> {
    let read = || {
        let descriptor = contents(call.ctx, &it, DescriptorFlags::READ)?;
        let mut bytes = vec![0; len.min(MOST) as usize];
        let buffers = [Buffer::from_slice(&mut bytes)];
        let interrupt = &call.ctx.interrupt;
        let read = call.ctx.table.get(descriptor)?.read_at(&buffers, offset, interrupt)?;
        bytes.truncate(read);
        Ok((HostBytes(bytes), read == 0 && len != 0))
    };
    named(read())
}

pub(super) fn write(
    call: &mut HostCall<'_>,
    (it, bytes, offset): (Borrow<FileDescriptor>, GuestBytes, u64),
) -> FileResult<u64> {
    let buffers = [call.buffer(bytes)];
    let write = || {
        let descriptor = contents(call.ctx, &it, DescriptorFlags::WRITE)?;
        let interrupt = &call.ctx.interrupt;
        call.ctx.table.get(descriptor)?.write_at(&buffers, offset, interrupt)
    };
    named(write().map(|written| written as u64))
}

pub(super) fn stat(
    call: &mut HostCall<'_>,
    (it,): (Borrow<FileDescriptor>,),
) -> FileResult<DescriptorStat> {
    named(metadata(call.ctx, &it).map(DescriptorStat::from))
}

pub(super) fn metadata_hash(
    call: &mut HostCall<'_>,
    (it,): (Borrow<FileDescriptor>,),
) -> FileResult<MetadataHash> {
    named(metadata(call.ctx, &it).map(MetadataHash::from))
}

pub(super) fn is_same_object(
    call: &mut HostCall<'_>,
    (it, other): (Borrow<FileDescriptor>, Borrow<FileDescriptor>),
) -> Result<bool> {
    let identity = |it| metadata(call.ctx, it).map(|found| (found.device, found.inode));
    Ok(matches!((identity(&it), identity(&other)), (Ok(a), Ok(b)) if a == b))
}

pub(super) fn filesystem_error_code(
    call: &mut HostCall<'_>,
    (error,): (Borrow<IoError>,),
) -> Result<Option<FileError>> {
    let error = call.ctx.resources.get::<IoError>(error.rep).map_err(fault)?;
    Ok((!error.network).then(|| error.error.into()))
}
