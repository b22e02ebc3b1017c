//! `.symtab` and `.strtab`: names for debuggers, profilers and reports.
//!
//! Every symbol is local: the loader finds code through the module
//! description, and nothing links against an artifact.
//!
//! Disassemblers are told what in `.text` is data: on aarch64 and riscv64 by
//! mapping symbols, `$d` before data and `$x` before code (ELF for the Arm
//! 64-bit Architecture, 5.5.4; RISC-V ELF psABI, 8.3). On x86-64, which has no
//! such symbols, by an object for the data and a label for the code behind it,
//! under names that debuggers leave out.

use super::machine::Machine;
use super::names::Names;
use super::sections::{Places, Section};
use super::tables::Tables;
use super::text::{Place, Text};
use crate::function::{CompiledFunction, Symbol};
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
    /// `st_type`.
    kind: u8,
    offset: u64,
    size: u64,
    name: u32,
}

impl SymbolTable {
    /// Symbols for private tables, functions (folded ones included) and stubs,
    /// in order of address.
    /// With debug information, also for the memory cell.
    pub(super) fn new<'a>(
        machine: Machine,
        names: &Names<'_>,
        text: &Text,
        tables: &Tables,
        blocks: impl Iterator<Item = (Place, &'a CompiledFunction)>,
        with_cell: bool,
    ) -> Self {
        let count = tables.tables.len() + text.functions.len() + text.stubs.len();
        let mut table = Self { entries: Vec::with_capacity(count), strings: vec![0] };
        for (index, range) in &tables.tables {
            let name = names.get(Symbol::PrivateTable(*index));
            table.add(Section::Tables, elf::STT_OBJECT, range.offset, range.size, &name);
        }
        let code = table.entries.len();
        let functions = text.functions.iter().zip(text.imported..);
        let functions = functions.map(|(place, index)| (*place, Symbol::Function(index)));
        let stubs = text.stubs.iter().zip(0..);
        let stubs = stubs.map(|(place, index)| (Some(*place), Symbol::Stub(index)));
        for (place, symbol) in functions.chain(stubs) {
            let Some(place) = place else { continue };
            let (offset, size) = (place.start.into(), place.size.into());
            table.add(Section::Text, elf::STT_FUNC, offset, size, &names.get(symbol));
        }
        table.map_data(machine, blocks);
        // Stable, so that the first of several names is the first function's.
        table.entries[code..].sort_by_key(|entry| entry.offset);
        if with_cell {
            table.add(Section::Cell, elf::STT_OBJECT, 0, 8, "__precast_memory0");
            table.add(Section::Cell, elf::STT_OBJECT, 8, 8, "__precast_context");
        }
        table
    }

    /// Symbols for the data in `.text`.
    fn map_data<'a>(
        &mut self,
        machine: Machine,
        blocks: impl Iterator<Item = (Place, &'a CompiledFunction)>,
    ) {
        let mapped = machine != Machine::X86_64;
        let names = if mapped { ["$x", "$d"] } else { [".Lcode", ".Ldata"] };
        let [code, data] = names.map(|name| add_string(&mut self.strings, name));
        let mut add = |kind, offset: u32, size: u32, name| {
            let (offset, size) = (offset.into(), size.into());
            self.entries.push(Entry { section: Section::Text, kind, offset, size, name });
        };
        for (index, (place, function)) in blocks.enumerate() {
            if mapped && index == 0 {
                add(elf::STT_NOTYPE, place.start, 0, code);
            }
            for range in &function.data {
                let (start, end) = (place.start + range.start, place.start + range.end);
                if mapped {
                    add(elf::STT_NOTYPE, start, 0, data);
                    add(elf::STT_NOTYPE, end, 0, code);
                } else {
                    add(elf::STT_OBJECT, start, end - start, data);
                    if range.end < place.size {
                        add(elf::STT_NOTYPE, end, 0, code);
                    }
                }
            }
        }
    }

    fn add(&mut self, section: Section, kind: u8, offset: u64, size: u64, name: &str) {
        let name = add_string(&mut self.strings, name);
        self.entries.push(Entry { section, kind, offset, size, name });
    }

    /// `.strtab`.
    pub(super) fn strings(&self) -> &[u8] {
        &self.strings
    }

    /// `.strtab`, when everything else is done.
    pub(super) fn into_strings(self) -> Vec<u8> {
        self.strings
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
            let (section, start) = match entry.section {
                Section::Text => (code, places.address(Section::Text)),
                Section::Cell => (places.number(Section::Cell), places.cell()),
                other => (data, places.address(other)),
            };
            let symbol = Sym64::<LE> {
                st_name: U32::new(LE, entry.name),
                st_info: elf::STB_LOCAL << 4 | entry.kind,
                st_other: visibility(entry),
                st_shndx: U16::new(LE, section),
                st_value: U64::new(LE, start + entry.offset),
                st_size: U64::new(LE, entry.size),
            };
            bytes.extend_from_slice(bytes_of(&symbol));
        }
        bytes
    }
}

/// Labels are hidden: perf takes others for functions.
fn visibility(entry: &Entry) -> u8 {
    if entry.kind == elf::STT_NOTYPE { elf::STV_HIDDEN } else { elf::STV_DEFAULT }
}

/// Appends a name to a string table and returns its offset. Names are stored
/// once for each symbol: they are nearly always different, and looking for
/// equal ones takes longer than writing them.
fn add_string(strings: &mut Vec<u8>, name: &str) -> u32 {
    let offset = strings.len();
    strings.extend_from_slice(name.as_bytes());
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
        assert_eq!(add_string(&mut strings, "one"), 1);
        assert_eq!(add_string(&mut strings, "a\0b"), 5);
        assert_eq!(add_string(&mut strings, ""), 9);
        assert_eq!(strings, b"\0one\0a?b\0\0");
    }
}
