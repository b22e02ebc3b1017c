//! Decisions about the whole module, taken before any function is translated:
//! which tables are private, which globals are constants, which functions
//! need a reference record, where everything lies in the context, and what of
//! memory is laid out at compile time.

mod constants;
pub(crate) mod duplicates;
mod memory;
mod spaces;
mod tables;
#[cfg(test)]
mod tests;

use crate::code::MemoryContents;
use crate::error::{Error, Result};
use crate::facts::ModuleFacts;
use crate::options::Options;
use crate::parse::{Parsed, SegmentMode};
pub(crate) use constants::Constant;
use precast_artifact::abi::{self, ContextLayout, ContextShape, TableKind};
use precast_artifact::index::{
    CanonicalTypeIndex, CodeOffset, ElementIndex, FuncIndex, FuncrefIndex, GlobalIndex, TableIndex,
};
use precast_artifact::module::{
    ConstExpr, ConstOp, ElementItems, ElementSegment, EntityIndex, Funcref, GlobalEntity, InitStep,
    MemoryEntity, Module, TableEntity, TagEntity,
};
use precast_artifact::reloc::{Reloc, RelocKind};
use std::collections::BTreeSet;
pub(crate) use tables::TableContents;

/// The decisions. Plain data, shared by all workers.
pub(crate) struct Plan<'a> {
    /// How each table is kept.
    pub tables: Vec<TableKind>,
    /// Contents of private tables, by table index.
    pub private_tables: Vec<TableContents>,
    /// Every memory, with the address space that code may rely on.
    pub memories: Vec<MemoryEntity>,
    /// Value of each global that never changes.
    pub constants: Vec<Option<Constant>>,
    /// Defined functions with a reference record, ascending.
    pub funcrefs: Vec<FuncIndex>,
    /// Where everything lies in the context.
    pub layout: ContextLayout,
    /// The constant part of the context.
    pub template: Vec<u8>,
    /// Relocations of the template, those of reference records left out.
    pub relocs: Vec<Reloc>,
    /// Memory contents laid out at compile time.
    pub memory: Vec<MemoryContents<'a>>,
    /// Data segments that remain; empty where laid out.
    pub data: Vec<&'a [u8]>,
    /// What remains to be done at instantiation.
    pub init: Vec<InitStep>,
    /// Which element segments are wholly in private tables.
    element_consumed: Vec<bool>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(parsed: &Parsed<'a>, facts: &ModuleFacts, options: &Options) -> Result<Self> {
        let constants = constants::find(parsed, facts, options);
        let private = tables::find_private(parsed, facts, options);
        let mut tables = Vec::new();
        for (index, table) in TableIndex::enumerate(&parsed.tables) {
            tables.push(match (table.imported, private.contains_key(&index)) {
                (true, _) => TableKind::Imported,
                (false, true) => TableKind::Private,
                (false, false) => TableKind::Public,
            });
        }
        let consumed = |segment: &SegmentMode<TableIndex>| match segment {
            SegmentMode::Active(table, _) => tables[table.index()] == TableKind::Private,
            _ => false,
        };
        let element_consumed: Vec<bool> =
            parsed.elements.iter().map(|element| consumed(&element.mode)).collect();
        let funcrefs = taken_functions(parsed, facts, &element_consumed);
        let shape = ContextShape {
            imported_functions: parsed.imported_functions,
            tables: tables.clone(),
            memories: parsed.memories.iter().map(|m| m.imported).collect(),
            globals: parsed.globals.iter().map(|g| (g.ty.value, g.imported)).collect(),
            tags: parsed.tags.iter().map(|t| t.imported).collect(),
            funcrefs: funcrefs.len() as u32,
        };
        let layout = ContextLayout::new(&shape);
        // Of all that the module defines together: at no one place.
        let layout = layout.map_err(|why| Error::unsupported(None, why))?;
        let leaks = may_leak_before_data(parsed, &element_consumed);
        let image = memory::lay_out(parsed, options, !leaks);
        let mut plan = Self {
            tables,
            private_tables: private.into_values().collect(),
            memories: spaces::describe(parsed, options)?,
            constants,
            funcrefs,
            template: vec![0; layout.size() as usize],
            layout,
            relocs: Vec::new(),
            memory: image.contents,
            data: image.data,
            init: Vec::new(),
            element_consumed,
        };
        plan.plan_globals(parsed);
        plan.plan_tables(parsed);
        plan.plan_elements(parsed);
        plan.init.extend(image.steps);
        Ok(plan)
    }

    fn plan_globals(&mut self, parsed: &Parsed<'_>) {
        for (index, global) in GlobalIndex::enumerate(&parsed.globals) {
            let Some(init) = &global.init else { continue };
            let place = self.layout.global(index);
            if let Some(value) = constants::fold(init, &self.constants) {
                let start = (i64::from(place) + i64::from(self.layout.size())) as usize;
                let bytes = value.bytes();
                let size = global.ty.value.size() as usize;
                self.template[start..start + size].copy_from_slice(&bytes[..size]);
            } else if let Some(record) = self.defined_function(init) {
                let addend = self.layout.funcref(record).into();
                self.relocs.push(Reloc { kind: RelocKind::Context, offset: place, addend });
            } else {
                self.init.push(InitStep::Global { index, value: init.clone() });
            }
        }
    }

    /// The reference record that an expression of one `ref.func` names, if
    /// the module defines the function.
    fn defined_function(&self, expr: &ConstExpr) -> Option<FuncrefIndex> {
        match expr.ops.as_slice() {
            [ConstOp::RefFunc(function)] => self.funcref(*function),
            _ => None,
        }
    }

    fn plan_tables(&mut self, parsed: &Parsed<'_>) {
        for (index, table) in TableIndex::enumerate(&parsed.tables) {
            if let Some(init) = &table.init
                && init.ops != [ConstOp::RefNull]
            {
                self.init.push(InitStep::TableFill { table: index, value: init.clone() });
            }
        }
    }

    fn plan_elements(&mut self, parsed: &Parsed<'_>) {
        for (segment, element) in ElementIndex::enumerate(&parsed.elements) {
            self.init.push(match &element.mode {
                SegmentMode::Passive => continue,
                SegmentMode::Active(table, offset) if !self.element_consumed[segment.index()] => {
                    InitStep::Elements { segment, table: *table, offset: offset.clone() }
                }
                SegmentMode::Active(..) | SegmentMode::Declared => {
                    InitStep::ElementDrop { segment }
                }
            });
        }
    }

    /// Record index of a defined function.
    pub(crate) fn funcref(&self, function: FuncIndex) -> Option<FuncrefIndex> {
        funcref_index(&self.funcrefs, function)
    }

    /// The module description, all places still open.
    pub(crate) fn describe(&self, parsed: &Parsed<'_>) -> Module {
        let element = |(index, element): (usize, &crate::parse::ElementDecl)| ElementSegment {
            ty: element.ty,
            items: match (&element.mode, self.element_consumed[index]) {
                (SegmentMode::Declared, _) | (_, true) => ElementItems::Functions(Vec::new()),
                _ => element.items.clone(),
            },
        };
        let tables = parsed.tables.iter().zip(&self.tables);
        Module {
            name: parsed.name.map(str::to_owned),
            types: parsed.types.section().clone(),
            imports: parsed.imports.clone(),
            functions: parsed.functions.len() as u32,
            tables: tables
                .map(|(table, kind)| TableEntity {
                    ty: table.ty,
                    kind: *kind,
                    image: Default::default(),
                })
                .collect(),
            memories: self.memories.clone(),
            globals: parsed
                .globals
                .iter()
                .map(|g| GlobalEntity { ty: g.ty, imported: g.imported })
                .collect(),
            tags: parsed
                .tags
                .iter()
                .map(|t| TagEntity { ty: t.ty, imported: t.imported })
                .collect(),
            exports: parsed.exports.clone(),
            elements: parsed.elements.iter().enumerate().map(element).collect(),
            init: self.init.clone(),
            start: parsed.start,
            funcrefs: self.funcrefs.iter().map(|function| funcref(parsed, *function)).collect(),
            ..Module::default()
        }
    }

    /// Types that need an entry stub: those of functions the host can call.
    pub(crate) fn entry_types(&self, parsed: &Parsed<'_>) -> BTreeSet<CanonicalTypeIndex> {
        self.funcrefs.iter().map(|f| parsed.functions[f.index()]).collect()
    }

    /// Types that need a host-call stub: those of imported functions, and of
    /// indirect calls that may meet a function of the host.
    pub(crate) fn host_types(
        &self,
        parsed: &Parsed<'_>,
        facts: &ModuleFacts,
    ) -> BTreeSet<CanonicalTypeIndex> {
        let imported = &parsed.functions[..parsed.imported_functions as usize];
        let indirect = facts.indirect_calls.iter().filter_map(|(table, ty)| {
            let private = self.tables[table.index()] == TableKind::Private;
            (!private).then(|| parsed.types.canonical(*ty))
        });
        let references = facts.reference_calls.iter().map(|ty| parsed.types.canonical(*ty));
        imported.iter().copied().chain(indirect).chain(references).collect()
    }

    /// Imported functions that private tables name: these get a stub that
    /// forwards.
    pub(crate) fn forwarded_imports(&self, parsed: &Parsed<'_>) -> BTreeSet<FuncIndex> {
        let entries = self.private_tables.iter().flat_map(|table| &table.entries);
        let imported = |f: &FuncIndex| f.defined(parsed.imported_functions).is_none();
        entries.filter_map(|f| f.filter(imported)).collect()
    }
}

