//! The expressions that a loop computes lane by lane, as graphs of nodes.

use super::lane_operators::ShiftedBy;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{Inst, Opcode, Type, Value};

/// A value of each element of a round.
#[derive(Debug)]
pub(super) enum Node {
    /// Loads of consecutive elements, the lowest first.
    Load(Vec<Inst>),
    /// The same for all elements, in all rounds.
    Splat(Value),
    /// What another node was of the element before: at first, what this parameter of
    /// the header is.
    Carried(usize, NodeIndex),
    /// An operator with one argument.
    Unary(Opcode, NodeIndex),
    /// An operator with two.
    Binary(Opcode, [NodeIndex; 2]),
    /// A shift by what is the same for all elements.
    Shift(Opcode, NodeIndex, ShiftedBy),
    /// The number that the lower bits of another are as a signed one: all but so many.
    Extended(NodeIndex, u32),
    /// A number of the other kind, of integers and floats.
    Converted(Opcode, NodeIndex),
    /// A mask: all bits of a lane where a comparison holds, or else none.
    Compared(Condition, [NodeIndex; 2]),
    /// Where another mask does not hold.
    Not(NodeIndex),
    /// One where a mask holds, or else zero.
    Flag(NodeIndex),
    /// Of two values, the first where a mask holds.
    Select(NodeIndex, [NodeIndex; 2]),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Integers(IntCC),
    Floats(FloatCC),
}

/// Which of the nodes.
pub(super) type NodeIndex = usize;

/// A node, and the type of the numbers whose lower bits it has; of a mask, that of a
/// lane.
pub(super) struct LaneValue {
    pub node: Node,
    pub scalar: Type,
}

/// What a value that the loop does not change must be for a lane to tell it whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Assumed {
    pub value: Value,
    pub signed: bool,
}
