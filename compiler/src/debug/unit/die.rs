//! Debugging information entries as they are put together, attribute by
//! attribute.

use crate::debug::abbreviation::{Abbreviation, Abbreviations};
use crate::debug::fragment::{Base, Fixup, Fragment};
use crate::debug::location::LocationDescription;
use gimli::{DwAt, DwForm, DwTag, UnitOffset, constants as dw};
use precast_artifact::index::{DieOffset, PartOffset};

/// Builds one entry.
pub(super) struct DieBuilder {
    abbreviation: Abbreviation,
    values: Fragment,
}

/// A value of four bytes in an entry, which is filled in later.
#[derive(Clone, Copy)]
pub(super) struct PendingField(PartOffset);

/// Where an entry was written.
#[derive(Clone, Copy)]
pub(super) struct WrittenDie {
    /// Where it starts in the unit.
    pub(super) offset: PartOffset,
    /// Where its values start, after the code of its abbreviation.
    values: PartOffset,
}

impl WrittenDie {
    /// Where a field of the entry is in the unit.
    pub(super) fn position(self, field: PendingField) -> PartOffset {
        PartOffset::new(self.values.get() + field.0.get())
    }
}

impl DieBuilder {
    pub(super) fn new(tag: DwTag, children: bool) -> Self {
        Self { abbreviation: Abbreviation::new(tag, children), values: Fragment::default() }
    }

    /// Adds an attribute whose value `write` writes.
    pub(super) fn value(&mut self, name: DwAt, form: DwForm, write: impl FnOnce(&mut Fragment)) {
        self.abbreviation.attribute(name, form);
        write(&mut self.values);
    }

    pub(super) fn string(&mut self, name: DwAt, text: &[u8]) {
        self.value(name, dw::DW_FORM_string, |values| values.string(text));
    }

    pub(super) fn byte(&mut self, name: DwAt, value: u8) {
        self.value(name, dw::DW_FORM_data1, |values| values.u8(value));
    }

    pub(super) fn flag(&mut self, name: DwAt) {
        self.value(name, dw::DW_FORM_flag_present, |_| {});
    }

    /// Refers to an entry of this unit by its offset in the module.
    pub(super) fn reference(&mut self, name: DwAt, target: UnitOffset) {
        let fixup = Fixup::Local(DieOffset::new(target.0 as u32));
        self.value(name, dw::DW_FORM_ref4, |values| values.fixup(fixup, 0));
    }

    /// Refers to an entry by where it was written in the unit.
    pub(super) fn written(&mut self, name: DwAt, target: PartOffset) {
        self.value(name, dw::DW_FORM_ref4, |values| values.u32(target.get()));
    }

    /// Refers to an entry of this unit that is not written yet.
    pub(super) fn forward_reference(&mut self, name: DwAt) -> PendingField {
        let field = self.next();
        self.written(name, PartOffset::START);
        field
    }

    pub(super) fn expression(&mut self, name: DwAt, expression: &Fragment) {
        self.value(name, dw::DW_FORM_exprloc, |values| {
            values.uleb(expression.len() as u64);
            values.append(expression);
        });
    }

    pub(super) fn location(&mut self, name: DwAt, location: LocationDescription) {
        match location {
            LocationDescription::Single(expression) => self.expression(name, &expression),
            LocationDescription::List(list) => {
                self.value(name, dw::DW_FORM_sec_offset, |values| {
                    values.fixup(Fixup::Locations, list.get());
                });
            }
        }
    }

    /// A range list of this unit.
    pub(super) fn ranges(&mut self, list: PartOffset) -> PendingField {
        let field = self.next();
        self.value(dw::DW_AT_ranges, dw::DW_FORM_sec_offset, |values| {
            values.fixup(Fixup::Ranges, list.get());
        });
        field
    }

    pub(super) fn address(&mut self, name: DwAt, in_text: u64) {
        self.value(name, dw::DW_FORM_addr, |values| values.address(Base::Text, in_text));
    }

    /// The field that comes next.
    fn next(&self) -> PendingField {
        PendingField(self.values.end())
    }

    /// Writes the entry to the end of a unit.
    pub(super) fn write(
        self,
        info: &mut Fragment,
        abbreviations: &mut Abbreviations,
    ) -> WrittenDie {
        let offset = info.end();
        info.uleb(abbreviations.code(self.abbreviation));
        let values = info.end();
        info.append(&self.values);
        WrittenDie { offset, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes of abbreviations take one byte up to 127, then two.
    #[test]
    fn fields_are_found_after_codes_of_any_length() {
        let (mut info, mut abbreviations) = (Fragment::default(), Abbreviations::default());
        let mut lengths = std::collections::BTreeSet::new();
        for number in 1..=300u16 {
            let mut die = DieBuilder::new(gimli::DwTag(number), false);
            die.string(dw::DW_AT_name, b"a name");
            let target = die.forward_reference(dw::DW_AT_type);
            die.flag(dw::DW_AT_artificial);
            let ranges = die.ranges(PartOffset::new(u32::from(number) << 8));
            let written = die.write(&mut info, &mut abbreviations);
            lengths.insert(written.values.get() - written.offset.get());
            info.set_u32(written.position(target), 0x1234_5678);
            let [.., a, b, c, d, e, f, g, h] = info.bytes[..] else { panic!("an entry") };
            assert_eq!(u32::from_le_bytes([a, b, c, d]), 0x1234_5678, "entry {number}");
            assert_eq!(u32::from_le_bytes([e, f, g, h]), u32::from(number) << 8);
            assert_eq!(written.position(ranges).index(), info.len() - 4);
            assert_eq!(info.fixups.last().map(|(at, _)| *at), info.end().checked_sub(4));
        }
        assert_eq!(Vec::from_iter(lengths), [1, 2]);
    }
}
