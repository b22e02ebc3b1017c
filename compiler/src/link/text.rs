//! `.text`: where every function and stub is placed, and the bytes there.
//!
//! Own functions come first, in index order, then the stubs in the order in
//! which they were given. Functions that were folded have the place of the
//! first of their class.

use super::error::LinkError;
use super::input::Stub;
use super::names::Names;
use super::output::Output;
use super::relocate::{self, Refused};
use crate::function::{CompiledFunction, Symbol};
use precast_artifact::module::Table;

/// Functions start at least on this boundary. Processors fetch code in blocks
/// of 16 bytes or more, so a function's first fetch is a whole one.
const FUNCTION_ALIGNMENT: u32 = 16;

/// The largest offset between two places that tables and code can express.
pub(super) const MAX_DISTANCE: u64 = i32::MAX as u64;

/// Where code lies, relative to the start of `.text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// First byte.
    pub start: u32,
    /// Number of bytes, without padding.
    pub size: u32,
}

/// The layout of `.text`.
pub(super) struct Text {
    /// Index of the first own function.
    pub imported: u32,
    /// The own functions, folded ones included; `None` for removed ones.
    pub functions: Vec<Option<Place>>,
    /// The stubs.
    pub stubs: Vec<Place>,
    /// Size of the section.
    pub size: u32,
}

impl Text {
    /// Places everything. Function `i` shares the code of `classes[i]`, which
    /// is at most `i`.
    pub(super) fn place(
        imported: u32,
        functions: &[Option<CompiledFunction>],
        classes: &[u32],
        stubs: &[Stub],
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
        let stubs = stubs.iter().map(|stub| append(&mut end, &stub.function));
        let stubs = stubs.collect::<Result<_, _>>()?;
        Ok(Self { imported, functions: placed, stubs, size: end as u32 })
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
    ) -> impl Iterator<Item = (Place, &'a CompiledFunction)> + Clone {
        let functions = functions.iter().zip(&self.functions);
        let functions = functions.filter_map(|(f, place)| Some(((*place)?, f.as_ref()?)));
        functions.chain(self.stubs.iter().copied().zip(stubs.iter().map(|s| &s.function)))
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
        let functions = functions.into_iter().zip(&self.functions).zip(self.imported..);
        let functions = functions
            .filter_map(|((f, place), index)| Some((f?, (*place)?, Symbol::Function(index))));
        let stubs = stubs.into_iter().zip(&self.stubs).zip(0..);
        let stubs = stubs.map(|((stub, place), i)| (stub.function, *place, Symbol::Stub(i)));
        for (mut function, place, own) in functions.chain(stubs) {
            let address = addresses.text + u64::from(place.start);
            relocate::patch(&mut function, address, |symbol| addresses.find(symbol))
                .map_err(|refused| refuse(names.get(own).into_owned(), refused))?;
            out.pad_to(address, padding)?;
            out.write(&function.code)?;
        }
        Ok(())
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
        let text = Text::place(10, &functions, &[0, 1, 2, 0], &stubs).unwrap();
        let place = |start, size| Some(Place { start, size });
        assert_eq!(text.functions, [place(0, 17), None, place(64, 3), place(0, 17)]);
        assert_eq!(text.find(Symbol::Function(12)), place(64, 3));
        assert_eq!(text.find(Symbol::Function(11)), None);
        assert_eq!(text.find(Symbol::Function(9)), None);
        assert_eq!(text.find(Symbol::Stub(0)), place(80, 5));
        assert_eq!(text.size, 85);
    }
}
