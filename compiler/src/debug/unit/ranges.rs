//! The code of entries: where it was in the module, and where it is.

use super::converter::UnitConverter;
use super::die::DieBuilder;
use crate::debug::code;
use crate::debug::fragment::Base;
use crate::debug::sections::Bytes;
use gimli::{Attribute, constants as dw};
use precast_artifact::index::{CodeOffset, FunctionOffset, PartOffset};
use std::ops::Range;

impl<'a> UnitConverter<'_, 'a> {
    /// The code of an entry inside a function, within what is around it.
    pub(super) fn covered_code(
        &mut self,
        attributes: &[Attribute<Bytes<'a>>],
        function: Option<usize>,
    ) -> Vec<Range<FunctionOffset>> {
        let Some(function) = function.and_then(|function| self.functions.get(function)) else {
            return Vec::new();
        };
        let mut covered = Vec::new();
        for range in self.source_ranges(attributes) {
            let pieces = function.code.within(&range).len() as u64;
            let Some(left) = self.locations.work.checked_sub(pieces + 1) else { break };
            self.locations.work = left;
            covered.extend(function.code.ranges(&range));
        }
        let Some(around) = self.open.last_mut() else { return Vec::new() };
        let inside = code::intersect(&code::join(covered), &around.code);
        code::claim(inside, &mut around.taken)
    }

    /// The address ranges that an entry has in the module.
    pub(super) fn source_ranges(&self, attributes: &[Attribute<Bytes<'a>>]) -> Vec<Range<u64>> {
        let find = |name| attributes.iter().find(|a| a.name() == name);
        let dwarf = self.dwarf;
        if let Some(attribute) = find(dw::DW_AT_ranges) {
            let Ok(Some(mut list)) = dwarf.attr_ranges(self.unit, attribute.value()) else {
                return Vec::new();
            };
            let mut ranges = Vec::new();
            // A damaged list may be as long as its section.
            while let Ok(Some(range)) = list.next()
                && ranges.len() < 1 << 16
            {
                ranges.push(range.begin..range.end);
            }
            return ranges;
        }
        let address = |attribute: &Attribute<Bytes<'a>>| {
            dwarf.attr_address(self.unit, attribute.value()).ok().flatten()
        };
        let Some(low) = find(dw::DW_AT_low_pc).and_then(address) else { return Vec::new() };
        let high = find(dw::DW_AT_high_pc).and_then(|attribute| match address(attribute) {
            Some(high) => Some(high),
            None => low.checked_add(attribute.udata_value()?),
        });
        high.filter(|high| *high > low).map(|high| low..high).into_iter().collect()
    }

    /// Where the code of a block is.
    pub(super) fn code_attributes(
        &mut self,
        code: &[Range<FunctionOffset>],
        function: Option<usize>,
        die: &mut DieBuilder,
    ) {
        let Some(function) = function.map(|function| &self.functions[function]) else { return };
        let text = u64::from(function.code.function.text.start);
        match code {
            [] => {}
            [range] => {
                die.address(dw::DW_AT_low_pc, text + u64::from(range.start));
                let size = u64::from(range.end) - u64::from(range.start);
                die.value(dw::DW_AT_high_pc, dw::DW_FORM_udata, |v| v.uleb(size));
            }
            ranges => {
                let list = self.begin_ranges();
                self.ranges.u8(dw::DW_RLE_base_address.0);
                self.ranges.address(Base::Text, text);
                for range in ranges {
                    self.ranges.u8(dw::DW_RLE_offset_pair.0);
                    self.ranges.uleb(range.start.into());
                    self.ranges.uleb(range.end.into());
                }
                self.ranges.u8(dw::DW_RLE_end_of_list.0);
                die.ranges(list);
            }
        }
    }

    pub(super) fn unit_ranges(&mut self) {
        let Some(at) = self.own_ranges else { return };
        let mut text: Vec<Range<CodeOffset>> =
            self.covered.iter().map(|index| self.context.code.get(*index).text.clone()).collect();
        text.sort_by_key(|range| range.start);
        let start = self.begin_ranges();
        for range in text {
            self.ranges.u8(dw::DW_RLE_start_length.0);
            self.ranges.address(Base::Text, range.start.into());
            self.ranges.uleb(u64::from(range.end) - u64::from(range.start));
        }
        self.ranges.u8(dw::DW_RLE_end_of_list.0);
        self.info.set_u32(at, start.get());
    }

    /// Where the next range list starts; the first needs a header (DWARF 5
    /// section 7.28).
    fn begin_ranges(&mut self) -> PartOffset {
        if self.ranges.len() == 0 {
            self.ranges.u32(0);
            self.ranges.u16(5);
            self.ranges.u8(8);
            self.ranges.u8(0);
            self.ranges.u32(0);
        }
        self.ranges.end()
    }
}
