//! Modules without debug information are debugged as text: this prints the
//! module, and makes DWARF about WebAssembly that speaks of the printed lines,
//! its functions, locals, globals and memory. It is converted as that of any
//! other source.

use super::input::{WasmFunction, WasmModule};
use gimli::constants as dw;
use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, Expression, FileId, LineProgram, LineString,
    Sections, UnitEntryId,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian};
use precast_artifact::index::{LocalIndex, WasmOffset};
use precast_artifact::types::ValType;
use std::collections::BTreeMap;
use std::path::Path;

/// Modules larger than this have texts that no editor opens.
const LARGEST: usize = 32 << 20;

/// Locals of a function that are described: a few bytes can declare very many.
const MOST_LOCALS: usize = 4096;

/// A module, described.
pub(crate) struct ModuleText {
    /// The text.
    pub text: String,
    /// DWARF about it.
    pub sections: Vec<(&'static str, Vec<u8>)>,
}

/// Prints a module and describes the text, which shall be at `path`. `None` if
/// it is too large.
pub(crate) fn describe_text(
    wasm: &[u8],
    module: &WasmModule<'_>,
    path: Option<&str>,
) -> Option<ModuleText> {
    if wasm.len() > LARGEST {
        return None;
    }
    let mut storage = String::new();
    let mut printer = wasmprinter::Config::new();
    printer.name_unnamed(true);
    let lines = printer.offsets_and_lines(wasm, &mut storage).ok()?;
    let mut rows = Vec::new();
    let mut text = String::new();
    for ((offset, line), number) in lines.zip(1u64..) {
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push('\n');
        }
        if let Some(address) = offset.and_then(|at| at.checked_sub(module.code_start.get().into()))
        {
            rows.push((address, number));
        }
    }
    let sections = TextDwarf::new(path).unit(module, &rows)?;
    Some(ModuleText { text, sections })
}

pub(super) struct TextDwarf {
    dwarf: DwarfUnit,
    /// The text.
    file: FileId,
    /// Entries of the value types, by name.
    types: BTreeMap<&'static str, UnitEntryId>,
}

