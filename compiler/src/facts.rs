//! What every function body does. One parallel pass validates the bodies and
//! notes it, function by function and for the module as a whole.
//!
//! A module may have hundreds of thousands of functions: a function takes 20
//! bytes.

#[cfg(test)]
pub(crate) mod testing;

use crate::error::Result;
use crate::parse::{Body, Parsed};
use precast_artifact::index::{FuncIndex, GlobalIndex, TableIndex, TypeIndex};
use std::collections::BTreeSet;
use wasmparser::{
    BlockType, FuncValidatorAllocations, Operator, OperatorsReader, OperatorsReaderAllocations,
    ValType,
};

/// What some function bodies do, those of a whole module or of a part of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// What each function does, in index order.
    functions: Vec<FunctionFacts>,
    /// What they do together.
    pub module: ModuleFacts,
}

/// What one function does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FunctionFacts {
    /// Bytes of its body.
    pub size: u32,
    /// Number of loops.
    pub loops: u32,
    /// Number of operators that call a function by its index.
    pub direct_calls: u32,
    /// Number of operators that call through a table or a reference.
    pub indirect_calls: u32,
    /// What it reads or writes.
    pub uses: Uses,
}

/// A set of the kinds of things that a function reads or writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses(u8);

impl Uses {
    /// Linear memories.
    pub(crate) const MEMORY: Self = Self(1);
    /// Globals.
    pub(crate) const GLOBALS: Self = Self(1 << 1);
    /// Tables, indirect calls among them.
    pub(crate) const TABLES: Self = Self(1 << 2);
    /// Exceptions, thrown or caught.
    pub(crate) const EXCEPTIONS: Self = Self(1 << 3);
    /// 128-bit vectors; also where only the type of a local or a block says so.
    pub(crate) const VECTORS: Self = Self(1 << 4);

    /// Whether all of `other` is in the set.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What the functions of a module do together: what decisions about the module
/// rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModuleFacts {
    /// Globals that are written.
    pub globals_written: BTreeSet<GlobalIndex>,
    /// Tables that are read or written by anything but an indirect call.
    pub tables_touched: BTreeSet<TableIndex>,
    /// Functions whose address is taken by `ref.func`.
    pub functions_taken: BTreeSet<FuncIndex>,
    /// Tables and types of indirect calls.
    pub indirect_calls: BTreeSet<(TableIndex, TypeIndex)>,
    /// Types of calls through references.
    pub reference_calls: BTreeSet<TypeIndex>,
    /// What any of them reads or writes.
    pub uses: Uses,
}

impl Facts {
    /// The facts of each function, in index order.
    pub(crate) fn functions(&self) -> &[FunctionFacts] {
        &self.functions
    }

    /// Adds the facts of the functions that follow these.
    pub(crate) fn append(&mut self, next: Self) {
        self.functions.extend(next.functions);
        self.module.add(next.module);
    }
}

impl ModuleFacts {
    fn add(&mut self, other: Self) {
        self.globals_written.extend(other.globals_written);
        self.tables_touched.extend(other.tables_touched);
        self.functions_taken.extend(other.functions_taken);
        self.indirect_calls.extend(other.indirect_calls);
        self.reference_calls.extend(other.reference_calls);
        self.uses.add(other.uses);
    }
}

/// What is kept from body to body, so that it is allocated once.
#[derive(Default)]
pub(crate) struct ValidationScratch {
    validator: FuncValidatorAllocations,
    operators: OperatorsReaderAllocations,
}

/// Validates the body after those that `facts` is of, and adds what it does.
pub(crate) fn gather(
    parsed: &Parsed<'_>,
    body: &Body<'_>,
    scratch: &mut ValidationScratch,
    facts: &mut Facts,
) -> Result<()> {
    let index = body.function();
    let range = body.body.range();
    let mut function =
        FunctionFacts { size: (range.end - range.start) as u32, ..FunctionFacts::default() };
    let read = read(body, scratch, &mut function, &mut facts.module);
    read.map_err(|error| crate::Error::from(error).in_function(index, parsed.name_of(index)))?;
    facts.functions.push(function);
    Ok(())
}

