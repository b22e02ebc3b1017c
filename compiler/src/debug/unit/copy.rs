//! Values of attributes that stay as they are.

use super::converter::UnitConverter;
use super::die::DieBuilder;
use crate::debug::fragment::{Base, Fixup, Fragment};
use crate::debug::sections::Bytes;
use gimli::{AttributeValue, DwAt, DwForm, Reader as _, constants as dw};

impl<'a> UnitConverter<'_, 'a> {
    /// Copies a value in the same form or one of the same class.
    pub(super) fn copy(
        &mut self,
        name: DwAt,
        value: AttributeValue<Bytes<'a>>,
        die: &mut DieBuilder,
    ) {
        let (context, file) = (self.context, &self.context.units.files[self.input.file]);
        let dwarf = self.dwarf;
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
                put(dw::DW_FORM_ref_addr, &mut |v| {
                    v.fixup(Fixup::Entry(file.info.saturating_add(target.0 as u32)), 0)
                });
            }
            AttributeValue::DebugTypesRef(signature) => {
                put(dw::DW_FORM_ref_sig8, &mut |v| v.u64(signature.0));
            }
            AttributeValue::String(text) => {
                put(dw::DW_FORM_string, &mut |v| v.string(text.slice()));
            }
            AttributeValue::DebugStrRef(at) if dwarf.debug_str.get_str(at).is_ok() => {
                put(dw::DW_FORM_strp, &mut |v| {
                    context.refer(v, Base::Strings, file.strings + at.0 as u32)
                });
            }
            AttributeValue::DebugLineStrRef(at) if dwarf.debug_line_str.get_str(at).is_ok() => {
                put(dw::DW_FORM_line_strp, &mut |v| {
                    context.refer(v, Base::LineStrings, at.0 as u32)
                });
            }
            AttributeValue::DebugStrOffsetsIndex(index) => {
                let at = dwarf.string_offset(self.unit, index);
                if let Ok(at) = at
                    && dwarf.debug_str.get_str(at).is_ok()
                {
                    put(dw::DW_FORM_strp, &mut |v| {
                        context.refer(v, Base::Strings, file.strings + at.0 as u32)
                    });
                }
            }
            // Addresses and lists of other attributes, and references to files
            // that are not here.
            _ => {}
        }
    }
}