impl TextDwarf {
    pub(super) fn new(path: Option<&str>) -> Self {
        let path = Path::new(path.unwrap_or("module.wat"));
        let part = |part: Option<&std::ffi::OsStr>| {
            part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let name = part(path.file_name());
        let directory = part(path.parent().map(Path::as_os_str));
        let encoding = Encoding { format: Format::Dwarf32, version: 5, address_size: 4 };
        let mut dwarf = DwarfUnit::new(encoding);
        let inline = |text: &str| LineString::String(text.as_bytes().to_vec());
        let (directory_text, name_text) = (inline(&directory), inline(&name));
        let mut program = LineProgram::new(
            encoding,
            LineEncoding::default(),
            directory_text,
            None,
            name_text.clone(),
            None,
        );
        let file = program.add_file(name_text, program.default_directory(), None);
        dwarf.unit.line_program = program;
        let root = dwarf.unit.root();
        let root = dwarf.unit.get_mut(root);
        let string = |text: &str| AttributeValue::String(text.as_bytes().to_vec());
        root.set(dw::DW_AT_producer, string("WebAssembly text"));
        // lldb shows no variables of an assembler.
        root.set(dw::DW_AT_language, AttributeValue::Language(dw::DW_LANG_C99));
        root.set(dw::DW_AT_name, string(&name));
        root.set(dw::DW_AT_comp_dir, string(&directory));
        root.set(dw::DW_AT_low_pc, AttributeValue::Address(Address::Constant(0)));
        Self { dwarf, file, types: BTreeMap::new() }
    }

    /// A whole module: `rows` have addresses and lines.
    fn unit(
        mut self,
        module: &WasmModule<'_>,
        rows: &[(u64, u64)],
    ) -> Option<Vec<(&'static str, Vec<u8>)>> {
        self.globals(module);
        self.memory(module);
        for function in &module.functions {
            self.function(module.code_start, function, rows)?;
        }
        self.finish()
    }

    /// Functions of which nobody wants to see more than where they lead.
    pub(super) fn trampolines(
        mut self,
        module: &WasmModule<'_>,
        rows: &[(u64, u64)],
    ) -> Option<Vec<(&'static str, Vec<u8>)>> {
        for function in &module.functions {
            let entry = self.function(module.code_start, function, rows)?;
            let entry = self.dwarf.unit.get_mut(entry);
            entry.set(dw::DW_AT_trampoline, AttributeValue::Flag(true));
        }
        self.finish()
    }

    fn finish(mut self) -> Option<Vec<(&'static str, Vec<u8>)>> {
        let mut sections = Sections::new(EndianVec::new(LittleEndian));
        self.dwarf.write(&mut sections).ok()?;
        let mut list = Vec::new();
        let _ = sections.for_each(|id, section| {
            list.push((id.name(), section.slice().to_vec()));
            Ok::<(), ()>(())
        });
        Some(list)
    }

    /// The entry of a type.
    fn ty(&mut self, name: &'static str, encoding: gimli::DwAte, size: u64) -> UnitEntryId {
        if let Some(known) = self.types.get(name) {
            return *known;
        }
        let unit = &mut self.dwarf.unit;
        let entry = unit.add(unit.root(), dw::DW_TAG_base_type);
        let ty = unit.get_mut(entry);
        ty.set(dw::DW_AT_name, AttributeValue::String(name.as_bytes().to_vec()));
        ty.set(dw::DW_AT_encoding, AttributeValue::Encoding(encoding));
        ty.set(dw::DW_AT_byte_size, AttributeValue::Udata(size));
        self.types.insert(name, entry);
        entry
    }

    fn value_type(&mut self, ty: ValType) -> UnitEntryId {
        match ty {
            ValType::I32 => self.ty("i32", dw::DW_ATE_signed, 4),
            ValType::I64 => self.ty("i64", dw::DW_ATE_signed, 8),
            ValType::F32 => self.ty("f32", dw::DW_ATE_float, 4),
            ValType::F64 => self.ty("f64", dw::DW_ATE_float, 8),
            ValType::V128 => self.array("i8", dw::DW_ATE_signed, 16),
            ValType::Ref(_) => self.ty("ref", dw::DW_ATE_unsigned, 8),
        }
    }

    /// An array of so many bytes.
    fn array(&mut self, name: &'static str, encoding: gimli::DwAte, count: u64) -> UnitEntryId {
        let byte = self.ty(name, encoding, 1);
        let unit = &mut self.dwarf.unit;
        let array = unit.add(unit.root(), dw::DW_TAG_array_type);
        unit.get_mut(array).set(dw::DW_AT_type, AttributeValue::UnitRef(byte));
        let range = unit.add(array, dw::DW_TAG_subrange_type);
        unit.get_mut(range).set(dw::DW_AT_count, AttributeValue::Udata(count));
        array
    }

    fn variable(
        &mut self,
        parent: UnitEntryId,
        tag: gimli::DwTag,
        name: &str,
        ty: UnitEntryId,
        location: Vec<u8>,
    ) {
        let entry = self.dwarf.unit.add(parent, tag);
        let variable = self.dwarf.unit.get_mut(entry);
        variable.set(dw::DW_AT_name, AttributeValue::String(name.as_bytes().to_vec()));
        variable.set(dw::DW_AT_type, AttributeValue::UnitRef(ty));
        let location = AttributeValue::Exprloc(Expression::raw(location));
        variable.set(dw::DW_AT_location, location);
    }

    fn globals(&mut self, module: &WasmModule<'_>) {
        let root = self.dwarf.unit.root();
        for (index, global) in (0u32..).zip(&module.globals) {
            let ty = self.value_type(global.ty);
            let name = global.name.map_or(format!("global{index}"), str::to_owned);
            let [a, b, c, d] = index.to_le_bytes();
            // DW_OP_WASM_location of a global with an index of four bytes.
            let location = vec![0xed, 3, a, b, c, d, dw::DW_OP_stack_value.0];
            self.variable(root, dw::DW_TAG_variable, &name, ty, location);
        }
    }

    /// Memory 0, as large as it is at first.
    fn memory(&mut self, module: &WasmModule<'_>) {
        let Some(memory) = &module.memory else { return };
        let ty = self.array("u8", dw::DW_ATE_unsigned, memory.size);
        let root = self.dwarf.unit.root();
        let location = vec![dw::DW_OP_addr.0, 0, 0, 0, 0];
        self.variable(root, dw::DW_TAG_variable, "memory", ty, location);
    }

    fn function(
        &mut self,
        code_start: WasmOffset,
        function: &WasmFunction<'_>,
        rows: &[(u64, u64)],
    ) -> Option<UnitEntryId> {
        let address =
            |offset: WasmOffset| offset.get().checked_sub(code_start.get()).map(u64::from);
        let (start, end) = (address(function.body.start)?, address(function.body.end)?);
        let first_operator = address(function.operators)?;
        let unit = &mut self.dwarf.unit;
        let subprogram = unit.add(unit.root(), dw::DW_TAG_subprogram);
        let entry = unit.get_mut(subprogram);
        let name = function.name.map_or(format!("func{}", function.index.get()), str::to_owned);
        entry.set(dw::DW_AT_name, AttributeValue::String(name.into_bytes()));
        entry.set(dw::DW_AT_low_pc, AttributeValue::Address(Address::Constant(start)));
        entry.set(dw::DW_AT_high_pc, AttributeValue::Udata(end - start));
        entry.set(dw::DW_AT_external, AttributeValue::Flag(true));
        self.locals(function, subprogram);

        let first = rows.partition_point(|(address, _)| *address < start);
        let rows: Vec<_> =
            rows[first..].iter().take_while(|(address, _)| *address < end).copied().collect();
        let Some((_, line)) = rows.first().copied() else { return Some(subprogram) };
        let program = &mut self.dwarf.unit.line_program;
        program.begin_sequence(Some(Address::Constant(start)));
        let mut last = start;
        for (address, line) in [(start, line)].into_iter().chain(rows) {
            // Lines come in order; what does not is left out.
            if address < last {
                continue;
            }
            last = address;
            program.row().address_offset = address - start;
            program.row().line = line;
            program.row().prologue_end = address == first_operator;
            program.row().file = self.file;
            program.generate_row();
        }
        program.end_sequence(end - start);
        Some(subprogram)
    }

    fn locals(&mut self, function: &WasmFunction<'_>, subprogram: UnitEntryId) {
        let names = function.local_names.iter().map(|(_, local, name)| (*local, *name));
        let names: BTreeMap<LocalIndex, &str> = names.collect();
        for (local, ty) in LocalIndex::enumerate(function.local_types()).take(MOST_LOCALS) {
            let tag = match local.index() < function.parameters.len() {
                true => dw::DW_TAG_formal_parameter,
                false => dw::DW_TAG_variable,
            };
            let name = names.get(&local).map_or(format!("local{local}"), |name| (*name).to_owned());
            let mut location = vec![0xed, 0];
            gimli::leb128::write::unsigned(&mut location, local.get().into())
                .expect("a vector takes every byte");
            location.push(dw::DW_OP_stack_value.0);
            let ty = self.value_type(ty);
            self.variable(subprogram, tag, &name, ty, location);
        }
    }
}