/// Reads a body once: validates each operator, and takes note of it.
fn read(
    body: &Body<'_>,
    scratch: &mut ValidationScratch,
    function: &mut FunctionFacts,
    module: &mut ModuleFacts,
) -> wasmparser::Result<()> {
    let to_validate = wasmparser::FuncToValidate {
        resources: body.validator.resources.clone(),
        index: body.validator.index,
        ty: body.validator.ty,
        features: body.validator.features,
    };
    let mut validator = to_validate.into_validator(std::mem::take(&mut scratch.validator));
    let mut reader = body.body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    for local in body.body.get_locals_reader()? {
        let (_, ty) = local?;
        function.uses.add(if ty == ValType::V128 { Uses::VECTORS } else { Uses(0) });
    }
    reader.set_features(body.validator.features);
    let mut reader =
        OperatorsReader::new_with_allocs(reader, std::mem::take(&mut scratch.operators));
    while !reader.eof() {
        let (op, offset) = reader.read_with_offset()?;
        validator.op(offset, &op)?;
        note(&op, function, module);
    }
    module.uses.add(function.uses);
    let end = reader.original_position();
    reader.get_binary_reader().finish_expression(&validator.visitor(end))?;
    scratch.operators = reader.into_allocations();
    scratch.validator = validator.into_allocations();
    Ok(())
}

/// Takes note of what an operator does.
fn note(op: &Operator<'_>, function: &mut FunctionFacts, module: &mut ModuleFacts) {
    function.uses.add(uses(op));
    if has_vector_type(op) {
        function.uses.add(Uses::VECTORS);
    }
    match *op {
        Operator::Loop { .. } => function.loops += 1,
        Operator::Call { .. } | Operator::ReturnCall { .. } => function.direct_calls += 1,
        Operator::CallIndirect { type_index, table_index }
        | Operator::ReturnCallIndirect { type_index, table_index } => {
            function.indirect_calls += 1;
            let call = (TableIndex::new(table_index), TypeIndex::new(type_index));
            module.indirect_calls.insert(call);
        }
        Operator::CallRef { type_index } | Operator::ReturnCallRef { type_index } => {
            function.indirect_calls += 1;
            module.reference_calls.insert(TypeIndex::new(type_index));
        }
        Operator::GlobalSet { global_index } => {
            module.globals_written.insert(GlobalIndex::new(global_index));
        }
        Operator::RefFunc { function_index } => {
            module.functions_taken.insert(FuncIndex::new(function_index));
        }
        Operator::TableGet { table }
        | Operator::TableSet { table }
        | Operator::TableGrow { table }
        | Operator::TableFill { table }
        | Operator::TableInit { table, .. } => {
            module.tables_touched.insert(TableIndex::new(table));
        }
        Operator::TableCopy { dst_table, src_table } => {
            module.tables_touched.extend([dst_table, src_table].map(TableIndex::new));
        }
        _ => {}
    }
}

/// Whether an operator has vectors in a type that it gives.
fn has_vector_type(op: &Operator<'_>) -> bool {
    let block = |ty: BlockType| ty == BlockType::Type(ValType::V128);
    match op {
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
            block(*blockty)
        }
        Operator::TryTable { try_table } => block(try_table.ty),
        Operator::TypedSelect { ty } => *ty == ValType::V128,
        Operator::TypedSelectMulti { tys } => tys.contains(&ValType::V128),
        _ => false,
    }
}

/// What an operator reads or writes, by the proposal that it is from and the
/// names of its immediates.
macro_rules! define_uses {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($rest:tt)*))*) => {
        fn uses(op: &Operator<'_>) -> Uses {
            match op {
                $(Operator::$op $({ $($arg: _),* })? => {
                    const {
                        Uses(define_uses!(from $proposal) $($(| define_uses!(with $arg))*)?)
                    }
                })*
                _ => Uses(0),
            }
        }
    };
    (from simd) => { Uses::VECTORS.0 };
    (from relaxed_simd) => { Uses::VECTORS.0 };
    (from exceptions) => { Uses::EXCEPTIONS.0 };
    (from $other:ident) => { 0 };
    (with memarg) => { Uses::MEMORY.0 };
    (with mem) => { Uses::MEMORY.0 };
    (with dst_mem) => { Uses::MEMORY.0 };
    (with global_index) => { Uses::GLOBALS.0 };
    (with table) => { Uses::TABLES.0 };
    (with table_index) => { Uses::TABLES.0 };
    (with dst_table) => { Uses::TABLES.0 };
    (with $other:ident) => { 0 };
}

