//! Who else could have written a file: nobody but this user and the superuser,
//! if it and every folder above it belong to one of the two and are writable
//! for nobody else.
//!
//! Access control lists need no look of their own: what they allow shows in the
//! permissions of the group (acl(5)).

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Opens a file to read, or says why somebody else could have written it.
///
/// # Errors
///
/// The file or a folder above it cannot be read.
pub(crate) fn open(path: &Path) -> io::Result<Result<File, String>> {
    let path = fs::canonicalize(path)?;
    // Folders first: once nobody else can rename what is in them, what is
    // opened is what stays there.
    for folder in path.ancestors().skip(1) {
        let meta = fs::symlink_metadata(folder)?;
        // In a sticky folder only its owner and a file's rename the file.
        if let Some(why) = writable(&meta, meta.mode() & STICKY != 0) {
            return Ok(Err(format!("the folder `{}` {why}", folder.display())));
        }
    }
    let file = File::open(&path)?;
    Ok(match writable(&file.metadata()?, false) {
        Some(why) => Err(format!("it {why}")),
        None => Ok(file),
    })
}

/// Why others can write, if they can.
fn writable(meta: &Metadata, sticky: bool) -> Option<String> {
    let me = rustix::process::geteuid().as_raw();
    let (owner, mode) = (meta.uid(), meta.mode());
    if owner != me && owner != 0 {
        return Some(format!("belongs to user {owner}"));
    }
    let others = mode & OTHERS_WRITE != 0 && !sticky;
    others.then(|| format!("can be written by others (mode {:03o})", mode & 0o7777))
}
