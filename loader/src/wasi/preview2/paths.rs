//! wasi:filesystem: what is below a directory.

use super::error::FileResult;
use super::files::{
    DescriptorFlags, DescriptorStat, FileDescriptor, MetadataHash, NewTimestamp, file, named,
};
use super::function::HostCall;
use super::io::fault;
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::bits;
use crate::error::Result as CallResult;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::directory::Directory;
use crate::wasi::host::error::HostError;
use crate::wasi::host::file::{FileMode, Sync};
use crate::wasi::host::metadata::Metadata;
use crate::wasi::host::open::OpenRequest;
use crate::wasi::host::permissions::DirAccess;
use rustix::io::Errno;

bits! {
    /// `wasi:filesystem/types.path-flags`.
    PathFlags {
        /// Symbolic links are followed.
        FOLLOW = "symlink-follow",
    }
}

bits! {
    /// `wasi:filesystem/types.open-flags`.
    OpenFlags {
        /// What is not there is created.
        CREATE = "create",
        /// What is no directory is refused.
        DIRECTORY = "directory",
        /// What is there is refused.
        EXCLUSIVE = "exclusive",
        /// What is there becomes empty.
        TRUNCATE = "truncate",
    }
}

/// A directory of the guest.
fn directory<'c>(
    ctx: &'c WasiCtx,
    it: &Borrow<FileDescriptor>,
) -> Result<&'c Directory, HostError> {
    ctx.table.directory(file(ctx, it)?.descriptor)
}

/// Does something below a directory.
fn below<V>(
    call: &mut HostCall<'_>,
    it: &Borrow<FileDescriptor>,
    act: impl FnOnce(&Directory) -> Result<V, HostError>,
) -> FileResult<V> {
    named(directory(call.ctx, it).and_then(act))
}

pub(super) fn create_directory_at(
    call: &mut HostCall<'_>,
    (it, path): (Borrow<FileDescriptor>, String),
) -> FileResult<()> {
    below(call, &it, |directory| directory.create_directory(path.as_bytes()))
}

fn metadata_at(
    call: &mut HostCall<'_>,
    (it, flags, path): (Borrow<FileDescriptor>, PathFlags, String),
) -> FileResult<Metadata> {
    let follow = flags.has(PathFlags::FOLLOW);
    below(call, &it, |directory| directory.metadata_at(path.as_bytes(), follow))
}

pub(super) fn stat_at(
    call: &mut HostCall<'_>,
    params: (Borrow<FileDescriptor>, PathFlags, String),
) -> FileResult<DescriptorStat> {
    Ok(metadata_at(call, params)?.map(DescriptorStat::from))
}

pub(super) fn metadata_hash_at(
    call: &mut HostCall<'_>,
    params: (Borrow<FileDescriptor>, PathFlags, String),
) -> FileResult<MetadataHash> {
    Ok(metadata_at(call, params)?.map(MetadataHash::from))
}

pub(super) fn set_times_at(
    call: &mut HostCall<'_>,
    (it, flags, path, accessed, modified): (
        Borrow<FileDescriptor>,
        PathFlags,
        String,
        NewTimestamp,
        NewTimestamp,
    ),
) -> FileResult<()> {
    let follow = flags.has(PathFlags::FOLLOW);
    below(call, &it, |directory| {
        directory.set_times_at(path.as_bytes(), follow, accessed.set()?, modified.set()?)
    })
}

pub(super) fn link_at(
    call: &mut HostCall<'_>,
    (it, flags, path, to, to_path): (
        Borrow<FileDescriptor>,
        PathFlags,
        String,
        Borrow<FileDescriptor>,
        String,
    ),
) -> FileResult<()> {
    let follow = flags.has(PathFlags::FOLLOW);
    let to = directory(call.ctx, &to);
    named(to.and_then(|to| {
        let from = directory(call.ctx, &it)?;
        from.link(path.as_bytes(), follow, to, to_path.as_bytes())
    }))
}

pub(super) fn rename_at(
    call: &mut HostCall<'_>,
    (it, path, to, to_path): (Borrow<FileDescriptor>, String, Borrow<FileDescriptor>, String),
) -> FileResult<()> {
    let to = directory(call.ctx, &to);
    named(to.and_then(|to| {
        let from = directory(call.ctx, &it)?;
        from.rename(path.as_bytes(), to, to_path.as_bytes())
    }))
}

