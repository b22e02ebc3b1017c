//! Lists of plain numbers between components, copied at once.
//!
//! An adapter copies a list element by element. Where an element is nothing but
//! numbers without gaps between them, that loop moves bytes as they are, and a
//! `memory.copy` takes its place:
//!
//! ```text
//! loop                                        local.get $to
//!   local.get $to                             local.get $from
//!   local.get $from                           bytes
//!   load                     for each number  memory.copy
//!   store                                     $from += bytes
//!   $from += size                    ->       $to += bytes
//!   $to += size                               $left = 0
//!   $left -= 1
//!   br_if $left 0
//! end
//! ```
//!
//! with `bytes = $left * size`, which traps where it does not fit. The loop is
//! known by each of its operators, and what it leaves in locals is left so too.
//! Only where the two ranges overlap in one memory do the two differ: there the
//! canonical ABI reads all of a list before it writes any, as `memory.copy` does.

use crate::error::Result;
use precast_artifact::index::{LocalIndex, MemoryIndex};
use std::ops::Range;
use wasmparser::{BlockType, FunctionBody, MemArg, MemArgTarget, Operator, Parser, Payload};

/// An adapter with such loops replaced; none if it has none.
pub(super) fn with_copies(adapter: &[u8]) -> Result<Option<Vec<u8>>> {
    let (mut contents, mut bodies) = (0..0, Vec::new());
    for payload in Parser::new(0).parse_all(adapter) {
        match payload? {
            Payload::CodeSectionStart { unchecked_range: range, .. } => {
                contents = range.start as usize..range.end as usize;
            }
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    let edits: Vec<_> = bodies.iter().map(copies).collect::<Result<_>>()?;
    if edits.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let mut code = Vec::new();
    leb(&mut code, bodies.len() as u64);
    for (body, edits) in bodies.iter().zip(edits) {
        let edited = edited(adapter, body, edits);
        leb(&mut code, edited.len() as u64);
        code.extend(edited);
    }
    // A section: its number, its size, its contents.
    let mut size = Vec::new();
    leb(&mut size, contents.len() as u64);
    let start = contents.start - size.len() - 1;
    let mut whole = adapter[..=start].to_vec();
    leb(&mut whole, code.len() as u64);
    whole.extend(code);
    whole.extend_from_slice(&adapter[contents.end..]);
    Ok(Some(whole))
}

/// Bytes of the adapter, and what stands in their place.
type Edit = (Range<usize>, Vec<u8>);

/// The edits of a body, in order.
fn copies(body: &FunctionBody<'_>) -> Result<Vec<Edit>> {
    let mut operators = Vec::new();
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        let (operator, offset) = reader.read_with_offset()?;
        operators.push((operator, offset as usize));
    }
    let mut edits = Vec::new();
    for (at, (operator, start)) in operators.iter().enumerate() {
        if let Operator::Loop { blockty: BlockType::Empty } = operator
            && let Some((list, length)) = ListLoop::recognise(&operators[at + 1..])
            && let Some((_, end)) = operators.get(at + 1 + length)
        {
            edits.push((*start..*end, list.at_once()));
        }
    }
    Ok(edits)
}

fn edited(adapter: &[u8], body: &FunctionBody<'_>, edits: Vec<Edit>) -> Vec<u8> {
    let range = body.range();
    let (mut bytes, mut at) = (Vec::new(), range.start as usize);
    for (old, new) in edits {
        bytes.extend_from_slice(&adapter[at..old.start]);
        bytes.extend(new);
        at = old.end;
    }
    bytes.extend_from_slice(&adapter[at..range.end as usize]);
    bytes
}

/// A loop that copies elements.
#[derive(Debug, PartialEq, Eq)]
struct ListLoop {
    /// Addresses, and how many elements are left.
    from: LocalIndex,
    to: LocalIndex,
    left: LocalIndex,
    from_memory: MemoryIndex,
    to_memory: MemoryIndex,
    /// Bytes of an element.
    size: u32,
}

impl ListLoop {
    /// The loop whose body begins so, and the number of operators up to its end.
    fn recognise(operators: &[(Operator<'_>, usize)]) -> Option<(Self, usize)> {
        let mut rest = operators;
        let mut numbers = Vec::new();
        while let [(to, _), (from, _), (load, _), (store, _), after @ ..] = rest
            && let (Some(to), Some(from)) = (local(to), local(from))
            && let Some(number) = number(load, store)
        {
            numbers.push((to, from, number));
            rest = after;
        }
        let (to, from, MovedNumber { from_memory, to_memory, .. }) = *numbers.first()?;
        let same = |(t, f, n): &(LocalIndex, LocalIndex, MovedNumber)| {
            (*t, *f, n.from_memory, n.to_memory) == (to, from, from_memory, to_memory)
        };
        let size = gapless(numbers.iter().map(|(.., number)| number))?;
        let steps = [(from, size as i32), (to, size as i32)];
        for (address, size) in steps {
            let (local, by) = step(
                rest,
                |op| matches!(op, Operator::LocalSet { local_index } if LocalIndex::new(*local_index) == address),
            )?;
            ((local, by) == (address, size)).then_some(())?;
            rest = &rest[4..];
        }
        let (left, by) = step(rest, |op| matches!(op, Operator::LocalTee { .. }))?;
        let [
            ..,
            (Operator::LocalTee { local_index }, _),
            (Operator::BrIf { relative_depth: 0 }, _),
            (Operator::End, _),
        ] = rest.get(..6)?
        else {
            return None;
        };
        let distinct = left != from && left != to && from != to;
        let known = numbers.iter().all(same)
            && by == -1
            && LocalIndex::new(*local_index) == left
            && distinct;
        let list = Self { from, to, left, from_memory, to_memory, size };
        known.then_some((list, operators.len() - rest.len() + 6))
    }

    /// The same at once.
    fn at_once(&self) -> Vec<u8> {
        let mut code = Vec::new();
        if self.size > 1 {
            // if (left > most) unreachable
            self.get(&mut code, self.left);
            constant(&mut code, (u32::MAX / self.size) as i32);
            code.extend([I32_GT_U, IF, EMPTY, UNREACHABLE, END]);
        }
        self.get(&mut code, self.to);
        self.get(&mut code, self.from);
        self.bytes(&mut code);
        code.extend(MEMORY_COPY);
        leb(&mut code, self.to_memory.get().into());
        leb(&mut code, self.from_memory.get().into());
        for address in [self.from, self.to] {
            self.get(&mut code, address);
            self.bytes(&mut code);
            code.push(I32_ADD);
            self.set(&mut code, address);
        }
        constant(&mut code, 0);
        self.set(&mut code, self.left);
        code
    }

    fn bytes(&self, code: &mut Vec<u8>) {
        self.get(code, self.left);
        if self.size > 1 {
            constant(code, self.size as i32);
            code.push(I32_MUL);
        }
    }

    fn get(&self, code: &mut Vec<u8>, local: LocalIndex) {
        code.push(LOCAL_GET);
        leb(code, local.get().into());
    }

    fn set(&self, code: &mut Vec<u8>, local: LocalIndex) {
        code.push(LOCAL_SET);
        leb(code, local.get().into());
    }
}

/// A number that is loaded and stored.
#[derive(Clone, Copy)]
struct MovedNumber {
    from_memory: MemoryIndex,
    to_memory: MemoryIndex,
    /// Where it is in the element, in bytes.
    offset: u64,
    size: u32,
}

/// A load and a store at the same offset that keep all bits.
fn number(load: &Operator<'_>, store: &Operator<'_>) -> Option<MovedNumber> {
    use Operator as O;
    let (size, from, to): (u32, &MemArg, &MemArg) = match (load, store) {
        (O::I32Load8U { memarg: a } | O::I32Load8S { memarg: a }, O::I32Store8 { memarg: b }) => {
            (1, a, b)
        }
        (
            O::I32Load16U { memarg: a } | O::I32Load16S { memarg: a },
            O::I32Store16 { memarg: b },
        ) => (2, a, b),
        (O::I32Load { memarg: a }, O::I32Store { memarg: b })
        | (O::F32Load { memarg: a }, O::F32Store { memarg: b }) => (4, a, b),
        (O::I64Load { memarg: a }, O::I64Store { memarg: b })
        | (O::F64Load { memarg: a }, O::F64Store { memarg: b }) => (8, a, b),
        _ => return None,
    };
    let offset = from.offset;
    let (MemArgTarget::Memory(from), MemArgTarget::Memory(other)) = (from.target, to.target) else {
        return None;
    };
    let (from_memory, to_memory) = (MemoryIndex::new(from), MemoryIndex::new(other));
    let moved = MovedNumber { from_memory, to_memory, offset, size };
    (offset == to.offset).then_some(moved)
}

/// The size of what numbers fill from the start, one after the other.
fn gapless<'n>(numbers: impl Iterator<Item = &'n MovedNumber>) -> Option<u32> {
    let mut end = 0u32;
    for number in numbers {
        (number.offset == u64::from(end)).then_some(())?;
        end = end.checked_add(number.size)?;
    }
    Some(end)
}

fn local(operator: &Operator<'_>) -> Option<LocalIndex> {
    match operator {
        Operator::LocalGet { local_index } => Some(LocalIndex::new(*local_index)),
        _ => None,
    }
}

/// A constant that is added to a local, which goes where `kept` says.
fn step(
    operators: &[(Operator<'_>, usize)],
    kept: impl Fn(&Operator<'_>) -> bool,
) -> Option<(LocalIndex, i32)> {
    match operators {
        [
            (Operator::LocalGet { local_index }, _),
            (Operator::I32Const { value }, _),
            (Operator::I32Add, _),
            (to, _),
            ..,
        ] if kept(to) => Some((LocalIndex::new(*local_index), *value)),
        _ => None,
    }
}

// WebAssembly 3.0, section 5.4.
const UNREACHABLE: u8 = 0x00;
const IF: u8 = 0x04;
const EMPTY: u8 = 0x40;
const END: u8 = 0x0b;
const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;
const I32_CONST: u8 = 0x41;
const I32_GT_U: u8 = 0x4b;
const I32_ADD: u8 = 0x6a;
const I32_MUL: u8 = 0x6c;
const MEMORY_COPY: [u8; 2] = [0xfc, 10];

fn constant(code: &mut Vec<u8>, value: i32) {
    code.push(I32_CONST);
    let mut value = i64::from(value);
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        let last = value == 0 && byte & 0x40 == 0 || value == -1 && byte & 0x40 != 0;
        code.push(if last { byte } else { byte | 0x80 });
        if last {
            return;
        }
    }
}

fn leb(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests;
