//! `$rights`: what each descriptor may be used for, as far as guests ask.
//! Nothing is decided by them; what was granted is the host's to know.

use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::directory::Directory;
use crate::wasi::host::file::{File, Sync};
use crate::wasi::host::metadata::FileKind;
use crate::wasi::host::socket::Socket;
use crate::wasi::preview1::abi::{Fdstat, Filetype, fdflags};
use rustix::fs::{OFlags, fcntl_getfl};

pub(super) const FD_DATASYNC: u64 = 1 << 0;
pub(super) const FD_READ: u64 = 1 << 1;
pub(super) const FD_SEEK: u64 = 1 << 2;
pub(super) const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
pub(super) const FD_SYNC: u64 = 1 << 4;
pub(super) const FD_TELL: u64 = 1 << 5;
pub(super) const FD_WRITE: u64 = 1 << 6;
pub(super) const FD_ADVISE: u64 = 1 << 7;
pub(super) const FD_ALLOCATE: u64 = 1 << 8;
pub(super) const PATH_CREATE_DIRECTORY: u64 = 1 << 9;
pub(super) const PATH_CREATE_FILE: u64 = 1 << 10;
pub(super) const PATH_LINK_SOURCE: u64 = 1 << 11;
pub(super) const PATH_LINK_TARGET: u64 = 1 << 12;
pub(super) const PATH_OPEN: u64 = 1 << 13;
pub(super) const FD_READDIR: u64 = 1 << 14;
pub(super) const PATH_READLINK: u64 = 1 << 15;
pub(super) const PATH_RENAME_SOURCE: u64 = 1 << 16;
pub(super) const PATH_RENAME_TARGET: u64 = 1 << 17;
pub(super) const PATH_FILESTAT_GET: u64 = 1 << 18;
pub(super) const PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
pub(super) const PATH_FILESTAT_SET_TIMES: u64 = 1 << 20;
pub(super) const FD_FILESTAT_GET: u64 = 1 << 21;
pub(super) const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
pub(super) const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
pub(super) const PATH_SYMLINK: u64 = 1 << 24;
pub(super) const PATH_REMOVE_DIRECTORY: u64 = 1 << 25;
pub(super) const PATH_UNLINK_FILE: u64 = 1 << 26;
pub(super) const POLL_FD_READWRITE: u64 = 1 << 27;
pub(super) const SOCK_SHUTDOWN: u64 = 1 << 28;
pub(super) const SOCK_ACCEPT: u64 = 1 << 29;
pub(super) const ALL: u64 = (1 << 30) - 1;

/// What a descriptor is and may be used for.
pub(super) fn fdstat(descriptor: &Descriptor) -> Fdstat {
    match descriptor {
        Descriptor::Input(input) => stream_fdstat(descriptor, input.nonblock, FD_READ),
        Descriptor::Output(output) => stream_fdstat(descriptor, output.nonblock, FD_WRITE),
        Descriptor::File(file) => file_fdstat(file, is_terminal(descriptor)),
        Descriptor::Directory(directory) => directory_fdstat(directory),
        Descriptor::Socket(socket) => socket_fdstat(socket),
    }
}

/// A character device with neither `fd_seek` nor `fd_tell` is how wasi-libc
/// recognises a terminal.
fn stream_fdstat(descriptor: &Descriptor, nonblock: bool, rights: u64) -> Fdstat {
    let kind = descriptor.metadata().ok().flatten().map_or(FileKind::Unknown, |found| found.kind);
    let append = descriptor
        .fd()
        .is_some_and(|fd| fcntl_getfl(fd).is_ok_and(|flags| flags.contains(OFlags::APPEND)));
    let rights =
        rights | STREAM_RIGHTS | if is_terminal(descriptor) { 0 } else { FD_SEEK | FD_TELL };
    Fdstat {
        filetype: kind.into(),
        flags: if append { fdflags::APPEND } else { 0 }
            | if nonblock { fdflags::NONBLOCK } else { 0 },
        rights_base: rights,
        rights_inheriting: rights,
    }
}

fn is_terminal(descriptor: &Descriptor) -> bool {
    descriptor.fd().is_some_and(|fd| std::io::IsTerminal::is_terminal(&fd))
}

