//! A unit, converted.

use crate::debug::fragment::Fragment;
use crate::debug::site::Sites;
use precast_artifact::index::{InfoOffset, PartOffset};
use std::ops::Range;

/// A converted unit.
#[derive(Default)]
pub(crate) struct UnitOutput {
    pub(in crate::debug) info: Fragment,
    pub(in crate::debug) abbreviations: Fragment,
    pub(in crate::debug) ranges: Fragment,
    pub(in crate::debug) locations: Fragment,
    pub(in crate::debug) line: Fragment,
    /// Where in `info` the offset of the abbreviations is missing.
    pub(in crate::debug) abbreviations_at: PartOffset,
    /// Where the unit is in the module's `.debug_info`.
    pub(in crate::debug) source: Range<InfoOffset>,
    /// Offsets of entries there, and in `info`; ordered.
    pub(in crate::debug) offsets: Vec<(InfoOffset, PartOffset)>,
    /// An entry to refer to in place of one that is not there.
    pub(in crate::debug) nothing: Option<PartOffset>,
    /// Whether its line program has rows of functions that are there.
    pub(in crate::debug) has_rows: bool,
    pub(in crate::debug) sites: Sites,
    pub(in crate::debug) warnings: Vec<String>,
}
