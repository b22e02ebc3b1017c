//! Functions that have code, and what is only inside of them: the base of
//! memory, labels, inlined calls.

use super::Converter;
use super::draft::Draft;
use super::entry::Scope;
use crate::debug::location::Function;
use crate::debug::output::Part;
use crate::debug::site::Inlined;
use crate::debug::source::Bytes;
use gimli::{Attribute, AttributeValue, DwAt, UnitOffset, constants as dw};

impl<'a> Converter<'_, 'a> {
    /// A function that has code becomes the innermost.
    pub(super) fn open_function(&mut self, attributes: &[Attribute<Bytes<'a>>], scope: &mut Scope) {
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

    pub(super) fn function_attributes(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        draft: &mut Draft,
    ) {
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

    /// `__precast_memory`: where linear memory begins.
    pub(super) fn memory_variable(&mut self) -> Option<Draft> {
        let location = self.locations.memory_base(self.functions.last()?)?;
        let mut draft = Draft::new(dw::DW_TAG_variable, false);
        draft.string(dw::DW_AT_name, b"__precast_memory");
        draft.written(dw::DW_AT_type, self.host_address);
        draft.flag(dw::DW_AT_artificial);
        draft.location(dw::DW_AT_location, location);
        Some(draft)
    }

    pub(super) fn label(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        function: Option<usize>,
        draft: &mut Draft,
    ) {
        let Some(function) = function.map(|function| &self.functions[function]) else { return };
        let low = attributes.iter().find(|a| a.name() == dw::DW_AT_low_pc);
        let Some(low) =
            low.and_then(|low| self.dwarf.attr_address(self.unit, low.value()).ok().flatten())
        else {
            return;
        };
        if let Some(piece) = function.code.within(&(low..function.whole().end)).first() {
            let text = function.code.place.text.start + piece.start;
            draft.address(dw::DW_AT_low_pc, text.into());
        }
    }

    /// Takes note of an inlined call for the positions of sites.
    pub(super) fn note_inlined(&mut self, offset: UnitOffset, attributes: &[Attribute<Bytes<'a>>]) {
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

    pub(super) fn leave_function(&mut self) {
        let inlined = self.inlined.pop().unwrap_or_default();
        let Some(function) = self.functions.pop() else { return };
        let Some(rows) = self.rows.functions.get(&function.index) else { return };
        let start = self.module.code.start;
        let place = &function.code.place;
        let work = &mut self.locations.work;
        self.sites.add(place, start, rows, &inlined, &self.files, work);
    }
}
