//! Private tables: those that nothing outside the module can reach and that
//! nothing writes, whose contents are known. They need no funcref records, no
//! initialisation and no relocation, and an indirect call through them
//! compares an immediate.

use super::constants;
use crate::facts::ModuleFacts;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::{Parsed, SegmentMode};
use precast_artifact::index::{FuncIndex, TableIndex};
use precast_artifact::module::{ConstOp, ElementItems, EntityIndex};
use precast_artifact::types::HeapType;
use std::collections::BTreeMap;

/// Contents of a private table.
pub(crate) struct TableContents {
    pub table: TableIndex,
    /// The functions; none for null.
    pub entries: Vec<Option<FuncIndex>>,
}

/// Tables up to this size may be private however empty they are; larger ones
/// only if a quarter of the entries is used, so that the file stays small.
const SMALL: u64 = 4096;

pub(super) fn find_private(
    parsed: &Parsed<'_>,
    facts: &ModuleFacts,
    options: &Options,
) -> BTreeMap<TableIndex, TableContents> {
    let mut candidates = BTreeMap::new();
    if !options.enabled(Optimisation::PrivateTables) {
        return candidates;
    }
    for (index, table) in TableIndex::enumerate(&parsed.tables) {
        let item = EntityIndex::Table(index);
        let exported = parsed.exports.iter().any(|export| export.item == item);
        let nulls = table.init.as_ref().is_none_or(|init| init.ops == [ConstOp::RefNull]);
        let functions = table.ty.element.heap == HeapType::Func;
        let touched = facts.tables_touched.contains(&index);
        if table.imported || exported || touched || !nulls || !functions || table.ty.index64 {
            continue;
        }
        if let Some(entries) = entries(parsed, index, table.ty.limits.min) {
            candidates.insert(index, TableContents { table: index, entries });
        }
    }
    candidates
}

/// The contents of a table, if every segment for it is of known functions at
/// a known place inside it.
fn entries(parsed: &Parsed<'_>, table: TableIndex, size: u64) -> Option<Vec<Option<FuncIndex>>> {
    let mut placed = Vec::new();
    for element in &parsed.elements {
        let SegmentMode::Active(target, offset) = &element.mode else { continue };
        if *target != table {
            continue;
        }
        let start = constants::fold(offset, &[])?.index()?;
        let functions = functions(&element.items)?;
        if start.checked_add(functions.len() as u64)? > size {
            return None;
        }
        placed.push((start as usize, functions));
    }
    let used: usize = placed.iter().map(|(_, functions)| functions.len()).sum();
    if size > SMALL && size > 4 * used as u64 {
        return None;
    }
    let mut entries = vec![None; size as usize];
    for (start, functions) in placed {
        entries[start..start + functions.len()].copy_from_slice(&functions);
    }
    Some(entries)
}

fn functions(items: &ElementItems) -> Option<Vec<Option<FuncIndex>>> {
    match items {
        ElementItems::Functions(functions) => Some(functions.iter().copied().map(Some).collect()),
        ElementItems::Expressions(expressions) => expressions
            .iter()
            .map(|expr| match expr.ops.as_slice() {
                [ConstOp::RefFunc(function)] => Some(Some(*function)),
                [ConstOp::RefNull] => Some(None),
                _ => None,
            })
            .collect(),
    }
}
