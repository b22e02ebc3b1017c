//! `.precast.functions`, `.precast.sites` and `.precast.handlers`, the tables in
//! which the loader finds what stands at an address. Their formats are those of
//! [`precast_artifact::address_map`] and [`precast_artifact::handlers`]; keys are
//! offsets in `.text`.

use crate::code::Text;
use crate::function::CompiledFunction;
use crate::place::{Placed, Placement};
use precast_artifact::address_map::{Mapping, Site, encode};
use precast_artifact::handlers::{self, Handler};
use precast_artifact::index::{CodeOffset, FuncIndex, ModuleIndex, WasmOffset};

/// Where each function of a module starts; folded ones only by the first of
/// their class.
pub(super) fn function_table(placed: &Placed<'_>, module: ModuleIndex) -> Vec<u8> {
    let list = placed.names.functions();
    let range = list.of(module);
    let Text { functions, .. } = &placed.texts[0];
    let left = functions[range.clone()].iter().flatten().count();
    let places = functions[range.clone()].iter().zip(&placed.layout.functions[range]);
    let entry = |((function, place), value): ((&Option<_>, &Option<Placement>), u32)| {
        function.as_ref()?;
        let code = CodeOffset::new((*place)?.start);
        Some(Mapping { code, site: Site::Call, value: FuncIndex::new(value) })
    };
    let entries = places.zip(list.imported(module)..).filter_map(entry);
    encode(Counted { entries, left })
}

/// Every call and every instruction that may trap.
pub(super) fn site_table<'a>(
    blocks: impl Iterator<Item = (Placement, &'a CompiledFunction)> + Clone,
) -> Vec<u8> {
    let left = blocks.clone().map(|(_, function)| function.sites.len()).sum();
    let entries = blocks.flat_map(|(place, function)| {
        let code = move |offset| CodeOffset::new(place.start + offset);
        let sites = function.sites.iter();
        sites.map(move |s| Mapping {
            code: code(s.offset),
            site: s.site,
            value: WasmOffset::new(s.wasm),
        })
    });
    encode(Counted { entries, left })
}

/// Every call out of which an exception is handled.
pub(super) fn handler_table<'a>(
    blocks: impl Iterator<Item = (Placement, &'a CompiledFunction)>,
) -> Vec<u8> {
    let handlers = blocks.flat_map(|(place, function)| {
        function.handlers.iter().map(move |h| Handler {
            key: CodeOffset::new(place.start + h.key.get()),
            handler: CodeOffset::new(place.start + h.handler.get()),
            frame: h.frame,
        })
    });
    handlers::encode(&handlers.collect::<Vec<_>>())
}

/// An iterator whose length is known from elsewhere.
struct Counted<I> {
    entries: I,
    left: usize,
}

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let entry = self.entries.next()?;
        self.left -= 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for Counted<I> {}
