//! `path_open`.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::file::FileMode;
use crate::wasi::host::open::OpenRequest;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::{Flags, fdflags, flags, follows_symlinks, oflags};
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::Result;
use crate::wasi::preview1::path::string;
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
    let path = string(memory, path, path_len)?;
    let directory = match ctx.table.get(fd)? {
        Descriptor::Directory(directory) => directory,
        Descriptor::File(_) => return Err(Errno::Notdir.into()),
        _ => return Err(Errno::Badf.into()),
    };
    // Before anything is created.
    ctx.table.room()?;
    let descriptor = request(follow, oflags, rights, fdflags)?.open(directory, &path)?;
    let number = ctx.table.insert(descriptor)?;
    Ok(memory.write_u32(opened, number)?)
}

/// How the guest wants a path opened.
fn request(follow: bool, oflags: Flags, rights: Flags, fdflags: Flags) -> Result<OpenRequest> {
    if fdflags.has(fdflags::DSYNC | fdflags::RSYNC | fdflags::SYNC) {
        return Err(Errno::Notsup.into());
    }
    let not_for_directories = oflags::CREAT | oflags::EXCL | oflags::TRUNC;
    if oflags.has(oflags::DIRECTORY) && oflags.has(not_for_directories) {
        return Err(Errno::Inval.into());
    }
    let create = oflags.has(oflags::CREAT);
    let truncate = oflags.has(oflags::TRUNC);
    // Of the rights only these two count, as in today's runtimes; what is
    // neither read nor written is opened to read.
    let wants_write = rights.has(rights::FD_WRITE);
    Ok(OpenRequest {
        follow,
        create,
        exclusive: oflags.has(oflags::EXCL),
        truncate,
        directory: oflags.has(oflags::DIRECTORY),
        mode: FileMode {
            read: rights.has(rights::FD_READ) || !wants_write,
            write: wants_write || create || truncate,
            append: fdflags.has(fdflags::APPEND),
            nonblock: fdflags.has(fdflags::NONBLOCK),
        },
    })
}
