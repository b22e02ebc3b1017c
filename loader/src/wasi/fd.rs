//! Descriptors themselves: closing, renumbering, flags, rights, preopens, and
//! what is passed on to the kernel about a file.

use std::num::NonZeroU64;
use std::os::fd::BorrowedFd;

use rustix::fs::{Advice, OFlags};

use super::abi::{Fdstat, Filetype, fdflags, flags, prestat_dir, rights, undefined};
use super::context::WasiCtx;
use super::descriptor::{Descriptor, Directory, File, Socket};
use super::errno::Errno;
use super::memory::GuestMemory;
use super::outcome::Result;

pub(super) fn fd_advise(
    ctx: &mut WasiCtx,
    _memory: &mut GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<()> {
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        other => return Err(undefined("advice", other)),
    };
    let file = ctx.table.file(fd)?;
    rustix::fs::fadvise(&file.fd, offset, NonZeroU64::new(len), advice)?;
    Ok(())
}

/// Not supported, as in today's runtimes: few host systems can promise it.
pub(super) fn fd_allocate(
    ctx: &mut WasiCtx,
    _memory: &mut GuestMemory<'_>,
    fd: u32,
    _offset: u64,
    _len: u64,
) -> Result<()> {
    ctx.table.file(fd)?;
    Err(Errno::Notsup.into())
}

pub(super) fn fd_close(ctx: &mut WasiCtx, _memory: &mut GuestMemory<'_>, fd: u32) -> Result<()> {
    drop(ctx.table.remove(fd)?);
    Ok(())
}

pub(super) fn fd_renumber(
    ctx: &mut WasiCtx,
    _memory: &mut GuestMemory<'_>,
    from: u32,
    to: u32,
) -> Result<()> {
    ctx.table.renumber(from, to)
}

pub(super) fn fd_datasync(ctx: &mut WasiCtx, _memory: &mut GuestMemory<'_>, fd: u32) -> Result<()> {
    let file = ctx.table.file(fd)?;
    ctx.interrupt.retry(|| rustix::fs::fdatasync(&file.fd))?;
    Ok(())
}

pub(super) fn fd_sync(ctx: &mut WasiCtx, _memory: &mut GuestMemory<'_>, fd: u32) -> Result<()> {
    let file = ctx.table.file(fd)?;
    ctx.interrupt.retry(|| rustix::fs::fsync(&file.fd))?;
    Ok(())
}

pub(super) fn fd_fdstat_get(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    stat: u32,
) -> Result<()> {
    let fdstat = fdstat(ctx, fd)?;
    memory.write_record(stat, 8, &fdstat.encode())
}

/// What a descriptor is and may be used for.
pub(super) fn fdstat(ctx: &WasiCtx, fd: u32) -> Result<Fdstat> {
    Ok(match ctx.table.get(fd)? {
        Descriptor::Input(input) => stream_fdstat(input.fd(), rights::FD_READ),
        Descriptor::Output(output) => stream_fdstat(output.fd(), rights::FD_WRITE),
        Descriptor::File(file) => file_fdstat(file),
        Descriptor::Directory(directory) => directory_fdstat(directory),
        Descriptor::Socket(socket) => socket_fdstat(socket),
    })
}

/// Standard streams have neither `fd_seek` nor `fd_tell`: with a character
/// device that is how wasi-libc recognises a terminal.
fn stream_fdstat(fd: Option<BorrowedFd<'_>>, rights: u64) -> Fdstat {
    Fdstat { filetype: stream_type(fd), flags: 0, rights_base: rights, rights_inheriting: rights }
}

/// Guests see whether a standard stream is a terminal and nothing more.
pub(super) fn stream_type(fd: Option<BorrowedFd<'_>>) -> Filetype {
    match fd {
        Some(fd) if std::io::IsTerminal::is_terminal(&fd) => Filetype::CharacterDevice,
        _ => Filetype::Unknown,
    }
}

fn file_fdstat(file: &File) -> Fdstat {
    let mut rights = rights::ALL;
    if !file.read {
        rights &= !(rights::FD_READ | rights::FD_READDIR);
    }
    if !file.write {
        rights &= !rights::FD_WRITE;
    }
    let append = if file.append { fdflags::APPEND } else { 0 };
    let nonblock = if file.nonblock { fdflags::NONBLOCK } else { 0 };
    Fdstat {
        filetype: file.filetype,
        flags: append | nonblock,
        rights_base: rights,
        rights_inheriting: rights,
    }
}

fn directory_fdstat(directory: &Directory) -> Fdstat {
    // Preopened directories list what directories can do; programs compare.
    // Directories opened later have every right but those of files.
    let (rights_base, rights_inheriting) = if directory.preopen.is_some() {
        (PREOPEN_RIGHTS, PREOPEN_RIGHTS | FILE_RIGHTS)
    } else {
        (OPENED_DIRECTORY_RIGHTS, OPENED_DIRECTORY_RIGHTS)
    };
    Fdstat { filetype: Filetype::Directory, flags: 0, rights_base, rights_inheriting }
}

