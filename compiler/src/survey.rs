//! One parallel pass over all function bodies: validates each and notes what
//! it does that the rest of the module must know.

use crate::error::Result;
use crate::parse::{Body, Parsed};
use std::collections::BTreeSet;
use wasmparser::{FuncValidatorAllocations, Operator, OperatorsReader};

/// What function bodies do, of one function or of many together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Own and imported globals that are written.
    pub globals_written: BTreeSet<u32>,
    /// Tables that are read or written by anything but an indirect call.
    pub tables_touched: BTreeSet<u32>,
    /// Functions whose address is taken by `ref.func`.
    pub functions_taken: BTreeSet<u32>,
    /// Tables and types (module indices) of indirect calls.
    pub indirect_calls: BTreeSet<(u32, u32)>,
    /// Types (module indices) of calls through references.
    pub reference_calls: BTreeSet<u32>,
    /// Whether any body uses 128-bit vectors.
    pub uses_simd: bool,
}

impl Summary {
    /// Both summaries in one.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.globals_written.extend(other.globals_written);
        self.tables_touched.extend(other.tables_touched);
        self.functions_taken.extend(other.functions_taken);
        self.indirect_calls.extend(other.indirect_calls);
        self.reference_calls.extend(other.reference_calls);
        self.uses_simd |= other.uses_simd;
        self
    }
}

/// Validates one body and adds what it does to `summary`.
pub(crate) fn survey(
    parsed: &Parsed<'_>,
    body: &Body<'_>,
    allocations: &mut FuncValidatorAllocations,
    summary: &mut Summary,
) -> Result<()> {
    let to_validate = wasmparser::FuncToValidate {
        resources: body.validator.resources.clone(),
        index: body.validator.index,
        ty: body.validator.ty,
        features: body.validator.features,
    };
    let mut validator = to_validate.into_validator(std::mem::take(allocations));
    let outcome = validator.validate(&body.body);
    *allocations = validator.into_allocations();
    let in_function = |error: crate::Error| {
        let index = body.validator.index;
        error.in_function(index, parsed.name_of(index))
    };
    outcome.map_err(|error| in_function(error.into()))?;
    let reader = body.body.get_operators_reader().map_err(|error| in_function(error.into()))?;
    note(reader, summary).map_err(|error| in_function(error.into()))
}

fn note(mut reader: OperatorsReader<'_>, summary: &mut Summary) -> wasmparser::Result<()> {
    while !reader.eof() {
        match reader.read()? {
            Operator::GlobalSet { global_index } => {
                summary.globals_written.insert(global_index);
            }
            Operator::RefFunc { function_index } => {
                summary.functions_taken.insert(function_index);
            }
            Operator::CallIndirect { type_index, table_index }
            | Operator::ReturnCallIndirect { type_index, table_index } => {
                summary.indirect_calls.insert((table_index, type_index));
            }
            Operator::CallRef { type_index } | Operator::ReturnCallRef { type_index } => {
                summary.reference_calls.insert(type_index);
            }
            Operator::TableGet { table }
            | Operator::TableSet { table }
            | Operator::TableGrow { table }
            | Operator::TableFill { table }
            | Operator::TableInit { table, .. } => {
                summary.tables_touched.insert(table);
            }
            Operator::TableCopy { dst_table, src_table } => {
                summary.tables_touched.extend([dst_table, src_table]);
            }
            // Where vectors come from.
            Operator::V128Const { .. }
            | Operator::V128Load { .. }
            | Operator::V128Load8Splat { .. }
            | Operator::V128Load16Splat { .. }
            | Operator::V128Load32Splat { .. }
            | Operator::V128Load64Splat { .. }
            | Operator::V128Load32Zero { .. }
            | Operator::V128Load64Zero { .. }
            | Operator::I8x16Splat
            | Operator::I16x8Splat
            | Operator::I32x4Splat
            | Operator::I64x2Splat
            | Operator::F32x4Splat
            | Operator::F64x2Splat => summary.uses_simd = true,
            _ => {}
        }
    }
    Ok(())
}
