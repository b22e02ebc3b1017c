//! Units, which are converted apart, become sections.

use super::output::{Base, Fixup};
use super::unit::UnitOutput;
use crate::link::{DebugReloc, DebugSection};
use precast_artifact::debug::lines::LinesWriter;

/// The contents of the debug sections, complete but for addresses.
#[derive(Default)]
pub(crate) struct Sections {
    pub list: Vec<DebugSection>,
    /// What could not be converted, in plain words.
    pub warnings: Vec<String>,
}

/// Where a unit's contributions start in the joined sections.
#[derive(Clone, Copy, Default)]
struct Starts {
    info: u32,
    abbreviations: u32,
    ranges: u32,
    locations: u32,
    line: u32,
}

/// Joins the units in order and fills in what lies in other sections.
/// `relocatable` keeps what an object must know: where sections refer to others.
pub(super) fn join(
    mut units: Vec<UnitOutput>,
    strings: Vec<u8>,
    line_strings: Vec<u8>,
    relocatable: bool,
) -> Sections {
    let mut starts = Vec::with_capacity(units.len());
    let mut at = Starts::default();
    for unit in &units {
        starts.push(at);
        at.info += unit.info.len() as u32;
        at.abbreviations += unit.abbreviations.len() as u32;
        at.ranges += unit.ranges.len() as u32;
        at.locations += unit.locations.len() as u32;
        at.line += unit.line.len() as u32;
    }
    let fallback = units.iter().zip(&starts).find_map(|(unit, at)| Some(at.info + unit.nothing?));
    let entries: Vec<(u32, u32, usize)> = units
        .iter()
        .enumerate()
        .map(|(index, unit)| (unit.source.start, unit.source.end, index))
        .collect();
    let find = |source: u32| {
        let after = entries.partition_point(|(start, _, _)| *start <= source);
        let (_, end, index) = *entries.get(after.checked_sub(1)?)?;
        let offsets = &units[index].offsets;
        let found = offsets.binary_search_by_key(&source, |(offset, _)| *offset).ok()?;
        (source < end).then(|| starts[index].info + offsets[found].1)
    };
    let crossing: Vec<Vec<(u32, u32)>> = units
        .iter()
        .map(|unit| {
            let fixups = unit.info.fixups.iter();
            let fixups = fixups.filter_map(|(at, fixup)| match fixup {
                Fixup::Entry(source) => Some((*at, find(*source).or(fallback).unwrap_or(0))),
                _ => None,
            });
            fixups.collect()
        })
        .collect();
    let mut joined = <[(Vec<u8>, Vec<DebugReloc>); 5]>::default();
    let refer = |relocs: &mut Vec<DebugReloc>, offset, base| {
        if relocatable {
            relocs.push(DebugReloc { offset, base });
        }
    };
    for (index, unit) in units.iter_mut().enumerate() {
        for (at, entry) in &crossing[index] {
            unit.info.bytes[*at as usize..][..4].copy_from_slice(&entry.to_le_bytes());
        }
        // The offset of the abbreviations in the unit's header.
        let place = unit.abbreviations_at as usize;
        if unit.info.len() != 0 {
            let offset = starts[index].abbreviations.to_le_bytes();
            unit.info.bytes[place..][..4].copy_from_slice(&offset);
            refer(&mut joined[0].1, starts[index].info + place as u32, Base::Abbreviations);
        }
        let parts = [
            std::mem::take(&mut unit.info),
            std::mem::take(&mut unit.abbreviations),
            std::mem::take(&mut unit.ranges),
            std::mem::take(&mut unit.locations),
            std::mem::take(&mut unit.line),
        ];
        for ((bytes, relocs), mut part) in joined.iter_mut().zip(parts) {
            let start = bytes.len() as u32;
            for (at, fixup) in std::mem::take(&mut part.fixups) {
                let (base, add) = match fixup {
                    Fixup::Address(base) => {
                        relocs.push(DebugReloc { offset: start + at, base });
                        continue;
                    }
                    Fixup::Local(_) => continue,
                    // Filled in above, or copied as they are.
                    Fixup::Entry(_) => (Base::Info, 0),
                    Fixup::Strings(base) => (base, 0),
                    Fixup::Ranges => (Base::Ranges, starts[index].ranges),
                    Fixup::Locations => (Base::Locations, starts[index].locations),
                    Fixup::Line(owner) => (Base::Line, starts[owner as usize].line),
                };
                refer(relocs, start + at, base);
                let place = &mut part.bytes[at as usize..at as usize + 4];
                let value = u32::from_le_bytes(place.try_into().expect("four bytes"));
                place.copy_from_slice(&(value + add).to_le_bytes());
            }
            bytes.append(&mut part.bytes);
        }
    }
    let mut lines = LinesWriter::default();
    units.iter().for_each(|unit| unit.sites.write(&mut lines));
    let [info, abbreviations, ranges, locations, line] = joined;
    let named = [
        (".debug_abbrev", abbreviations),
        (".debug_info", info),
        (".debug_line", line),
        (".debug_line_str", (line_strings, Vec::new())),
        (".debug_loclists", locations),
        (".debug_rnglists", ranges),
        (".debug_str", (strings, Vec::new())),
        (".precast.lines", (lines.finish(), Vec::new())),
    ];
    let section = |(name, (bytes, relocs))| DebugSection { name, bytes, relocs };
    let list = named.into_iter().map(section).collect();
    let warnings = units.iter_mut().flat_map(|unit| std::mem::take(&mut unit.warnings)).collect();
    Sections { list, warnings }
}
