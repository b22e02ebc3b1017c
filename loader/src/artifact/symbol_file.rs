//! What debuggers are told of an image that has debug information, or had it
//! before it was stripped.
//!
//! | image | symbol file |
//! |-|-|
//! | at its link base | the image, as it is mapped |
//! | elsewhere: its base is taken, or it is open already | a copy whose addresses are moved |
//! | stripped | its debug file, with what only the artifact has |
//!
//! A copy is a private mapping of the file, so that only pages that hold
//! addresses take memory. A debug file is looked for if the artifact names one:
//! beside it, then by build id where distributions keep them; it must have the
//! artifact's build id. Nothing here can fail opening an artifact: debuggers
//! then know less.

use crate::sys::debugger::SymbolFile;
use crate::sys::file::regular;
use crate::sys::map::{FileCopy, FileMapping};
use precast_artifact::debug::debug_file::{build_id, complete, debug_link, slide};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where debug files are by their build id.
const BY_BUILD_ID: &str = "/usr/lib/debug/.build-id";

/// A symbol file that debuggers know of until this is dropped.
#[derive(Debug)]
pub(crate) struct Registered {
    /// First, so that nobody is told of a copy that is gone.
    _entry: SymbolFile,
    _copy: Option<FileCopy>,
}

/// Tells debuggers of an image, mapped from `file` at `path`.
pub(crate) fn register(
    image: &FileMapping,
    file: &File,
    path: Option<&Path>,
    link_base: u64,
) -> Option<Registered> {
    let distance = (image.base() as u64).wrapping_sub(link_base);
    let copy = match debug_file(image.bytes(), path) {
        Some(debug) => Some(completed(&debug, image, file, link_base, distance)?),
        None if distance != 0 => Some(moved(image, file, distance)?),
        None => None,
    };
    let (address, size) = match &copy {
        Some(copy) => (copy.base(), copy.len()),
        None => (image.base(), image.bytes().len()),
    };
    Some(Registered { _entry: SymbolFile::register(address, size), _copy: copy })
}

/// A copy of the artifact for where it is mapped.
fn moved(image: &FileMapping, file: &File, distance: u64) -> Option<FileCopy> {
    let bytes = image.bytes();
    FileCopy::new(&[(file, image.start(), bytes.len())], |copy, _| slide(copy, bytes, distance))
}

/// A copy of the debug file, the artifact after it, for where it is mapped.
fn completed(
    (debug_file, debug): &(File, FileMapping),
    image: &FileMapping,
    file: &File,
    link_base: u64,
    distance: u64,
) -> Option<FileCopy> {
    let (debug, size) = (debug.bytes(), image.bytes().len());
    FileCopy::new(&[(debug_file, 0, debug.len()), (file, image.start(), size)], |copy, after| {
        complete(copy, debug, after as u64, size as u64, link_base)?;
        if distance != 0 { slide(copy, debug, distance) } else { Some(()) }
    })
}

/// The debug file that an artifact names.
fn debug_file(artifact: &[u8], path: Option<&Path>) -> Option<(File, FileMapping)> {
    let name = debug_link(artifact)?;
    let id = build_id(artifact)?;
    let beside = path.and_then(Path::parent).map(|folder| folder.join(name));
    beside.into_iter().chain([by_build_id(id)]).find_map(|path| {
        let (file, len) = regular(&path).ok()?;
        let mapping = FileMapping::new(&file, 0, len).ok()?;
        (build_id(mapping.bytes()) == Some(id)).then_some((file, mapping))
    })
}

fn by_build_id(id: &[u8]) -> PathBuf {
    let mut digits = id.iter().map(|byte| format!("{byte:02x}"));
    let folder = Path::new(BY_BUILD_ID).join(digits.next().unwrap_or_default());
    folder.join(digits.collect::<String>() + ".debug")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_files_lie_where_debuggers_look() {
        let path = by_build_id(&[0xab, 0x01, 0xff]);
        assert_eq!(path, Path::new("/usr/lib/debug/.build-id/ab/01ff.debug"));
    }
}
