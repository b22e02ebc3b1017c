//! What all checks stand on: indices below a count, ranges inside the image.

use super::range::Range;
use crate::index::Number;

/// What the container says about the file, for the check.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Size of the image in bytes.
    pub image: u64,
    /// Where `.text` lies in the image.
    pub text: Range,
}

/// Says what is wrong.
pub(super) type Check = Result<(), String>;

/// The index is that of one of `count`.
pub(super) fn below(index: impl Number, count: usize) -> Check {
    match (index.get() as usize) < count {
        true => Ok(()),
        false => Err(format!("{index:?}, but there are {count}")),
    }
}

/// The range lies in an image of this size.
pub(super) fn inside(what: &str, range: &Range, image: u64) -> Check {
    match range.offset.checked_add(range.size) {
        Some(end) if end <= image => Ok(()),
        _ => Err(format!("{what} at {:#x}, {} bytes, leaves the image", range.offset, range.size)),
    }
}

/// The first `count` flags are set and no other.
pub(super) fn leading(what: &str, count: usize, flags: impl Iterator<Item = bool>) -> Check {
    let mut seen = 0;
    for (index, imported) in flags.enumerate() {
        if imported != (index < count) {
            return Err(format!("{what} {index} does not match the imports"));
        }
        seen = index + 1;
    }
    match seen >= count {
        true => Ok(()),
        false => Err(format!("{count} {what} imports, but {seen} in the list")),
    }
}