/// The description of a function with a reference record, its place still open.
fn funcref(parsed: &Parsed<'_>, function: FuncIndex) -> Funcref {
    Funcref { function, ty: parsed.functions[function.index()], code: CodeOffset::START }
}

/// Whether a function of this instance can get out through an imported table
/// and the instantiation still trap on a later element segment, before any
/// data segment: then whoever calls that function must find memory empty.
fn may_leak_before_data(parsed: &Parsed<'_>, consumed: &[bool]) -> bool {
    let steps = parsed.elements.iter().zip(consumed).filter(|(_, consumed)| !**consumed);
    let mut tables = steps.filter_map(|(element, _)| match &element.mode {
        SegmentMode::Active(table, _) => Some(*table),
        _ => None,
    });
    let leak = tables.any(|table| parsed.tables[table.index()].imported);
    leak && tables.next().is_some()
}

/// Defined functions whose reference the program or the host can hold.
fn taken_functions(parsed: &Parsed<'_>, facts: &ModuleFacts, consumed: &[bool]) -> Vec<FuncIndex> {
    let mut taken: BTreeSet<FuncIndex> = facts.functions_taken.clone();
    taken.extend(parsed.start);
    taken.extend(parsed.exports.iter().filter_map(|export| match export.item {
        EntityIndex::Function(function) => Some(function),
        _ => None,
    }));
    let mut in_expr = |expr: &ConstExpr| {
        taken.extend(expr.ops.iter().filter_map(|op| match op {
            ConstOp::RefFunc(function) => Some(*function),
            _ => None,
        }));
    };
    parsed.globals.iter().filter_map(|g| g.init.as_ref()).for_each(&mut in_expr);
    parsed.tables.iter().filter_map(|t| t.init.as_ref()).for_each(&mut in_expr);
    for (element, consumed) in parsed.elements.iter().zip(consumed) {
        if *consumed || matches!(element.mode, SegmentMode::Declared) {
            continue;
        }
        match &element.items {
            ElementItems::Functions(functions) => taken.extend(functions),
            ElementItems::Expressions(expressions) => {
                for expr in expressions {
                    taken.extend(expr.ops.iter().filter_map(|op| match op {
                        ConstOp::RefFunc(function) => Some(*function),
                        _ => None,
                    }));
                }
            }
        }
    }
    let defined = |f: &FuncIndex| f.defined(parsed.imported_functions).is_some();
    taken.into_iter().filter(defined).collect()
}

/// Record index of a function among those with a record, ascending.
pub(crate) fn funcref_index(funcrefs: &[FuncIndex], function: FuncIndex) -> Option<FuncrefIndex> {
    funcrefs.binary_search(&function).ok().map(FuncrefIndex::from_index)
}

/// Whether memory 0 begins at the context address.
pub(crate) fn memory0_at_context(parsed: &Parsed<'_>) -> bool {
    parsed.memories.first().is_some_and(|m| !m.imported && !m.ty.shared)
}

/// Bytes of a value in a stub's array; here so that stubs and translation
/// agree.
pub(crate) const VALUE_SIZE: i32 = abi::VALUE_SIZE as i32;
