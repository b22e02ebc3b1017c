//! Types of what is imported and exported, but for functions.

use super::value::{RefType, ValType};
use crate::index::CanonicalTypeIndex;
use crate::wire::{Reader, Result, Writer};
use std::fmt;

/// Size limits of a table (in elements) or memory (in pages).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SizeLimits {
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
    pub limits: SizeLimits,
    /// Whether indices are 64-bit.
    pub index64: bool,
}

/// A memory type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryType {
    /// Size in pages.
    pub limits: SizeLimits,
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

impl SizeLimits {
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
        Ok(Self {
            element: RefType::decode(r)?,
            limits: SizeLimits::decode(r)?,
            index64: r.bool()?,
        })
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
            limits: SizeLimits::decode(r)?,
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

impl fmt::Display for SizeLimits {
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
