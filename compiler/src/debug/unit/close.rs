//! The end of a unit: what could not be known before.

use super::converter::UnitConverter;
use super::die::DieBuilder;
use super::output::UnitOutput;
use crate::debug::fragment::Fixup;
use gimli::constants as dw;
use precast_artifact::index::{DieOffset, PartOffset};

impl<'a> UnitConverter<'_, 'a> {
    /// Ends the unit: open entries, references, lengths, the unit's ranges.
    pub(super) fn close(&mut self, output: &mut UnitOutput) {
        let unresolved = self.info.fixups.iter().any(|(_, fixup)| match fixup {
            Fixup::Local(target) => self.find(*target).is_none(),
            Fixup::Entry(_) => true,
            _ => false,
        });
        while self.open.len() > 1 {
            self.leave();
        }
        if unresolved && !self.open.is_empty() {
            let mut die = DieBuilder::new(dw::DW_TAG_unspecified_type, false);
            die.string(dw::DW_AT_name, b"(unknown)");
            output.nothing = Some(self.write(die).offset);
        }
        self.leave();
        let mut fixups = std::mem::take(&mut self.info.fixups);
        fixups.retain(|(at, fixup)| match fixup {
            Fixup::Local(target) => {
                let found = self.find(*target).or(output.nothing).unwrap_or_default();
                self.info.set_u32(*at, found.get());
                false
            }
            _ => true,
        });
        self.info.fixups = fixups;
        self.info.set_length(PartOffset::START);
        self.unit_ranges();
        if self.ranges.len() != 0 {
            self.ranges.set_length(PartOffset::START);
        }
    }

    /// Where an entry of the module's unit stands in ours.
    fn find(&self, target: DieOffset) -> Option<PartOffset> {
        let target = self.input.offset.checked_add(target.get())?;
        let found = self.offsets.binary_search_by_key(&target, |(offset, _)| *offset).ok()?;
        Some(self.offsets[found].1)
    }
}
