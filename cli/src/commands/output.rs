//! Writing output files: to a temporary file beside the target, synced and
//! renamed, so that nobody ever sees half of one, and a running artifact is
//! never changed under its readers.

use crate::exit::{Failure, Result};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Large enough that writing an artifact takes few system calls.
const BUFFER: usize = 1 << 20;

/// Writes `path` with what `fill` produces. When that fails, `path` stays as
/// it was.
pub fn write<T>(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    let failed = || Failure::while_doing(format!("cannot write {}", path.display()));
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    // Readable by all, as any output; the umask takes away what it must.
    builder.prefix(".precast-").permissions(std::fs::Permissions::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed())?;
    let mut buffered = BufWriter::with_capacity(BUFFER, file.as_file_mut());
    let value = fill(&mut buffered)?;
    buffered.flush().map_err(failed())?;
    drop(buffered);
    file.as_file().sync_all().map_err(failed())?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    Ok(value)
}

/// Writes standard output with what `fill` produces.
pub fn write_stdout<T>(fill: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    let mut buffered = BufWriter::with_capacity(BUFFER, std::io::stdout().lock());
    let value = fill(&mut buffered)?;
    buffered.flush().map_err(Failure::while_doing("cannot write standard output"))?;
    Ok(value)
}
