//! What translation may look at. Nothing else shapes the code of a function
//! before the code generator, so a cache of functions can [key](super::key) on
//! it.

use super::options::TranslateOptions;
use crate::function::DebugUses;
use crate::middle::product::Product;
use crate::middle::targets::Guess;
use crate::parse::{Parsed, Types};
use crate::plan::{self, Constant, Plan};
use precast_artifact::abi::{self, ContextLayout, TableKind};
use precast_artifact::index::{
    BodyOffset, CanonicalTypeIndex, FuncIndex, GlobalIndex, LocalIndex, MemoryIndex, ModuleIndex,
    TableIndex, TagIndex,
};
use precast_artifact::module::{MemoryEntity, MemoryModel};
use precast_artifact::types::{FuncType, ValType};
use std::ops::Range;
use wasmparser::{BranchHint, FunctionBody};

/// One function to translate.
#[derive(Clone, Copy)]
pub(crate) struct FunctionInput<'a> {
    pub module: &'a ModuleInput<'a>,
    /// Its index, which what is inlined is recorded by; nothing else depends on
    /// it.
    pub function: FuncIndex,
    /// Its canonical type.
    pub ty: CanonicalTypeIndex,
    pub body: &'a FunctionBody<'a>,
    /// Which of its branches are likely taken, ordered by offset in the body.
    pub hints: &'a [BranchHint],
    /// What of its body never runs, in order: its code is out of the way.
    pub cold: &'a [Range<BodyOffset>],
    /// Whether it never runs: its code is small.
    pub never_runs: bool,
    /// Which of its parameters are constants, in order; where it is inlined, the
    /// arguments are.
    pub constants: &'a [(LocalIndex, Constant)],
    /// Which of its values debug information uses.
    pub debug_uses: Option<&'a DebugUses>,
    /// What it is proved to be, if it is a product of 128 bits.
    pub product: Option<Product>,
    /// Its calls that are inlined, in order; none where debug information is made.
    pub inline: &'a [InlineCall<'a>],
}

/// A call in place of which the callee's body is translated.
pub(crate) struct InlineCall<'a> {
    /// Where the call is in the body of the caller.
    pub call: BodyOffset,
    /// Of a call through a table, when it is one of the callee: one call may have
    /// several, next to each other.
    pub guess: Option<Guess>,
    pub callee: FunctionInput<'a>,
}

/// What the translation of any function may know of its module.
pub(crate) struct ModuleInput<'a> {
    /// Its index, by which symbols name what is its.
    pub index: ModuleIndex,
    types: &'a Types,
    /// Canonical type of each function, imported ones first.
    functions: &'a [CanonicalTypeIndex],
    imported_functions: u32,
    tables: Vec<TableInput>,
    memories: &'a [MemoryEntity],
    memory0_at_context: bool,
    globals: Vec<GlobalInput>,
    /// Canonical type of each tag.
    tags: Vec<CanonicalTypeIndex>,
    /// Defined functions with a reference record, ascending.
    funcrefs: &'a [FuncIndex],
    layout: &'a ContextLayout,
    pub options: TranslateOptions,
}

/// A table, to whoever accesses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TableInput {
    pub kind: TableKind,
    /// Entries that it begins with.
    pub min: u64,
    pub index64: bool,
}

/// A global, to whoever accesses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GlobalInput {
    pub ty: ValType,
    pub imported: bool,
    /// Its value, if that never changes.
    pub constant: Option<Constant>,
}

impl<'a> ModuleInput<'a> {
    pub(crate) fn new(
        index: ModuleIndex,
        parsed: &'a Parsed<'_>,
        plan: &'a Plan<'_>,
        options: TranslateOptions,
    ) -> Self {
        let tables = parsed.tables.iter().zip(&plan.tables);
        let globals = parsed.globals.iter().zip(&plan.constants);
        Self {
            index,
            types: &parsed.types,
            functions: &parsed.functions,
            imported_functions: parsed.imported_functions,
            tables: tables
                .map(|(table, kind)| TableInput {
                    kind: *kind,
                    min: table.ty.limits.min,
                    index64: table.ty.index64,
                })
                .collect(),
            memories: &plan.memories,
            memory0_at_context: plan::memory0_at_context(parsed),
            globals: globals
                .map(|(global, constant)| GlobalInput {
                    ty: global.ty.value,
                    imported: global.imported,
                    constant: *constant,
                })
                .collect(),
            tags: parsed.tags.iter().map(|tag| tag.ty).collect(),
            funcrefs: &plan.funcrefs,
            layout: &plan.layout,
            options,
        }
    }

    pub(super) fn types(&self) -> &'a Types {
        self.types
    }

    /// Canonical type of a function.
    pub(super) fn type_of(&self, function: FuncIndex) -> CanonicalTypeIndex {
        self.functions[function.index()]
    }

    /// Where the context holds an imported function; none for a defined one.
    pub(super) fn import(&self, function: FuncIndex) -> Option<i32> {
        let imported = function.defined(self.imported_functions).is_none();
        imported.then(|| self.layout.import(function))
    }

    /// Where the context holds the reference record of a defined function, if
    /// it has one.
    pub(super) fn funcref(&self, function: FuncIndex) -> Option<i32> {
        let record = plan::funcref_index(self.funcrefs, function)?;
        Some(self.layout.funcref(record))
    }

    pub(super) fn table(&self, table: TableIndex) -> TableInput {
        self.tables[table.index()]
    }

    /// Where the context holds the definition of a table, or its address if
    /// the table is imported.
    pub(super) fn table_definition(&self, table: TableIndex) -> i32 {
        self.layout.table(table)
    }

    pub(super) fn memory(&self, memory: MemoryIndex) -> &'a MemoryEntity {
        &self.memories[memory.index()]
    }

    /// Where the context holds the definition of a memory, or its address if
    /// the memory is imported.
    pub(super) fn memory_definition(&self, memory: MemoryIndex) -> i32 {
        self.layout.memory(memory)
    }

    /// Whether memory 0 begins at the context address.
    pub(super) fn memory0_at_context(&self) -> bool {
        self.memory0_at_context
    }

    /// Where the context holds the length of the memory that begins there, if loops may
    /// access many of its bytes at once: it has indices of 32 bits, and its accesses are not
    /// checked one by one.
    pub(super) fn length_of_memory(&self) -> Option<i32> {
        let memory = self.memories.first()?;
        let plain = memory.model == MemoryModel::Guard && !memory.ty.index64;
        let here = self.memory0_at_context && plain;
        here.then(|| self.memory_definition(MemoryIndex::new(0)) + abi::DEFINITION_LENGTH)
    }

    pub(super) fn global(&self, global: GlobalIndex) -> GlobalInput {
        self.globals[global.index()]
    }

    /// Where the context holds a global, or its address if it is imported.
    pub(super) fn global_offset(&self, global: GlobalIndex) -> i32 {
        self.layout.global(global)
    }

    /// Canonical type of a tag.
    pub(super) fn tag_type(&self, tag: TagIndex) -> CanonicalTypeIndex {
        self.tags[tag.index()]
    }

    /// Where the context holds the identity of a tag.
    pub(super) fn tag_offset(&self, tag: TagIndex) -> i32 {
        self.layout.tag(tag)
    }
}

impl FunctionInput<'_> {
    /// The function's own type.
    pub(super) fn ty(&self) -> &FuncType {
        self.module.types.get(self.ty)
    }

    /// Where its body ends.
    pub(super) fn end(&self) -> BodyOffset {
        let range = self.body.range();
        BodyOffset::new((range.end - range.start) as u32)
    }
}
