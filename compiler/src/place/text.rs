//! `.text`: where every function and stub is placed, and the bytes there.
//!
//! Own functions come first, in index order, then the stubs in the order in
//! which they were given. Functions that were folded have the place of the
//! first of their class. Islands of [`veneers`] lie between
//! them where calls do not reach.

use super::error::LinkError;
use super::input::Stub;
use super::names::Names;
use super::output::Output;
pub(super) use super::place::Place;
use super::relocate::{self, Refused};
use super::veneers::{self, Island};
use crate::function::{CodeReloc, CompiledFunction, Symbol};
use precast_artifact::module::Table;

/// Functions start at least on this boundary. Processors fetch code in blocks
/// of 16 bytes or more, so a function's first fetch is a whole one.
const FUNCTION_ALIGNMENT: u32 = 16;

/// The largest offset between two places that tables and code can express.
pub(super) const MAX_DISTANCE: u64 = i32::MAX as u64;

/// The layout of `.text`.
#[derive(Default)]
pub(super) struct Text {
    /// Index of the first own function.
    pub imported: u32,
    /// The own functions, folded ones included; `None` for removed ones.
    pub functions: Vec<Option<Place>>,
    /// The stubs.
    pub stubs: Vec<Place>,
    /// The veneers.
    pub islands: Vec<Island>,
    /// The code of each of [`Text::islands`].
    veneers: Vec<CompiledFunction>,
    /// Calls reach less than this many bytes, if less than text may have.
    reach: Option<u64>,
    /// Size of the section.
    pub size: u32,
}

/// A piece of code and where it lies.
pub(super) type Block<'a> = (Place, &'a CompiledFunction);

impl Text {
    /// Places everything. Function `i` shares the code of `classes[i]`, which
    /// is at most `i`; calls reach less than `reach` bytes.
    pub(super) fn place(
        imported: u32,
        functions: &[Option<CompiledFunction>],
        classes: &[u32],
        stubs: &[Stub],
        reach: Option<u64>,
    ) -> Result<Self, LinkError> {
        let mut end = 0;
        let mut placed: Vec<Option<Place>> = Vec::with_capacity(functions.len());
        for ((function, class), index) in functions.iter().zip(classes).zip(0..) {
            placed.push(match function {
                Some(_) if *class != index => placed[*class as usize],
                Some(function) => Some(append(&mut end, function)?),
                None => None,
            });
        }
        let places = stubs.iter().map(|stub| append(&mut end, &stub.function));
        let places = places.collect::<Result<_, _>>()?;
        let (islands, veneers) = (Vec::new(), Vec::new());
        let size = end as u32;
        let mut text =
            Self { imported, functions: placed, stubs: places, islands, veneers, reach, size };
        match reach {
            Some(reach) if end > reach => text.add_islands(functions, classes, stubs, reach)?,
            _ => {}
        }
        Ok(text)
    }

    /// Makes room for the veneers that are needed.
    fn add_islands(
        &mut self,
        functions: &[Option<CompiledFunction>],
        classes: &[u32],
        stubs: &[Stub],
        reach: u64,
    ) -> Result<(), LinkError> {
        let leads = |index: usize| classes[index] as usize == index;
        let functions = functions.iter().zip(&self.functions).enumerate();
        let functions = functions
            .filter_map(|(i, (f, place))| Some(((*place)?, f.as_ref()?)).filter(|_| leads(i)));
        let stubs = self.stubs.iter().copied().zip(stubs.iter().map(|stub| &stub.function));
        let blocks: Vec<_> = functions
            .chain(stubs)
            .map(|(place, code)| {
                let CompiledFunction { alignment, relocs, .. } = code;
                veneers::Block { place, alignment: *alignment, relocs }
            })
            .collect();
        let planned = veneers::plan(&blocks, reach, |symbol| self.find(symbol));
        let shift = |place: &mut Place| place.start = planned.shifted(place.start);
        self.functions.iter_mut().flatten().for_each(shift);
        self.stubs.iter_mut().for_each(shift);
        self.islands = planned.islands;
        self.veneers = self.islands.iter().map(Island::code).collect();
        let ends = |place: &Place| u64::from(place.start) + u64::from(place.size);
        let places = self.functions.iter().flatten().chain(&self.stubs);
        let places = places.chain(self.islands.iter().map(|island| &island.place));
        let end = places.map(ends).max().unwrap_or(0);
        if end > MAX_DISTANCE {
            return Err(LinkError::TooLarge(end));
        }
        self.size = end as u32;
        Ok(())
    }

