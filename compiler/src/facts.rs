//! What every function body does. One parallel pass validates the bodies and
//! notes it, function by function and for the module as a whole.
//!
//! A module may have hundreds of thousands of functions: a function takes 24
//! bytes, and each function that it calls about three more.

#[cfg(test)]
pub(crate) mod testing;

use crate::error::Result;
use crate::parse::{Body, Parsed};
use precast_artifact::index::{DefinedFuncIndex, FuncIndex, GlobalIndex, TableIndex, TypeIndex};
use precast_artifact::wire::{Reader, Writer};
use std::collections::BTreeSet;
use wasmparser::{BlockType, FuncValidatorAllocations, Operator, OperatorsReader, ValType};

/// What some function bodies do, those of a whole module or of a part of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// What each function does, in index order.
    functions: Vec<FunctionFacts>,
    /// Whom each function calls: for each callee, in order, the distance of
    /// its index from that of the last one, and the number of calls, LEB128.
    callees: Vec<u8>,
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
    /// Where its callees begin in [`Facts::callees`].
    callees: u32,
}

impl FunctionFacts {
    /// Whether it calls no function. It may call builtins.
    #[cfg_attr(not(test), expect(dead_code, reason = "the inliner to come asks"))]
    pub(crate) fn is_leaf(&self) -> bool {
        self.direct_calls == 0 && self.indirect_calls == 0
    }
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

    /// The functions that a function calls by index, ascending, and how often
    /// each.
    #[cfg_attr(not(test), expect(dead_code, reason = "the inliner to come asks"))]
    pub(crate) fn callees(
        &self,
        function: DefinedFuncIndex,
    ) -> impl Iterator<Item = (FuncIndex, u32)> {
        let start = |at: usize| self.functions.get(at).map(|facts| facts.callees as usize);
        let begin = start(function.index()).expect("a function with facts");
        let end = start(function.index() + 1).unwrap_or(self.callees.len());
        let mut reader = Reader::new("callees", &self.callees[begin..end]);
        let mut last = 0;
        std::iter::from_fn(move || {
            last += reader.leb32().ok()?;
            Some((FuncIndex::new(last), reader.leb32().ok()?))
        })
    }

    /// Adds the facts of the functions that follow these.
    pub(crate) fn append(&mut self, next: Self) {
        let before = self.callees.len() as u32;
        let moved =
            |facts: FunctionFacts| FunctionFacts { callees: facts.callees + before, ..facts };
        self.functions.extend(next.functions.into_iter().map(moved));
        self.callees.extend(next.callees);
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
    calls: Vec<FuncIndex>,
}

/// Validates the body after those that `facts` is of, and adds what it does.
pub(crate) fn gather(
    parsed: &Parsed<'_>,
    body: &Body<'_>,
    scratch: &mut ValidationScratch,
    facts: &mut Facts,
) -> Result<()> {
    let index = body.function();
    let outcome = validate(body, scratch).and_then(|()| {
        let range = body.body.range();
        let mut function = FunctionFacts {
            size: (range.end - range.start) as u32,
            callees: facts.callees.len() as u32,
            ..FunctionFacts::default()
        };
        scratch.calls.clear();
        for local in body.body.get_locals_reader()? {
            let (_, ty) = local?;
            function.uses.add(if ty == ValType::V128 { Uses::VECTORS } else { Uses(0) });
        }
        let reader = body.body.get_operators_reader()?;
        note(reader, &mut function, &mut scratch.calls, &mut facts.module)?;
        write_callees(&mut scratch.calls, &mut facts.callees);
        facts.functions.push(function);
        Ok(())
    });
    outcome.map_err(|error| crate::Error::from(error).in_function(index, parsed.name_of(index)))
}

fn validate(body: &Body<'_>, scratch: &mut ValidationScratch) -> wasmparser::Result<()> {
    let to_validate = wasmparser::FuncToValidate {
        resources: body.validator.resources.clone(),
        index: body.validator.index,
        ty: body.validator.ty,
        features: body.validator.features,
    };
    let mut validator = to_validate.into_validator(std::mem::take(&mut scratch.validator));
    let outcome = validator.validate(&body.body);
    scratch.validator = validator.into_allocations();
    outcome
}

/// Appends what [`Facts::callees`] describes.
fn write_callees(calls: &mut [FuncIndex], bytes: &mut Vec<u8>) {
    calls.sort_unstable();
    let mut w = Writer::new();
    let mut last = 0;
    for same in calls.chunk_by(|one, other| one == other) {
        let callee = same[0].get();
        w.leb(u64::from(callee - last));
        w.leb(same.len() as u64);
        last = callee;
    }
    bytes.extend(w.finish());
}

fn note(
    mut reader: OperatorsReader<'_>,
    function: &mut FunctionFacts,
    calls: &mut Vec<FuncIndex>,
    module: &mut ModuleFacts,
) -> wasmparser::Result<()> {
    while !reader.eof() {
        let op = reader.read()?;
        function.uses.add(uses(&op));
        if has_vector_type(&op) {
            function.uses.add(Uses::VECTORS);
        }
        match op {
            Operator::Loop { .. } => function.loops += 1,
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                function.direct_calls += 1;
                calls.push(FuncIndex::new(function_index));
            }
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
    module.uses.add(function.uses);
    Ok(())
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
        assert_eq!([leaf, calls, last].map(FunctionFacts::is_leaf), [true, false, true]);
        assert_eq!(leaf.uses, Uses(Uses::MEMORY.0 | Uses::GLOBALS.0));
        assert_eq!(calls.uses, Uses::TABLES);
        assert_eq!(last.uses, Uses::EXCEPTIONS);
        // No locals; ref.func, drop, throw, end.
        assert_eq!(last.size, 7);
    }

    #[test]
    fn callees_are_counted() {
        let facts = facts(MODULE, 64);
        let callees = |function| facts.callees(DefinedFuncIndex::new(function));
        let numbers = |function| callees(function).map(|(f, n)| (f.get(), n)).collect::<Vec<_>>();
        assert_eq!(numbers(0), []);
        assert_eq!(numbers(1), [(0, 1), (1, 2), (2, 1)]);
        assert_eq!(numbers(2), []);
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