fn file_fdstat(file: &File, is_terminal: bool) -> Fdstat {
    let mut rights = ALL;
    if !file.mode.read {
        rights &= !(FD_READ | FD_READDIR);
    }
    if !file.mode.write {
        rights &= !FD_WRITE;
    }
    if is_terminal {
        rights &= !(FD_SEEK | FD_TELL);
    }
    let append = if file.mode.append { fdflags::APPEND } else { 0 };
    let nonblock = if file.mode.nonblock { fdflags::NONBLOCK } else { 0 };
    let sync = match file.mode.sync {
        Sync::Later => 0,
        Sync::Contents => fdflags::DSYNC,
        Sync::All => fdflags::SYNC,
    };
    Fdstat {
        filetype: file.kind.into(),
        flags: append | nonblock | sync,
        rights_base: rights,
        rights_inheriting: rights,
    }
}

fn directory_fdstat(directory: &Directory) -> Fdstat {
    // Preopened directories list what directories can do; programs compare.
    // Directories opened later have every right but those of files, which they
    // pass on.
    let (rights_base, rights_inheriting) = if directory.preopen.is_some() {
        (PREOPEN_RIGHTS, PREOPEN_RIGHTS | FILE_RIGHTS)
    } else {
        (OPENED_DIRECTORY_RIGHTS, ALL)
    };
    Fdstat { filetype: Filetype::Directory, flags: 0, rights_base, rights_inheriting }
}

/// What standard streams can do, whichever way they go.
const STREAM_RIGHTS: u64 = FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE;

const PREOPEN_RIGHTS: u64 = PATH_CREATE_DIRECTORY
    | PATH_CREATE_FILE
    | PATH_LINK_SOURCE
    | PATH_LINK_TARGET
    | PATH_OPEN
    | FD_READDIR
    | PATH_READLINK
    | PATH_RENAME_SOURCE
    | PATH_RENAME_TARGET
    | PATH_SYMLINK
    | PATH_REMOVE_DIRECTORY
    | PATH_UNLINK_FILE
    | PATH_FILESTAT_GET
    | PATH_FILESTAT_SET_TIMES
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_TIMES;

const FILE_RIGHTS: u64 = FD_DATASYNC
    | FD_READ
    | FD_SEEK
    | FD_FDSTAT_SET_FLAGS
    | FD_SYNC
    | FD_TELL
    | FD_WRITE
    | FD_ADVISE
    | FD_ALLOCATE
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_SIZE
    | FD_FILESTAT_SET_TIMES
    | POLL_FD_READWRITE;

const OPENED_DIRECTORY_RIGHTS: u64 =
    ALL & !(FD_SEEK | FD_FILESTAT_SET_SIZE | PATH_FILESTAT_SET_SIZE | FD_WRITE);

fn socket_fdstat(socket: &Socket) -> Fdstat {
    let transfer = if socket.listening { SOCK_ACCEPT } else { FD_READ | FD_WRITE | SOCK_SHUTDOWN };
    Fdstat {
        filetype: socket.kind.into(),
        flags: if socket.nonblock { fdflags::NONBLOCK } else { 0 },
        rights_base: transfer | FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE,
        // What `sock_accept` returns has these.
        rights_inheriting: FD_READ | FD_WRITE | SOCK_SHUTDOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::host::stdio::{Input, Output};
    use crate::wasi::preview1::abi::flags;
    use crate::wasi::preview1::outcome::Stop;

    #[test]
    fn undefined_rights_trap() {
        assert!(flags("rights", ALL, ALL).is_ok());
        assert!(matches!(flags("rights", 1u64 << 63, ALL), Err(Stop::Trap(_))));
    }

    #[test]
    fn streams_go_one_way() {
        let input = fdstat(&Descriptor::Input(Input::Null.into()));
        assert_eq!(input.filetype, Filetype::Unknown);
        assert_eq!(input.rights_base & (FD_READ | FD_WRITE), FD_READ);
        let output = fdstat(&Descriptor::Output(Output::Null.into()));
        assert_eq!(output.rights_base & (FD_READ | FD_WRITE), FD_WRITE);
    }
}