pub(super) fn readlink_at(
    call: &mut HostCall<'_>,
    (it, path): (Borrow<FileDescriptor>, String),
) -> FileResult<String> {
    below(call, &it, |directory| {
        let target = directory.read_link(path.as_bytes())?;
        String::from_utf8(target).map_err(|_| Errno::ILSEQ.into())
    })
}

pub(super) fn remove_directory_at(
    call: &mut HostCall<'_>,
    (it, path): (Borrow<FileDescriptor>, String),
) -> FileResult<()> {
    below(call, &it, |directory| directory.remove_directory(path.as_bytes()))
}

pub(super) fn symlink_at(
    call: &mut HostCall<'_>,
    (it, target, path): (Borrow<FileDescriptor>, String, String),
) -> FileResult<()> {
    below(call, &it, |directory| directory.create_symlink(target.as_bytes(), path.as_bytes()))
}

pub(super) fn unlink_file_at(
    call: &mut HostCall<'_>,
    (it, path): (Borrow<FileDescriptor>, String),
) -> FileResult<()> {
    below(call, &it, |directory| directory.remove_file(path.as_bytes()))
}

pub(super) fn open_at(
    call: &mut HostCall<'_>,
    (it, path_flags, path, open_flags, flags): (
        Borrow<FileDescriptor>,
        PathFlags,
        String,
        OpenFlags,
        DescriptorFlags,
    ),
) -> FileResult<Own<FileDescriptor>> {
    let open = request(path_flags, open_flags, flags);
    let ctx = &mut *call.ctx;
    let opened = open.and_then(|open| {
        let directory = directory(ctx, &it)?;
        // Before anything is created.
        ctx.table.room()?;
        let found = open.open(directory, path.as_bytes(), &ctx.interrupt)?;
        let descriptor = ctx.table.insert(found)?;
        ctx.resources.own(descriptor);
        ctx.resources.insert(FileDescriptor { descriptor, flags })
    });
    named(opened.map(Own::new))
}

/// How the guest wants a path opened.
fn request(
    path_flags: PathFlags,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> Result<OpenRequest, HostError> {
    let create = open_flags.has(OpenFlags::CREATE);
    let directory = open_flags.has(OpenFlags::DIRECTORY);
    let truncate = open_flags.has(OpenFlags::TRUNCATE);
    if directory && (create || truncate) {
        return Err(HostError::INVALID);
    }
    let write = flags.has(DescriptorFlags::WRITE);
    let file_sync =
        flags.has(DescriptorFlags::FILE_SYNC) || flags.has(DescriptorFlags::REQUESTED_SYNC);
    let sync = match (file_sync, flags.has(DescriptorFlags::DATA_SYNC)) {
        (true, _) => Sync::All,
        (false, true) => Sync::Contents,
        (false, false) => Sync::Later,
    };
    Ok(OpenRequest {
        follow: path_flags.has(PathFlags::FOLLOW),
        create,
        exclusive: open_flags.has(OpenFlags::EXCLUSIVE),
        truncate,
        directory,
        mode: FileMode {
            read: flags.has(DescriptorFlags::READ) || !write,
            write,
            append: false,
            nonblock: false,
            sync,
        },
    })
}

pub(super) fn get_directories(
    call: &mut HostCall<'_>,
    (): (),
) -> CallResult<Vec<(Own<FileDescriptor>, String)>> {
    let ctx = &mut *call.ctx;
    let mut granted = Vec::new();
    for descriptor in 3.. {
        let Ok(found) = ctx.table.get(descriptor) else { break };
        let Descriptor::Directory(directory) = found else { continue };
        if let Some(name) = directory.preopen.clone() {
            let change = directory.access == DirAccess::ReadWrite;
            let flags = DescriptorFlags::READ.and(DescriptorFlags::MUTATE, change);
            granted.push((FileDescriptor { descriptor, flags }, name));
        }
    }
    let give = |(file, name)| Ok((Own::new(ctx.resources.insert(file).map_err(fault)?), name));
    granted.into_iter().map(give).collect()
}
