//! DWARF expressions (DWARF 5 section 2.5, and the tool conventions of
//! WebAssembly for `DW_OP_WASM_location`).
//!
//! [`Source::parse`] reads an expression of the module; [`Source::emit`] writes
//! it for the native code, once it is known where the locals it names are.
//!
//! Values on the expression's stack are the guest's: its addresses count from
//! the start of linear memory. The base of memory is added where an address is
//! followed, and at the end, where the expression is the place of a variable in
//! memory. A variable that is a local is where the local is.

mod arithmetic;
mod emit;
mod parse;
#[cfg(test)]
mod tests;

use super::meaning::Meaning;
use crate::function::Watched;
pub(super) use emit::memory_base;
use gimli::{EndianSlice, LittleEndian};
pub(super) use parse::Around;

type Expression<'a> = gimli::Expression<EndianSlice<'a, LittleEndian>>;

/// An expression of the module, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    parts: Vec<Piece>,
    /// Size of the guest's addresses.
    address_size: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    ops: Vec<Op>,
    kind: Kind,
    data: Vec<u8>,
    /// In bits, where the expression is put together from parts.
    size: Option<u64>,
}

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An address of the guest, where the variable is.
    Memory,
    /// The variable's value.
    Value,
    /// A value that is an address of the guest, wanted as one of the process.
    HostAddress,
    /// The value, as bytes.
    Bytes,
    /// Nothing: this part is not available.
    Nothing,
}

/// An operation, on values of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Op {
    /// Pushes a local.
    Local(u32),
    /// Pushes what is at this place of the operand stack.
    Operand(u32),
    /// Pushes a global.
    Global(u32),
    /// Pushes a number or an address of the guest.
    Constant(u64),
    /// Adds to the top.
    Add(i64),
    /// Follows the address on top, reading so many bytes.
    Load(u8),
    /// An operation without operands.
    Plain(gimli::DwOp),
    /// Takes the top for a number of so many bits, with or without a sign.
    Extend(u8, bool),
    /// `DW_OP_pick`.
    Pick(u8),
}

/// What emitting needs to know of the module.
pub(super) struct World<'w> {
    /// DWARF number of the frame pointer.
    pub frame_pointer: u16,
    /// Whether memory 0 begins at the context address.
    pub memory_at_context: bool,
    /// Where a global is in the context: its offset, and whether that holds its
    /// address only.
    pub global: &'w dyn Fn(u32) -> Option<Global>,
    /// Bytes of a local's type.
    pub local_size: &'w dyn Fn(u32) -> Option<u32>,
}

/// Where a global is.
pub(super) enum Global {
    /// At this offset of the context, so many bytes.
    Own(i32, u8),
    /// Behind a pointer at this offset.
    Imported(i32, u8),
    /// It never changes.
    Constant(u64),
}

impl Source {
    /// The variables whose places emitting needs, in the order in which it
    /// takes them; with the context, unless the cell stands for it.
    pub(super) fn variables(&self, in_function: bool) -> Vec<Watched> {
        let mut variables = Vec::new();
        let mut context = false;
        for part in &self.parts {
            context |= matches!(part.kind, Kind::Memory | Kind::HostAddress);
            for op in &part.ops {
                match op {
                    Op::Local(index) => variables.push(Watched::Local(*index)),
                    Op::Operand(place) => variables.push(Watched::Operand(*place)),
                    Op::Global(_) | Op::Load(_) => context = true,
                    _ => {}
                }
            }
        }
        if context && in_function {
            variables.push(Watched::Context);
        }
        variables.sort();
        variables.dedup();
        variables
    }

    /// As the address of something in memory: what a frame base is.
    pub(super) fn as_memory(&self) -> Self {
        let mut source = self.clone();
        if let [part] = source.parts.as_mut_slice() {
            part.kind = Kind::Memory;
        }
        source
    }

    /// As it is meant, for a variable.
    pub(super) fn meant(mut self, meaning: Meaning) -> Self {
        if let [part] = self.parts.as_mut_slice()
            && part.size.is_none()
        {
            match (meaning, part.kind) {
                (Meaning::Indirect, _) if part.variable().is_some() => part.kind = Kind::Memory,
                (Meaning::HostPointer, Kind::Memory) => {
                    part.ops.push(Op::Load(self.address_size));
                    part.kind = Kind::HostAddress;
                }
                (Meaning::HostPointer, Kind::Value) => part.kind = Kind::HostAddress,
                _ => {}
            }
        }
        self
    }

    /// Whether this is the place of one variable in memory or a local.
    #[cfg(test)]
    fn is_local(&self) -> bool {
        matches!(self.parts.as_slice(), [part] if part.variable().is_some())
    }
}

impl Piece {
    /// The local or operand that this is, if it is just that.
    fn variable(&self) -> Option<Watched> {
        match (self.kind, self.ops.as_slice()) {
            (Kind::Value, [Op::Local(index)]) => Some(Watched::Local(*index)),
            (Kind::Value, [Op::Operand(place)]) => Some(Watched::Operand(*place)),
            _ => None,
        }
    }
}
