//! Functions that have code, and what is only inside of them: the base of
//! memory, labels, inlined calls.

use super::converter::OpenDie;
use super::converter::UnitConverter;
use super::die::DieBuilder;
use crate::debug::fragment::Fragment;
use crate::debug::location::FunctionScope;
use crate::debug::sections::Bytes;
use crate::debug::site::InlinedCall;
use gimli::{Attribute, AttributeValue, DwAt, UnitOffset, constants as dw};
use precast_artifact::index::FunctionOffset;

impl<'a> UnitConverter<'_, 'a> {
    /// A function that has code becomes the innermost.
    pub(super) fn open_function(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        scope: &mut OpenDie,
    ) {
        scope.function = None;
        let Some(range) = self.source_ranges(attributes).into_iter().next() else { return };
        let Some(index) = self.context.code.find(range.start) else { return };
        if !self.described.insert(index) {
            return;
        }
        self.covered.insert(index);
        let function = FunctionScope::new(self.context, index);
        scope.code.push(FunctionOffset::START..function.code.size());
        scope.is_function = true;
        scope.function = Some(self.functions.len());
        self.functions.push(function);
        self.inlined.push(Vec::new());
    }

    pub(super) fn function_attributes(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        die: &mut DieBuilder,
    ) {
        let Some(function) = self.functions.last_mut() else { return };
        let text = function.code.function.text.clone();
        die.address(dw::DW_AT_low_pc, text.start.into());
        let size = u64::from(function.code.size());
        die.value(dw::DW_AT_high_pc, dw::DW_FORM_udata, |v| v.uleb(size));
        let base = attributes.iter().find_map(|a| match (a.name(), a.raw_value()) {
            (dw::DW_AT_frame_base, AttributeValue::Exprloc(expression)) => Some(expression),
            _ => None,
        });
        let base = base.and_then(|base| self.locations.frame_base(function, base));
        let cfa = || Fragment { bytes: vec![dw::DW_OP_call_frame_cfa.0], fixups: Vec::new() };
        die.expression(dw::DW_AT_frame_base, &base.unwrap_or_else(cfa));
    }

    /// `__precast_memory`: where linear memory begins.
    pub(super) fn memory_variable(&mut self) -> Option<DieBuilder> {
        let location = self.locations.memory_base(self.functions.last()?)?;
        let mut die = DieBuilder::new(dw::DW_TAG_variable, false);
        die.string(dw::DW_AT_name, b"__precast_memory");
        die.written(dw::DW_AT_type, self.host_address);
        die.flag(dw::DW_AT_artificial);
        die.location(dw::DW_AT_location, location);
        Some(die)
    }

    pub(super) fn label(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        function: Option<usize>,
        die: &mut DieBuilder,
    ) {
        let Some(function) = function.map(|function| &self.functions[function]) else { return };
        let low = attributes.iter().find(|a| a.name() == dw::DW_AT_low_pc);
        let Some(low) =
            low.and_then(|low| self.dwarf.attr_address(self.unit, low.value()).ok().flatten())
        else {
            return;
        };
        if let Some(piece) = function.code.within(&(low..function.whole().end)).first() {
            let text = piece.start.in_code(function.code.function.text.start);
            die.address(dw::DW_AT_low_pc, text.into());
        }
    }

    /// Takes note of an inlined call for the positions of sites.
    pub(super) fn note_inlined(&mut self, offset: UnitOffset, attributes: &[Attribute<Bytes<'a>>]) {
        let source = self.source_ranges(attributes);
        let depth = self.open.len();
        let name = self.names.function(offset);
        let number = |name: DwAt| {
            let attribute = attributes.iter().find(|attribute| attribute.name() == name);
            attribute.and_then(|attribute| attribute.udata_value()).unwrap_or(0)
        };
        let inlined = InlinedCall {
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
        let code = &function.code.function;
        let work = &mut self.locations.work;
        self.sites.add(code, rows, &inlined, &self.files, work);
    }
}
