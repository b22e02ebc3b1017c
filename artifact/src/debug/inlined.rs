//! `.precast.inlined`: the functions whose bodies were inlined, for backtraces.
//!
//! ```text
//! leb  number of texts; then, for each, the size of its part
//! per text:
//!     leb  size of the map
//!     map  an address map: start of a function with inlined bodies in `.text`,
//!          to the offset of its block
//! block:
//!     leb  number of bodies, in the order in which they were inlined; each:
//!         zigzag  the function's index, less that of the body before
//!         zigzag  offset in the module of the call that it replaces, less that
//!                 of the body before
//!         leb     which body the call is in, counted back from this one; 0 for
//!                 the function itself
//!     leb  number of changes, by their place in the code; each:
//!         leb     distance in code from the change before, or the function's
//!                 start
//!         leb     the body that sites from here on are in, from 1; 0 for the
//!                 function itself
//!
//! names, by module and function:
//!     leb     its index and 2^32 times that of its module, less that of the
//!             function before
//!     string  its name
//! ```
//!
//! Reads are bounds-checked: a damaged section gives no bodies or wrong ones.

use crate::address_map::{self, AddressMap, MapEntry, Site};
use crate::index::{CodeOffset, FuncIndex, InlinedIndex, ModuleIndex, WasmOffset};
use crate::wire::{Reader, Result, Writer};

/// Name of the section.
pub const NAME: &str = ".precast.inlined";

/// Name of the section with names.
pub const NAMES: &str = ".precast.inlined-names";

/// Bodies in each other that a reader follows.
const MOST_DEPTH: usize = 1000;

/// A body that stands in place of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inlined {
    /// Whose body it is.
    pub function: FuncIndex,
    /// Where the call is in the module.
    pub call: WasmOffset,
    /// The body that the call is in; none for the function that it all belongs
    /// to.
    pub parent: Option<InlinedIndex>,
}

/// What was inlined into one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionInlining {
    /// Where its code starts.
    pub start: CodeOffset,
    /// The bodies; each parent comes before what is in it.
    pub bodies: Vec<Inlined>,
    /// Where in the code another body begins, ascending, and which; none for the
    /// function itself.
    pub changes: Vec<(CodeOffset, Option<InlinedIndex>)>,
}

/// Encodes what was inlined into functions, ordered by start, for each text.
///
/// # Panics
///
/// If the functions or their changes are in no order.
pub fn encode(texts: &[Vec<FunctionInlining>]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = texts.iter().map(|functions| encode_text(functions)).collect();
    let mut w = Writer::new();
    w.leb(parts.len() as u64);
    parts.iter().for_each(|part| w.leb(part.len() as u64));
    parts.iter().for_each(|part| w.raw(part));
    w.finish()
}

/// Encodes names of functions, ordered by their modules and indices.
///
/// # Panics
///
/// If they are in no order.
pub fn encode_names<'n>(
    names: impl Iterator<Item = ((ModuleIndex, FuncIndex), &'n str)>,
) -> Vec<u8> {
    let mut w = Writer::new();
    let mut last = 0;
    for ((module, function), name) in names {
        let number = name_key(module, function);
        w.leb(number.checked_sub(last).expect("functions are in order"));
        w.str(name);
        last = number;
    }
    w.finish()
}

/// The name of a function. Reads everything before it.
pub fn name_of(section: &[u8], module: ModuleIndex, function: FuncIndex) -> Option<String> {
    let mut r = Reader::new(NAMES, section);
    let (wanted, mut number) = (name_key(module, function), 0u64);
    loop {
        number = number.checked_add(r.leb().ok()?)?;
        let name = r.str().ok()?;
        if number >= wanted {
            return (number == wanted).then(|| name.to_owned());
        }
    }
}

fn name_key(module: ModuleIndex, function: FuncIndex) -> u64 {
    u64::from(module.get()) << 32 | u64::from(function.get())
}

fn encode_text(functions: &[FunctionInlining]) -> Vec<u8> {
    let mut blocks = Writer::new();
    let mut starts = Vec::new();
    for function in functions {
        let value = WasmOffset::new(blocks.len() as u32);
        starts.push(MapEntry { code: function.start, site: Site::Call, value });
        put_block(function, &mut blocks);
    }
    let map = address_map::encode(starts.into_iter());
    let mut w = Writer::new();
    w.leb(map.len() as u64);
    w.raw(&map);
    w.raw(&blocks.finish());
    w.finish()
}

fn put_block(function: &FunctionInlining, w: &mut Writer) {
    w.leb(function.bodies.len() as u64);
    let (mut index, mut call) = (0, 0);
    for (position, body) in function.bodies.iter().enumerate() {
        let (function, at) = (i64::from(body.function.get()), i64::from(body.call.get()));
        w.zigzag(function - index);
        w.zigzag(at - call);
        w.leb(body.parent.map_or(0, |parent| (position - parent.index()) as u64));
        (index, call) = (function, at);
    }
    w.leb(function.changes.len() as u64);
    let mut last = function.start.get();
    for (code, body) in &function.changes {
        let distance = code.get().checked_sub(last).expect("changes are in order");
        w.leb(distance.into());
        w.leb(body.map_or(0, |body| u64::from(body.get()) + 1));
        last = code.get();
    }
}

/// The bodies around a place in the code of the text with this number, in a
/// function that starts at `start`: the innermost first. None if it is in no
/// inlined body, or the section is damaged.
pub fn around(section: &[u8], text: usize, start: CodeOffset, code: CodeOffset) -> Vec<Inlined> {
    find(section, text, start, code).ok().flatten().unwrap_or_default()
}

