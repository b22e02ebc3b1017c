//! A unit from its header to its end.

use super::converter::UnitConverter;
use super::output::UnitOutput;
use crate::debug::context::DebugContext;
use crate::debug::fragment::Fixup;
use crate::debug::line;
use crate::debug::rows;
use crate::debug::units::LineProgramRef;
use gimli::{DwTag, UnitType, constants as dw};
use precast_artifact::index::DieOffset;

/// Converts a unit of the module.
pub(in crate::debug) fn convert(context: &DebugContext<'_>, index: usize) -> UnitOutput {
    let input = &context.units.list[index];
    let start = input.offset;
    let end = start.checked_add(input.header.length_including_self() as u32);
    let end = end.expect("all offsets fit, as was seen with the file");
    let mut output = UnitOutput { source: start..end, ..UnitOutput::default() };
    match context.units.open(input) {
        Ok(unit) => UnitConverter::new(context, index, &unit).run(&mut output),
        Err(why) => output.warnings.push(format!(
            "debug information: the unit at {start:#x} of .debug_info is left out: {why}"
        )),
    }
    output
}

impl UnitConverter<'_, '_> {
    fn run(mut self, output: &mut UnitOutput) {
        self.header(output);
        if let Some(line) = self.input.line
            && self.input.line_owner == self.index
        {
            self.lines(line, output);
        }
        if let Err(why) = self.entries() {
            self.warnings.push(format!(
                "debug information: the unit at {:#x} of .debug_info is cut short: {why}",
                self.input.offset
            ));
        }
        if self.open.is_empty() {
            // Not even the unit's own entry: what refers to the unit's line
            // numbers finds them.
            output.warnings = self.warnings;
            return;
        }
        self.close(output);
        output.info = self.info;
        output.abbreviations = self.abbreviations.finish();
        output.ranges = self.ranges;
        output.locations = self.locations.finish();
        output.offsets = self.offsets;
        output.sites = self.sites;
        output.warnings = self.warnings;
    }

    /// The unit's header (DWARF 5 section 7.5.1).
    fn header(&mut self, output: &mut UnitOutput) {
        let kind = self.input.header.type_();
        self.info.u32(0);
        self.info.u16(5);
        self.info.u8(match kind {
            UnitType::Type { .. } | UnitType::SplitType { .. } => dw::DW_UT_type.0,
            UnitType::Partial => dw::DW_UT_partial.0,
            _ => dw::DW_UT_compile.0,
        });
        self.info.u8(8);
        output.abbreviations_at = self.info.end();
        self.info.u32(0);
        if let UnitType::Type { type_signature, type_offset }
        | UnitType::SplitType { type_signature, type_offset } = kind
        {
            self.info.u64(type_signature.0);
            self.info.fixup(Fixup::Local(DieOffset::new(type_offset.0 as u32)), 0);
        }
    }

    fn lines(&mut self, line: LineProgramRef, output: &mut UnitOutput) {
        let address_size = self.unit.encoding().address_size;
        let Some(rows) = rows::read(self.context, line, address_size) else {
            self.warnings.push(format!(
                "debug information: the line numbers at {:#x} of .debug_line are left out",
                line.offset
            ));
            return;
        };
        self.covered.extend(rows.functions.keys());
        output.has_rows = !rows.functions.is_empty();
        let files =
            line::UnitFiles { name: self.unit.name, directory: self.unit.comp_dir, address_size };
        output.line = line::write(self.context, line, &files, &rows);
        self.files.paths = line::paths(self.context, line, &files);
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
                } else if self.open.len() > 1 {
                    self.leave();
                } else {
                    return Ok(());
                }
                continue;
            };
            entries.read_attributes(abbreviation.attributes(), &mut attributes)?;
            let children = abbreviation.has_children();
            if self.open.is_empty() && !is_unit(abbreviation.tag()) {
                return Err(gimli::Error::MissingUnitDie);
            }
            if skipped > 0 || is_left_out(abbreviation.tag()) {
                skipped += usize::from(children);
                continue;
            }
            self.entry(offset, abbreviation.tag(), children, &attributes);
            if self.open.len() == 1 && !children && self.offsets.len() == 1 {
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
