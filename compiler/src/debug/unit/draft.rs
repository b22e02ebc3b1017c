//! Entries as they are put together, attribute by attribute.

use crate::debug::abbreviation::Shape;
use crate::debug::location::{Located, Locations};
use crate::debug::output::{Base, Fixup, Part};
use gimli::{DwAt, DwTag, UnitOffset, constants as dw};

/// Builds one entry.
pub(super) struct Draft {
    pub(super) shape: Shape,
    pub(super) values: Part,
}

impl Draft {
    pub(super) fn new(tag: DwTag, children: bool) -> Self {
        Self { shape: Shape::new(tag, children), values: Part::default() }
    }

    pub(super) fn string(&mut self, name: DwAt, text: &[u8]) {
        self.shape.attribute(name, dw::DW_FORM_string);
        self.values.string(text);
    }

    pub(super) fn byte(&mut self, name: DwAt, value: u8) {
        self.shape.attribute(name, dw::DW_FORM_data1);
        self.values.u8(value);
    }

    pub(super) fn flag(&mut self, name: DwAt) {
        self.shape.attribute(name, dw::DW_FORM_flag_present);
    }

    /// Refers to an entry of this unit by its offset in the module.
    pub(super) fn reference(&mut self, name: DwAt, target: UnitOffset) {
        self.shape.attribute(name, dw::DW_FORM_ref4);
        self.values.fixup(Fixup::Local(target.0 as u32), 0);
    }

    /// Refers to an entry by its place in the output.
    pub(super) fn written(&mut self, name: DwAt, target: u32) {
        self.shape.attribute(name, dw::DW_FORM_ref4);
        self.values.u32(target);
    }

    pub(super) fn expression(&mut self, name: DwAt, expression: &Part) {
        self.shape.attribute(name, dw::DW_FORM_exprloc);
        self.values.uleb(expression.len() as u64);
        self.values.append(expression);
    }

    pub(super) fn location(&mut self, name: DwAt, location: Located) {
        match location {
            Located::Expression(expression) => self.expression(name, &expression),
            Located::List(list) => {
                self.shape.attribute(name, dw::DW_FORM_sec_offset);
                Locations::refer(&mut self.values, list);
            }
        }
    }

    pub(super) fn address(&mut self, name: DwAt, in_text: u64) {
        self.shape.attribute(name, dw::DW_FORM_addr);
        self.values.address(Base::Text, in_text);
    }
}
