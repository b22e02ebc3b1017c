//! Types that are written otherwise than the module has them: pointers,
//! references, pointers to members.

use super::Converter;
use super::draft::Draft;
use super::entry::Scope;
use crate::debug::meaning;
use crate::debug::pointer;
use crate::debug::source::Bytes;
use gimli::{Attribute, AttributeValue, DwTag, constants as dw};

impl<'a> Converter<'_, 'a> {
    /// A pointer becomes a structure.
    pub(super) fn pointer(
        &mut self,
        tag: DwTag,
        children: bool,
        attributes: &[Attribute<Bytes<'a>>],
    ) {
        let size = self.unit.encoding().address_size;
        let target = attributes.iter().find_map(|a| match (a.name(), a.value()) {
            (dw::DW_AT_type, AttributeValue::UnitRef(target)) => Some(target),
            _ => None,
        });
        let ty = attributes.iter().find(|a| a.name() == dw::DW_AT_type);
        let name = attributes.iter().find(|a| a.name() == dw::DW_AT_name);
        let name = name.and_then(|a| self.dwarf.attr_string(self.unit, a.value()).ok());
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
            self.attribute(ty, None, &mut draft);
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
    pub(super) fn member_pointer(&mut self, children: bool, attributes: &[Attribute<Bytes<'a>>]) {
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

    /// Writes the type of `this` or of a reference, a pointer or reference of
    /// the process; gives its place.
    pub(super) fn host_pointer(&mut self, attributes: &[Attribute<Bytes<'a>>]) -> Option<u32> {
        let (tag, target) = meaning::host_pointer(self.dwarf, self.unit, attributes)?;
        // lldb remembers how types are shown by their names, and pointers of
        // the guest have this one too. As C++ has it, `this` is constant; but
        // lldb takes that of a declaration for the method's.
        let named = attributes.iter().any(|a| a.name() == dw::DW_AT_name);
        let constant = tag == dw::DW_TAG_pointer_type && named;
        let key = (tag.0, target.0, constant);
        if let Some(written) = self.host_pointers.get(&key) {
            return Some(*written);
        }
        let mut draft = Draft::new(tag, false);
        draft.byte(dw::DW_AT_byte_size, 8);
        draft.reference(dw::DW_AT_type, target);
        let mut pointer = self.write(draft);
        if constant {
            let mut draft = Draft::new(dw::DW_TAG_const_type, false);
            draft.written(dw::DW_AT_type, pointer);
            pointer = self.write(draft);
        }
        self.host_pointers.insert(key, pointer);
        Some(pointer)
    }

    /// Writes the type of a member that points to a virtual table; gives its
    /// place. gdb knows these members by their name, and insists that they are
    /// pointers or references.
    pub(super) fn vtable_pointer(&mut self, attributes: &[Attribute<Bytes<'a>>]) -> Option<u32> {
        let find = |name| attributes.iter().find(|a| a.name() == name).map(Attribute::value);
        let name = find(dw::DW_AT_name)?;
        let name = self.dwarf.attr_string(self.unit, name).ok()?;
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

    /// Types that the unit's pointers and functions need.
    pub(super) fn base_types(&mut self) {
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
}
