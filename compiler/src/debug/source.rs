//! The DWARF sections of a module.

use gimli::{EndianSlice, LittleEndian, Reader as _, Section as _, SectionId, UnitHeader};
use std::collections::BTreeMap;

/// A range of bytes of the input.
pub(super) type Bytes<'a> = EndianSlice<'a, LittleEndian>;
pub(super) type Dwarf<'a> = gimli::Dwarf<Bytes<'a>>;

/// Where DWARF is found.
#[derive(Clone, Default)]
pub(crate) struct Source<'a> {
    sections: BTreeMap<&'a str, &'a [u8]>,
    /// Where the code section's contents start in the module: DWARF counts code
    /// addresses from there.
    pub code_start: u32,
}

impl<'a> Source<'a> {
    /// The sections of a module whose code section starts at `code_start`.
    pub(crate) fn new<B: AsRef<[u8]>>(sections: &'a [(&'a str, B)], code_start: u32) -> Self {
        let sections = sections.iter().map(|(name, bytes)| (*name, bytes.as_ref()));
        Self { sections: sections.collect(), code_start }
    }

    /// Whether there is anything to convert.
    pub(crate) fn is_empty(&self) -> bool {
        !self.sections.contains_key(".debug_info")
    }

    pub(super) fn dwarf(&self) -> Dwarf<'a> {
        let load = |id: SectionId| {
            let bytes = self.sections.get(id.name()).copied().unwrap_or_default();
            Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        };
        Dwarf::load(load).expect("loading does not fail")
    }
}

/// A unit of the input.
pub(super) struct UnitPlace<'a> {
    pub header: UnitHeader<Bytes<'a>>,
    /// Offset in `.debug_info`.
    pub offset: usize,
    /// Offset of its line number program.
    pub line: Option<usize>,
    /// The first unit with that program, which converts it for all.
    pub line_owner: usize,
}

/// Every unit up to the first whose header is damaged.
pub(super) fn units<'a>(dwarf: &Dwarf<'a>) -> Vec<UnitPlace<'a>> {
    let mut units: Vec<UnitPlace<'a>> = Vec::new();
    let mut owners: BTreeMap<usize, usize> = BTreeMap::new();
    let mut headers = dwarf.units();
    let whole = dwarf.debug_info.reader().len();
    let mut line_bytes = 0;
    let most = dwarf.debug_line.reader().len() * 2;
    while let Ok(Some(header)) = headers.next() {
        let Some(offset) = header.debug_info_offset() else { continue };
        if offset.0 + header.length_including_self() > whole {
            break;
        }
        let index = units.len();
        let mut line = line_offset(dwarf, &header);
        // Damaged programs may overlap; together they are not read more than
        // twice.
        if let Some(offset) = line
            && !owners.contains_key(&offset)
        {
            line_bytes += line_length(dwarf, offset);
            if line_bytes > most {
                line = None;
            }
        }
        let line_owner = line.map_or(index, |line| *owners.entry(line).or_insert(index));
        units.push(UnitPlace { header, offset: offset.0, line, line_owner });
    }
    units
}

fn line_length(dwarf: &Dwarf<'_>, offset: usize) -> usize {
    let mut bytes = *dwarf.debug_line.reader();
    let length = bytes.skip(offset).and_then(|()| bytes.read_u32());
    length.map_or(0, |length| (length as usize).min(bytes.len()))
}

fn line_offset(dwarf: &Dwarf<'_>, header: &UnitHeader<Bytes<'_>>) -> Option<usize> {
    let abbreviations = dwarf.abbreviations(header).ok()?;
    let mut entries = header.entries_raw(&abbreviations, None).ok()?;
    let root = entries.read_abbreviation().ok()??;
    for spec in root.attributes() {
        let attribute = entries.read_attribute(*spec).ok()?;
        if attribute.name() == gimli::DW_AT_stmt_list {
            return match attribute.value() {
                gimli::AttributeValue::DebugLineRef(offset) => Some(offset.0),
                _ => None,
            };
        }
    }
    None
}
