//! Writing outputs. A regular file is written under no name, synced, and put
//! in its place whole: nobody ever sees half of one, a running artifact is
//! never changed under its readers, and an error or a signal leaves what was
//! there. What is no regular file, a device or a pipe, is written to.
//!
//! | module | does |
//! |-|-|
//! | `interrupt` | removes temporary files that have a name when a signal ends the process |
//! | `destination` | what a path stands for |
//! | `temporary` | a file that is not in its place yet |

mod destination;
mod interrupt;
mod temporary;

use crate::exit::{Failure, Result};
use destination::Destination;
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use temporary::Pending;

/// Large enough that writing an artifact takes few system calls.
const BUFFER: usize = 1 << 20;

/// Writes `path` with what `fill` produces. When that fails, a file at `path`
/// stays as it was. One that was there keeps its permissions, and a symbolic
/// link its target.
pub fn write<T>(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    write_file(path, false, fill)
}

/// As [`write()`], of a program: whoever may read it may execute it.
pub fn write_program<T>(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    write_file(path, true, fill)
}

fn write_file<T>(
    path: &Path,
    executable: bool,
    fill: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Result<T> {
    let failed = || Failure::while_doing(format!("cannot write {}", path.display()));
    match Destination::of(path).map_err(failed())? {
        Destination::Through(out) => filled(out, failed, fill).map(|(value, _)| value),
        Destination::File { path, permissions } => {
            let pending = Pending::new(path, permissions).map_err(failed())?;
            let (value, pending) = filled(pending, failed, fill)?;
            pending.persist(executable).map_err(failed())?;
            Ok(value)
        }
    }
}

/// Writes standard output with what `fill` produces.
pub fn write_stdout<T>(fill: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    let failed = || Failure::while_doing("cannot write standard output");
    filled(std::io::stdout().lock(), failed, fill).map(|(value, _)| value)
}

/// Prints a text.
pub fn print(text: &str) -> Result {
    let failed = Failure::while_doing("cannot write standard output");
    write_stdout(|out| out.write_all(text.as_bytes()).map_err(failed))
}

/// Writes a file with these contents.
pub fn write_bytes(path: &Path, contents: &[u8]) -> Result {
    let failed = Failure::while_doing(format!("cannot write {}", path.display()));
    write(path, |out| out.write_all(contents).map_err(failed))
}

/// Refuses paths that stand for the same file, each with what it is: writing
/// one would destroy another.
pub fn check_distinct(paths: &[(&str, &Path)]) -> Result {
    let mut known: Vec<(&str, (u64, u64))> = Vec::new();
    let mut absent: Vec<(&str, PathBuf)> = Vec::new();
    for (what, path) in paths {
        let same = |other: &str| {
            let shown = path.display();
            Failure::Usage(format!("{what} and {other} are the same file, {shown}: name another"))
        };
        match std::fs::metadata(path) {
            // Devices and pipes can be written to any number of times.
            Ok(meta) if !meta.is_file() => {}
            Ok(meta) => {
                let id = (meta.dev(), meta.ino());
                if let Some((other, _)) = known.iter().find(|(_, known)| *known == id) {
                    return Err(same(other));
                }
                known.push((what, id));
            }
            Err(_) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
                if let Some((other, _)) = absent.iter().find(|(_, known)| *known == path) {
                    return Err(same(other));
                }
                absent.push((what, path));
            }
        }
    }
    Ok(())
}

/// Has `fill` write to `out` through a buffer. Gives back what it is. An error of
/// `out` is reported as such, whatever `fill` makes of it.
fn filled<T, O: Write, E: FnOnce(std::io::Error) -> Failure>(
    out: O,
    failed: impl Fn() -> E,
    fill: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Result<(T, O)> {
    let mut buffered = BufWriter::with_capacity(BUFFER, Watched { out, error: None });
    let value = fill(&mut buffered);
    if let Err(error) = value {
        // What is left in the buffer would only be written to be removed.
        let (watched, _) = buffered.into_parts();
        return Err(watched.error.map_or(error, failed()));
    }
    let watched = buffered.into_inner().map_err(|error| failed()(error.into_error()))?;
    let mut out = watched.out;
    out.flush().map_err(failed())?;
    Ok((value?, out))
}

/// A writer that keeps the first error of another.
struct Watched<O> {
    out: O,
    error: Option<std::io::Error>,
}

impl<O: Write> Write for Watched<O> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes).inspect_err(|error| {
            let copy = error.raw_os_error().map(std::io::Error::from_raw_os_error);
            self.error.get_or_insert(copy.unwrap_or_else(|| error.kind().into()));
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let folder = folder();
        let path = folder.path().join("out");
        fs::write(&path, "old").unwrap();
        let result: Result = write(&path, |out| {
            out.write_all(b"half").unwrap();
            Err(Failure::Silent)
        });
        assert!(result.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn permissions_stay() {
        let folder = folder();
        let path = folder.path().join("out");
        write_bytes(&path, b"1").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&path) & 0o111, 0);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        write_bytes(&path, b"22").unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o750, b"22".to_vec()));
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn links_stay_links() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "old").unwrap();
        symlink("file", at("link")).unwrap();
        symlink(at("link"), at("link2")).unwrap();
        symlink("absent", at("dangling")).unwrap();
        write_bytes(&at("link2"), b"new").unwrap();
        write_bytes(&at("dangling"), b"made").unwrap();
        assert_eq!(fs::read(at("file")).unwrap(), b"new");
        assert_eq!(fs::read(at("absent")).unwrap(), b"made");
        assert!(fs::symlink_metadata(at("link2")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(at("dangling")).unwrap().is_symlink());
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        assert!(write_bytes(&at("a"), b"").is_err());
    }

    #[test]
    fn what_is_no_file_is_written_to() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        write_bytes(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let status = std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
        assert!(status.success());
        let fifo = at("fifo");
        let reader = std::thread::spawn(move || fs::read(fifo).unwrap());
        write_bytes(&at("fifo"), b"through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        let listener = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        write_bytes(&at("socket"), b"sent").unwrap();
        let mut received = Vec::new();
        std::io::Read::read_to_end(&mut listener.accept().unwrap().0, &mut received).unwrap();
        assert_eq!(received, b"sent");
        let full = write_bytes(Path::new("/dev/full"), &vec![0; 4 << 20]);
        assert!(matches!(full, Err(Failure::Error(why)) if why.contains("/dev/full")));
        let why = write_bytes(folder.path(), b"").unwrap_err();
        assert!(matches!(why, Failure::Error(why) if why.contains("folder")));
    }

    #[test]
    fn the_same_file_twice() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        symlink("file", at("link")).unwrap();
        let (file, link, new) = (at("file"), at("link"), at("new"));
        check_distinct(&[("the input", &file), ("the output", &new)]).unwrap();
        for second in [&file, &link] {
            let result = check_distinct(&[("the input", &file), ("the output", second)]);
            assert!(matches!(result, Err(Failure::Usage(_))));
        }
        let result = check_distinct(&[("the output", &new), ("the header", &new)]);
        assert!(matches!(result, Err(Failure::Usage(why)) if why.contains("the header")));
        let null = Path::new("/dev/null");
        check_distinct(&[("the output", null), ("the header", null)]).unwrap();
    }
}
