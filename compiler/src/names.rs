//! What functions, stubs and private tables are called in the symbol table
//! and in errors.

use super::input::StubKind;
use crate::function::Symbol;
use std::borrow::Cow;

/// The names of everything that is linked.
pub(super) struct Names<'a> {
    /// Index of the first own function.
    pub imported: u32,
    /// Name of each own function; empty where unknown.
    pub functions: Vec<&'a str>,
    /// The stubs.
    pub stubs: Vec<StubKind>,
}

impl<'a> Names<'a> {
    /// The name of a symbol.
    pub(super) fn get(&self, symbol: Symbol) -> Cow<'a, str> {
        match symbol {
            Symbol::Function(index) => {
                let own = index.checked_sub(self.imported);
                match own.and_then(|own| self.functions.get(own as usize)) {
                    Some(name) if !name.is_empty() => (*name).into(),
                    _ => format!("wasm[{index}]").into(),
                }
            }
            Symbol::Stub(index) => match self.stubs[index as usize] {
                StubKind::Entry(ty) => format!("precast_entry_stub[{ty}]").into(),
                StubKind::Host(ty) => format!("precast_host_stub[{ty}]").into(),
                StubKind::Import(function) => format!("precast_import_stub[{function}]").into(),
            },
            Symbol::PrivateTable(index) => format!("precast_table[{index}]").into(),
            Symbol::Local(offset) => format!("{offset:#x}").into(),
        }
    }
}
