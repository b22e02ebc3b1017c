//! Units, which are converted apart, become sections.

use super::fragment::{Base, Fixup, Fragment};
use super::unit::UnitOutput;
use crate::debug_section::{DebugReloc, DebugSection};
use precast_artifact::debug::lines::LinesWriter;
use precast_artifact::index::{InfoOffset, PartOffset, SectionOffset};

/// The contents of the debug sections, complete but for addresses.
#[derive(Default)]
pub(crate) struct DebugSections {
    /// The sections.
    pub list: Vec<DebugSection>,
    /// What could not be converted, in plain words.
    pub warnings: Vec<String>,
}

/// What is said where debuggers will show no line.
const NO_LINES: &str = "debug information: the module's line tables are empty, so that no debugger \
    and no report finds source lines; a tool that changed the module after it was linked may have \
    left them so, as `wasm-opt` does without `-g`";

/// Where a unit's contributions start in the joined sections.
#[derive(Clone, Copy, Default)]
struct Starts {
    info: SectionOffset,
    abbreviations: SectionOffset,
    ranges: SectionOffset,
    locations: SectionOffset,
    line: SectionOffset,
}

/// Joins the units in order and fills in what lies in other sections.
/// `relocatable` keeps what an object must know: where sections refer to others.
/// Source positions of sites go to `lines`.
pub(super) fn join(
    mut units: Vec<UnitOutput>,
    strings: Vec<u8>,
    line_strings: Vec<u8>,
    relocatable: bool,
    lines: &mut LinesWriter,
) -> DebugSections {
    let starts = starts(&units);
    fill_in_entries(&mut units, &starts);
    let [mut info, mut abbreviations, mut ranges, mut locations, mut line] =
        <[JoinedSection; 5]>::default();
    for (index, unit) in units.iter_mut().enumerate() {
        if unit.info.len() != 0 {
            // The offset of the abbreviations in the unit's header.
            unit.info.set_u32(unit.abbreviations_at, starts[index].abbreviations.get());
            if relocatable {
                let offset = unit.abbreviations_at.in_section(starts[index].info);
                info.relocs.push(DebugReloc { offset, base: Base::Abbreviations });
            }
        }
        let parts = [
            (&mut info, &mut unit.info),
            (&mut abbreviations, &mut unit.abbreviations),
            (&mut ranges, &mut unit.ranges),
            (&mut locations, &mut unit.locations),
            (&mut line, &mut unit.line),
        ];
        for (section, fragment) in parts {
            section.append(std::mem::take(fragment), index, &starts, relocatable);
        }
    }
    units.iter().for_each(|unit| unit.sites.write(lines));
    let list = vec![
        abbreviations.named(".debug_abbrev"),
        info.named(".debug_info"),
        line.named(".debug_line"),
        JoinedSection::new(line_strings).named(".debug_line_str"),
        locations.named(".debug_loclists"),
        ranges.named(".debug_rnglists"),
        JoinedSection::new(strings).named(".debug_str"),
    ];
    let mut warnings: Vec<String> =
        units.iter_mut().flat_map(|unit| std::mem::take(&mut unit.warnings)).collect();
    if !units.is_empty() && !units.iter().any(|unit| unit.has_rows) {
        warnings.push(NO_LINES.to_owned());
    }
    DebugSections { list, warnings }
}

/// Where the contributions of each unit start.
fn starts(units: &[UnitOutput]) -> Vec<Starts> {
    let mut at = Starts::default();
    let mut starts = Vec::with_capacity(units.len());
    for unit in units {
        starts.push(at);
        at.info = unit.info.end().in_section(at.info);
        at.abbreviations = unit.abbreviations.end().in_section(at.abbreviations);
        at.ranges = unit.ranges.end().in_section(at.ranges);
        at.locations = unit.locations.end().in_section(at.locations);
        at.line = unit.line.end().in_section(at.line);
    }
    starts
}

/// Fills in references to entries of other units: to some entry that stands for
/// what is unknown where there is none.
fn fill_in_entries(units: &mut [UnitOutput], starts: &[Starts]) {
    let mut nothing = units.iter().zip(starts).filter_map(|(unit, at)| Some((unit.nothing?, at)));
    let fallback = nothing.next().map(|(entry, at)| entry.in_section(at.info));
    let find = |source: InfoOffset| {
        let after = units.partition_point(|unit| unit.source.start <= source);
        let index = after.checked_sub(1)?;
        let offsets = &units[index].offsets;
        let found = offsets.binary_search_by_key(&source, |(offset, _)| *offset).ok()?;
        (source < units[index].source.end).then(|| offsets[found].1.in_section(starts[index].info))
    };
    let found: Vec<Vec<(PartOffset, SectionOffset)>> = units
        .iter()
        .map(|unit| {
            let fixups = unit.info.fixups.iter();
            let fixups = fixups.filter_map(|(at, fixup)| match fixup {
                Fixup::Entry(source) => Some((*at, find(*source).or(fallback).unwrap_or_default())),
                _ => None,
            });
            fixups.collect()
        })
        .collect();
    for (unit, found) in units.iter_mut().zip(found) {
        found.into_iter().for_each(|(at, entry)| unit.info.set_u32(at, entry.get()));
    }
}

/// A section that units contribute to.
#[derive(Default)]
struct JoinedSection {
    bytes: Vec<u8>,
    relocs: Vec<DebugReloc>,
}

impl JoinedSection {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, relocs: Vec::new() }
    }

    fn named(self, name: &'static str) -> DebugSection {
        DebugSection { name, bytes: self.bytes, relocs: self.relocs }
    }

    /// Appends what the unit at `index` contributes.
    fn append(
        &mut self,
        mut fragment: Fragment,
        index: usize,
        starts: &[Starts],
        relocatable: bool,
    ) {
        let start = SectionOffset::from_index(self.bytes.len());
        for (at, fixup) in std::mem::take(&mut fragment.fixups) {
            let (base, add) = match fixup {
                Fixup::Address(base) => {
                    self.relocs.push(DebugReloc { offset: at.in_section(start), base });
                    continue;
                }
                Fixup::Local(_) => continue,
                // Filled in before, or copied as they are.
                Fixup::Entry(_) => (Base::Info, SectionOffset::START),
                Fixup::Strings(base) => (base, SectionOffset::START),
                Fixup::Ranges => (Base::Ranges, starts[index].ranges),
                Fixup::Locations => (Base::Locations, starts[index].locations),
                Fixup::Line(owner) => (Base::Line, starts[owner as usize].line),
            };
            if relocatable {
                self.relocs.push(DebugReloc { offset: at.in_section(start), base });
            }
            let field = &mut fragment.bytes[at.index()..][..4];
            let value = u32::from_le_bytes(field.try_into().expect("four bytes"));
            fragment.set_u32(at, value + add.get());
        }
        self.bytes.append(&mut fragment.bytes);
    }
}
