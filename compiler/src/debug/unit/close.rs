//! The end of a unit: what could not be known before.

use super::Converter;
use super::UnitOutput;
use super::draft::Draft;
use crate::debug::output::Fixup;
use gimli::constants as dw;

impl<'a> Converter<'_, 'a> {
    /// Ends the unit: open entries, references, lengths, the unit's ranges.
    pub(super) fn close(&mut self, output: &mut UnitOutput) {
        let unresolved = self.info.fixups.iter().any(|(_, fixup)| match fixup {
            Fixup::Local(target) => self.find(*target).is_none(),
            Fixup::Entry(_) => true,
            _ => false,
        });
        while self.scopes.len() > 1 {
            self.leave();
        }
        if unresolved && !self.scopes.is_empty() {
            output.nothing = Some(self.info.len() as u32);
            let mut draft = Draft::new(dw::DW_TAG_unspecified_type, false);
            draft.string(dw::DW_AT_name, b"(unknown)");
            self.write(draft);
        }
        self.leave();
        let mut fixups = std::mem::take(&mut self.info.fixups);
        fixups.retain(|(at, fixup)| match fixup {
            Fixup::Local(target) => {
                let found = self.find(*target).or(output.nothing).unwrap_or(0);
                self.info.bytes[*at as usize..][..4].copy_from_slice(&found.to_le_bytes());
                false
            }
            _ => true,
        });
        self.info.fixups = fixups;
        self.info.set_length(0);
        self.unit_ranges();
        if self.ranges.len() != 0 {
            self.ranges.set_length(0);
        }
    }

    /// Where an entry of the module's unit stands in ours.
    fn find(&self, target: u32) -> Option<u32> {
        let target = target.checked_add(self.place.offset)?;
        let found = self.offsets.binary_search_by_key(&target, |(offset, _)| *offset).ok()?;
        Some(self.offsets[found].1)
    }
}
