//! The units of the input, from all its files.

use super::sections::{Bytes, Dwarf};
use gimli::{AbbreviationsCacheStrategy, AttributeValue, DebugTypeSignature, DwoId};
use gimli::{Reader as _, Section as _, Unit, UnitHeader, UnitOffset, UnitType, constants as dw};
use precast_artifact::index::{InfoOffset, SectionOffset};
use std::collections::BTreeMap;

/// Everything that is to be converted.
#[derive(Default)]
pub(crate) struct Units<'a> {
    /// The module's own comes first.
    pub(super) files: Vec<InputFile<'a>>,
    pub(super) list: Vec<InputUnit<'a>>,
    /// The string sections of all files, one after the other.
    pub(super) strings: Vec<&'a [u8]>,
    /// Type units by signature.
    types: BTreeMap<u64, TypeUnit<'a>>,
    pub(super) warnings: Vec<String>,
    /// Which unit has a line number program, by where that is in memory.
    line_owners: BTreeMap<usize, usize>,
    /// Bytes of line number programs that may still be read: damaged ones may
    /// overlap.
    line_bytes: usize,
}

/// Sections that belong together.
pub(super) struct InputFile<'a> {
    pub dwarf: Dwarf<'a>,
    /// Where offsets in its `.debug_info` and `.debug_types` count from: they
    /// tell the units of all files apart.
    pub info: InfoOffset,
    types: InfoOffset,
    /// Where its strings are among all files'.
    pub strings: SectionOffset,
    /// Of split DWARF: the folder of the compilation, which only the skeleton
    /// need name.
    pub directory: Option<Bytes<'a>>,
}

/// A unit of the input.
pub(super) struct InputUnit<'a> {
    pub header: UnitHeader<Bytes<'a>>,
    /// Position of its file.
    pub file: usize,
    /// Where it is among the units of all files.
    pub offset: InfoOffset,
    /// For a split unit, the one that the module has of it.
    pub skeleton: Option<UnitHeader<Bytes<'a>>>,
    pub line: Option<LineProgramRef>,
    /// The unit that converts these line numbers for all that have them.
    pub line_owner: usize,
}

/// Where a line number program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineProgramRef {
    pub file: usize,
    /// In its `.debug_line`.
    pub offset: usize,
}

/// A type that has a unit for itself.
struct TypeUnit<'a> {
    file: usize,
    unit: Unit<Bytes<'a>>,
    entry: UnitOffset,
}

/// What the first entry of a unit says.
#[derive(Default)]
pub(super) struct RootDie<'a> {
    /// Offset of its line number program.
    pub line: Option<usize>,
    /// Of a skeleton: what it stands for.
    pub split: Option<SplitName<'a>>,
}

/// Where a split unit is.
pub(super) struct SplitName<'a> {
    /// Its file, as it was where the unit was made.
    pub path: String,
    /// Its number in that file, or in a package.
    pub id: DwoId,
    /// The folder of the compilation.
    pub directory: Option<Bytes<'a>>,
}

impl<'a> Units<'a> {
    /// None yet, and how many bytes of line number programs may be read.
    pub(super) fn new(line_bytes: usize, warnings: Vec<String>) -> Self {
        Self { line_bytes, warnings, ..Self::default() }
    }

    /// Adds sections; gives their position. `None` if offsets would not fit.
    pub(super) fn add_file(
        &mut self,
        mut dwarf: Dwarf<'a>,
        directory: Option<Bytes<'a>>,
    ) -> Option<usize> {
        let length = |bytes: &Bytes<'a>| u32::try_from(bytes.len()).ok();
        let end = self.files.last().map_or(Some(InfoOffset::START), |last| {
            last.types.checked_add(length(last.dwarf.debug_types.reader())?)
        });
        let info = end?;
        let types = info.checked_add(length(dwarf.debug_info.reader())?)?;
        types.checked_add(length(dwarf.debug_types.reader())?)?;
        let strings = self.add_strings(dwarf.debug_str.reader().slice())?;
        // Split units share their abbreviations.
        dwarf.populate_abbreviations_cache(AbbreviationsCacheStrategy::Duplicates);
        self.files.push(InputFile { dwarf, info, types, strings, directory });
        Some(self.files.len() - 1)
    }

    /// Where strings are among those of all files. All units of a package have
    /// the same.
    fn add_strings(&mut self, strings: &'a [u8]) -> Option<SectionOffset> {
        let mut start = SectionOffset::START;
        for known in &self.strings {
            if std::ptr::eq(*known, strings) {
                return Some(start);
            }
            start = start.checked_add(known.len() as u32)?;
        }
        start.checked_add(u32::try_from(strings.len()).ok()?)?;
        self.strings.push(strings);
        Some(start)
    }

