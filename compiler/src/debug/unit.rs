//! A unit and its entries (DWARF 5 sections 2 and 7.5): read one after the
//! other, each written as soon as it is read.

use super::Module;
use super::abbreviation::{Shape, Shapes};
use super::code;
use super::line::{self, Rows};
use super::location::{Function, Located, Locations};
use super::meaning::{self, Meaning};
use super::output::{Base, Fixup, Part};
use super::pointer::{self, Names};
use super::site::{Files, Inlined, Sites};
use super::source::{Bytes, UnitPlace};
use gimli::{Attribute, AttributeValue, DwAt, DwForm, DwTag, Reader as _, Unit, UnitOffset};
use gimli::{UnitType, constants as dw};
use std::collections::BTreeSet;
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
    let place = &module.units[index];
    let start = place.offset as u32;
    let end = start + place.header.length_including_self() as u32;
    let mut output = UnitOutput { source: start..end, ..UnitOutput::default() };
    match module.dwarf.unit(place.header) {
        Ok(unit) => Converter::new(module, index, &unit).run(&mut output),
        Err(why) => output.warnings.push(format!(
            "debug information: the unit at {start:#x} of .debug_info is left out: {why}"
        )),
    }
    output
}

/// An open entry.
#[derive(Default)]
struct Scope {
    /// Position of the function that it is inside of.
    function: Option<usize>,
    /// Whether that ends with this entry.
    is_function: bool,
    /// The code it covers, relative to the function's, and of that the code that
    /// entries inside cover: they must not overlap.
    code: Vec<Range<u32>>,
    taken: Vec<Range<u32>>,
}

/// Builds one entry.
struct Draft {
    shape: Shape,
    values: Part,
}

impl Draft {
    fn new(tag: DwTag, children: bool) -> Self {
        Self { shape: Shape::new(tag, children), values: Part::default() }
    }

    fn string(&mut self, name: DwAt, text: &[u8]) {
        self.shape.attribute(name, dw::DW_FORM_string);
        self.values.string(text);
    }

    fn byte(&mut self, name: DwAt, value: u8) {
        self.shape.attribute(name, dw::DW_FORM_data1);
        self.values.u8(value);
    }

    fn flag(&mut self, name: DwAt) {
        self.shape.attribute(name, dw::DW_FORM_flag_present);
    }

    /// Refers to an entry of this unit by its offset in the module.
    fn reference(&mut self, name: DwAt, target: UnitOffset) {
        self.shape.attribute(name, dw::DW_FORM_ref4);
        self.values.fixup(Fixup::Local(target.0 as u32), 0);
    }

    /// Refers to an entry by its place in the output.
    fn written(&mut self, name: DwAt, target: u32) {
        self.shape.attribute(name, dw::DW_FORM_ref4);
        self.values.u32(target);
    }

    fn expression(&mut self, name: DwAt, expression: &Part) {
        self.shape.attribute(name, dw::DW_FORM_exprloc);
        self.values.uleb(expression.len() as u64);
        self.values.append(expression);
    }

    fn location(&mut self, name: DwAt, location: Located) {
        match location {
            Located::Expression(expression) => self.expression(name, &expression),
            Located::List(list) => {
                self.shape.attribute(name, dw::DW_FORM_sec_offset);
                Locations::refer(&mut self.values, list);
            }
        }
    }

    fn address(&mut self, name: DwAt, in_text: u64) {
        self.shape.attribute(name, dw::DW_FORM_addr);
        self.values.address(Base::Text, in_text);
    }
}

struct Converter<'u, 'a> {
    module: &'u Module<'a>,
    place: &'u UnitPlace<'a>,
    index: usize,
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
    sites: Sites,
    rows: Rows,
    files: Files,
    /// The inlined calls of the open functions, each with the function.
    inlined: Vec<Vec<Inlined>>,
    warnings: Vec<String>,
}

