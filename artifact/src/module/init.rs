//! What instantiation does: contents of memories and tables, segments, and the
//! steps that are left.

use super::range::Range;
use crate::index::{DataIndex, ElementIndex, FuncIndex, GlobalIndex, MemoryIndex, TableIndex};
use crate::types::RefType;

/// Initial contents of part of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRun {
    /// A defined memory.
    pub memory: MemoryIndex,
    /// Address in it.
    pub address: u64,
    /// Where the bytes lie in the image.
    pub image: Range,
}

/// An element segment.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementSegment {
    /// Type of the elements.
    pub ty: RefType,
    /// The elements.
    pub items: ElementItems,
}

/// The elements of a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum ElementItems {
    /// Functions by index.
    Functions(Vec<FuncIndex>),
    /// Constant expressions.
    Expressions(Vec<ConstExpr>),
}

/// A constant expression (specification 3.4.17, with extended constants) in
/// postfix order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConstExpr {
    /// The operators.
    pub ops: Vec<ConstOp>,
}

/// An operator of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConstOp {
    /// `i32.const`, or the bits of an `f32.const`.
    Bits32(u32),
    /// `i64.const`, or the bits of an `f64.const`.
    Bits64(u64),
    /// `v128.const`.
    Bits128(u128),
    /// `ref.null`.
    RefNull,
    /// `ref.func`.
    RefFunc(FuncIndex),
    /// `global.get`.
    GlobalGet(GlobalIndex),
    /// `i32.add`.
    I32Add,
    /// `i32.sub`.
    I32Sub,
    /// `i32.mul`.
    I32Mul,
    /// `i64.add`.
    I64Add,
    /// `i64.sub`.
    I64Sub,
    /// `i64.mul`.
    I64Mul,
}

/// One step of instantiation.
#[derive(Clone, Debug, PartialEq)]
pub enum InitStep {
    /// Sets a defined global.
    Global {
        /// Which.
        index: GlobalIndex,
        /// To what.
        value: ConstExpr,
    },
    /// Fills a defined public table.
    TableFill {
        /// Which.
        table: TableIndex,
        /// With what.
        value: ConstExpr,
    },
    /// `table.init` of a whole active segment, then `elem.drop`.
    Elements {
        /// The segment.
        segment: ElementIndex,
        /// The table.
        table: TableIndex,
        /// Where in it.
        offset: ConstExpr,
    },
    /// `elem.drop` of a declared segment, or of one in a private table.
    ElementDrop {
        /// The segment.
        segment: ElementIndex,
    },
    /// `memory.init` of a whole active segment, then `data.drop`.
    Data {
        /// The segment.
        segment: DataIndex,
        /// The memory.
        memory: MemoryIndex,
        /// Where in it.
        offset: ConstExpr,
    },
}
