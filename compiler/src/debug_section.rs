//! Sections of debug information, complete but for addresses.

use precast_artifact::index::SectionOffset;

/// A section of debug information, complete but for addresses.
pub(crate) struct DebugSection {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub relocs: Vec<DebugReloc>,
}

/// A field of a debug section that counts from something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DebugReloc {
    pub offset: SectionOffset,
    pub base: DebugBase,
}

/// What a field in a debug section counts from: eight bytes from an address,
/// or four from the start of a debug section. The latter is zero in an
/// artifact; objects need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DebugBase {
    /// The start of `.text`.
    Text,
    /// The memory cell, see [`Section::Cell`](crate::emit).
    Cell,
    /// `.debug_abbrev`.
    Abbreviations,
    /// `.debug_info`.
    Info,
    /// `.debug_line`.
    Line,
    /// `.debug_line_str`.
    LineStrings,
    /// `.debug_loclists`.
    Locations,
    /// `.debug_rnglists`.
    Ranges,
    /// `.debug_str`.
    Strings,
}

impl DebugBase {
    /// Whether fields that count from it are addresses.
    pub(crate) fn is_address(self) -> bool {
        matches!(self, Self::Text | Self::Cell)
    }
}
