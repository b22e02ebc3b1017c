//! `.precast.functions`, `.precast.sites` and `.precast.handlers`, the tables in which the loader
//! finds what stands at an address. Their formats are those of
//! [`precast_artifact::address_map`] and [`precast_artifact::handlers`]; keys are offsets in `.text`.

use super::Stub;
use super::text::{Place, Text};
use crate::function::CompiledFunction;
use precast_artifact::address_map::{Mapping, Site, encode};
use precast_artifact::handlers::{self, Handler};
use precast_artifact::index::{CodeOffset, FuncIndex, WasmOffset};

/// Where each own function starts; folded ones only by the first of their
/// class. `functions` holds those that have code of their own.
pub(super) fn function_table(text: &Text, functions: &[Option<CompiledFunction>]) -> Vec<u8> {
    let own = functions.iter().zip(&text.functions).zip(text.imported..);
    let entry = |((function, place), value): ((&Option<_>, &Option<Place>), u32)| {
        function.as_ref()?;
        let code = CodeOffset::new((*place)?.start);
        Some(Mapping { code, site: Site::Call, value: FuncIndex::new(value) })
    };
    let entries = own.filter_map(entry);
    let left = functions.iter().flatten().count();
    encode(Counted { entries, left })
}

/// Every call and every instruction that may trap. `bodies` says where the body
/// of each own function begins in the module.
pub(super) fn site_table(
    text: &Text,
    functions: &[Option<CompiledFunction>],
    stubs: &[Stub],
    bodies: &[u32],
) -> Vec<u8> {
    let source = |function: &CompiledFunction, own: usize, position| {
        let Some(operator) = function.operator_at(position) else { return WasmOffset::START };
        let own = operator.function.map_or(own, |inlined| (inlined.get() - text.imported) as usize);
        let offset = operator.offset.in_module(WasmOffset::new(bodies[own]));
        offset.expect("the module's size fits in 32 bits")
    };
    let placed = functions.iter().zip(&text.functions).enumerate();
    let functions = placed.filter_map(|(own, (f, place))| Some((own, (*place)?, f.as_ref()?)));
    let left = functions.clone().map(|(.., function)| function.sites.len()).sum::<usize>();
    let of_functions = functions.flat_map(|(own, place, function)| {
        function.sites.iter().map(move |site| Mapping {
            code: CodeOffset::new(place.start + site.offset),
            site: site.site,
            value: source(function, own, site.position),
        })
    });
    let stubs = text.stubs.iter().zip(stubs);
    let left = left + stubs.clone().map(|(_, stub)| stub.function.sites.len()).sum::<usize>();
    // Stubs have no source.
    let of_stubs = stubs.flat_map(|(place, stub)| {
        stub.function.sites.iter().map(|site| Mapping {
            code: CodeOffset::new(place.start + site.offset),
            site: site.site,
            value: WasmOffset::START,
        })
    });
    encode(Counted { entries: of_functions.chain(of_stubs), left })
}

/// Every call out of which an exception is handled.
pub(super) fn handler_table<'a>(
    blocks: impl Iterator<Item = (Place, &'a CompiledFunction)>,
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
