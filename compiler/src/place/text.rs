//! `.text`: where every function and stub is placed.
//!
//! Functions come first, in the order that was asked for, which is that of the
//! list unless something is known about their use; then the stubs in the order
//! in which they were given. Functions that were folded have the place of the
//! first of their class. Islands of [`veneers`] lie between them where calls do
//! not reach.

use super::error::LinkError;
use super::placement::Placement;
use super::veneers::{self, Island};
use crate::code::Text;
use crate::function::{CompiledFunction, Symbol};
use crate::names::FunctionList;
use crate::stub::Stub;
use precast_artifact::index::{CodeOffset, ListedFuncIndex, StubIndex};

/// The largest offset between two places that tables and code can express.
pub(crate) const MAX_DISTANCE: u64 = i32::MAX as u64;

/// The layout of `.text`: the same for every CPU.
#[derive(Default)]
pub(crate) struct TextLayout {
    /// The functions with code of their own, in order of address.
    pub order: Vec<ListedFuncIndex>,
    /// The functions, folded ones included; `None` for removed ones.
    pub functions: Vec<Option<Placement>>,
    /// The stubs.
    pub stubs: Vec<Placement>,
    /// The veneers.
    pub islands: Vec<Island>,
    /// The code of each of [`TextLayout::islands`].
    pub veneers: Vec<CompiledFunction>,
    /// Calls reach less than this many bytes, if less than text may have.
    pub reach: Option<u64>,
    /// Size of the section.
    pub size: u32,
}

/// A piece of code and where it lies.
pub(crate) type PlacedBlock<'a> = (Placement, &'a CompiledFunction);

impl TextLayout {
    /// Places everything. The function at position `i` shares the code of
    /// `classes[i]`, which is at most `i`; functions lie in the given order, which
    /// has each once; calls reach less than `reach` bytes.
    pub(super) fn new(
        list: &FunctionList<'_>,
        text: &Text,
        (classes, order): (&[ListedFuncIndex], impl Iterator<Item = ListedFuncIndex>),
        reach: Option<u64>,
    ) -> Result<Self, LinkError> {
        let mut end = 0;
        let mut functions: Vec<Option<Placement>> = vec![None; text.functions.len()];
        let leads = |index: &ListedFuncIndex| classes[index.index()] == *index;
        let own = |index: &ListedFuncIndex| text.functions[index.index()].is_some();
        let order: Vec<_> = order.filter(|index| leads(index) && own(index)).collect();
        for index in &order {
            let function = text.functions[index.index()].as_ref().expect("it has code");
            functions[index.index()] = Some(append(&mut end, function)?);
        }
        for (index, class) in classes.iter().enumerate() {
            if text.functions[index].is_some() {
                functions[index] = functions[class.index()];
            }
        }
        let stubs = text.stubs.iter().map(|stub| append(&mut end, &stub.function));
        let stubs = stubs.collect::<Result<_, _>>()?;
        let size = end as u32;
        let mut layout = Self { order, functions, stubs, reach, size, ..Self::default() };
        match reach {
            Some(reach) if end > reach => layout.add_islands(list, text, reach)?,
            _ => {}
        }
        Ok(layout)
    }

