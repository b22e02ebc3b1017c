//! The state of a unit's conversion.

use super::die::{DieBuilder, WrittenDie};
use crate::debug::abbreviation::Abbreviations;
use crate::debug::context::DebugContext;
use crate::debug::fragment::Fragment;
use crate::debug::location::{FunctionScope, Locations};
use crate::debug::rows::LineRows;
use crate::debug::sections::{Bytes, Dwarf};
use crate::debug::site::{FilePaths, InlinedCall, Sites};
use crate::debug::type_names::TypeNames;
use crate::debug::units::InputUnit;
use gimli::Unit;
use precast_artifact::index::{FunctionOffset, InfoOffset, PartOffset};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// An open entry.
#[derive(Default)]
pub(super) struct OpenDie {
    /// Position of the function that it is inside of.
    pub(super) function: Option<usize>,
    /// Whether that ends with this entry.
    pub(super) is_function: bool,
    /// The code it covers, relative to the function's, and of that the code that
    /// entries inside cover: they must not overlap.
    pub(super) code: Vec<Range<FunctionOffset>>,
    pub(super) taken: Vec<Range<FunctionOffset>>,
}

/// Converts one unit.
pub(super) struct UnitConverter<'u, 'a> {
    pub(super) context: &'u DebugContext<'a>,
    /// The unit of the input, and its position.
    pub(super) input: &'u InputUnit<'a>,
    pub(super) index: usize,
    pub(super) dwarf: &'u Dwarf<'a>,
    pub(super) unit: &'u Unit<Bytes<'a>>,
    pub(super) names: TypeNames<'u, 'a>,
    pub(super) abbreviations: Abbreviations,
    pub(super) info: Fragment,
    pub(super) ranges: Fragment,
    pub(super) locations: Locations<'u, 'a>,
    /// Offsets of entries among all units, and in `info`.
    pub(super) offsets: Vec<(InfoOffset, PartOffset)>,
    /// The entries that are open, and the functions among them.
    pub(super) open: Vec<OpenDie>,
    pub(super) functions: Vec<FunctionScope<'a>>,
    /// Functions whose code the unit describes.
    pub(super) covered: BTreeSet<usize>,
    /// Functions that have an entry.
    pub(super) described: BTreeSet<usize>,
    /// Where the offset of the unit's own range list is missing.
    pub(super) own_ranges: Option<PartOffset>,
    /// Entries of types that pointers need: a guest's address and a native one.
    pub(super) guest_address: PartOffset,
    pub(super) host_address: PartOffset,
    /// Those of the process that were written: tag, target, whether constant.
    pub(super) host_pointers: BTreeMap<(u16, usize, bool), PartOffset>,
    pub(super) sites: Sites,
    pub(super) rows: LineRows,
    pub(super) files: FilePaths,
    /// The inlined calls of the open functions, each with the function.
    pub(super) inlined: Vec<Vec<InlinedCall>>,
    pub(super) warnings: Vec<String>,
}

impl<'u, 'a> UnitConverter<'u, 'a> {
    pub(super) fn new(
        context: &'u DebugContext<'a>,
        index: usize,
        unit: &'u Unit<Bytes<'a>>,
    ) -> Self {
        let input = &context.units.list[index];
        let dwarf = &context.units.files[input.file].dwarf;
        let size = input.header.length_including_self() as u64;
        let work = (10 << 20) + size * 100;
        Self {
            context,
            input,
            index,
            dwarf,
            unit,
            names: TypeNames::new(&context.units, dwarf, unit),
            abbreviations: Abbreviations::default(),
            info: Fragment::default(),
            ranges: Fragment::default(),
            locations: Locations::new(context, dwarf, unit, work),
            offsets: Vec::new(),
            open: Vec::new(),
            functions: Vec::new(),
            covered: BTreeSet::new(),
            described: BTreeSet::new(),
            own_ranges: None,
            guest_address: PartOffset::START,
            host_address: PartOffset::START,
            host_pointers: BTreeMap::new(),
            sites: Sites::default(),
            rows: LineRows::default(),
            files: FilePaths::default(),
            inlined: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Writes an entry.
    pub(super) fn write(&mut self, die: DieBuilder) -> WrittenDie {
        die.write(&mut self.info, &mut self.abbreviations)
    }

    /// Enters an entry that has children but no code.
    pub(super) fn enter_plain(&mut self, children: bool) {
        if children {
            self.open.push(OpenDie::default());
        }
    }
}
