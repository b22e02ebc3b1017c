//! Value, function, table, memory and global types (core specification 2.3),
//! with their encoding. Type indices inside an artifact are *canonical*: equal
//! types of one module have the same index.
//!
//! What refers to types is generic over how it names them: by canonical index
//! in an artifact, by [`TypeId`](crate::index::TypeId) in a process, and by a
//! [`GroupRef`] where recursion groups are compared.
//!
//! | rank | modules |
//! |-|-|
//! | here | the types themselves |
//! | of a module | `section`: its types in recursion groups |
//! | where they refer to others | `references` |

mod references;
mod section;

pub use section::{CompositeType, GroupRef, TypeSection};

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

/// Size limits of a table (in elements) or memory (in pages).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Initial size.
    pub min: u64,
    /// Largest size it may grow to.
    pub max: Option<u64>,
}

/// A table type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableType<T = CanonicalTypeIndex> {
    /// Type of the elements.
    pub element: RefType<T>,
    /// Size in elements.
    pub limits: Limits,
    /// Whether indices are 64-bit.
    pub index64: bool,
}

/// A memory type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryType {
    /// Size in pages.
    pub limits: Limits,
    /// Whether addresses are 64-bit.
    pub index64: bool,
    /// Whether threads may share it.
    pub shared: bool,
    /// Base-2 logarithm of the page size: 16, or 0 with custom page sizes.
    pub page_size_log2: u8,
}

/// A global type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType<T = CanonicalTypeIndex> {
    /// Type of the value.
    pub value: ValType<T>,
    /// Whether it can be written.
    pub mutable: bool,
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

impl Limits {
    fn encode(self, w: &mut Writer) {
        w.leb(self.min);
        w.option(&self.max, |w, max| w.leb(*max));
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let limits = Self { min: r.leb()?, max: r.option(Reader::leb)? };
        if limits.max.is_some_and(|max| max < limits.min) {
            return Err(r.error("limits whose maximum is below their minimum"));
        }
        Ok(limits)
    }
}

impl TableType {
    /// Appends the encoding.
    pub fn encode(&self, w: &mut Writer) {
        self.element.encode(w);
        self.limits.encode(w);
        w.u8(self.index64 as u8);
    }

    /// Reads what [`TableType::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { element: RefType::decode(r)?, limits: Limits::decode(r)?, index64: r.bool()? })
    }
}

impl MemoryType {
    /// Bytes in one page.
    pub fn page_size(&self) -> u64 {
        1 << self.page_size_log2
    }

    /// Initial size in bytes; `None` when that is more than 64 bits can hold,
    /// as the type of a 64-bit memory may ask.
    pub fn min_bytes(&self) -> Option<u64> {
        self.limits.min.checked_mul(self.page_size())
    }

    /// Largest size in bytes that the type and its index width allow.
    pub fn max_bytes(&self) -> u64 {
        let by_index = if self.index64 { 1 << 48 } else { 1u64 << 32 };
        let by_limit = match self.limits.max {
            Some(max) => max.saturating_mul(self.page_size()),
            None => u64::MAX,
        };
        by_index.min(by_limit)
    }

    /// Appends the encoding.
    pub fn encode(&self, w: &mut Writer) {
        self.limits.encode(w);
        w.u8(self.index64 as u8);
        w.u8(self.shared as u8);
        w.u8(self.page_size_log2);
    }

    /// Reads what [`MemoryType::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let memory = Self {
            limits: Limits::decode(r)?,
            index64: r.bool()?,
            shared: r.bool()?,
            page_size_log2: r.u8()?,
        };
        if memory.page_size_log2 != 0 && memory.page_size_log2 != 16 {
            return Err(r.error(format!("page size of 2^{} bytes", memory.page_size_log2)));
        }
        Ok(memory)
    }
}

impl GlobalType {
    /// Appends the encoding.
    pub fn encode(&self, w: &mut Writer) {
        self.value.encode(w);
        w.u8(self.mutable as u8);
    }

    /// Reads what [`GlobalType::encode`] wrote.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { value: ValType::decode(r)?, mutable: r.bool()? })
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

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) => write!(f, "{}..={max}", self.min),
            None => write!(f, "{}..", self.min),
        }
    }
}

impl<T: fmt::Display> fmt::Display for TableType<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {} {}", self.limits, self.element)?;
        if self.index64 { f.write_str(" i64") } else { Ok(()) }
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory {} pages", self.limits)?;
        if self.page_size_log2 != 16 {
            write!(f, " of {} bytes", self.page_size())?;
        }
        if self.index64 {
            f.write_str(" i64")?;
        }
        if self.shared { f.write_str(" shared") } else { Ok(()) }
    }
}

impl<T: fmt::Display> fmt::Display for GlobalType<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "global {}{}", if self.mutable { "mut " } else { "" }, self.value)
    }
}
