//! Types of numbers that debuggers would take for others.

use super::converter::UnitConverter;
use super::die::DieBuilder;
use crate::debug::sections::Bytes;
use gimli::{Attribute, AttributeValue, constants as dw};

impl<'a> UnitConverter<'_, 'a> {
    /// Whether a base type is of IEEE 754 numbers of 128 bits: `long double`. On
    /// x86-64 debuggers take 16 bytes of that name for 80 bits of the x87.
    pub(super) fn is_quad(&self, attributes: &[Attribute<Bytes<'a>>]) -> bool {
        let find = |name| attributes.iter().find(|a| a.name() == name).map(Attribute::value);
        let size = find(dw::DW_AT_byte_size).and_then(|size| size.udata_value());
        let is_float =
            matches!(find(dw::DW_AT_encoding), Some(AttributeValue::Encoding(dw::DW_ATE_float)));
        is_float && size == Some(16)
    }

    /// Writes a type of 128-bit numbers as another name for `_Float128`, which
    /// both gdb and lldb (from 22 on) know.
    pub(super) fn quad(&mut self, children: bool, attributes: &[Attribute<Bytes<'a>>]) {
        let name = attributes.iter().find(|a| a.name() == dw::DW_AT_name);
        let name = name.and_then(|a| self.dwarf.attr_string(self.unit, a.value()).ok());
        let mut die = DieBuilder::new(dw::DW_TAG_typedef, false);
        die.string(dw::DW_AT_name, name.as_ref().map_or(b"long double", |name| name.slice()));
        let base = die.forward_reference(dw::DW_AT_type);
        let named = self.write(die);
        let mut die = DieBuilder::new(dw::DW_TAG_base_type, children);
        die.string(dw::DW_AT_name, b"_Float128");
        die.byte(dw::DW_AT_encoding, dw::DW_ATE_float.0);
        die.byte(dw::DW_AT_byte_size, 16);
        let written = self.write(die);
        self.info.set_u32(named.position(base), written.offset.get());
        self.enter_plain(children);
    }
}
