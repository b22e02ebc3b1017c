//! `.symtab` and `.strtab`: names for debuggers, profilers and reports.
//!
//! Every symbol is local: the loader finds code through the module
//! description, and nothing links against an artifact.
//!
//! Disassemblers are told what in `.text` is data: on aarch64 and riscv64 by
//! mapping symbols, `$d` before data and `$x` before code (ELF for the Arm
//! 64-bit Architecture, 5.5.4; RISC-V ELF psABI, 8.3). On x86-64, which has no
//! such symbols, by an object for the data and a label for the code after it,
//! under names that debuggers leave out; on riscv64, where LLVM's disassembler
//! does not know them (19), by the object too.

use super::sections::{FileLayout, Section};
use crate::function::Symbol;
use crate::place::{Machine, Placed, PlacedBlock, PlacedModule, Placement};
use object::elf::{self, Sym64};
use object::pod::bytes_of;
use object::{LittleEndian as LE, U16, U32, U64};
use precast_artifact::index::{ListedFuncIndex, ModuleIndex, StubIndex};
use precast_artifact::module::Range;

/// The symbols, not yet placed.
pub(super) struct SymbolTable {
    entries: Vec<SymbolEntry>,
    strings: Vec<u8>,
    /// Where names of mapping symbols are in them.
    mapping: [Option<u32>; MAPPING.len()],
}

struct SymbolEntry {
    section: Section,
    /// `st_type`.
    kind: u8,
    offset: u64,
    size: u64,
    name: u32,
}

/// What a symbol in `.text` is called.
enum Name {
    Of(Symbol),
    VeneerOf(Symbol),
    Mapping(&'static str),
}

/// Names of symbols for data and for code after it, which are in the table of
/// strings once.
const MAPPING: [&str; 4] = ["$x", "$d", ".Lcode", ".Ldata"];

/// Whether a symbol of this name says what is code and what is data.
pub(super) fn is_mapping(name: &[u8]) -> bool {
    MAPPING.iter().any(|mapping| mapping.as_bytes() == name)
}

impl SymbolTable {
    /// Symbols for private tables, functions (folded ones included), stubs,
    /// veneers and data in `.text`, in order of address; the names in the same
    /// order. With debug information, also for the memory cell.
    pub(super) fn new(placed: &Placed<'_>, with_cell: bool) -> Self {
        let code = code_symbols(placed);
        let names = &placed.names;
        let mut table = Self::with_capacity(code.len());
        table.add_tables(placed);
        for (place, kind, name) in code {
            let (offset, size) = (place.start.into(), place.size.into());
            let name = match name {
                Name::Of(symbol) => names.get(symbol),
                Name::VeneerOf(symbol) => format!("__{}_veneer", names.get(symbol)).into(),
                Name::Mapping(name) => name.into(),
            };
            table.add(Section::Text, kind, offset, size, name.as_bytes());
        }
        if with_cell {
            table.add(Section::Cell, elf::STT_OBJECT, 0, 8, b"__precast_memory0");
            table.add(Section::Cell, elf::STT_OBJECT, 8, 8, b"__precast_context");
            table.add(Section::Cell, elf::STT_OBJECT, 16, 8, b"__precast_table0");
        }
        table
    }

    /// Private tables.
    fn add_tables(&mut self, placed: &Placed<'_>) {
        let modules = (0..).map(ModuleIndex::new).zip(&placed.modules);
        for ((module, parts), layout) in modules.zip(&placed.tables.modules) {
            let PlacedModule { private_tables, .. } = parts;
            for (table, Range { offset, size }) in private_tables.iter().zip(&layout.tables) {
                let name = placed.names.get(Symbol::PrivateTable(module, table.table));
                self.add(Section::Tables, elf::STT_OBJECT, *offset, *size, name.as_bytes());
            }
        }
    }

