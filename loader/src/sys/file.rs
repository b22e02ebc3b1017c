//! Files: sealed memory files for artifacts that come as bytes, and files that
//! may be something else.

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, memfd_create, open};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Copies `bytes` to an anonymous file that nobody can change any more.
pub(crate) fn sealed(bytes: &[u8]) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know the flag, newer ones may want it.
    let fd = match memfd_create("precast", flags | MemfdFlags::EXEC) {
        Err(rustix::io::Errno::INVAL) => memfd_create("precast", flags)?,
        other => other?,
    };
    let mut file = File::from(fd);
    file.write_all(bytes)?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    Ok(file)
}

/// Opens a file that need not be one, for reading, and gives its size. Waits
/// for nobody, as opening a pipe would.
pub(crate) fn regular(path: &Path) -> io::Result<(File, usize)> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    match usize::try_from(metadata.len()) {
        Ok(len) if metadata.is_file() => Ok((file, len)),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}
