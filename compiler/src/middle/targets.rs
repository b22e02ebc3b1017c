//! What calls through a private table can reach. Nothing writes such a table, and
//! a call reaches only entries of the type that it names: where these are few,
//! they are known functions, each at a known index. A call whose index is that of
//! an entry is a call of its function, so its body can stand in its place, behind
//! a comparison of the index; any other index goes through the table as before,
//! or, where all entries of the type are dealt with, to the table's traps.
//!
//! Comparators and virtual functions are such calls: a program has few of a type.
//!
//! Cost: a comparison for each body; the list is made once for a module.

use crate::parse::Parsed;
use crate::plan::Plan;
use precast_artifact::index::{
    CanonicalTypeIndex, DefinedFuncIndex, FuncIndex, TableIndex, TypeIndex,
};
use std::collections::BTreeMap;
use wasmparser::Operator;

/// Entries of a type, of which calls are looked at. More are seldom the right
/// ones, and each comparison takes time.
const MOST: usize = 4;

/// A function that a call may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub callee: DefinedFuncIndex,
    pub guess: Guess,
}

/// When a call through a table reaches a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    /// The index of its entry.
    pub entry: u32,
    /// How many entries of the type the table has.
    pub entries: u32,
}

/// The functions that calls of each type may reach, by table.
pub(crate) struct Targets<'p> {
    parsed: &'p Parsed<'p>,
    reached: BTreeMap<(TableIndex, CanonicalTypeIndex), Vec<Reached>>,
}

impl<'p> Targets<'p> {
    /// Of tables that are not looked at.
    pub(crate) fn none(parsed: &'p Parsed<'p>) -> Self {
        Self { parsed, reached: BTreeMap::new() }
    }

    /// Of a module's private tables.
    pub(crate) fn of(parsed: &'p Parsed<'p>, plan: &Plan<'_>) -> Self {
        let mut targets = Self::none(parsed);
        for table in &plan.private_tables {
            let mut by_type: BTreeMap<CanonicalTypeIndex, Vec<(u32, FuncIndex)>> = BTreeMap::new();
            for (entry, function) in (0..).zip(&table.entries) {
                let Some(function) = function else { continue };
                let ty = parsed.functions[function.index()];
                by_type.entry(ty).or_default().push((entry, *function));
            }
            for (ty, functions) in by_type {
                let entries = functions.len() as u32;
                // An imported function has no body.
                let target = |(entry, function): (u32, FuncIndex)| {
                    let callee = function.defined(parsed.imported_functions)?;
                    Some(Reached { callee, guess: Guess { entry, entries } })
                };
                if functions.len() <= MOST {
                    let found = functions.into_iter().filter_map(target).collect();
                    targets.reached.insert((table.table, ty), found);
                }
            }
        }
        targets
    }

    /// How many operands a call takes and leaves, of an operator that is one and
    /// comes back.
    pub(super) fn signature(&self, op: &Operator<'_>) -> Option<(usize, usize)> {
        let parsed = self.parsed;
        let canonical = |ty: u32| parsed.types.canonical(TypeIndex::new(ty));
        let (index, ty) = match op {
            Operator::Call { function_index } => (0, parsed.functions[*function_index as usize]),
            Operator::CallIndirect { type_index, .. } => (1, canonical(*type_index)),
            Operator::CallRef { type_index } => (1, canonical(*type_index)),
            _ => return None,
        };
        let ty = parsed.types.get(ty);
        Some((ty.params.len() + index, ty.results.len()))
    }

    /// What a call of this type through a table may reach, of the module's own;
    /// nothing where that is not known, or too much.
    pub(crate) fn reached(&self, table: TableIndex, ty: TypeIndex) -> &[Reached] {
        let ty = self.parsed.types.canonical(ty);
        self.reached.get(&(table, ty)).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing::facts_of;
    use crate::features::Features;
    use crate::options::Options;
    use crate::parse::parse;

    /// The callees and entries of what type 0 reaches in table 0, of how many.
    fn reached(text: &str) -> (Vec<(u32, u32)>, Option<u32>) {
        let wasm = wat::parse_str(text).expect("a module's text");
        let parsed = parse(&wasm, Features::ALL).expect("a module");
        let facts = facts_of(&parsed).module;
        let plan = Plan::new(&parsed, &facts, &Options::default()).expect("a plan");
        let targets = Targets::of(&parsed, &plan);
        let found = targets.reached(TableIndex::new(0), TypeIndex::new(0));
        let places = found.iter().map(|target| (target.callee.get(), target.guess.entry)).collect();
        (places, found.first().map(|target| target.guess.entries))
    }

    /// Two functions of type 0, one of type 1, and a table.
    fn module(table: &str, more: &str) -> String {
        format!(
            "(module (type $t (func)) (type (func (param i32)))
                (import \"\" \"f\" (func $far (type $t)))
                {table}
                (func $a (type $t)) (func $b (type $t)) (func $c (param i32)) {more})"
        )
    }

    #[test]
    fn entries_of_the_type_are_found_wherever_they_are() {
        let table = "(table 9 9 funcref) (elem (i32.const 1) $b $c) (elem (i32.const 7) $a)";
        assert_eq!(reached(&module(table, "")), (vec![(1, 1), (0, 7)], Some(2)));
        // Of functions that are there twice, both entries count.
        let table = "(table 9 9 funcref) (elem (i32.const 1) $a $a)";
        assert_eq!(reached(&module(table, "")), (vec![(0, 1), (0, 2)], Some(2)));
    }

    #[test]
    fn equal_types_are_one() {
        let table = "(type $same (func)) (table 2 2 funcref) (elem (i32.const 0) $d)";
        assert_eq!(reached(&module(table, "(func $d (type $same))")), (vec![(3, 0)], Some(1)));
    }

    #[test]
    fn imports_count_and_have_no_body() {
        let table = "(table 4 4 funcref) (elem (i32.const 0) $far $a)";
        assert_eq!(reached(&module(table, "")), (vec![(0, 1)], Some(2)));
    }

    #[test]
    fn many_entries_are_too_many() {
        let table = "(table 9 9 funcref) (elem (i32.const 0) $a $b $a $b $a)";
        assert_eq!(reached(&module(table, "")), (vec![], None));
    }

    #[test]
    fn tables_that_others_may_write_are_left_alone() {
        let filled = "(elem (i32.const 0) $a)";
        let table = |table: &str| module(&format!("{table} {filled}"), "");
        assert_eq!(reached(&table("(table 4 4 funcref)")).0.len(), 1);
        assert_eq!(reached(&table("(table (export \"t\") 4 4 funcref)")).0, []);
        assert_eq!(reached(&table("(import \"\" \"t\" (table 4 4 funcref))")).0, []);
        let written = "(func (table.set (i32.const 0) (ref.null func)))";
        let grown = "(func (drop (table.grow (ref.null func) (i32.const 1))))";
        for more in [written, grown] {
            let text = module(&format!("(table 4 4 funcref) {filled}"), more);
            assert_eq!(reached(&text).0, [], "{more}");
        }
    }
}