    /// An empty table with room for `count` symbols.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self {
            entries: Vec::with_capacity(count),
            strings: vec![0],
            mapping: [None; MAPPING.len()],
        }
    }

    /// Appends a symbol of a type (`st_type`); `offset` is relative to its
    /// section.
    pub(super) fn add(&mut self, section: Section, kind: u8, offset: u64, size: u64, name: &[u8]) {
        let name = match MAPPING.iter().position(|mapping| mapping.as_bytes() == name) {
            Some(known) => match self.mapping[known] {
                Some(string) => string,
                None => *self.mapping[known].insert(add_string(&mut self.strings, name)),
            },
            None => add_string(&mut self.strings, name),
        };
        self.entries.push(SymbolEntry { section, kind, offset, size, name });
    }

    /// Every symbol: its section, its type, its offset there, its size and its
    /// name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Section, u8, u64, u64, &[u8])> {
        self.entries.iter().map(|entry| {
            let name = &self.strings[entry.name as usize..];
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            (entry.section, entry.kind, entry.offset, entry.size, &name[..end])
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
    pub(super) fn encode(&self, places: &FileLayout) -> Vec<u8> {
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
                st_other: visibility(entry.kind),
                st_shndx: U16::new(LE, section),
                st_value: U64::new(LE, start + entry.offset),
                st_size: U64::new(LE, entry.size),
            };
            bytes.extend_from_slice(bytes_of(&symbol));
        }
        bytes
    }
}

/// What `.text` holds, in order of address.
fn code_symbols(placed: &Placed<'_>) -> Vec<(Placement, u8, Name)> {
    let layout = &placed.layout;
    let functions = ListedFuncIndex::enumerate(&layout.functions);
    let functions =
        functions.map(|(position, place)| (*place, placed.names.functions().symbol(position)));
    let stubs = StubIndex::enumerate(&layout.stubs);
    let stubs = stubs.map(|(index, place)| (Some(*place), Symbol::Stub(index)));
    let named = functions.chain(stubs);
    let named = named.filter_map(|(place, symbol)| Some((place?, Name::Of(symbol))));
    let veneers = layout.islands.iter().flat_map(|island| island.veneers());
    let veneers = veneers.map(|(target, place)| (place, Name::VeneerOf(target)));
    let code = named.chain(veneers).map(|(place, name)| (place, elf::STT_FUNC, name));
    let mut code: Vec<(Placement, u8, Name)> = code.collect();
    map_data(&mut code, placed.machine, placed.blocks());
    // Stable, so that the first of several names is the first function's.
    code.sort_by_key(|(place, ..)| place.start);
    code
}

/// Symbols for the data in `.text`, and for the code after it.
fn map_data<'a>(
    symbols: &mut Vec<(Placement, u8, Name)>,
    machine: Machine,
    blocks: impl Iterator<Item = PlacedBlock<'a>>,
) {
    let [code, data, code_label, data_object] = MAPPING;
    let mapped = machine != Machine::X86_64;
    let objects = machine != Machine::Aarch64;
    let code = if mapped { code } else { code_label };
    let label = |symbols: &mut Vec<_>, start, name| {
        symbols.push((Placement { start, size: 0 }, elf::STT_NOTYPE, Name::Mapping(name)));
    };
    for (index, (place, function)) in blocks.enumerate() {
        if mapped && index == 0 {
            label(symbols, place.start, code);
        }
        for range in &function.data {
            let [start, end] = [range.start, range.end].map(|at| at.in_code(place.start));
            if mapped {
                label(symbols, start, data);
            }
            if objects {
                let size = range.end.get() - range.start.get();
                let whole = Placement { start, size };
                symbols.push((whole, elf::STT_OBJECT, Name::Mapping(data_object)));
            }
            if mapped || range.end.get() < place.size {
                label(symbols, end, code);
            }
        }
    }
}

/// Labels are hidden: perf takes others for functions.
fn visibility(kind: u8) -> u8 {
    if kind == elf::STT_NOTYPE { elf::STV_HIDDEN } else { elf::STV_DEFAULT }
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