    /// Makes room for the veneers that are needed.
    fn add_islands(
        &mut self,
        list: &FunctionList<'_>,
        text: &Text,
        reach: u64,
    ) -> Result<(), LinkError> {
        let functions = self.own_code(&text.functions);
        let stubs = self.stubs.iter().copied().zip(text.stubs.iter().map(|stub| &stub.function));
        let blocks: Vec<_> = functions
            .chain(stubs)
            .map(|(place, code)| {
                let CompiledFunction { alignment, relocs, .. } = code;
                veneers::Block { place, alignment: *alignment, relocs }
            })
            .collect();
        let planned = veneers::plan(&blocks, reach, |symbol| self.find(list, symbol));
        let shift = |place: &mut Placement| place.start = planned.shifted(place.start);
        self.functions.iter_mut().flatten().for_each(shift);
        self.stubs.iter_mut().for_each(shift);
        self.islands = planned.islands;
        self.veneers = self.islands.iter().map(Island::code).collect();
        let ends = |place: &Placement| u64::from(place.end());
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
    pub(crate) fn find(&self, list: &FunctionList<'_>, symbol: Symbol) -> Option<Placement> {
        match symbol {
            Symbol::Function(module, index) => {
                self.functions[list.position(module, index)?.index()]
            }
            Symbol::Stub(index) => self.stubs.get(index.index()).copied(),
            Symbol::PrivateTable(..) | Symbol::Local(_) => None,
        }
    }

    /// Every piece of code with its place, in order of address. `functions`
    /// holds those that have code of their own.
    pub(crate) fn blocks<'a>(
        &'a self,
        functions: &'a [Option<CompiledFunction>],
        stubs: &'a [Stub],
    ) -> impl Iterator<Item = PlacedBlock<'a>> + Clone {
        let functions = self.own_code(functions);
        let stubs = self.stubs.iter().copied().zip(stubs.iter().map(|s| &s.function));
        let island = |i: usize| (self.islands[i].place, &self.veneers[i]);
        WithIslands::new(functions.chain(stubs), &self.islands, island)
    }

    /// Functions with code of their own, in order of address.
    fn own_code<'a>(
        &'a self,
        functions: &'a [Option<CompiledFunction>],
    ) -> impl Iterator<Item = PlacedBlock<'a>> + Clone {
        let at = |index: &ListedFuncIndex| {
            Some((self.functions[index.index()]?, functions[index.index()].as_ref()?))
        };
        self.order.iter().filter_map(at)
    }

    /// Every piece of code by value, in order of address, with its place and
    /// what it is called.
    pub(crate) fn pieces(
        &self,
        list: &FunctionList<'_>,
        text: Text,
    ) -> impl Iterator<Item = (CompiledFunction, Placement, Symbol)> {
        let mut functions = text.functions;
        let functions = self.order.iter().filter_map(move |position| {
            let function = functions[position.index()].take()?;
            Some((function, self.functions[position.index()]?, list.symbol(*position)))
        });
        let stubs = StubIndex::enumerate(text.stubs.into_iter().zip(&self.stubs));
        let stubs = stubs.map(|(i, (stub, place))| (stub.function, *place, Symbol::Stub(i)));
        // Named after what it leads to first, in errors that cannot be: an
        // `adrp` reaches further than text may be long.
        let island = |i: usize| {
            let Island { place, targets, .. } = &self.islands[i];
            (self.veneers[i].clone(), *place, targets[0].1)
        };
        WithIslands::new(functions.chain(stubs), &self.islands, island)
    }

    /// The island that serves the code at `place`: the next one.
    pub(crate) fn island_of(&self, place: Placement) -> Option<&Island> {
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

fn append(end: &mut u64, function: &CompiledFunction) -> Result<Placement, LinkError> {
    let size = function.code.len() as u64;
    let start = function.start_from(*end);
    *end = start + size;
    if *end > MAX_DISTANCE {
        return Err(LinkError::TooLarge(*end));
    }
    Ok(Placement { start: CodeOffset::new(start as u32), size: size as u32 })
}

/// An order whose first function with code is well placed where text begins: the
/// hottest would come there, and be the one whose loops are not heeded.
pub(super) fn with_free_start(
    order: &[ListedFuncIndex],
    text: &Text,
    classes: &[ListedFuncIndex],
) -> Vec<ListedFuncIndex> {
    let mut order = order.to_vec();
    let free = |index: &ListedFuncIndex| {
        let function = text.functions[index.index()].as_ref();
        classes[index.index()] == *index && function.is_some_and(CompiledFunction::may_begin_text)
    };
    if let Some(first) = order.iter().position(free) {
        order[..=first].rotate_right(1);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::StubKind;
    use precast_artifact::index::{CanonicalTypeIndex, FuncIndex, ModuleIndex};

    fn code(size: usize, alignment: u32) -> CompiledFunction {
        CompiledFunction { code: vec![0x90; size].into(), alignment, ..Default::default() }
    }

    #[test]
    fn functions_come_in_order_then_stubs() {
        let module = ModuleIndex::new(0);
        let kind = StubKind::Entry(CanonicalTypeIndex::new(0));
        let text = Text {
            cpu_features: Vec::new(),
            functions: vec![Some(code(17, 1)), None, Some(code(3, 64)), Some(code(17, 1))],
            stubs: vec![Stub { module, kind, function: code(5, 16) }],
        };
        let mut list = FunctionList::default();
        list.push(10, &["", "", "", ""]);
        let classes = [0, 1, 2, 0].map(ListedFuncIndex::new);
        let layout =
            TextLayout::new(&list, &text, (&classes, ListedFuncIndex::first(4)), None).unwrap();
        let place = |start, size| Some(Placement { start: CodeOffset::new(start), size });
        assert_eq!(layout.functions, [place(0, 17), None, place(64, 3), place(0, 17)]);
        let find = |symbol| layout.find(&list, symbol);
        let function = |index| find(Symbol::Function(module, FuncIndex::new(index)));
        assert_eq!(function(12), place(64, 3));
        assert_eq!(function(11), None);
        assert_eq!(function(9), None);
        assert_eq!(function(14), None);
        assert_eq!(find(Symbol::Stub(StubIndex::new(0))), place(80, 5));
        assert_eq!(layout.size, 85);
    }

    #[test]
    fn functions_begin_where_their_loops_want_if_they_may() {
        let starts = |end, alignment, starts| {
            CompiledFunction { starts, ..code(3, alignment) }.start_from(end)
        };
        assert_eq!(starts(17, 1, 0), 17);
        assert_eq!(starts(17, 4, 0), 20);
        assert_eq!(starts(17, 16, 0), 32);
        assert_eq!(starts(17, 16, 0b0100), 32);
        assert_eq!(starts(17, 16, 0b1010), 48);
        assert_eq!(starts(17, 16, 0b0010), 80);
        assert_eq!(starts(0, 16, 0b1000), 0);
        assert_eq!(starts(1, 16, 0b1000), 48);
        assert_eq!(starts(17, 32, 0b0001), 64);
        assert_eq!(starts(17, 32, 0b1010), 32);
        assert_eq!(starts(17, 64, 0b0010), 64);
    }

    #[test]
    fn functions_lie_in_the_order_that_was_asked_for() {
        let text = Text {
            cpu_features: Vec::new(),
            functions: vec![Some(code(16, 1)), Some(code(32, 1)), None, Some(code(16, 1))],
            stubs: Vec::new(),
        };
        let mut list = FunctionList::default();
        list.push(0, &["", "", "", ""]);
        let order = [3, 2, 1, 0].map(ListedFuncIndex::new);
        let classes = [0, 1, 2, 0].map(ListedFuncIndex::new);
        let layout = TextLayout::new(&list, &text, (&classes, order.into_iter()), None).unwrap();
        let place = |start, size| Some(Placement { start: CodeOffset::new(start), size });
        assert_eq!(layout.functions, [place(32, 16), place(0, 32), None, place(32, 16)]);
        let starts: Vec<u32> =
            layout.blocks(&text.functions, &[]).map(|(place, _)| place.start.get()).collect();
        assert_eq!(starts, [0, 32]);
    }

    #[test]
    fn what_begins_the_text_has_no_other_wish() {
        let wishing = |starts| Some(CompiledFunction { starts, ..code(16, 16) });
        let text = Text {
            cpu_features: Vec::new(),
            functions: vec![wishing(0b0100), None, wishing(0b0011), wishing(0)],
            stubs: Vec::new(),
        };
        let classes = [0, 1, 2, 3].map(ListedFuncIndex::new);
        let order = |order: [u32; 4]| {
            let order = with_free_start(&order.map(ListedFuncIndex::new), &text, &classes);
            order.into_iter().map(ListedFuncIndex::get).collect::<Vec<_>>()
        };
        assert_eq!(order([0, 1, 2, 3]), [2, 0, 1, 3]);
        assert_eq!(order([3, 0, 2, 1]), [3, 0, 2, 1]);
    }
}
