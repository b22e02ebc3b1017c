//! `.precast.functions`, `.precast.sites` and `.precast.handlers`, the tables in
//! which the loader finds what stands at an address. Their formats are those of
//! [`precast_artifact::address_map`] and [`precast_artifact::handlers`]; keys are
//! offsets in `.text`.

use crate::code::Text;
use crate::function::{CodeSite, CompiledFunction};
use crate::place::{Placed, Placement};
use precast_artifact::address_map::{MapEntry, Site, encode};
use precast_artifact::handlers::{self, Handler};
use precast_artifact::index::{
    DefinedFuncIndex, FuncIndex, ListedFuncIndex, ModuleIndex, WasmOffset,
};

/// Where each function of a module starts; folded ones only by the first of
/// their class.
pub(super) fn function_table(placed: &Placed<'_>, module: ModuleIndex) -> Vec<u8> {
    let list = placed.names.functions();
    let range = list.of(module);
    let (first, imported) = (range.start, list.imported(module));
    let Text { functions, .. } = &placed.texts[0];
    let own = placed.layout.order.iter().map(|position| position.index());
    let own = own.filter(|position| range.contains(position) && functions[*position].is_some());
    let entry = |position: usize| {
        let code = placed.layout.functions[position]?.start;
        let value = DefinedFuncIndex::from_index(position - first).in_module(imported);
        Some(MapEntry { code, site: Site::Call, value })
    };
    let entries: Vec<MapEntry<FuncIndex>> = own.filter_map(entry).collect();
    encode(entries.into_iter())
}

/// Every call and every instruction that may trap, in one of the texts.
pub(super) fn site_table(placed: &Placed<'_>, text: &Text) -> Vec<u8> {
    let list = placed.names.functions();
    // Where bodies begin in the source, as the list has the functions.
    let bodies: Vec<WasmOffset> =
        placed.modules.iter().flat_map(|module| &module.bodies).copied().collect();
    let source = |function: &CompiledFunction, position: ListedFuncIndex, site: &CodeSite| {
        let Some(operator) = function.operator_at(site.position) else { return WasmOffset::START };
        let position = match operator.function {
            None => position,
            Some((module, index)) => list.position(module, index).expect("a function was inlined"),
        };
        let offset = operator.offset.in_module(bodies[position.index()]);
        offset.expect("the size of a module fits in 32 bits")
    };
    let functions = placed.layout.order.iter().filter_map(|position| {
        let at = position.index();
        Some((Some(*position), placed.layout.functions[at]?, text.functions[at].as_ref()?))
    });
    // Stubs come from nowhere.
    let stubs = placed.layout.stubs.iter().zip(&text.stubs);
    let stubs = stubs.map(|(place, stub)| (None, *place, &stub.function));
    let blocks = functions.chain(stubs);
    let left = blocks.clone().map(|(.., function)| function.sites.len()).sum();
    let entries = blocks.flat_map(|(position, place, function)| {
        function.sites.iter().map(move |site| MapEntry {
            code: site.offset.in_code(place.start),
            site: site.site,
            value: position.map_or(WasmOffset::START, |at| source(function, at, site)),
        })
    });
    encode(KnownLength { entries, left })
}

/// Every call out of which an exception is handled.
pub(super) fn handler_table<'a>(
    blocks: impl Iterator<Item = (Placement, &'a CompiledFunction)>,
) -> Vec<u8> {
    let handlers = blocks.flat_map(|(place, function)| {
        function.handlers.iter().map(move |h| Handler {
            key: h.key.in_code(place.start),
            handler: h.handler.in_code(place.start),
            frame: h.frame,
        })
    });
    handlers::encode(&handlers.collect::<Vec<_>>())
}

/// An iterator whose length is known from elsewhere.
#[derive(Clone)]
struct KnownLength<I> {
    entries: I,
    left: usize,
}

impl<I: Iterator> Iterator for KnownLength<I> {
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

impl<I: Iterator> ExactSizeIterator for KnownLength<I> {}
