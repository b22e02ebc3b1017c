//! What translation keeps of open blocks, locals and bodies.

use super::input::FunctionInput;
use super::payments::Payments;
use crate::function::Position;
use cranelift_codegen::ir::{Block, StackSlot, Value};
use cranelift_frontend::Variable;
use precast_artifact::index::MemoryIndex;
use precast_artifact::types::ValType;

/// An open block.
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    /// Where branches to it go: its end, or the loop's header.
    pub(super) target: Block,
    /// What follows its `end`.
    pub(super) end: Block,
    pub(super) params: usize,
    pub(super) results: usize,
    /// Height of the operand stack below its parameters.
    pub(super) height: usize,
    /// Whether its start could be reached.
    pub(super) entered: bool,
    /// Whether anything jumps to `end`.
    pub(super) end_reached: bool,
    /// Where the count of fuel is at its start, once what comes before is paid for.
    pub(super) fuel_at_start: FuelPlace,
    /// Where what jumps to `end` leaves it.
    pub(super) fuel_at_end: FuelPlace,
}

/// What kind of block it is.
pub(super) enum FrameKind {
    Block,
    Loop,
    /// A `try_table` with a handler.
    Try,
    /// With the block of the `else` part and the values of its parameters.
    If {
        otherwise: Block,
        params: Vec<Value>,
    },
    Else,
}

/// Where a local is kept.
#[derive(Clone, Copy)]
pub(super) enum LocalStorage {
    Variable(Variable),
    Slot(StackSlot),
    /// In a variable, and every value in a slot too.
    Both(Variable, StackSlot),
}

/// A local of the function.
#[derive(Clone, Copy)]
pub(super) struct LocalVariable {
    pub(super) storage: LocalStorage,
    pub(super) ty: ValType,
}

/// The count of fuel, in the function being translated.
#[derive(Clone, Copy)]
pub(super) struct FuelCounter {
    pub(super) variable: Variable,
    pub(super) place: FuelPlace,
}

/// Where the count of fuel is as it should be: in one place at least.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FuelPlace {
    pub(super) variable: bool,
    pub(super) store: bool,
}

impl FuelPlace {
    pub(super) const VARIABLE: Self = Self { variable: true, store: false };
    pub(super) const STORE: Self = Self { variable: false, store: true };
    pub(super) const BOTH: Self = Self { variable: true, store: true };

    /// In all places of both.
    pub(super) fn and(self, other: Self) -> Self {
        let (variable, store) = (self.variable || other.variable, self.store || other.store);
        Self { variable, store }
    }
}

/// A body that is being translated.
pub(super) struct OpenBody<'a> {
    pub(super) input: &'a FunctionInput<'a>,
    /// How many locals those around it have.
    pub(super) locals: usize,
    /// The index of its outermost block among the open ones.
    pub(super) outermost: usize,
    /// Where its positions begin.
    pub(super) start: Position,
    /// What it has not yet paid for, with fuel.
    pub(super) payments: Payments,
}

/// Addresses in memories that were made last: accesses to one structure are near
/// each other, at the same index with different offsets.
///
/// Gain: two instructions fewer for each such access, which the code generator would
/// otherwise find to be the same as earlier ones.
#[derive(Default)]
pub(super) struct RecentAddresses {
    known: [Option<RecentAddress>; 4],
    next: usize,
}

/// An address, and what it is of.
#[derive(Clone, Copy)]
struct RecentAddress {
    memory: MemoryIndex,
    index: Value,
    /// Where it was made; elsewhere it may not be there.
    block: Block,
    address: Value,
}

impl RecentAddresses {
    /// The address at an index, if the block has made it already.
    pub(super) fn get(&self, memory: MemoryIndex, index: Value, block: Block) -> Option<Value> {
        let mut known = self.known.iter().flatten();
        let same = |of: &&RecentAddress| (of.memory, of.index, of.block) == (memory, index, block);
        known.find(same).map(|of| of.address)
    }

    /// Keeps an address instead of the one that was made first.
    pub(super) fn keep(&mut self, memory: MemoryIndex, index: Value, block: Block, address: Value) {
        self.known[self.next] = Some(RecentAddress { memory, index, block, address });
        self.next = (self.next + 1) % self.known.len();
    }
}