    /// Adds a unit, unless it is that of a type that is known.
    pub(super) fn add_unit(
        &mut self,
        header: UnitHeader<Bytes<'a>>,
        file: usize,
        skeleton: Option<UnitHeader<Bytes<'a>>>,
        line: Option<usize>,
    ) {
        let index = self.list.len();
        if let Some((signature, entry)) = signature(&header) {
            if self.knows(signature) {
                return;
            }
            if let Ok(unit) = self.files[file].dwarf.unit(header) {
                self.types.insert(signature.0, TypeUnit { file, unit, entry });
            }
        }
        let start = match header.debug_info_offset() {
            Some(_) => self.files[file].info,
            None => self.files[file].types,
        };
        let offset = start.checked_add(header.offset().0 as u32);
        let offset = offset.expect("all offsets fit, as was seen with the file");
        let line_file = if skeleton.is_some() { 0 } else { file };
        let line = line.map(|offset| LineProgramRef { file: line_file, offset });
        self.list.push(InputUnit { header, file, offset, skeleton, line, line_owner: index });
    }

    /// Number of units.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Reads what all of a unit needs. A split unit has some of it from its
    /// skeleton.
    pub(super) fn open(&self, input: &InputUnit<'a>) -> gimli::Result<Unit<Bytes<'a>>> {
        let file = &self.files[input.file];
        let mut unit = file.dwarf.unit(input.header)?;
        if let Some(skeleton) = input.skeleton {
            unit.copy_relocated_attributes(&self.files[0].dwarf.unit(skeleton)?);
        }
        unit.comp_dir = unit.comp_dir.or(file.directory);
        Ok(unit)
    }

    /// Whether there is a unit for the type already.
    pub(super) fn knows(&self, signature: DebugTypeSignature) -> bool {
        self.types.contains_key(&signature.0)
    }

    /// Finds for each line number program the unit that converts it: one with
    /// code rather than that of a type, which refers to it for names of files.
    pub(super) fn assign_line_owners(&mut self) {
        let is_type = |unit: &InputUnit<'a>| signature(&unit.header).is_some();
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_by_key(|index| is_type(&self.list[*index]));
        for index in order {
            let Some(line) = self.list[index].line else { continue };
            let mut program = *self.files[line.file].dwarf.debug_line.reader();
            let length = program.skip(line.offset).and_then(|()| program.clone().read_u32());
            let Ok(length) = length else { continue };
            let address = program.slice().as_ptr().addr();
            if let Some(owner) = self.line_owners.get(&address) {
                self.list[index].line_owner = *owner;
                continue;
            }
            let length = (length as usize).min(program.len());
            match self.line_bytes.checked_sub(length) {
                Some(left) => {
                    self.line_bytes = left;
                    self.line_owners.insert(address, index);
                }
                None => self.list[index].line = None,
            }
        }
    }

    /// A type that has a unit for itself: that unit, its file, and the entry.
    pub(super) fn type_unit(
        &self,
        signature: DebugTypeSignature,
    ) -> Option<(&Dwarf<'a>, &Unit<Bytes<'a>>, UnitOffset)> {
        let ty = self.types.get(&signature.0)?;
        Some((&self.files[ty.file].dwarf, &ty.unit, ty.entry))
    }
}

/// All sound headers of a file.
pub(super) fn headers<'a>(dwarf: &Dwarf<'a>) -> Vec<UnitHeader<Bytes<'a>>> {
    let mut headers = Vec::new();
    let (info, types) = (dwarf.debug_info.reader().len(), dwarf.debug_types.reader().len());
    let fits = |header: &UnitHeader<Bytes<'a>>, whole| {
        header.offset().0 + header.length_including_self() <= whole
    };
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        if !fits(&header, info) {
            break;
        }
        headers.push(header);
    }
    let mut units = dwarf.type_units();
    while let Ok(Some(header)) = units.next() {
        if !fits(&header, types) {
            break;
        }
        headers.push(header);
    }
    headers
}

/// Reads what the first entry of a unit says.
pub(super) fn root<'a>(dwarf: &Dwarf<'a>, header: &UnitHeader<Bytes<'a>>) -> RootDie<'a> {
    let mut root = RootDie::default();
    let Ok(abbreviations) = dwarf.abbreviations(header) else { return root };
    let mut entries = header.entries(&abbreviations);
    let Ok(Some(entry)) = entries.next_dfs() else { return root };
    if let Some(AttributeValue::DebugLineRef(offset)) = entry.attr_value(dw::DW_AT_stmt_list) {
        root.line = Some(offset.0);
    }
    let name = [dw::DW_AT_dwo_name, dw::DW_AT_GNU_dwo_name];
    if let Some(name) = name.iter().find_map(|name| entry.attr_value(*name))
        && signature(header).is_none()
        && let Ok(unit) = dwarf.unit(*header)
        && let (Ok(name), Some(id)) = (dwarf.attr_string(&unit, name), unit.dwo_id)
    {
        let name = name.to_string_lossy();
        let path = match unit.comp_dir {
            Some(directory) if !name.starts_with('/') => {
                format!("{}/{name}", directory.to_string_lossy())
            }
            _ => name.into_owned(),
        };
        root.split = Some(SplitName { path, id, directory: unit.comp_dir });
    }
    root
}

/// Signature and entry of the type that a unit is for.
pub(super) fn signature(
    header: &UnitHeader<Bytes<'_>>,
) -> Option<(DebugTypeSignature, UnitOffset)> {
    match header.type_() {
        UnitType::Type { type_signature, type_offset }
        | UnitType::SplitType { type_signature, type_offset } => {
            Some((type_signature, type_offset))
        }
        _ => None,
    }
}