fn find(
    section: &[u8],
    text: usize,
    start: CodeOffset,
    code: CodeOffset,
) -> Result<Option<Vec<Inlined>>> {
    let mut r = Reader::new(NAME, section);
    let texts = r.leb32()? as usize;
    let mut part = None;
    let (mut before, mut sizes) = (0usize, 0usize);
    for number in 0..texts {
        let size = r.leb32()? as usize;
        if number == text {
            (before, part) = (sizes, Some(size));
        }
        sizes = sizes.saturating_add(size);
    }
    let Some(size) = part else { return Ok(None) };
    r.raw(before)?;
    let mut r = Reader::new(NAME, r.raw(size)?);
    let map = r.leb32()? as usize;
    let starts: AddressMap<'_, WasmOffset> = AddressMap::new(NAME, r.raw(map)?)?;
    let Some(block) = starts.exactly(start) else { return Ok(None) };
    r.raw(block.value.get() as usize)?;
    Ok(Some(read_block(&mut r, start, code)?))
}

fn read_block(r: &mut Reader<'_>, start: CodeOffset, code: CodeOffset) -> Result<Vec<Inlined>> {
    let count = r.leb32()?;
    let mut bodies = Vec::new();
    let (mut index, mut call) = (0i64, 0i64);
    for position in 0..count {
        index = index.wrapping_add(r.zigzag()?);
        call = call.wrapping_add(r.zigzag()?);
        let back = r.leb32()?;
        let parent = position.checked_sub(back).filter(|_| back != 0).map(InlinedIndex::new);
        let (function, call) = (FuncIndex::new(index as u32), WasmOffset::new(call as u32));
        bodies.push(Inlined { function, call, parent });
    }
    let (mut at, mut innermost) = (start.get(), 0u32);
    for _ in 0..r.leb32()? {
        at = at.saturating_add(r.leb32()?);
        if at > code.get() {
            break;
        }
        innermost = r.leb32()?;
    }
    let mut chain = Vec::new();
    let mut next = innermost.checked_sub(1).map(InlinedIndex::new);
    while let Some(body) = next.and_then(|body| bodies.get(body.index())) {
        chain.push(*body);
        next = body.parent.filter(|_| chain.len() < MOST_DEPTH);
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(function: u32, call: u32, parent: Option<u32>) -> Inlined {
        let (function, call) = (FuncIndex::new(function), WasmOffset::new(call));
        Inlined { function, call, parent: parent.map(InlinedIndex::new) }
    }

    fn sample() -> Vec<u8> {
        let at = CodeOffset::new;
        let first = FunctionInlining {
            start: at(100),
            bodies: vec![body(7, 500, None), body(3, 900, Some(0)), body(7, 510, None)],
            changes: vec![
                (at(104), Some(InlinedIndex::new(0))),
                (at(110), Some(InlinedIndex::new(1))),
                (at(120), None),
                (at(130), Some(InlinedIndex::new(2))),
            ],
        };
        let second = FunctionInlining {
            start: at(200),
            bodies: vec![body(1, 40, None)],
            changes: vec![(at(200), Some(InlinedIndex::new(0)))],
        };
        encode(&[vec![first.clone(), second], vec![FunctionInlining { start: at(96), ..first }]])
    }

    #[test]
    fn bodies_are_found_from_the_inside_out() {
        let section = sample();
        let found = |text, start, code| {
            let found = around(&section, text, CodeOffset::new(start), CodeOffset::new(code));
            found.iter().map(|body| (body.function.get(), body.call.get())).collect::<Vec<_>>()
        };
        assert_eq!(found(0, 100, 103), []);
        assert_eq!(found(0, 100, 104), [(7, 500)]);
        assert_eq!(found(0, 100, 119), [(3, 900), (7, 500)]);
        assert_eq!(found(0, 100, 120), []);
        assert_eq!(found(0, 100, 999), [(7, 510)]);
        assert_eq!(found(0, 200, 200), [(1, 40)]);
        assert_eq!(found(0, 150, 160), [], "no function starts there");
        assert_eq!(found(1, 96, 110), [(3, 900), (7, 500)]);
        assert_eq!(found(2, 100, 110), [], "no such text");
    }

    #[test]
    fn names_are_found() {
        let key = |module, at| (ModuleIndex::new(module), FuncIndex::new(at));
        let names = [(key(0, 3), "three"), (key(0, 9), "nine"), (key(2, 3), "three of two")];
        let section = encode_names(names.into_iter());
        let found = |(module, at)| name_of(&section, ModuleIndex::new(module), FuncIndex::new(at));
        let known = ["three", "nine", "three of two"].map(|name| Some(name.to_owned()));
        assert_eq!([(0, 3), (0, 9), (2, 3)].map(found), known);
        assert_eq!([(0, 0), (0, 4), (1, 3), (2, 2), (2, 4)].map(found), [const { None }; 5]);
    }

    #[test]
    fn damage_never_panics() {
        let section = sample();
        let look = |bytes: &[u8]| {
            for (text, start) in [(0, 100), (0, 200), (1, 96)] {
                let _ = around(bytes, text, CodeOffset::new(start), CodeOffset::new(start + 20));
            }
        };
        for at in 0..section.len() {
            for flip in [1, 2, 0x80, 0xff] {
                let mut damaged = section.clone();
                damaged[at] ^= flip;
                look(&damaged);
            }
            look(&section[..at]);
        }
    }
}
