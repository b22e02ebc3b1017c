//! What outputs are called.

use crate::exit::{Failure, Result};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The name of an input with another extension: `app.cwasm` of `dir/app.wasm`.
pub(super) fn with_extension(input: &Path, extension: &str) -> PathBuf {
    let name = input.with_extension(extension);
    name.file_name().map_or(name.clone(), PathBuf::from)
}

/// Where the text of a module without debug information goes: beside the
/// artifact, with .wat added to its name.
pub fn text_name(artifact: &Path) -> Option<PathBuf> {
    let mut path = std::path::absolute(artifact).ok()?.into_os_string();
    path.push(".wat");
    Some(path.into())
}

/// What C names begin with, by the name of a file: letters, digits and `_` of
/// it.
pub(super) fn c_name(file: &Path) -> String {
    let name = file.file_stem().map(OsStr::to_string_lossy).unwrap_or_default();
    let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let digit = name.starts_with(|c: char| c.is_ascii_digit());
    let name: String = name.chars().map(fits).collect();
    if digit { format!("_{name}") } else { name }
}

/// Where the outputs of several inputs lie in a folder, before a target is
/// part of the path: `app.cwasm`. Inputs of one name keep the folders that tell
/// them apart, all that lie below the innermost folder which holds them all.
///
/// # Errors
///
/// When two would still be the same file, or an input has no name.
pub(super) fn in_folder(inputs: &[PathBuf], extension: &str) -> Result<Vec<PathBuf>> {
    let mut names: Vec<PathBuf> = inputs.iter().map(|i| with_extension(i, extension)).collect();
    let mut count: HashMap<PathBuf, usize> = HashMap::new();
    names.iter().for_each(|name| *count.entry(name.clone()).or_default() += 1);
    let shared: Vec<usize> = (0..names.len()).filter(|at| count[&names[*at]] > 1).collect();
    let paths: Vec<PathBuf> = shared.iter().map(|at| plain(&inputs[*at])).collect();
    let common = common_folder(&paths);
    for (at, path) in shared.iter().zip(&paths) {
        let below: PathBuf = path.components().skip(common).collect();
        names[*at] = below.with_extension(extension);
    }
    let mut known: HashMap<&Path, &Path> = HashMap::new();
    for (name, input) in names.iter().zip(inputs) {
        if input == Path::new("-") || name.as_os_str().is_empty() {
            let input = input.display();
            return Err(Failure::Usage(format!("{input} has no name to call its output by")));
        }
        if let Some(other) = known.insert(name, input) {
            let (one, other, name) = (input.display(), other.display(), name.display());
            return Err(Failure::Usage(format!(
                "{other} and {one} would both be written to {name}: rename one, or compile it alone"
            )));
        }
    }
    Ok(names)
}

/// A path from the root, without `.` and `..`, for its names alone.
fn plain(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// How many components all these paths begin with, file names left out.
fn common_folder(paths: &[PathBuf]) -> usize {
    let Some((first, rest)) = paths.split_first() else { return 0 };
    let folders = first.components().count().saturating_sub(1);
    let same = |other: &PathBuf| {
        let others = other.components().count().saturating_sub(1);
        let pairs = first.components().zip(other.components());
        pairs.take(others).take_while(|(one, other)| one == other).count()
    };
    rest.iter().map(same).fold(folders, usize::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(inputs: &[&str]) -> Result<Vec<String>, String> {
        let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
        match in_folder(&inputs, "cwasm") {
            Ok(names) => Ok(names.iter().map(|name| name.display().to_string()).collect()),
            Err(Failure::Usage(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_that_are_shared_keep_their_folders() {
        let plain = named(&["x/a.wasm", "/y/b.wat", "c"]).unwrap();
        assert_eq!(plain, ["a.cwasm", "b.cwasm", "c.cwasm"]);
        let shared = named(&["p/x/a.wasm", "p/y/z/a.wasm", "q/b.wasm"]).unwrap();
        assert_eq!(shared, ["x/a.cwasm", "y/z/a.cwasm", "b.cwasm"]);
        let dots = named(&["p/../x/a.wasm", "./y/a.wasm"]).unwrap();
        assert_eq!(dots, ["x/a.cwasm", "y/a.cwasm"]);
        let nested = named(&["a.wasm", "p/a.wasm"]).unwrap();
        assert_eq!(nested, ["a.cwasm", "p/a.cwasm"]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        for inputs in [["a.wasm", "a.wat"], ["a.wasm", "./a.wasm"], ["x/a.wasm", "x/a"]] {
            let why = named(&inputs).unwrap_err();
            assert!(why.contains(inputs[0]) && why.contains(inputs[1]), "{why}");
        }
        assert!(named(&["a.wasm", "-"]).unwrap_err().contains("no name"));
    }

    #[test]
    fn c_names_are_identifiers() {
        assert_eq!(c_name(Path::new("dir/my-app.1.o")), "my_app_1");
        assert_eq!(c_name(Path::new("7zip.wasm")), "_7zip");
    }
}
