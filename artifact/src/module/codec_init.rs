//! Encoding and decoding of what instantiation does.

use super::init::{ConstExpr, ConstOp, ElementItems, ElementSegment, InitStep};
use crate::index::{DataIndex, ElementIndex, FuncIndex, GlobalIndex, MemoryIndex, TableIndex};
use crate::types::RefType;
use crate::wire::{Reader, Result, Writer};

impl ElementSegment {
    pub(super) fn encode(&self, w: &mut Writer) {
        self.ty.encode(w);
        match &self.items {
            ElementItems::Functions(functions) => {
                w.u8(0);
                w.list(functions, |w, f| f.encode(w));
            }
            ElementItems::Expressions(expressions) => {
                w.u8(1);
                w.list(expressions, |w, e| e.encode(w));
            }
        }
    }

    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let ty = RefType::decode(r)?;
        let items = match r.u8()? {
            0 => ElementItems::Functions(r.list(FuncIndex::decode)?),
            1 => ElementItems::Expressions(r.list(ConstExpr::decode)?),
            other => return Err(r.error(format!("unknown element kind {other}"))),
        };
        Ok(Self { ty, items })
    }
}

impl ConstExpr {
    pub(super) fn encode(&self, w: &mut Writer) {
        w.list(&self.ops, |w, op| op.encode(w));
    }

    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { ops: r.list(ConstOp::decode)? })
    }
}

impl ConstOp {
    fn encode(&self, w: &mut Writer) {
        match *self {
            Self::Bits32(bits) => {
                w.u8(0);
                w.u32(bits);
            }
            Self::Bits64(bits) => {
                w.u8(1);
                w.u64(bits);
            }
            Self::Bits128(bits) => {
                w.u8(2);
                w.raw(&bits.to_le_bytes());
            }
            Self::RefNull => w.u8(3),
            Self::RefFunc(function) => {
                w.u8(4);
                function.encode(w);
            }
            Self::GlobalGet(global) => {
                w.u8(5);
                global.encode(w);
            }
            Self::I32Add => w.u8(6),
            Self::I32Sub => w.u8(7),
            Self::I32Mul => w.u8(8),
            Self::I64Add => w.u8(9),
            Self::I64Sub => w.u8(10),
            Self::I64Mul => w.u8(11),
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.u8()? {
            0 => Self::Bits32(r.u32()?),
            1 => Self::Bits64(r.u64()?),
            2 => Self::Bits128(u128::from(r.u64()?) | u128::from(r.u64()?) << 64),
            3 => Self::RefNull,
            4 => Self::RefFunc(FuncIndex::decode(r)?),
            5 => Self::GlobalGet(GlobalIndex::decode(r)?),
            6 => Self::I32Add,
            7 => Self::I32Sub,
            8 => Self::I32Mul,
            9 => Self::I64Add,
            10 => Self::I64Sub,
            11 => Self::I64Mul,
            other => return Err(r.error(format!("unknown constant operator {other}"))),
        })
    }
}

impl InitStep {
    pub(super) fn encode(&self, w: &mut Writer) {
        match self {
            Self::Global { index, value } => {
                w.u8(0);
                index.encode(w);
                value.encode(w);
            }
            Self::TableFill { table, value } => {
                w.u8(1);
                table.encode(w);
                value.encode(w);
            }
            Self::Elements { segment, table, offset } => {
                w.u8(2);
                segment.encode(w);
                table.encode(w);
                offset.encode(w);
            }
            Self::ElementDrop { segment } => {
                w.u8(3);
                segment.encode(w);
            }
            Self::Data { segment, memory, offset } => {
                w.u8(4);
                segment.encode(w);
                memory.encode(w);
                offset.encode(w);
            }
        }
    }

    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.u8()? {
            0 => Self::Global { index: GlobalIndex::decode(r)?, value: ConstExpr::decode(r)? },
            1 => Self::TableFill { table: TableIndex::decode(r)?, value: ConstExpr::decode(r)? },
            2 => Self::Elements {
                segment: ElementIndex::decode(r)?,
                table: TableIndex::decode(r)?,
                offset: ConstExpr::decode(r)?,
            },
            3 => Self::ElementDrop { segment: ElementIndex::decode(r)? },
            4 => Self::Data {
                segment: DataIndex::decode(r)?,
                memory: MemoryIndex::decode(r)?,
                offset: ConstExpr::decode(r)?,
            },
            other => return Err(r.error(format!("unknown initialisation step {other}"))),
        })
    }
}
