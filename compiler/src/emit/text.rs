//! `.text` as it is written: references resolved, function by function.

use super::relocate::{self, Refused};
use super::writer::ImageWriter;
use crate::code::Text;
use crate::function::{CodeReloc, CompiledFunction, Symbol};
use crate::names::Names;
use crate::place::{Island, LinkError, Placement, TextLayout, reaches, veneer_may_replace};
use precast_artifact::index::CodeOffset;

/// Where symbols lie in the image.
pub(super) struct Addresses<'a> {
    /// Address of `.text`.
    pub text: u64,
    /// Its layout.
    pub layout: &'a TextLayout,
    /// Address of each private table, by module.
    pub tables: &'a [Vec<Option<u64>>],
    /// What there is to be found.
    pub names: &'a Names<'a>,
}

impl Addresses<'_> {
    /// Patches and writes a text, one function after the other; each is freed
    /// as soon as it is written.
    pub(super) fn write(
        &self,
        text: Text,
        out: &mut ImageWriter<'_>,
        padding: u8,
    ) -> Result<(), LinkError> {
        for (mut function, place, symbol) in self.layout.pieces(self.names.functions(), text) {
            self.patch(&mut function, place, symbol)?;
            out.pad_to(self.text + u64::from(place.start), padding)?;
            out.write(&function.code)?;
        }
        Ok(())
    }

    /// Applies the relocations of one piece of code, which is called `symbol`.
    pub(super) fn patch(
        &self,
        function: &mut CompiledFunction,
        place: Placement,
        symbol: Symbol,
    ) -> Result<(), LinkError> {
        let address = self.text + u64::from(place.start);
        let island = self.layout.island_of(place);
        relocate::patch(function, address, |reloc| self.target(reloc, address, island))
            .map_err(|refused| refuse(self.names.get(symbol).into_owned(), refused))
    }

    /// Where a reference leads that is in code at `address`: to its symbol, or
    /// to a veneer of the island that serves this code.
    fn target(&self, reloc: &CodeReloc, address: u64, island: Option<&Island>) -> Option<u64> {
        let symbol = self.find(reloc.target)?;
        let place = address + u64::from(reloc.offset);
        match self.layout.reach {
            Some(reach) if veneer_may_replace(reloc) && !reaches(reach, place, symbol) => {
                let start = CodeOffset::new((symbol - self.text) as u32);
                let veneer = island.and_then(|island| island.veneer(start));
                // Without one, the reference is refused as out of range.
                Some(veneer.map_or(symbol, |veneer| self.text + u64::from(veneer)))
            }
            _ => Some(symbol),
        }
    }

    fn find(&self, symbol: Symbol) -> Option<u64> {
        match symbol {
            Symbol::PrivateTable(module, index) => {
                *self.tables.get(module.index())?.get(index.index())?
            }
            code => {
                let place = self.layout.find(self.names.functions(), code)?;
                Some(self.text + u64::from(place.start))
            }
        }
    }
}

fn refuse(place: String, refused: Refused) -> LinkError {
    match refused {
        Refused::Unresolved(symbol) => LinkError::Unresolved { place, symbol },
        Refused::OutOfRange(reloc, distance) => {
            LinkError::OutOfRange { place, offset: reloc.offset, kind: reloc.kind, distance }
        }
    }
}
