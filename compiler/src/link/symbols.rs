//! `.symtab` and `.strtab`: names for debuggers, profilers and reports.
//!
//! Every symbol is local: the loader finds code through the module
//! description, and nothing links against an artifact.

use super::names::Names;
use super::sections::{Places, Section};
use super::tables::Tables;
use super::text::Text;
use crate::function::Symbol;
use object::elf::{self, Sym64};
use object::pod::bytes_of;
use object::{LittleEndian as LE, U16, U32, U64};

/// The symbols, not yet placed.
pub(super) struct SymbolTable {
    entries: Vec<Entry>,
    strings: Vec<u8>,
}

struct Entry {
    section: Section,
    offset: u64,
    size: u64,
    name: u32,
}

impl SymbolTable {
    /// Symbols for private tables, functions (folded ones included), stubs and
    /// veneers, in order of address; the names in the same order. With debug
    /// information, also for the memory cell.
    pub(super) fn new(names: &Names<'_>, text: &Text, tables: &Tables, with_cell: bool) -> Self {
        let functions = text.functions.iter().zip(text.imported..);
        let functions = functions.map(|(place, index)| (*place, Symbol::Function(index)));
        let stubs = text.stubs.iter().zip(0..);
        let stubs = stubs.map(|(place, index)| (Some(*place), Symbol::Stub(index)));
        let named = functions.chain(stubs).map(|(place, symbol)| (place, symbol, false));
        let veneers = text.islands.iter().flat_map(|island| island.veneers());
        let veneers = veneers.map(|(target, place)| (Some(place), target, true));
        let mut code: Vec<_> = named
            .chain(veneers)
            .filter_map(|(place, symbol, veneer)| Some((place?, symbol, veneer)))
            .collect();
        // Stable, so that the first of several names is the first function's.
        code.sort_by_key(|(place, ..)| place.start);

        let mut table = Self::with_capacity(tables.tables.len() + code.len());
        for (index, range) in &tables.tables {
            let name = names.get(Symbol::PrivateTable(*index));
            table.add(Section::Tables, range.offset, range.size, name.as_bytes());
        }
        for (place, symbol, veneer) in code {
            let mut name = names.get(symbol);
            if veneer {
                name = format!("__{name}_veneer").into();
            }
            table.add(Section::Text, place.start.into(), place.size.into(), name.as_bytes());
        }
        if with_cell {
            table.add(Section::Cell, 0, 8, b"__precast_memory0");
            table.add(Section::Cell, 8, 8, b"__precast_context");
        }
        table
    }

    /// An empty table with room for `count` symbols.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { entries: Vec::with_capacity(count), strings: vec![0] }
    }

    /// Appends a symbol; `offset` is relative to its section.
    pub(super) fn add(&mut self, section: Section, offset: u64, size: u64, name: &[u8]) {
        let name = add_string(&mut self.strings, name);
        self.entries.push(Entry { section, offset, size, name });
    }

    /// Every symbol: its section, its offset there, its size and its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Section, u64, u64, &[u8])> {
        self.entries.iter().map(|entry| {
            let name = &self.strings[entry.name as usize..];
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            (entry.section, entry.offset, entry.size, &name[..end])
        })
    }

    /// `.strtab`.
    pub(super) fn strings(&self) -> &[u8] {
        &self.strings
    }

    /// Size of `.symtab` in bytes.
    pub(super) fn size(&self) -> u64 {
        ((self.entries.len() + 1) * size_of::<Sym64<LE>>()) as u64
    }

    /// `.symtab`.
    pub(super) fn encode(&self, places: &Places) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size() as usize);
        bytes.resize(size_of::<Sym64<LE>>(), 0);
        let code = places.number(Section::Text);
        let data = places.number(Section::Tables);
        for entry in &self.entries {
            let (kind, section, start) = match entry.section {
                Section::Text => (elf::STT_FUNC, code, places.address(Section::Text)),
                Section::Cell => (elf::STT_OBJECT, places.number(Section::Cell), places.cell()),
                other => (elf::STT_OBJECT, data, places.address(other)),
            };
            let symbol = Sym64::<LE> {
                st_name: U32::new(LE, entry.name),
                st_info: elf::STB_LOCAL << 4 | kind,
                st_other: elf::STV_DEFAULT,
                st_shndx: U16::new(LE, section),
                st_value: U64::new(LE, start + entry.offset),
                st_size: U64::new(LE, entry.size),
            };
            bytes.extend_from_slice(bytes_of(&symbol));
        }
        bytes
    }
}

/// Appends a name to a string table and returns its offset. Names are stored
/// once for each symbol: they are nearly always different, and looking for
/// equal ones takes longer than writing them.
fn add_string(strings: &mut Vec<u8>, name: &[u8]) -> u32 {
    let offset = strings.len();
    strings.extend_from_slice(name);
    // A zero byte ends a name in the table; inside one it would cut it off.
    for byte in strings[offset..].iter_mut().filter(|byte| **byte == 0) {
        *byte = b'?';
    }
    strings.push(0);
    offset as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_hold_no_zero() {
        let mut strings = vec![0];
        assert_eq!(add_string(&mut strings, b"one"), 1);
        assert_eq!(add_string(&mut strings, b"a\0b"), 5);
        assert_eq!(add_string(&mut strings, b""), 9);
        assert_eq!(strings, b"\0one\0a?b\0\0");
    }
}