    /// The place of code.
    pub(super) fn find(&self, symbol: Symbol) -> Option<Place> {
        match symbol {
            Symbol::Function(index) => {
                *self.functions.get(index.checked_sub(self.imported)? as usize)?
            }
            Symbol::Stub(index) => self.stubs.get(index as usize).copied(),
            Symbol::PrivateTable(_) | Symbol::Local(_) => None,
        }
    }

    /// Every piece of code with its place, in order of address. `functions`
    /// holds those that have code of their own.
    pub(super) fn blocks<'a>(
        &'a self,
        functions: &'a [Option<CompiledFunction>],
        stubs: &'a [Stub],
    ) -> impl Iterator<Item = Block<'a>> + Clone {
        let functions = functions.iter().zip(&self.functions);
        let functions = functions.filter_map(|(f, place)| Some(((*place)?, f.as_ref()?)));
        let stubs = self.stubs.iter().copied().zip(stubs.iter().map(|s| &s.function));
        let island = |i: usize| (self.islands[i].place, &self.veneers[i]);
        WithIslands::new(functions.chain(stubs), &self.islands, island)
    }

    /// Patches and writes everything, one function after the other; each is
    /// freed as soon as it is written.
    pub(super) fn write(
        &self,
        functions: Vec<Option<CompiledFunction>>,
        stubs: Vec<Stub>,
        addresses: &Addresses<'_>,
        names: &Names<'_>,
        out: &mut Output<'_>,
        padding: u8,
    ) -> Result<(), LinkError> {
        for (mut function, place, own) in self.pieces(functions, stubs) {
            self.patch(&mut function, place, own, addresses, names)?;
            out.pad_to(addresses.text + u64::from(place.start), padding)?;
            out.write(&function.code)?;
        }
        Ok(())
    }

    /// Applies the relocations of one piece of code.
    pub(super) fn patch(
        &self,
        function: &mut CompiledFunction,
        place: Place,
        own: Symbol,
        addresses: &Addresses<'_>,
        names: &Names<'_>,
    ) -> Result<(), LinkError> {
        let address = addresses.text + u64::from(place.start);
        let island = self.island_of(place);
        relocate::patch(function, address, |reloc| addresses.of(reloc, address, island))
            .map_err(|refused| refuse(names.get(own).into_owned(), refused))
    }

    /// Every piece of code by value, in order of address, with its place and
    /// what it is called.
    pub(super) fn pieces(
        &self,
        functions: Vec<Option<CompiledFunction>>,
        stubs: Vec<Stub>,
    ) -> impl Iterator<Item = (CompiledFunction, Place, Symbol)> {
        let functions = functions.into_iter().zip(&self.functions).zip(self.imported..);
        let functions = functions
            .filter_map(|((f, place), index)| Some((f?, (*place)?, Symbol::Function(index))));
        let stubs = stubs.into_iter().zip(&self.stubs).zip(0..);
        let stubs = stubs.map(|((stub, place), i)| (stub.function, *place, Symbol::Stub(i)));
        // Named after what it leads to first, in errors that cannot be: an
        // `adrp` reaches further than text may be long.
        let island = |i: usize| {
            let Island { place, targets, .. } = &self.islands[i];
            (self.veneers[i].clone(), *place, targets[0].1)
        };
        WithIslands::new(functions.chain(stubs), &self.islands, island)
    }

    /// The island that serves the code at `place`: the next one.
    fn island_of(&self, place: Place) -> Option<&Island> {
        let next = self.islands.partition_point(|island| island.place.start < place.start);
        self.islands.get(next)
    }
}