const PREOPEN_RIGHTS: u64 = rights::PATH_CREATE_DIRECTORY
    | rights::PATH_CREATE_FILE
    | rights::PATH_LINK_SOURCE
    | rights::PATH_LINK_TARGET
    | rights::PATH_OPEN
    | rights::FD_READDIR
    | rights::PATH_READLINK
    | rights::PATH_RENAME_SOURCE
    | rights::PATH_RENAME_TARGET
    | rights::PATH_SYMLINK
    | rights::PATH_REMOVE_DIRECTORY
    | rights::PATH_UNLINK_FILE
    | rights::PATH_FILESTAT_GET
    | rights::PATH_FILESTAT_SET_TIMES
    | rights::FD_FILESTAT_GET
    | rights::FD_FILESTAT_SET_TIMES;

const FILE_RIGHTS: u64 = rights::FD_DATASYNC
    | rights::FD_READ
    | rights::FD_SEEK
    | rights::FD_FDSTAT_SET_FLAGS
    | rights::FD_SYNC
    | rights::FD_TELL
    | rights::FD_WRITE
    | rights::FD_ADVISE
    | rights::FD_ALLOCATE
    | rights::FD_FILESTAT_GET
    | rights::FD_FILESTAT_SET_SIZE
    | rights::FD_FILESTAT_SET_TIMES
    | rights::POLL_FD_READWRITE;

const OPENED_DIRECTORY_RIGHTS: u64 = rights::ALL
    & !(rights::FD_SEEK
        | rights::FD_FILESTAT_SET_SIZE
        | rights::PATH_FILESTAT_SET_SIZE
        | rights::FD_WRITE);

fn socket_fdstat(socket: &Socket) -> Fdstat {
    let transfer = if socket.listening {
        rights::SOCK_ACCEPT
    } else {
        rights::FD_READ | rights::FD_WRITE | rights::SOCK_SHUTDOWN
    };
    Fdstat {
        filetype: socket.filetype,
        flags: if socket.nonblock { fdflags::NONBLOCK } else { 0 },
        rights_base: transfer
            | rights::FD_FDSTAT_SET_FLAGS
            | rights::FD_FILESTAT_GET
            | rights::POLL_FD_READWRITE,
        // What `sock_accept` returns has these.
        rights_inheriting: rights::FD_READ | rights::FD_WRITE | rights::SOCK_SHUTDOWN,
    }
}

pub(super) fn fd_fdstat_set_flags(
    ctx: &mut WasiCtx,
    _memory: &mut GuestMemory<'_>,
    fd: u32,
    raw: u32,
) -> Result<()> {
    let wanted = flags("fdflags", raw, fdflags::ALL)?;
    let nonblock = wanted.has(fdflags::NONBLOCK);
    match ctx.table.get_mut(fd)? {
        Descriptor::File(file) => {
            if wanted.has(fdflags::DSYNC | fdflags::SYNC | fdflags::RSYNC) {
                return Err(Errno::Inval.into());
            }
            let append = wanted.has(fdflags::APPEND);
            if append != file.append {
                // Reads and writes without O_APPEND go by our own position;
                // with it, by the kernel's, which the next write moves.
                file.position()?;
                set_status(&file.fd, OFlags::APPEND, append)?;
                file.append = append;
            }
            file.nonblock = nonblock;
        }
        Descriptor::Socket(socket) => {
            if wanted.bits() & !fdflags::NONBLOCK != 0 {
                return Err(Errno::Inval.into());
            }
            set_status(&socket.fd, OFlags::NONBLOCK, nonblock)?;
            socket.nonblock = nonblock;
        }
        _ => return Err(Errno::Badf.into()),
    }
    Ok(())
}

fn set_status(fd: impl std::os::fd::AsFd, flag: OFlags, on: bool) -> rustix::io::Result<()> {
    let mut status = rustix::fs::fcntl_getfl(&fd)?;
    status.set(flag, on);
    rustix::fs::fcntl_setfl(&fd, status)
}

/// Rights cannot be changed, as in today's runtimes.
pub(super) fn fd_fdstat_set_rights(
    ctx: &mut WasiCtx,
    _memory: &mut GuestMemory<'_>,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Result<()> {
    flags("rights", base, rights::ALL)?;
    flags("rights", inheriting, rights::ALL)?;
    match ctx.table.get(fd)? {
        Descriptor::Input(_) | Descriptor::Output(_) => Err(Errno::Badf.into()),
        _ => Err(Errno::Notsup.into()),
    }
}

pub(super) fn fd_prestat_get(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    prestat: u32,
) -> Result<()> {
    match ctx.table.get(fd)? {
        Descriptor::Directory(Directory { preopen: Some(name), .. }) => {
            let len = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
            memory.write_record(prestat, 4, &prestat_dir(len))
        }
        _ => Err(Errno::Badf.into()),
    }
}

pub(super) fn fd_prestat_dir_name(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<()> {
    match ctx.table.get(fd)? {
        Descriptor::Directory(Directory { preopen: Some(name), .. })
            if name.len() <= path_len as usize =>
        {
            memory.write_bytes(path, name.as_bytes())
        }
        Descriptor::Directory(Directory { preopen: Some(_), .. }) => Err(Errno::Nametoolong.into()),
        _ => Err(Errno::Notdir.into()),
    }
}
