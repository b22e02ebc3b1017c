//! Where a piece of code lies in `.text`.

use precast_artifact::index::CodeOffset;

/// Where code lies, relative to the start of `.text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// First byte.
    pub start: CodeOffset,
    /// Number of bytes, without padding.
    pub size: u32,
}

impl Placement {
    /// After the last byte: [`MAX_DISTANCE`](super::MAX_DISTANCE) at most.
    pub(crate) fn end(self) -> CodeOffset {
        self.start.checked_add(self.size).expect("text of at most 2 GiB")
    }
}