/// Blocks of code with the islands between them.
#[derive(Clone)]
struct WithIslands<'a, B, F> {
    blocks: B,
    islands: &'a [Island],
    island: F,
    /// Blocks and islands given so far.
    given: (usize, usize),
}

impl<'a, B, F> WithIslands<'a, B, F> {
    fn new(blocks: B, islands: &'a [Island], island: F) -> Self {
        Self { blocks, islands, island, given: (0, 0) }
    }
}

impl<B: Iterator, F: Fn(usize) -> B::Item> Iterator for WithIslands<'_, B, F> {
    type Item = B::Item;

    fn next(&mut self) -> Option<B::Item> {
        let (blocks, islands) = &mut self.given;
        if self.islands.get(*islands).is_some_and(|next| next.after == *blocks) {
            *islands += 1;
            return Some((self.island)(*islands - 1));
        }
        *blocks += 1;
        self.blocks.next()
    }
}

/// Where symbols lie in the image.
pub(super) struct Addresses<'a> {
    /// Address of `.text`.
    pub text: u64,
    /// Its layout.
    pub layout: &'a Text,
    /// The tables; private ones know their place.
    pub tables: &'a [Table],
}

impl Addresses<'_> {
    /// Where a reference leads that is in code at `address`: to its symbol, or
    /// to a veneer of the island that serves this code.
    fn of(&self, reloc: &CodeReloc, address: u64, island: Option<&Island>) -> Option<u64> {
        let symbol = self.find(reloc.target)?;
        let place = address + u64::from(reloc.offset);
        match self.layout.reach {
            Some(reach) if veneers::is_call(reloc) && !veneers::reaches(reach, place, symbol) => {
                let start = (symbol - self.text) as u32;
                let veneer = island.and_then(|island| island.veneer(start));
                // Without one, the reference is refused as out of range.
                Some(veneer.map_or(symbol, |veneer| self.text + u64::from(veneer)))
            }
            _ => Some(symbol),
        }
    }

    fn find(&self, symbol: Symbol) -> Option<u64> {
        match symbol {
            Symbol::PrivateTable(index) => Some(self.tables.get(index as usize)?.image.offset),
            code => Some(self.text + u64::from(self.layout.find(code)?.start)),
        }
    }
}

fn append(end: &mut u64, function: &CompiledFunction) -> Result<Place, LinkError> {
    let size = function.code.len() as u64;
    let start = end.next_multiple_of(function.alignment.max(FUNCTION_ALIGNMENT).into());
    *end = start + size;
    if *end > MAX_DISTANCE {
        return Err(LinkError::TooLarge(*end));
    }
    Ok(Place { start: start as u32, size: size as u32 })
}

fn refuse(place: String, refused: Refused) -> LinkError {
    match refused {
        Refused::Unresolved(symbol) => LinkError::Unresolved { place, symbol: Some(symbol) },
        Refused::OutOfRange(reloc, distance) => {
            LinkError::OutOfRange { place, offset: reloc.offset, kind: reloc.kind, distance }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::input::StubKind;

    fn code(size: usize, alignment: u32) -> CompiledFunction {
        CompiledFunction { code: vec![0x90; size].into(), alignment, ..Default::default() }
    }

    #[test]
    fn functions_come_in_order_then_stubs() {
        let functions = [Some(code(17, 1)), None, Some(code(3, 64)), Some(code(17, 1))];
        let stubs = [Stub { kind: StubKind::Entry(0), function: code(5, 4) }];
        let text = Text::place(10, &functions, &[0, 1, 2, 0], &stubs, None).unwrap();
        let place = |start, size| Some(Place { start, size });
        assert_eq!(text.functions, [place(0, 17), None, place(64, 3), place(0, 17)]);
        assert_eq!(text.find(Symbol::Function(12)), place(64, 3));
        assert_eq!(text.find(Symbol::Function(11)), None);
        assert_eq!(text.find(Symbol::Function(9)), None);
        assert_eq!(text.find(Symbol::Stub(0)), place(80, 5));
        assert_eq!(text.size, 85);
    }
}