impl<'u, 'a> Converter<'u, 'a> {
    fn new(module: &'u Module<'a>, index: usize, unit: &'u Unit<Bytes<'a>>) -> Self {
        let place = &module.units[index];
        let size = place.header.length_including_self() as u64;
        let work = (10 << 20) + size * 100;
        Self {
            module,
            place,
            index,
            unit,
            names: Names::new(&module.dwarf, unit),
            shapes: Shapes::default(),
            info: Part::default(),
            ranges: Part::default(),
            locations: Locations::new(module, unit.encoding(), work),
            offsets: Vec::new(),
            scopes: Vec::new(),
            functions: Vec::new(),
            covered: BTreeSet::new(),
            described: BTreeSet::new(),
            own_ranges: None,
            guest_address: 0,
            host_address: 0,
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

    fn lines(&mut self, offset: usize, output: &mut UnitOutput) {
        let address_size = self.unit.encoding().address_size;
        let Some(rows) = line::read(self.module, offset, address_size) else {
            self.warnings.push(format!(
                "debug information: the line numbers at {offset:#x} of .debug_line are left out"
            ));
            return;
        };
        self.covered.extend(rows.functions.keys());
        let files =
            line::UnitFiles { name: self.unit.name, directory: self.unit.comp_dir, address_size };
        output.line = line::write(self.module, offset, &files, &rows);
        self.files.paths = line::paths(self.module, offset, &files);
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

    /// Closes the innermost entry.
    fn leave(&mut self) {
        if let Some(scope) = self.scopes.pop() {
            self.info.u8(0);
            if scope.is_function {
                self.leave_function();
            }
        }
    }

    fn leave_function(&mut self) {
        let inlined = self.inlined.pop().unwrap_or_default();
        let Some(function) = self.functions.pop() else { return };
        let Some(rows) = self.rows.functions.get(&function.index) else { return };
        let start = self.module.code.start;
        let place = &function.code.place;
        let work = &mut self.locations.work;
        self.sites.add(place, start, rows, &inlined, &self.files, work);
    }

    /// Takes note of an inlined call for the positions of sites.
    fn note_inlined(&mut self, offset: UnitOffset, attributes: &[Attribute<Bytes<'a>>]) {
        let source = self.source_ranges(attributes);
        let depth = self.scopes.len();
        let name = self.names.function(offset);
        let number = |name: DwAt| {
            let attribute = attributes.iter().find(|attribute| attribute.name() == name);
            attribute.and_then(|attribute| attribute.udata_value()).unwrap_or(0)
        };
        let inlined = Inlined {
            source,
            depth,
            name,
            call_file: number(dw::DW_AT_call_file),
            call_line: number(dw::DW_AT_call_line) as u32,
            call_column: number(dw::DW_AT_call_column) as u32,
        };
        if let Some(list) = self.inlined.last_mut() {
            list.push(inlined);
        }
    }

    /// Ends the unit: open entries, references, lengths, the unit's ranges.
    fn close(&mut self, output: &mut UnitOutput) {
        let unresolved = self.info.fixups.iter().any(|(_, fixup)| match fixup {
            Fixup::Local(target) => self.find(*target).is_none(),
            Fixup::Entry(_) => true,
            _ => false,
        });
        while self.scopes.len() > 1 {
            self.leave();
        }
        if unresolved && !self.scopes.is_empty() {
            output.nothing = Some(self.info.len() as u32);
            let mut draft = Draft::new(dw::DW_TAG_unspecified_type, false);
            draft.string(dw::DW_AT_name, b"(unknown)");
            self.write(draft);
        }
        self.leave();
        let mut fixups = std::mem::take(&mut self.info.fixups);
        fixups.retain(|(at, fixup)| match fixup {
            Fixup::Local(target) => {
                let found = self.find(*target).or(output.nothing).unwrap_or(0);
                self.info.bytes[*at as usize..][..4].copy_from_slice(&found.to_le_bytes());
                false
            }
            _ => true,
        });
        self.info.fixups = fixups;
        self.info.set_length(0);
        self.unit_ranges();
        if self.ranges.len() != 0 {
            self.ranges.set_length(0);
        }
    }

    /// Where an entry of the module's unit stands in ours.
    fn find(&self, target: u32) -> Option<u32> {
        let target = target.checked_add(self.place.offset as u32)?;
        let found = self.offsets.binary_search_by_key(&target, |(offset, _)| *offset).ok()?;
        Some(self.offsets[found].1)
    }

    fn unit_ranges(&mut self) {
        let Some(at) = self.own_ranges else { return };
        let mut text: Vec<Range<u32>> =
            self.covered.iter().map(|index| self.module.code.get(*index).text.clone()).collect();
        text.sort_by_key(|range| range.start);
        let start = self.begin_ranges();
        for range in text {
            self.ranges.u8(dw::DW_RLE_start_length.0);
            self.ranges.address(Base::Text, range.start.into());
            self.ranges.uleb((range.end - range.start).into());
        }
        self.ranges.u8(dw::DW_RLE_end_of_list.0);
        self.info.bytes[at..at + 4].copy_from_slice(&start.to_le_bytes());
    }

    /// Where the next range list starts; the first needs a header (DWARF 5
    /// section 7.28).
    fn begin_ranges(&mut self) -> u32 {
        if self.ranges.len() == 0 {
            self.ranges.u32(0);
            self.ranges.u16(5);
            self.ranges.u8(8);
            self.ranges.u8(0);
            self.ranges.u32(0);
        }
        self.ranges.len() as u32
    }

    /// Writes an entry; gives its place.
    fn write(&mut self, draft: Draft) -> u32 {
        let at = self.info.len() as u32;
        let code = self.shapes.code(draft.shape);
        self.info.uleb(code);
        self.info.append(&draft.values);
        at
    }

    fn entry(
        &mut self,
        offset: UnitOffset,
        tag: DwTag,
        children: bool,
        attributes: &[Attribute<Bytes<'a>>],
    ) {
        let source = (offset.0 + self.place.offset) as u32;
        let meaning = meaning::of(&self.module.dwarf, self.unit, tag, attributes);
        let own_type = attributes.iter().any(|a| a.name() == dw::DW_AT_type);
        let host_pointer = match meaning {
            Meaning::HostPointer if own_type => self.host_pointer(attributes),
            _ if tag == dw::DW_TAG_member => self.vtable_pointer(attributes),
            _ => None,
        };
        self.offsets.push((source, self.info.len() as u32));
        let root = self.scopes.is_empty();
        if pointer::is_pointer(tag) {
            return self.pointer(tag, children, attributes);
        }
        if tag == dw::DW_TAG_ptr_to_member_type {
            return self.member_pointer(children, attributes);
        }
        let mut scope = Scope::default();
        if let Some(around) = self.scopes.last() {
            scope.function = around.function;
        }
        let mut place = Vec::new();
        match tag {
            dw::DW_TAG_subprogram => self.open_function(attributes, &mut scope),
            dw::DW_TAG_lexical_block
            | dw::DW_TAG_inlined_subroutine
            | dw::DW_TAG_try_block
            | dw::DW_TAG_catch_block
            | dw::DW_TAG_with_stmt => {
                place = self.covered_code(attributes, scope.function);
                if tag == dw::DW_TAG_inlined_subroutine && scope.function.is_some() {
                    self.note_inlined(offset, attributes);
                }
                scope.code = place.clone();
            }
            _ => {
                if let Some(around) = self.scopes.last().filter(|_| children) {
                    scope.code = around.code.clone();
                }
            }
        }
        let memory = if scope.is_function { self.memory_variable() } else { None };
        let inside = children || root || memory.is_some();
        let mut draft = Draft::new(tag, inside);
        if root {
            self.root_attributes(attributes, &mut draft);
        }
        if scope.is_function {
            self.function_attributes(attributes, &mut draft);
        }
        self.code_attributes(&place, scope.function, &mut draft);
        if tag == dw::DW_TAG_label {
            self.label(attributes, scope.function, &mut draft);
        }
        for attribute in attributes {
            if self.path(attribute, &mut draft) {
                continue;
            }
            match (attribute.name(), host_pointer) {
                (dw::DW_AT_location, _) => {
                    self.location(attribute, scope.function, meaning, &mut draft);
                }
                (dw::DW_AT_type, Some(ty)) => draft.written(dw::DW_AT_type, ty),
                _ => self.attribute(tag, attribute, scope.function, &mut draft),
            }
        }
        self.write(draft);
        if !inside {
            if scope.is_function {
                self.leave_function();
            }
            return;
        }
        self.scopes.push(scope);
        if root {
            self.base_types();
        }
        if let Some(variable) = memory {
            self.write(variable);
        }
        if !children && !root {
            self.leave();
        }
    }

    /// Writes the type of `this` or of a reference, a pointer or reference of
    /// the process; gives its place.
    fn host_pointer(&mut self, attributes: &[Attribute<Bytes<'a>>]) -> Option<u32> {
        let (tag, target) = meaning::host_pointer(&self.module.dwarf, self.unit, attributes)?;
        let mut draft = Draft::new(tag, false);
        draft.byte(dw::DW_AT_byte_size, 8);
        draft.reference(dw::DW_AT_type, target);
        let pointer = self.write(draft);
        if tag != dw::DW_TAG_pointer_type {
            return Some(pointer);
        }
        // lldb remembers how types are shown by their names, and pointers of
        // the guest have this one too. As C++ has it, `this` is constant.
        let mut draft = Draft::new(dw::DW_TAG_const_type, false);
        draft.written(dw::DW_AT_type, pointer);
        Some(self.write(draft))
    }

    /// Writes the type of a member that points to a virtual table; gives its
    /// place. gdb knows these members by their name, and insists that they are
    /// pointers or references.
    fn vtable_pointer(&mut self, attributes: &[Attribute<Bytes<'a>>]) -> Option<u32> {
        let find = |name| attributes.iter().find(|a| a.name() == name).map(Attribute::value);
        let name = find(dw::DW_AT_name)?;
        let name = self.module.dwarf.attr_string(self.unit, name).ok()?;
        let AttributeValue::UnitRef(ty) = find(dw::DW_AT_type)? else { return None };
        if !name.slice().starts_with(b"_vptr") {
            return None;
        }
        let pointer = self.unit.entry(ty).ok()?;
        let target = match pointer.attr_value(dw::DW_AT_type) {
            Some(AttributeValue::UnitRef(target)) if pointer::is_pointer(pointer.tag()) => target,
            _ => return None,
        };
        let mut draft = Draft::new(dw::DW_TAG_reference_type, false);
        draft.byte(dw::DW_AT_byte_size, self.unit.encoding().address_size);
        draft.reference(dw::DW_AT_type, target);
        Some(self.write(draft))
    }

    /// A function that has code becomes the innermost.
    fn open_function(&mut self, attributes: &[Attribute<Bytes<'a>>], scope: &mut Scope) {
        scope.function = None;
        let Some(range) = self.source_ranges(attributes).into_iter().next() else { return };
        let Some(index) = self.module.code.find(range.start) else { return };
        if !self.described.insert(index) {
            return;
        }
        self.covered.insert(index);
        let function = Function::new(self.module, index);
        scope.code.push(0..function.code.size());
        scope.is_function = true;
        scope.function = Some(self.functions.len());
        self.functions.push(function);
        self.inlined.push(Vec::new());
    }

    /// The code of an entry inside a function, within what is around it.
    fn covered_code(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        function: Option<usize>,
    ) -> Vec<Range<u32>> {
        let Some(function) = function.and_then(|function| self.functions.get(function)) else {
            return Vec::new();
        };
        let mut covered = Vec::new();
        for range in self.source_ranges(attributes) {
            let pieces = function.code.within(&range).len() as u64;
            let Some(left) = self.locations.work.checked_sub(pieces + 1) else { break };
            self.locations.work = left;
            covered.extend(function.code.ranges(&range));
        }
        let Some(around) = self.scopes.last_mut() else { return Vec::new() };
        let inside = code::intersect(&code::join(covered), &around.code);
        code::claim(inside, &mut around.taken)
    }

    /// The address ranges that an entry has in the module.
    fn source_ranges(&self, attributes: &[Attribute<Bytes<'a>>]) -> Vec<Range<u64>> {
        let find = |name| attributes.iter().find(|a| a.name() == name);
        let dwarf = &self.module.dwarf;
        if let Some(attribute) = find(dw::DW_AT_ranges) {
            let Ok(Some(mut list)) = dwarf.attr_ranges(self.unit, attribute.value()) else {
                return Vec::new();
            };
            let mut ranges = Vec::new();
            // A damaged list may be as long as its section.
            while let Ok(Some(range)) = list.next()
                && ranges.len() < 1 << 16
            {
                ranges.push(range.begin..range.end);
            }
            return ranges;
        }
        let address = |attribute: &Attribute<Bytes<'a>>| {
            dwarf.attr_address(self.unit, attribute.value()).ok().flatten()
        };
        let Some(low) = find(dw::DW_AT_low_pc).and_then(address) else { return Vec::new() };
        let high = find(dw::DW_AT_high_pc).and_then(|attribute| match address(attribute) {
            Some(high) => Some(high),
            None => low.checked_add(attribute.udata_value()?),
        });
        high.filter(|high| *high > low).map(|high| low..high).into_iter().collect()
    }

    /// Where the code of a block is.
    fn code_attributes(&mut self, code: &[Range<u32>], function: Option<usize>, draft: &mut Draft) {
        let Some(function) = function.map(|function| &self.functions[function]) else { return };
        let text = u64::from(function.code.place.text.start);
        match code {
            [] => {}
            [range] => {
                draft.address(dw::DW_AT_low_pc, text + u64::from(range.start));
                draft.shape.attribute(dw::DW_AT_high_pc, dw::DW_FORM_udata);
                draft.values.uleb((range.end - range.start).into());
            }
            ranges => {
                let list = self.begin_ranges();
                self.ranges.u8(dw::DW_RLE_base_address.0);
                self.ranges.address(Base::Text, text);
                for range in ranges {
                    self.ranges.u8(dw::DW_RLE_offset_pair.0);
                    self.ranges.uleb(range.start.into());
                    self.ranges.uleb(range.end.into());
                }
                self.ranges.u8(dw::DW_RLE_end_of_list.0);
                draft.shape.attribute(dw::DW_AT_ranges, dw::DW_FORM_sec_offset);
                draft.values.fixup(Fixup::Ranges, list);
            }
        }
    }

    fn root_attributes(&mut self, attributes: &[Attribute<Bytes<'a>>], draft: &mut Draft) {
        let producer = attributes.iter().find(|a| a.name() == dw::DW_AT_producer);
        if let Some(producer) = producer
            && let Ok(text) = self.module.dwarf.attr_string(self.unit, producer.value())
        {
            let text = format!("{}; {}", text.to_string_lossy(), self.module.producer);
            draft.string(dw::DW_AT_producer, text.as_bytes());
        }
        if self.place.line.is_some() {
            draft.shape.attribute(dw::DW_AT_stmt_list, dw::DW_FORM_sec_offset);
            draft.values.fixup(Fixup::Line(self.place.line_owner as u32), 0);
        }
        let has_code = [dw::DW_AT_low_pc, dw::DW_AT_ranges];
        if attributes.iter().any(|a| has_code.contains(&a.name())) {
            draft.shape.attribute(dw::DW_AT_low_pc, dw::DW_FORM_addr);
            draft.values.u64(0);
            draft.shape.attribute(dw::DW_AT_ranges, dw::DW_FORM_sec_offset);
            // Filled in when all functions are known. A root's code is 1.
            self.own_ranges = Some(self.info.len() + 1 + draft.values.len());
            draft.values.fixup(Fixup::Ranges, 0);
        }
    }

    /// Writes the path that an attribute is, if another one shall stand in its
    /// place.
    fn path(&self, attribute: &Attribute<Bytes<'a>>, draft: &mut Draft) -> bool {
        if self.module.form.remap.is_empty() || attribute.name() == dw::DW_AT_producer {
            return false;
        }
        let text = self.module.dwarf.attr_string(self.unit, attribute.value());
        let Ok(text) = text else { return false };
        let path = self.module.path(text.slice());
        let other = path != text.slice();
        if other {
            draft.string(attribute.name(), &path);
        }
        other
    }

    fn function_attributes(&mut self, attributes: &[Attribute<Bytes<'a>>], draft: &mut Draft) {
        let Some(function) = self.functions.last_mut() else { return };
        let text = function.code.place.text.clone();
        draft.address(dw::DW_AT_low_pc, text.start.into());
        draft.shape.attribute(dw::DW_AT_high_pc, dw::DW_FORM_udata);
        draft.values.uleb((text.end - text.start).into());
        let base = attributes.iter().find_map(|a| match (a.name(), a.raw_value()) {
            (dw::DW_AT_frame_base, AttributeValue::Exprloc(expression)) => Some(expression),
            _ => None,
        });
        let base = base.and_then(|base| self.locations.frame_base(function, base));
        let cfa = || Part { bytes: vec![dw::DW_OP_call_frame_cfa.0], fixups: Vec::new() };
        draft.expression(dw::DW_AT_frame_base, &base.unwrap_or_else(cfa));
    }

    fn label(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        function: Option<usize>,
        draft: &mut Draft,
    ) {
        let Some(function) = function.map(|function| &self.functions[function]) else { return };
        let low = attributes.iter().find(|a| a.name() == dw::DW_AT_low_pc);
        let Some(low) = low
            .and_then(|low| self.module.dwarf.attr_address(self.unit, low.value()).ok().flatten())
        else {
            return;
        };
        if let Some(piece) = function.code.within(&(low..function.whole().end)).first() {
            let text = function.code.place.text.start + piece.start;
            draft.address(dw::DW_AT_low_pc, text.into());
        }
    }

    /// Types that the unit's pointers and functions need.
    fn base_types(&mut self) {
        let size = self.unit.encoding().address_size;
        for (name, size) in [("unsigned int", size), ("__precast_address", 8)] {
            let mut draft = Draft::new(dw::DW_TAG_base_type, false);
            draft.string(dw::DW_AT_name, name.as_bytes());
            draft.byte(dw::DW_AT_encoding, dw::DW_ATE_unsigned.0);
            draft.byte(dw::DW_AT_byte_size, size);
            let at = self.write(draft);
            match name {
                "__precast_address" => self.host_address = at,
                _ => self.guest_address = at,
            }
        }
    }

    /// `__precast_memory`: where linear memory begins.
    fn memory_variable(&mut self) -> Option<Draft> {
        let location = self.locations.memory_base(self.functions.last()?)?;
        let mut draft = Draft::new(dw::DW_TAG_variable, false);
        draft.string(dw::DW_AT_name, b"__precast_memory");
        draft.written(dw::DW_AT_type, self.host_address);
        draft.flag(dw::DW_AT_artificial);
        draft.location(dw::DW_AT_location, location);
        Some(draft)
    }

    /// A pointer becomes a structure.
    fn pointer(&mut self, tag: DwTag, children: bool, attributes: &[Attribute<Bytes<'a>>]) {
        let size = self.unit.encoding().address_size;
        let target = attributes.iter().find_map(|a| match (a.name(), a.value()) {
            (dw::DW_AT_type, AttributeValue::UnitRef(target)) => Some(target),
            _ => None,
        });
        let ty = attributes.iter().find(|a| a.name() == dw::DW_AT_type);
        let name = attributes.iter().find(|a| a.name() == dw::DW_AT_name);
        let name = name.and_then(|a| self.module.dwarf.attr_string(self.unit, a.value()).ok());
        let name = match name {
            Some(name) => name.slice().to_vec(),
            None => self.names.pointer(tag, target).into_bytes(),
        };

        let name = if tag == dw::DW_TAG_pointer_type { name } else { pointer::of_guest(name) };

        // The pointer as it was comes behind the structure, whose end is not
        // known yet.
        let mut draft = Draft::new(dw::DW_TAG_structure_type, true);
        draft.string(dw::DW_AT_name, &name);
        draft.byte(dw::DW_AT_byte_size, size);
        self.write(draft);

        let mut draft = Draft::new(dw::DW_TAG_typedef, false);
        draft.string(dw::DW_AT_name, b"__pointee");
        if let Some(ty) = ty {
            self.attribute(tag, ty, None, &mut draft);
        }
        let pointee = self.write(draft);

        let mut draft = Draft::new(dw::DW_TAG_member, false);
        draft.string(dw::DW_AT_name, b"__address");
        draft.written(dw::DW_AT_type, self.guest_address);
        draft.byte(dw::DW_AT_data_member_location, 0);
        self.write(draft);

        let mut draft = Draft::new(dw::DW_TAG_member, false);
        draft.string(dw::DW_AT_name, b"_vptr$pointee");
        draft.written(dw::DW_AT_type, 0);
        let at = self.info.len() + draft.values.len() - 4;
        draft.byte(dw::DW_AT_data_member_location, 0);
        draft.flag(dw::DW_AT_artificial);
        let start = self.info.len();
        self.write(draft);
        // The code before the values may take more than one byte.
        let at = at + (self.info.bytes[start..].iter().take_while(|b| **b >= 0x80).count() + 1);
        self.info.u8(0);

        let raw = self.info.len() as u32;
        self.info.bytes[at..at + 4].copy_from_slice(&raw.to_le_bytes());
        // To the name, not the type itself: gdb takes all pointers to a type to
        // be as wide as the first that it sees.
        let mut draft = Draft::new(dw::DW_TAG_reference_type, children);
        draft.byte(dw::DW_AT_byte_size, size);
        draft.written(dw::DW_AT_type, pointee);
        self.write(draft);
        if children {
            self.scopes.push(Scope::default());
        }
    }

    /// A pointer to a member becomes a number: debuggers would read as many
    /// bytes as their own have.
    fn member_pointer(&mut self, children: bool, attributes: &[Attribute<Bytes<'a>>]) {
        let size = self.unit.encoding().address_size;
        let target = |name| {
            attributes.iter().find_map(|a| match (a.name(), a.value()) {
                (found, AttributeValue::UnitRef(target)) if found == name => Some(target),
                _ => None,
            })
        };
        let (class, ty) = (target(dw::DW_AT_containing_type), target(dw::DW_AT_type));
        let (name, is_function) = self.names.member_pointer(class, ty);
        let mut draft = Draft::new(dw::DW_TAG_base_type, children);
        draft.string(dw::DW_AT_name, name.as_bytes());
        draft.byte(dw::DW_AT_encoding, dw::DW_ATE_signed.0);
        // That of a function is its index and what is added to `this`.
        draft.byte(dw::DW_AT_byte_size, if is_function { 2 * size } else { size });
        self.write(draft);
        if children {
            self.scopes.push(Scope::default());
        }
    }

    /// Copies an attribute, unless something else takes its place.
    fn attribute(
        &mut self,
        tag: DwTag,
        attribute: &Attribute<Bytes<'a>>,
        function: Option<usize>,
        draft: &mut Draft,
    ) {
        let name = attribute.name();
        match name {
            // Written apart, or of no use here.
            dw::DW_AT_low_pc
            | dw::DW_AT_high_pc
            | dw::DW_AT_ranges
            | dw::DW_AT_entry_pc
            | dw::DW_AT_stmt_list
            | dw::DW_AT_producer
            | dw::DW_AT_frame_base
            | dw::DW_AT_sibling
            | dw::DW_AT_address_class
            | dw::DW_AT_start_scope
            | dw::DW_AT_call_pc
            | dw::DW_AT_call_return_pc
            | dw::DW_AT_macros
            | dw::DW_AT_macro_info
            | dw::DW_AT_GNU_macros
            | dw::DW_AT_addr_base
            | dw::DW_AT_str_offsets_base
            | dw::DW_AT_rnglists_base
            | dw::DW_AT_loclists_base
            | dw::DW_AT_GNU_addr_base
            | dw::DW_AT_GNU_ranges_base
            | dw::DW_AT_GNU_pubnames
            | dw::DW_AT_dwo_name
            | dw::DW_AT_GNU_dwo_name
            | dw::DW_AT_GNU_dwo_id => {}
            dw::DW_AT_linkage_name if self.is_disguised_main(attribute) => {}
            dw::DW_AT_location => self.location(attribute, function, Meaning::Plain, draft),
            _ => {
                let value = attribute.raw_value();
                if let AttributeValue::Exprloc(expression) = value {
                    if is_member_offset(name) {
                        let bytes = expression.0.slice().to_vec();
                        draft.expression(name, &Part { bytes, fixups: Vec::new() });
                    }
                } else {
                    self.copy(tag, name, value, draft);
                }
            }
        }
    }

    /// Clang gives `main` a linkage name by its parameters, which debuggers would
    /// show in place of `main`.
    fn is_disguised_main(&self, attribute: &Attribute<Bytes<'a>>) -> bool {
        let name = self.module.dwarf.attr_string(self.unit, attribute.value());
        let disguises: [&[u8]; 2] = [b"__main_argc_argv", b"__main_void"];
        name.is_ok_and(|name| disguises.contains(&name.slice()))
    }

    fn location(
        &mut self,
        attribute: &Attribute<Bytes<'a>>,
        function: Option<usize>,
        meaning: Meaning,
        draft: &mut Draft,
    ) {
        let function = function.map(|function| &self.functions[function]);
        let location = match attribute.value() {
            AttributeValue::Exprloc(expression) => {
                self.locations.expression(function, expression, meaning)
            }
            value => {
                let dwarf = &self.module.dwarf;
                let Ok(Some(mut list)) = dwarf.attr_locations(self.unit, value) else { return };
                let Some(function) = function else { return };
                let mut entries = Vec::new();
                while let Ok(Some(entry)) = list.next() {
                    let Some(left) = self.locations.work.checked_sub(8) else { break };
                    self.locations.work = left;
                    entries.push((entry.range.begin..entry.range.end, entry.data));
                }
                self.locations.list(function, entries.into_iter(), meaning)
            }
        };
        if let Some(location) = location {
            draft.location(dw::DW_AT_location, location);
        }
    }

    /// Copies a value in the same form or one of the same class.
    fn copy(
        &mut self,
        _tag: DwTag,
        name: DwAt,
        value: AttributeValue<Bytes<'a>>,
        draft: &mut Draft,
    ) {
        let module = self.module;
        let dwarf = &self.module.dwarf;
        let mut put = |form: DwForm, write: &mut dyn FnMut(&mut Part)| {
            draft.shape.attribute(name, form);
            write(&mut draft.values);
        };
        match value {
            AttributeValue::Block(bytes) => put(dw::DW_FORM_block, &mut |v| {
                v.uleb(bytes.len() as u64);
                v.raw(bytes.slice());
            }),
            AttributeValue::Data1(value) => put(dw::DW_FORM_data1, &mut |v| v.u8(value)),
            AttributeValue::Data2(value) => put(dw::DW_FORM_data2, &mut |v| v.u16(value)),
            AttributeValue::Data4(value) => put(dw::DW_FORM_data4, &mut |v| v.u32(value)),
            AttributeValue::Data8(value) => put(dw::DW_FORM_data8, &mut |v| v.u64(value)),
            AttributeValue::Data16(value) => {
                put(dw::DW_FORM_data16, &mut |v| v.raw(&value.to_le_bytes()));
            }
            AttributeValue::Sdata(value) => put(dw::DW_FORM_sdata, &mut |v| v.sleb(value)),
            AttributeValue::Udata(value) => put(dw::DW_FORM_udata, &mut |v| v.uleb(value)),
            AttributeValue::Flag(true) => put(dw::DW_FORM_flag_present, &mut |_| {}),
            AttributeValue::Flag(false) => put(dw::DW_FORM_flag, &mut |v| v.u8(0)),
            AttributeValue::UnitRef(target) => draft.reference(name, target),
            AttributeValue::DebugInfoRef(target) => {
                put(dw::DW_FORM_ref_addr, &mut |v| v.fixup(Fixup::Entry(target.0 as u32), 0));
            }
            AttributeValue::DebugTypesRef(signature) => {
                put(dw::DW_FORM_ref_sig8, &mut |v| v.u64(signature.0));
            }
            AttributeValue::String(text) => {
                put(dw::DW_FORM_string, &mut |v| v.string(text.slice()));
            }
            AttributeValue::DebugStrRef(at) if dwarf.debug_str.get_str(at).is_ok() => {
                put(dw::DW_FORM_strp, &mut |v| module.refer(v, Base::Strings, at.0 as u32));
            }
            AttributeValue::DebugLineStrRef(at) if dwarf.debug_line_str.get_str(at).is_ok() => {
                put(dw::DW_FORM_line_strp, &mut |v| {
                    module.refer(v, Base::LineStrings, at.0 as u32)
                });
            }
            AttributeValue::DebugStrOffsetsIndex(index) => {
                let at = dwarf.string_offset(self.unit, index);
                if let Ok(at) = at
                    && dwarf.debug_str.get_str(at).is_ok()
                {
                    put(dw::DW_FORM_strp, &mut |v| module.refer(v, Base::Strings, at.0 as u32));
                }
            }
            // Addresses and lists of other attributes, and references to files
            // that are not here.
            _ => {}
        }
    }
}

/// Expressions that only compute an offset inside an object.
fn is_member_offset(name: DwAt) -> bool {
    matches!(name, dw::DW_AT_data_member_location | dw::DW_AT_vtable_elem_location)
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
