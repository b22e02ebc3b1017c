//! A unit and its entries (DWARF 5 sections 2 and 7.5): read one after the
//! other, each written as soon as it is read.

mod attributes;
mod close;
mod copy;
mod draft;
mod entry;
mod function;
mod numbers;
mod pointers;
mod ranges;

use super::Module;
use super::abbreviation::Shapes;
use super::line;
use super::location::{Function, Locations};
use super::output::{Fixup, Part};
use super::pointer::Names;
use super::rows::{self, Rows};
use super::site::{Files, Inlined, Sites};
use super::source::{Bytes, Dwarf};
use super::units::{LinePlace, UnitPlace};
use entry::Scope;
use gimli::{DwTag, Unit, UnitType, constants as dw};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A converted unit.
#[derive(Default)]
pub(crate) struct UnitOutput {
    pub(super) info: Part,
    pub(super) abbreviations: Part,
    pub(super) ranges: Part,
    pub(super) locations: Part,
    pub(super) line: Part,
    /// Where in `info` the offset of the abbreviations is missing.
    pub(super) abbreviations_at: u32,
    /// The unit's place in the module's `.debug_info`.
    pub(super) source: Range<u32>,
    /// Offsets of entries there, and in `info`; ordered.
    pub(super) offsets: Vec<(u32, u32)>,
    /// An entry to refer to in place of one that is not there.
    pub(super) nothing: Option<u32>,
    pub(super) sites: Sites,
    pub(super) warnings: Vec<String>,
}

/// Converts a unit of the module.
pub(super) fn convert(module: &Module<'_>, index: usize) -> UnitOutput {
    let place = &module.input.list[index];
    let start = place.offset;
    let end = start + place.header.length_including_self() as u32;
    let mut output = UnitOutput { source: start..end, ..UnitOutput::default() };
    match module.input.open(place) {
        Ok(unit) => Converter::new(module, index, &unit).run(&mut output),
        Err(why) => output.warnings.push(format!(
            "debug information: the unit at {start:#x} of .debug_info is left out: {why}"
        )),
    }
    output
}

