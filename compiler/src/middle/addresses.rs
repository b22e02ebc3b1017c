//! Constants in addresses. A guest adds a constant to an index of 32 bits, which
//! may wrap around; the sum takes an instruction and a register of its own
//! before each access. Where [`Ranges`] prove that it does not wrap, the index
//! is extended first, which is the same for all accesses near it, and the
//! constant becomes part of the access, where it costs nothing.
//!
//! Of an index that is a sum itself, the constant was free in the instruction
//! that adds, so it is moved only where several accesses share the sum.
//!
//! Gain (user CPU of `benches/suite` at -O2): `stencil.c` 0.97 to 0.63 of
//! wasmtime's; with [`widen`](super::widen), nine others by 2 to 10 %. Cost: the
//! function's accesses are looked at, and the values of those with a constant; under
//! 1 % of the compile time of a Go program.

use super::edges::{constant, definition, sum};
use super::range::{Ranges, ValueRange};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, Opcode, Value, types};
use std::collections::HashMap;

/// An access whose address has a constant.
struct Access {
    inst: Inst,
    base: Value,
    /// What the constant was added to, of 32 bits.
    index: Value,
    /// The constant, and what the access had.
    offset: i32,
    constant: i64,
}

/// Whether an index is extended with zeros or with its sign.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extension {
    Zero,
    Sign,
}

/// Moves constants into accesses; gives how many. The function is as translation
/// leaves it.
pub(crate) fn fold(func: &mut Function) -> usize {
    let accesses = accesses(func);
    let mut shared: HashMap<Value, usize> = HashMap::new();
    for access in &accesses {
        *shared.entry(access.index).or_default() += 1;
    }
    let mut ranges = (!accesses.is_empty()).then(|| Ranges::new(func));
    let mut chosen = Vec::new();
    for access in accesses {
        let ranges = ranges.as_mut().expect("there are accesses");
        if shared[&access.index] == 1 && is_sum(func, access.index) {
            continue;
        }
        let range = ranges.of(access.index);
        if let Some(extension) = range.and_then(|range| extension(range, access.constant)) {
            chosen.push((access, extension));
        }
    }
    for (access, extension) in &chosen {
        rewrite(func, access, *extension);
    }
    chosen.len()
}

/// How an index in this range is extended, so that the constant can be added
/// after that.
fn extension(range: ValueRange, constant: i64) -> Option<Extension> {
    range.plus(constant).filter(|sum| sum.is_unsigned())?;
    match range {
        _ if range.is_unsigned() => Some(Extension::Zero),
        _ if range.is_signed() => Some(Extension::Sign),
        _ => None,
    }
}

fn accesses(func: &Function) -> Vec<Access> {
    let mut found = Vec::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            let Some((address, offset)) = accessed(func, inst) else { continue };
            found.extend(access(func, inst, address, offset));
        }
    }
    found
}

/// The address that a load or a store is at, and the offset from it.
pub(super) fn accessed(func: &Function, inst: Inst) -> Option<(Value, i32)> {
    match func.dfg.insts[inst] {
        InstructionData::Load { arg, offset, .. } => Some((arg, offset.into())),
        InstructionData::Store { args: [_, to], offset, .. } => Some((to, offset.into())),
        _ => None,
    }
}

/// The base and the index of 32 bits that an address is the sum of.
pub(super) fn base_and_index(func: &Function, address: Value) -> Option<(Value, Value)> {
    let InstructionData::Binary { opcode: Opcode::Iadd, args: [base, extended] } =
        definition(func, address)?
    else {
        return None;
    };
    let InstructionData::Unary { opcode: Opcode::Uextend, arg } = definition(func, extended)?
    else {
        return None;
    };
    (func.dfg.value_type(arg) == types::I32).then_some((base, arg))
}

fn access(func: &Function, inst: Inst, address: Value, offset: i32) -> Option<Access> {
    let (base, index) = base_and_index(func, address)?;
    let (index, added) = sum(func, index);
    if added == 0 || constant(func, index).is_some() {
        return None;
    }
    let offset = i32::try_from(i64::from(offset).checked_add(added)?).ok()?;
    Some(Access { inst, base, index, offset, constant: added })
}

/// Whether a value is added up, in the instruction that adds constants as well.
fn is_sum(func: &Function, value: Value) -> bool {
    let opcode = match definition(func, value) {
        Some(InstructionData::Binary { opcode, .. }) => opcode,
        _ => return false,
    };
    matches!(opcode, Opcode::Iadd | Opcode::Isub)
}

fn rewrite(func: &mut Function, access: &Access, extension: Extension) {
    let scaled = scaled(func, access.index);
    let mut cursor = FuncCursor::new(func).at_inst(access.inst);
    let index = scaled.map_or(access.index, |(index, _)| index);
    let wide = match extension {
        Extension::Zero => cursor.ins().uextend(types::I64, index),
        Extension::Sign => cursor.ins().sextend(types::I64, index),
    };
    let wide = match scaled {
        Some((_, by)) => cursor.ins().ishl_imm_u(wide, by),
        None => wide,
    };
    let address = cursor.ins().iadd(access.base, wide);
    match &mut func.dfg.insts[access.inst] {
        InstructionData::Load { arg, offset, .. } => {
            (*arg, *offset) = (address, access.offset.into());
        }
        InstructionData::Store { args: [_, to], offset, .. } => {
            (*to, *offset) = (address, access.offset.into());
        }
        _ => unreachable!("accesses are loads and stores"),
    }
}

/// An index that is another one times 2, 4 or 8, which addresses can be: in the
/// range of the product, the extended index times that is the extended product.
fn scaled(func: &Function, index: Value) -> Option<(Value, i64)> {
    let InstructionData::Binary { opcode: Opcode::Ishl, args: [of, by] } = definition(func, index)?
    else {
        return None;
    };
    Some((of, constant(func, by).filter(|by| (1..=3).contains(by))?))
}
