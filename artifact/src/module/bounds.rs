//! What all checks stand on: indices below a count, ranges inside the image,
//! functions and tables that can be referred to.

use super::description::Module;
use super::entities::EntityIndex;
use super::range::Range;
use crate::abi::TableKind;
use crate::index::{FuncIndex, Number, TableIndex};

/// What the container says about the file, for the check.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Size of the image in bytes.
    pub image: u64,
    /// Where `.text` lies in the image.
    pub text: Range,
    /// Whether the modules are those of a component, which says what instances
    /// to make.
    pub component: bool,
}

/// Says what is wrong.
pub(crate) type Check = Result<(), String>;

impl Module {
    /// A function that can be referred to: imported, or with a record.
    pub(super) fn check_function(&self, function: FuncIndex) -> Check {
        below(function, self.functions as usize)?;
        if function.defined(self.imported_functions()).is_some()
            && self.funcref_of(function).is_none()
        {
            return Err(format!("function {function} has no funcref record"));
        }
        Ok(())
    }

    /// Something that can be exported.
    pub(crate) fn check_item(&self, item: EntityIndex) -> Check {
        match item {
            EntityIndex::Function(function) => self.check_function(function),
            EntityIndex::Table(table) => self.check_public(table),
            EntityIndex::Memory(memory) => below(memory, self.memories.len()),
            EntityIndex::Global(global) => below(global, self.globals.len()),
            EntityIndex::Tag(tag) => below(tag, self.tags.len()),
        }
    }

    /// A table with a definition.
    pub(super) fn check_public(&self, table: TableIndex) -> Check {
        below(table, self.tables.len())?;
        if self.tables[table.index()].kind == TableKind::Private {
            return Err(format!("private table {table} used as a public one"));
        }
        Ok(())
    }
}

/// The index is that of one of `count`.
pub(super) fn below(index: impl Number, count: usize) -> Check {
    match (index.get() as usize) < count {
        true => Ok(()),
        false => Err(format!("{index:?}, but there are {count}")),
    }
}

/// The range lies in an image of this size.
pub(super) fn inside(what: &str, range: &Range, image: u64) -> Check {
    match range.offset.checked_add(range.size) {
        Some(end) if end <= image => Ok(()),
        _ => Err(format!("{what} at {:#x}, {} bytes, leaves the image", range.offset, range.size)),
    }
}

/// The first `count` flags are set and no other.
pub(super) fn leading(what: &str, count: usize, flags: impl Iterator<Item = bool>) -> Check {
    let mut seen = 0;
    for (index, imported) in flags.enumerate() {
        if imported != (index < count) {
            return Err(format!("{what} {index} does not match the imports"));
        }
        seen = index + 1;
    }
    match seen >= count {
        true => Ok(()),
        false => Err(format!("{count} {what} imports, but {seen} in the list")),
    }
}