struct Converter<'u, 'a> {
    module: &'u Module<'a>,
    place: &'u UnitPlace<'a>,
    index: usize,
    dwarf: &'u Dwarf<'a>,
    unit: &'u Unit<Bytes<'a>>,
    names: Names<'u, 'a>,
    shapes: Shapes,
    info: Part,
    ranges: Part,
    locations: Locations<'u, 'a>,
    offsets: Vec<(u32, u32)>,
    scopes: Vec<Scope>,
    functions: Vec<Function<'a>>,
    /// Functions whose code the unit describes.
    covered: BTreeSet<usize>,
    /// Functions that have an entry.
    described: BTreeSet<usize>,
    /// Where the offset of the unit's own range list is missing.
    own_ranges: Option<usize>,
    /// Entries of types that pointers need: a guest's address and a native one.
    guest_address: u32,
    host_address: u32,
    /// Those of the process that were written: tag, target, whether constant.
    host_pointers: BTreeMap<(u16, usize, bool), u32>,
    sites: Sites,
    rows: Rows,
    files: Files,
    /// The inlined calls of the open functions, each with the function.
    inlined: Vec<Vec<Inlined>>,
    warnings: Vec<String>,
}
impl<'u, 'a> Converter<'u, 'a> {
    fn new(module: &'u Module<'a>, index: usize, unit: &'u Unit<Bytes<'a>>) -> Self {
        let place = &module.input.list[index];
        let dwarf = &module.input.files[place.file].dwarf;
        let size = place.header.length_including_self() as u64;
        let work = (10 << 20) + size * 100;
        Self {
            module,
            place,
            index,
            dwarf,
            unit,
            names: Names::new(&module.input, dwarf, unit),
            shapes: Shapes::default(),
            info: Part::default(),
            ranges: Part::default(),
            locations: Locations::new(module, dwarf, unit, work),
            offsets: Vec::new(),
            scopes: Vec::new(),
            functions: Vec::new(),
            covered: BTreeSet::new(),
            described: BTreeSet::new(),
            own_ranges: None,
            guest_address: 0,
            host_address: 0,
            host_pointers: BTreeMap::new(),
            sites: Sites::default(),
            rows: Rows::default(),
            files: Files::default(),
            inlined: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn run(mut self, output: &mut UnitOutput) {
        self.header(output);
        if let Some(line) = self.place.line
            && self.place.line_owner == self.index
        {
            self.lines(line, output);
        }
        if let Err(why) = self.entries() {
            self.warnings.push(format!(
                "debug information: the unit at {:#x} of .debug_info is cut short: {why}",
                self.place.offset
            ));
        }
        if self.scopes.is_empty() {
            // Not even the unit's own entry: what refers to the unit's line
            // numbers finds them.
            output.warnings = self.warnings;
            return;
        }
        self.close(output);
        output.info = self.info;
        output.abbreviations = self.shapes.finish();
        output.ranges = self.ranges;
        output.locations = self.locations.finish();
        output.offsets = self.offsets;
        output.sites = self.sites;
        output.warnings = self.warnings;
    }

    /// The unit's header (DWARF 5 section 7.5.1).
    fn header(&mut self, output: &mut UnitOutput) {
        let kind = self.place.header.type_();
        self.info.u32(0);
        self.info.u16(5);
        self.info.u8(match kind {
            UnitType::Type { .. } | UnitType::SplitType { .. } => dw::DW_UT_type.0,
            UnitType::Partial => dw::DW_UT_partial.0,
            _ => dw::DW_UT_compile.0,
        });
        self.info.u8(8);
        output.abbreviations_at = self.info.len() as u32;
        self.info.u32(0);
        if let UnitType::Type { type_signature, type_offset }
        | UnitType::SplitType { type_signature, type_offset } = kind
        {
            self.info.u64(type_signature.0);
            self.info.fixup(Fixup::Local(type_offset.0 as u32), 0);
        }
    }

    fn lines(&mut self, place: LinePlace, output: &mut UnitOutput) {
        let address_size = self.unit.encoding().address_size;
        let Some(rows) = rows::read(self.module, place, address_size) else {
            self.warnings.push(format!(
                "debug information: the line numbers at {:#x} of .debug_line are left out",
                place.offset
            ));
            return;
        };
        self.covered.extend(rows.functions.keys());
        let files =
            line::UnitFiles { name: self.unit.name, directory: self.unit.comp_dir, address_size };
        output.line = line::write(self.module, place, &files, &rows);
        self.files.paths = line::paths(self.module, place, &files);
        self.rows = rows;
    }

    fn entries(&mut self) -> gimli::Result<()> {
        let mut entries = self.unit.entries_raw(None)?;
        let mut attributes = Vec::new();
        // Depth inside of an entry that is left out.
        let mut skipped = 0;
        while !entries.is_empty() {
            let offset = entries.next_offset();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                if skipped > 0 {
                    skipped -= 1;
                } else if self.scopes.len() > 1 {
                    self.leave();
                } else {
                    return Ok(());
                }
                continue;
            };
            entries.read_attributes(abbreviation.attributes(), &mut attributes)?;
            let children = abbreviation.has_children();
            if self.scopes.is_empty() && !is_unit(abbreviation.tag()) {
                return Err(gimli::Error::MissingUnitDie);
            }
            if skipped > 0 || is_left_out(abbreviation.tag()) {
                skipped += usize::from(children);
                continue;
            }
            self.entry(offset, abbreviation.tag(), children, &attributes);
            if self.scopes.len() == 1 && !children && self.offsets.len() == 1 {
                // The unit's own entry has nothing inside.
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether a unit may begin with an entry of this tag.
fn is_unit(tag: DwTag) -> bool {
    matches!(
        tag,
        dw::DW_TAG_compile_unit
            | dw::DW_TAG_partial_unit
            | dw::DW_TAG_type_unit
            | dw::DW_TAG_skeleton_unit
    )
}

/// Entries that nothing refers to and that describe what we do not keep.
fn is_left_out(tag: DwTag) -> bool {
    matches!(
        tag,
        dw::DW_TAG_call_site
            | dw::DW_TAG_call_site_parameter
            | dw::DW_TAG_GNU_call_site
            | dw::DW_TAG_GNU_call_site_parameter
    )
}
