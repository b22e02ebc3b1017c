//! Symbols as names that Cranelift carries from a function's IR to the
//! relocations of its code.

use crate::function::Symbol;
use cranelift_codegen::ir::UserExternalName;
use precast_artifact::index::{FuncIndex, ModuleIndex, TableIndex};

/// Kinds of symbols: the lowest bits of a name's namespace, below the module.
const KINDS: u32 = 2;
const FUNCTION: u32 = 0;
const PRIVATE_TABLE: u32 = 1;

/// The name of a function.
pub(crate) fn function(module: ModuleIndex, function: FuncIndex) -> UserExternalName {
    UserExternalName::new(module.get() * KINDS + FUNCTION, function.get())
}

/// The name of a private table.
pub(crate) fn private_table(module: ModuleIndex, table: TableIndex) -> UserExternalName {
    UserExternalName::new(module.get() * KINDS + PRIVATE_TABLE, table.get())
}

/// The symbol of such a name.
pub(crate) fn symbol(name: &UserExternalName) -> Symbol {
    let module = ModuleIndex::new(name.namespace / KINDS);
    match name.namespace % KINDS {
        FUNCTION => Symbol::Function(module, FuncIndex::new(name.index)),
        _ => Symbol::PrivateTable(module, TableIndex::new(name.index)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_symbols() {
        for module in [0, 1, 7].map(ModuleIndex::new) {
            let (callee, table) = (FuncIndex::new(3), TableIndex::new(4));
            assert_eq!(symbol(&function(module, callee)), Symbol::Function(module, callee));
            assert_eq!(symbol(&private_table(module, table)), Symbol::PrivateTable(module, table));
        }
    }
}
