//! `br_table`: a jump through a table, or a chain of branches where that is
//! faster. Branches can be told ahead one by one, and a parser whose table has
//! few entries beside the default mostly takes the default.
//!
//! Gain (user CPU beside wasmtime's): a parser of tables 1.03 to 0.87, `lexer.c` of
//! `benches/suite` 1.02 to 0.89, `json.c` 0.93 to 0.81.

use super::translator::Translator;
use crate::error::Result;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, BlockCall, InstBuilder, JumpTableData, Value, types};
use precast_artifact::index::LabelIndex;
use std::collections::BTreeMap;
use wasmparser::BrTable;

/// Tables with up to this many targets become compare chains: predictable
/// branches beat an indirect jump there (measured: 4 gains, 16 loses).
const CHAIN_TARGETS: usize = 4;
/// And tables with so few ways beside the default, whose entries fit a word.
const SPARSE_WAYS: usize = 4;
const SPARSE_TARGETS: usize = 64;

/// The entries of a table that go the same way, not that of the default.
struct Way {
    label: LabelIndex,
    /// A bit for each.
    entries: u64,
}

impl Translator<'_, '_> {
    pub(super) fn br_table(&mut self, table: &BrTable<'_>) -> Result<()> {
        let index = self.pop();
        for label in labels(table).chain([Ok(default_label(table))]) {
            self.place_fuel(self.fuel_at(label?));
        }
        if self.module.options.br_table_chain && table.len() as usize <= CHAIN_TARGETS {
            self.changes.chains += 1;
            self.compare_chain(index, table)?;
        } else if let Some(ways) = self.sparse(table)? {
            self.changes.chains += 1;
            self.sparse_chain(index, &ways, table);
        } else {
            self.jump_table(index, table)?;
        }
        self.unreachable_from_here();
        Ok(())
    }

    fn compare_chain(&mut self, index: Value, table: &BrTable<'_>) -> Result<()> {
        for (number, label) in labels(table).enumerate() {
            let label = label?;
            if label != default_label(table) {
                let hit = self.b.ins().icmp_imm_u(IntCC::Equal, index, number as i64);
                self.branch_in_chain(hit, label);
            }
        }
        self.last_in_chain(default_label(table));
        Ok(())
    }

    /// The ways beside the default, if they are few, and most entries are the
    /// default.
    fn sparse(&self, table: &BrTable<'_>) -> Result<Option<Vec<Way>>> {
        let enabled = self.module.options.br_table_chain;
        if !enabled || table.len() as usize > SPARSE_TARGETS {
            return Ok(None);
        }
        let mut ways: Vec<Way> = Vec::new();
        for (number, label) in labels(table).enumerate() {
            let (label, entry) = (label?, 1 << number);
            if label == default_label(table) {
                continue;
            }
            match ways.iter().position(|way| way.label == label) {
                Some(known) => ways[known].entries |= entry,
                None if ways.len() == SPARSE_WAYS => return Ok(None),
                None => ways.push(Way { label, entries: entry }),
            }
        }
        let others: u32 = ways.iter().map(|way| way.entries.count_ones()).sum();
        Ok((others * 2 <= table.len()).then_some(ways))
    }

    /// First whether it is the default, then one way after the other.
    fn sparse_chain(&mut self, index: Value, ways: &[Way], table: &BrTable<'_>) {
        let Some((last, first)) = ways.split_last() else {
            return self.last_in_chain(default_label(table));
        };
        let end = u64::BITS - ways.iter().fold(0, |all, way| all | way.entries).leading_zeros();
        let (beyond, least) = (IntCC::UnsignedGreaterThanOrEqual, i64::from(end));
        let beyond = self.b.ins().icmp_imm_u(beyond, index, least);
        self.branch_in_chain(beyond, default_label(table));
        let default = !ways.iter().fold(0, |all, way| all | way.entries);
        let hit = self.is_entry(index, default, end);
        self.branch_in_chain(hit, default_label(table));
        for way in first {
            let hit = self.is_entry(index, way.entries, end);
            self.branch_in_chain(hit, way.label);
        }
        self.last_in_chain(last.label);
    }

    /// Whether an index below `end` is one of `entries`.
    fn is_entry(&mut self, index: Value, entries: u64, end: u32) -> Value {
        if entries.count_ones() == 1 {
            let entry = i64::from(entries.trailing_zeros());
            return self.b.ins().icmp_imm_u(IntCC::Equal, index, entry);
        }
        let narrow = end <= 32;
        let set = match narrow {
            true => self.b.ins().iconst(types::I32, i64::from(entries as u32)),
            false => self.b.ins().iconst(types::I64, entries as i64),
        };
        let bit = self.b.ins().ushr(set, index);
        self.b.ins().band_imm_u(bit, 1)
    }

    fn branch_in_chain(&mut self, condition: Value, label: LabelIndex) {
        let (target, args) = self.branch_target(label);
        let next = self.b.create_block();
        self.b.ins().brif(condition, target, &args, next, &[]);
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }

    fn last_in_chain(&mut self, label: LabelIndex) {
        let (target, args) = self.branch_target(label);
        self.b.ins().jump(target, &args);
    }

    /// Targets that take values are reached through a block for each, so that
    /// the values are listed once for all of a target's entries.
    fn jump_table(&mut self, index: Value, table: &BrTable<'_>) -> Result<()> {
        let mut edges: BTreeMap<LabelIndex, (Block, Block, Vec<BlockArg>)> = BTreeMap::new();
        let mut calls = Vec::with_capacity(table.len() as usize + 1);
        for label in labels(table).chain([Ok(default_label(table))]) {
            let label = label?;
            let target = match edges.get(&label) {
                Some((edge, ..)) => *edge,
                None => {
                    let (target, args) = self.branch_target(label);
                    let edge = if args.is_empty() { target } else { self.b.create_block() };
                    edges.insert(label, (edge, target, args));
                    edge
                }
            };
            calls.push(BlockCall::new(target, [], &mut self.b.func.dfg.value_lists));
        }
        let default = calls.pop().expect("the default target");
        let data = self.b.create_jump_table(JumpTableData::new(default, &calls));
        self.b.ins().br_table(index, data);
        for (edge, target, args) in edges.into_values().filter(|(.., args)| !args.is_empty()) {
            self.b.seal_block(edge);
            self.b.switch_to_block(edge);
            self.b.ins().jump(target, &args);
        }
        Ok(())
    }
}

/// The labels of a table's entries.
fn labels(table: &BrTable<'_>) -> impl Iterator<Item = Result<LabelIndex>> {
    table.targets().map(|label| Ok(LabelIndex::new(label?)))
}

fn default_label(table: &BrTable<'_>) -> LabelIndex {
    LabelIndex::new(table.default())
}