wasmparser::for_each_operator!(define_uses);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;
    use crate::parse::parse;

    /// The facts of a module, gathered in batches of this many functions.
    fn facts(text: &str, batch: usize) -> Facts {
        let wasm = wat::parse_str(text).expect("a module's text");
        let parsed = parse(&wasm, Features::ALL).expect("a module");
        let (mut all, mut scratch) = (Facts::default(), ValidationScratch::default());
        for bodies in parsed.bodies.chunks(batch) {
            let mut facts = Facts::default();
            for body in bodies {
                gather(&parsed, body, &mut scratch, &mut facts).expect("a valid body");
            }
            all.append(facts);
        }
        all
    }

    const MODULE: &str = r#"(module
        (import "host" "f" (func $import))
        (type $t (func))
        (memory 1) (table 1 funcref) (global $g (mut i32) (i32.const 0)) (tag $e)
        (elem declare func $leaf)
        (func $leaf (loop (loop)) (loop) (global.set $g (i32.load (i32.const 0))))
        (func $calls (call $leaf) (call $import) (call $calls) (call $leaf)
            (call_indirect (type $t) (i32.const 0)))
        (func $last (param v128) (drop (ref.func $leaf)) (throw $e)))"#;

    #[test]
    fn each_function_has_facts_of_its_own() {
        let facts = facts(MODULE, 64);
        let [leaf, calls, last] = facts.functions() else { panic!("three functions") };
        assert_eq!((leaf.loops, leaf.direct_calls, leaf.indirect_calls), (3, 0, 0));
        assert_eq!((calls.loops, calls.direct_calls, calls.indirect_calls), (0, 4, 1));
        assert_eq!(leaf.uses, Uses(Uses::MEMORY.0 | Uses::GLOBALS.0));
        assert_eq!(calls.uses, Uses::TABLES);
        assert_eq!(last.uses, Uses::EXCEPTIONS);
        // No locals; ref.func, drop, throw, end.
        assert_eq!(last.size, 7);
    }

    #[test]
    fn the_modules_facts_are_those_of_its_functions() {
        let ModuleFacts {
            globals_written,
            tables_touched,
            functions_taken,
            indirect_calls,
            reference_calls,
            uses,
        } = facts(MODULE, 64).module;
        assert_eq!(globals_written, BTreeSet::from([GlobalIndex::new(0)]));
        assert_eq!(functions_taken, BTreeSet::from([FuncIndex::new(1)]));
        assert_eq!(indirect_calls.len(), 1);
        assert!(tables_touched.is_empty() && reference_calls.is_empty());
        assert!(uses.contains(Uses::EXCEPTIONS) && !uses.contains(Uses::VECTORS));
    }

    #[test]
    fn batches_make_no_difference() {
        assert_eq!(facts(MODULE, 1), facts(MODULE, 64));
        assert_eq!(facts(MODULE, 2), facts(MODULE, 64));
    }

    #[test]
    fn an_invalid_body_is_refused_where_it_is() {
        let wasm = wat::parse_str("(module (func nop) (func $bad (i32.const 1)))").unwrap();
        let parsed = parse(&wasm, Features::ALL).unwrap();
        let (mut facts, mut scratch) = (Facts::default(), ValidationScratch::default());
        gather(&parsed, &parsed.bodies[0], &mut scratch, &mut facts).unwrap();
        let error = gather(&parsed, &parsed.bodies[1], &mut scratch, &mut facts).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("invalid module in function 1 (bad) at offset 0x"), "{text}");
        assert_eq!(facts.functions().len(), 1);
    }
}
