//! Values of attributes that stay as they are.

use super::converter::UnitConverter;
use super::die::DieBuilder;
use crate::debug::fragment::{Base, Fixup, Fragment};
use crate::debug::sections::Bytes;
use gimli::{AttributeValue, DwAt, DwForm, Reader as _, constants as dw};
use precast_artifact::index::{InfoOffset, PartOffset, SectionOffset};

impl<'a> UnitConverter<'_, 'a> {
    /// Copies a value in the same form or one of the same class.
    pub(super) fn copy(
        &mut self,
        name: DwAt,
        value: AttributeValue<Bytes<'a>>,
        die: &mut DieBuilder,
    ) {
        let file = &self.context.units.files[self.input.file];
        let mut put =
            |form: DwForm, write: &mut dyn FnMut(&mut Fragment)| die.value(name, form, write);
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
            AttributeValue::UnitRef(target) => die.reference(name, target),
            AttributeValue::DebugInfoRef(target) => {
                let target = file.info.checked_add(target.0 as u32);
                let target = target.unwrap_or(InfoOffset::new(u32::MAX));
                put(dw::DW_FORM_ref_addr, &mut |v| v.fixup(Fixup::Entry(target), 0));
            }
            AttributeValue::DebugTypesRef(signature) => {
                put(dw::DW_FORM_ref_sig8, &mut |v| v.u64(signature.0));
            }
            AttributeValue::String(text) => {
                put(dw::DW_FORM_string, &mut |v| v.string(text.slice()));
            }
            value => self.copy_string(name, value, die),
        }
    }

    /// Copies a reference to a string. Nothing of other values: addresses and
    /// lists of attributes that are not kept, and references to files that are
    /// not here.
    fn copy_string(&self, name: DwAt, value: AttributeValue<Bytes<'a>>, die: &mut DieBuilder) {
        let (context, dwarf) = (self.context, self.dwarf);
        let (offset, in_lines) = match value {
            AttributeValue::DebugStrRef(offset) => (Some(offset), None),
            AttributeValue::DebugStrOffsetsIndex(index) => {
                (dwarf.string_offset(self.unit, index).ok(), None)
            }
            AttributeValue::DebugLineStrRef(offset) => (None, Some(offset)),
            _ => return,
        };
        if let Some(offset) = offset
            && dwarf.debug_str.get_str(offset).is_ok()
        {
            let strings = context.units.files[self.input.file].strings;
            let offset = PartOffset::new(offset.0 as u32).in_section(strings);
            die.value(name, dw::DW_FORM_strp, |v| context.refer(v, Base::Strings, offset));
        }
        if let Some(offset) = in_lines
            && dwarf.debug_line_str.get_str(offset).is_ok()
        {
            let offset = SectionOffset::new(offset.0 as u32);
            die.value(name, dw::DW_FORM_line_strp, |v| context.refer(v, Base::LineStrings, offset));
        }
    }
}
