//! What an output was made of, as a rule for `make`, which other build tools
//! read too.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The rule by which `output` depends on `inputs`. An input also gets a rule
/// without a recipe, so that a build goes on after it was removed, as with the
/// C compilers' `-MP`.
pub fn rule(output: &Path, inputs: &[&Path]) -> Vec<u8> {
    let mut text = escaped(output.as_os_str());
    text.push(b':');
    for input in inputs {
        text.push(b' ');
        text.extend(escaped(input.as_os_str()));
    }
    text.push(b'\n');
    for input in inputs {
        text.extend(escaped(input.as_os_str()));
        text.extend(b":\n");
    }
    text
}

/// A path with what means something to `make` made plain.
fn escaped(path: &OsStr) -> Vec<u8> {
    let mut text = Vec::new();
    for byte in path.as_bytes() {
        match byte {
            b' ' | b'#' | b'\\' | b':' | b'%' => text.extend([b'\\', *byte]),
            b'$' => text.extend(b"$$"),
            other => text.push(*other),
        }
    }
    text
}
