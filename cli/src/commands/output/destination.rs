//! What the path of an output stands for.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Most symbolic links on the way to a file, as for Linux.
const LINKS: usize = 40;

/// Where an output goes.
pub(super) enum Destination {
    /// To a regular file, by its own name, that is there with these permissions
    /// or not yet.
    File { path: PathBuf, permissions: Option<Permissions> },
    /// To something that is there and stays: a device, a pipe, a socket, an open
    /// file of this process.
    Through(Box<dyn Write>),
}

impl Destination {
    /// What stands at a path.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let path = end_of_links(path)?;
        if let Some(open) = open_file(&path)? {
            return Ok(Self::Through(open));
        }
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            Err(why) if why.kind() == ErrorKind::NotFound => {
                return Ok(Self::File { path, permissions: None });
            }
            Err(why) => return Err(why),
        };
        let kind = meta.file_type();
        if kind.is_file() {
            rustix::fs::access(&path, rustix::fs::Access::WRITE_OK)?;
            return Ok(Self::File { path, permissions: Some(meta.permissions()) });
        }
        if kind.is_dir() {
            return Err(io::Error::other("it is a folder; name a file"));
        }
        if kind.is_socket() {
            return Ok(Self::Through(Box::new(UnixStream::connect(&path)?)));
        }
        Ok(Self::Through(Box::new(OpenOptions::new().write(true).open(&path)?)))
    }
}

/// Follows symbolic links, the last of which may lead to nothing yet, up to one
/// of `/proc`, which stands for something that is open.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(_) if in_proc(&path) => return Ok(path),
            Ok(target) => path = folder_of(&path).join(target),
            // No link, or nothing at all.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// An open file of this process, if the path names one: replacing the file
/// would miss whoever has it open, a shell's redirection for one.
fn open_file(path: &Path) -> io::Result<Option<Box<dyn Write>>> {
    if !in_proc(path) || fs::read_link(path).is_err() {
        return Ok(None);
    }
    let ours = folder_of(path).canonicalize()? == Path::new("/proc/self/fd").canonicalize()?;
    Ok(Some(match path.file_name().and_then(|name| name.to_str()) {
        Some("1") if ours => Box::new(io::stdout()),
        Some("2") if ours => Box::new(io::stderr()),
        _ => Box::new(OpenOptions::new().append(true).open(path)?),
    }))
}

fn in_proc(path: &Path) -> bool {
    folder_of(path).canonicalize().is_ok_and(|folder| folder.starts_with("/proc"))
}

/// The folder that a path lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
