//! What translation keeps of open blocks, locals and bodies.

use super::input::FunctionInput;
use crate::function::Position;
use cranelift_codegen::ir::{Block, StackSlot, Value};
use cranelift_frontend::Variable;
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
pub(super) struct Local {
    pub(super) storage: LocalStorage,
    pub(super) ty: ValType,
}

/// The count of fuel, in the function being translated.
#[derive(Clone, Copy)]
pub(super) struct FuelCounter {
    pub(super) variable: Variable,
    /// What was executed since the last addition.
    pub(super) pending: i64,
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
}
