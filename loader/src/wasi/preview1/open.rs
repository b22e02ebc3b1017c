//! `path_open`.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::file::{FileMode, Sync};
use crate::wasi::host::open::OpenRequest;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::{Flags, fdflags, flags, follows_symlinks, oflags};
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::Result;
use crate::wasi::preview1::path::bytes;
use crate::wasi::preview1::rights;

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn path_open(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    dirflags: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    rights_base: u64,
    rights_inheriting: u64,
    fdflags: u32,
    opened: u32,
) -> Result<()> {
    let follow = follows_symlinks(dirflags)?;
    let oflags = flags("oflags", oflags, oflags::ALL)?;
    let rights = flags("rights", rights_base, rights::ALL)?;
    let fdflags = flags("fdflags", fdflags, fdflags::ALL)?;
    flags("rights", rights_inheriting, rights::ALL)?;
    let path = bytes(memory, path, path_len)?;
    let directory = ctx.table.directory(fd)?;
    // Before anything is created.
    ctx.table.room()?;
    let descriptor =
        request(follow, oflags, rights, fdflags)?.open(directory, &path, &ctx.interrupt)?;
    let number = ctx.table.insert(descriptor)?;
    Ok(memory.write_u32(opened, number)?)
}

/// How the guest wants a path opened.
fn request(follow: bool, oflags: Flags, rights: Flags, fdflags: Flags) -> Result<OpenRequest> {
    let create = oflags.has(oflags::CREAT);
    if create && oflags.has(oflags::DIRECTORY) {
        return Err(Errno::Inval.into());
    }
    let sync = match (fdflags.has(fdflags::SYNC | fdflags::RSYNC), fdflags.has(fdflags::DSYNC)) {
        (true, _) => Sync::All,
        (false, true) => Sync::Contents,
        (false, false) => Sync::Later,
    };
    // Of the rights only these two count, as in today's runtimes; what is
    // neither read nor written is opened to read.
    let write = rights.has(rights::FD_WRITE);
    Ok(OpenRequest {
        follow,
        create,
        exclusive: oflags.has(oflags::EXCL),
        truncate: oflags.has(oflags::TRUNC),
        directory: oflags.has(oflags::DIRECTORY),
        mode: FileMode {
            read: rights.has(rights::FD_READ) || !write,
            write,
            append: fdflags.has(fdflags::APPEND),
            nonblock: fdflags.has(fdflags::NONBLOCK),
            sync,
        },
    })
}
