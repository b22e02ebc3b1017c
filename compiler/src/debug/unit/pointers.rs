//! Types that are written otherwise than the module has them: pointers,
//! references, pointers to members.

use super::converter::UnitConverter;
use super::die::DieBuilder;
use crate::debug::indirection;
use crate::debug::sections::Bytes;
use crate::debug::type_names;
use gimli::{Attribute, AttributeValue, DwTag, UnitOffset, constants as dw};
use precast_artifact::index::PartOffset;

impl<'a> UnitConverter<'_, 'a> {
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
        let name = self.pointer_name(tag, target, attributes);

        // The pointer as it was comes after the structure, whose end is not
        // known yet.
        let mut die = DieBuilder::new(dw::DW_TAG_structure_type, true);
        die.string(dw::DW_AT_name, &name);
        die.byte(dw::DW_AT_byte_size, size);
        self.write(die);

        let mut die = DieBuilder::new(dw::DW_TAG_typedef, false);
        die.string(dw::DW_AT_name, b"__pointee");
        if let Some(ty) = ty {
            self.attribute(ty, None, &mut die);
        }
        let pointee = self.write(die).offset;

        let mut die = DieBuilder::new(dw::DW_TAG_member, false);
        die.string(dw::DW_AT_name, b"__address");
        die.written(dw::DW_AT_type, self.guest_address);
        die.byte(dw::DW_AT_data_member_location, 0);
        self.write(die);

        let mut die = DieBuilder::new(dw::DW_TAG_member, false);
        die.string(dw::DW_AT_name, b"_vptr$pointee");
        let raw = die.forward_reference(dw::DW_AT_type);
        die.byte(dw::DW_AT_data_member_location, 0);
        die.flag(dw::DW_AT_artificial);
        let member = self.write(die);
        self.info.u8(0);

        // To the name, not the type itself: gdb takes all pointers to a type to
        // be as wide as the first that it sees.
        let mut die = DieBuilder::new(dw::DW_TAG_reference_type, children);
        die.byte(dw::DW_AT_byte_size, size);
        die.written(dw::DW_AT_type, pointee);
        let written = self.write(die);
        self.info.set_u32(member.position(raw), written.offset.get());
        self.enter_plain(children);
    }

    /// What the structure of a pointer is called.
    fn pointer_name(
        &self,
        tag: DwTag,
        target: Option<UnitOffset>,
        attributes: &[Attribute<Bytes<'a>>],
    ) -> Vec<u8> {
        let name = attributes.iter().find(|a| a.name() == dw::DW_AT_name);
        let name = name.and_then(|a| self.dwarf.attr_string(self.unit, a.value()).ok());
        let name = match name {
            Some(name) => name.slice().to_vec(),
            None => self.names.pointer(tag, target).into_bytes(),
        };
        if tag == dw::DW_TAG_pointer_type { name } else { type_names::of_guest(name) }
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
        let mut die = DieBuilder::new(dw::DW_TAG_base_type, children);
        die.string(dw::DW_AT_name, name.as_bytes());
        die.byte(dw::DW_AT_encoding, dw::DW_ATE_signed.0);
        // That of a function is its index and what is added to `this`.
        die.byte(dw::DW_AT_byte_size, if is_function { 2 * size } else { size });
        self.write(die);
        self.enter_plain(children);
    }

    /// Writes the type of `this` or of a reference, a pointer or reference of
    /// the process; gives its offset.
    pub(super) fn host_pointer(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
    ) -> Option<PartOffset> {
        let (tag, target) = indirection::host_pointer(self.dwarf, self.unit, attributes)?;
        // lldb remembers how types are shown by their names, and pointers of
        // the guest have this one too. As C++ has it, `this` is constant; but
        // lldb takes that of a declaration for the method's.
        let named = attributes.iter().any(|a| a.name() == dw::DW_AT_name);
        let constant = tag == dw::DW_TAG_pointer_type && named;
        let key = (tag.0, target.0, constant);
        if let Some(written) = self.host_pointers.get(&key) {
            return Some(*written);
        }
        let mut die = DieBuilder::new(tag, false);
        die.byte(dw::DW_AT_byte_size, 8);
        die.reference(dw::DW_AT_type, target);
        let mut pointer = self.write(die).offset;
        if constant {
            let mut die = DieBuilder::new(dw::DW_TAG_const_type, false);
            die.written(dw::DW_AT_type, pointer);
            pointer = self.write(die).offset;
        }
        self.host_pointers.insert(key, pointer);
        Some(pointer)
    }

    /// Writes the type of a member that points to a virtual table; gives its
    /// offset. gdb knows these members by their name, and insists that they are
    /// pointers or references.
    pub(super) fn vtable_pointer(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
    ) -> Option<PartOffset> {
        let find = |name| attributes.iter().find(|a| a.name() == name).map(Attribute::value);
        let name = find(dw::DW_AT_name)?;
        let name = self.dwarf.attr_string(self.unit, name).ok()?;
        let AttributeValue::UnitRef(ty) = find(dw::DW_AT_type)? else { return None };
        if !name.slice().starts_with(b"_vptr") {
            return None;
        }
        let pointer = self.unit.entry(ty).ok()?;
        let target = match pointer.attr_value(dw::DW_AT_type) {
            Some(AttributeValue::UnitRef(target)) if type_names::is_pointer(pointer.tag()) => {
                target
            }
            _ => return None,
        };
        let mut die = DieBuilder::new(dw::DW_TAG_reference_type, false);
        die.byte(dw::DW_AT_byte_size, self.unit.encoding().address_size);
        die.reference(dw::DW_AT_type, target);
        Some(self.write(die).offset)
    }

    /// Types that the unit's pointers and functions need.
    pub(super) fn base_types(&mut self) {
        let size = self.unit.encoding().address_size;
        for (name, size) in [("unsigned int", size), ("__precast_address", 8)] {
            let mut die = DieBuilder::new(dw::DW_TAG_base_type, false);
            die.string(dw::DW_AT_name, name.as_bytes());
            die.byte(dw::DW_AT_encoding, dw::DW_ATE_unsigned.0);
            die.byte(dw::DW_AT_byte_size, size);
            let at = self.write(die).offset;
            match name {
                "__precast_address" => self.host_address = at,
                _ => self.guest_address = at,
            }
        }
    }
}
