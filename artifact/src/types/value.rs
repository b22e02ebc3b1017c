//! Value and function types.

use crate::index::CanonicalTypeIndex;
use crate::wire::{Reader, Result, Writer};
use std::fmt;

/// What a reference can refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeapType<T = CanonicalTypeIndex> {
    /// Any function.
    Func,
    /// A host value.
    Extern,
    /// An exception.
    Exn,
    /// No function: only null.
    NoFunc,
    /// No host value: only null.
    NoExtern,
    /// No exception: only null.
    NoExn,
    /// What is of this type.
    Concrete(T),
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefType<T = CanonicalTypeIndex> {
    /// Whether null is a member.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType<T>,
}

impl<T> RefType<T> {
    /// `funcref`, that is `(ref null func)`.
    pub const FUNCREF: Self = Self { nullable: true, heap: HeapType::Func };
    /// `externref`, that is `(ref null extern)`.
    pub const EXTERNREF: Self = Self { nullable: true, heap: HeapType::Extern };

    /// Whether what it refers to is a function.
    pub fn is_function(&self) -> bool {
        matches!(self.heap, HeapType::Func | HeapType::NoFunc | HeapType::Concrete(_))
    }
}

/// A value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType<T = CanonicalTypeIndex> {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference.
    Ref(RefType<T>),
}

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType<T = CanonicalTypeIndex> {
    /// Parameter types.
    pub params: Vec<ValType<T>>,
    /// Result types.
    pub results: Vec<ValType<T>>,
}

impl HeapType {
    fn encode(self, w: &mut Writer) {
        match self {
            Self::Func => w.u8(0),
            Self::Extern => w.u8(1),
            Self::Exn => w.u8(2),
            Self::NoFunc => w.u8(3),
            Self::NoExtern => w.u8(4),
            Self::NoExn => w.u8(5),
            Self::Concrete(index) => {
                w.u8(6);
                index.encode(w);
            }
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.u8()? {
            0 => Self::Func,
            1 => Self::Extern,
            2 => Self::Exn,
            3 => Self::NoFunc,
            4 => Self::NoExtern,
            5 => Self::NoExn,
            6 => Self::Concrete(CanonicalTypeIndex::decode(r)?),
            other => return Err(r.error(format!("unknown heap type {other}"))),
        })
    }
}

impl RefType {
    /// Appends the encoding.
    pub fn encode(self, w: &mut Writer) {
        w.u8(self.nullable as u8);
        self.heap.encode(w);
    }

    /// Reads what [`RefType::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { nullable: r.bool()?, heap: HeapType::decode(r)? })
    }
}

impl ValType {
    /// Appends the encoding.
    pub fn encode(self, w: &mut Writer) {
        match self {
            Self::I32 => w.u8(0),
            Self::I64 => w.u8(1),
            Self::F32 => w.u8(2),
            Self::F64 => w.u8(3),
            Self::V128 => w.u8(4),
            Self::Ref(reference) => {
                w.u8(5);
                reference.encode(w);
            }
        }
    }

    /// Reads what [`ValType::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.u8()? {
            0 => Self::I32,
            1 => Self::I64,
            2 => Self::F32,
            3 => Self::F64,
            4 => Self::V128,
            5 => Self::Ref(RefType::decode(r)?),
            other => return Err(r.error(format!("unknown value type {other}"))),
        })
    }
}

impl<T> ValType<T> {
    /// Bytes that a global of this type takes in the context.
    pub fn size(&self) -> u32 {
        match self {
            Self::V128 => 16,
            _ => 8,
        }
    }
}

impl<T> Default for FuncType<T> {
    /// No parameters and no results.
    fn default() -> Self {
        Self { params: Vec::new(), results: Vec::new() }
    }
}

impl FuncType {
    /// Appends the encoding.
    pub fn encode(&self, w: &mut Writer) {
        w.list(&self.params, |w, t| t.encode(w));
        w.list(&self.results, |w, t| t.encode(w));
    }

    /// Reads what [`FuncType::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { params: r.list(ValType::decode)?, results: r.list(ValType::decode)? })
    }
}

impl<T: fmt::Display> fmt::Display for RefType<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.heap {
            HeapType::Func => "func",
            HeapType::Extern => "extern",
            HeapType::Exn => "exn",
            HeapType::NoFunc => "nofunc",
            HeapType::NoExtern => "noextern",
            HeapType::NoExn => "noexn",
            HeapType::Concrete(index) => {
                let null = if self.nullable { "null " } else { "" };
                return write!(f, "(ref {null}{index})");
            }
        };
        if self.nullable { write!(f, "{name}ref") } else { write!(f, "(ref {name})") }
    }
}

impl<T: fmt::Display> fmt::Display for ValType<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::V128 => f.write_str("v128"),
            Self::Ref(reference) => reference.fmt(f),
        }
    }
}

impl<T: fmt::Display> fmt::Display for FuncType<T> {
    /// `(i32, i64) -> (f32)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType<T>]| {
            f.write_str("(")?;
            for (i, ty) in types.iter().enumerate() {
                write!(f, "{}{ty}", if i == 0 { "" } else { ", " })?;
            }
            f.write_str(")")
        };
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}
