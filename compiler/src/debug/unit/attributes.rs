//! Attributes: which are copied, and what stands in place of the others.

use super::converter::UnitConverter;
use super::die::{DieBuilder, PendingField};
use crate::debug::fragment::{Fixup, Fragment};
use crate::debug::indirection::Indirection;
use crate::debug::sections::Bytes;
use gimli::{Attribute, AttributeValue, DwAt, constants as dw};
use precast_artifact::index::PartOffset;

/// Added to the producer of each unit.
const PRODUCER: &str = concat!("precast ", env!("CARGO_PKG_VERSION"));

impl<'a> UnitConverter<'_, 'a> {
    /// Copies an attribute, unless something else takes its place.
    pub(super) fn attribute(
        &mut self,
        attribute: &Attribute<Bytes<'a>>,
        function: Option<usize>,
        die: &mut DieBuilder,
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
            dw::DW_AT_location => self.location(attribute, function, Indirection::Direct, die),
            _ => {
                let value = attribute.raw_value();
                if let AttributeValue::Exprloc(expression) = value {
                    if is_member_offset(name) {
                        let bytes = expression.0.slice().to_vec();
                        die.expression(name, &Fragment { bytes, fixups: Vec::new() });
                    }
                } else {
                    self.copy(name, value, die);
                }
            }
        }
    }

    pub(super) fn location(
        &mut self,
        attribute: &Attribute<Bytes<'a>>,
        function: Option<usize>,
        indirection: Indirection,
        die: &mut DieBuilder,
    ) {
        let function = function.map(|function| &self.functions[function]);
        let location = match attribute.value() {
            AttributeValue::Exprloc(expression) => {
                self.locations.expression(function, expression, indirection)
            }
            value => {
                let dwarf = self.dwarf;
                let Ok(Some(mut list)) = dwarf.attr_locations(self.unit, value) else { return };
                let Some(function) = function else { return };
                let mut entries = Vec::new();
                while let Ok(Some(entry)) = list.next() {
                    let Some(left) = self.locations.work.checked_sub(8) else { break };
                    self.locations.work = left;
                    entries.push((entry.range.begin..entry.range.end, entry.data));
                }
                self.locations.list(function, entries.into_iter(), indirection)
            }
        };
        if let Some(location) = location {
            die.location(dw::DW_AT_location, location);
        }
    }

    /// Writes the path that an attribute is, if another one shall stand in its
    /// place.
    pub(super) fn path(&self, attribute: &Attribute<Bytes<'a>>, die: &mut DieBuilder) -> bool {
        if self.context.options.remap.is_empty() || attribute.name() == dw::DW_AT_producer {
            return false;
        }
        let text = self.dwarf.attr_string(self.unit, attribute.value());
        let Ok(text) = text else { return false };
        let path = self.context.path(text.slice());
        let other = path != text.slice();
        if other {
            die.string(attribute.name(), &path);
        }
        other
    }

    /// What only the unit's own entry has; gives the field of its range list.
    pub(super) fn root_attributes(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        die: &mut DieBuilder,
    ) -> Option<PendingField> {
        let producer = attributes.iter().find(|a| a.name() == dw::DW_AT_producer);
        if let Some(producer) = producer
            && let Ok(text) = self.dwarf.attr_string(self.unit, producer.value())
        {
            let text = format!("{}; {}", text.to_string_lossy(), PRODUCER);
            die.string(dw::DW_AT_producer, text.as_bytes());
        }
        if self.input.line.is_some() {
            let fixup = Fixup::Line(self.input.line_owner as u32);
            die.value(dw::DW_AT_stmt_list, dw::DW_FORM_sec_offset, |v| v.fixup(fixup, 0));
        }
        let has = |name| attributes.iter().any(|a| a.name() == name);
        if let Some(directory) = self.unit.comp_dir
            && !has(dw::DW_AT_comp_dir)
        {
            die.string(dw::DW_AT_comp_dir, &self.context.path(directory.slice()));
        }
        if !has(dw::DW_AT_low_pc) && !has(dw::DW_AT_ranges) && self.input.skeleton.is_none() {
            return None;
        }
        die.value(dw::DW_AT_low_pc, dw::DW_FORM_addr, |v| v.u64(0));
        // Filled in when all functions are known.
        Some(die.ranges(PartOffset::START))
    }

    /// Clang gives `main` a linkage name by its parameters, which debuggers would
    /// show in place of `main`.
    fn is_disguised_main(&self, attribute: &Attribute<Bytes<'a>>) -> bool {
        let name = self.dwarf.attr_string(self.unit, attribute.value());
        let disguises: [&[u8]; 2] = [b"__main_argc_argv", b"__main_void"];
        name.is_ok_and(|name| disguises.contains(&name.slice()))
    }
}

/// Expressions that only compute an offset inside an object.
fn is_member_offset(name: DwAt) -> bool {
    matches!(name, dw::DW_AT_data_member_location | dw::DW_AT_vtable_elem_location)
}
