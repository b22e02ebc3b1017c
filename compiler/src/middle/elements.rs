//! The elements that a loop's accesses are at: as many of each array in a round, one
//! after another.

use super::accesses::{AccessGroup, Indexed};
use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, types};
use std::collections::HashMap;

/// Elements of a round at most.
const MOST_ELEMENTS: i64 = 16;

/// The accesses of a loop by elements. All groups of accesses move in one direction.
pub(super) struct Elements {
    pub groups: Vec<AccessGroup>,
    pub accesses: HashMap<Inst, Indexed>,
    /// How many there are of each array in a round.
    pub count: usize,
}

impl Elements {
    /// None if there are not as many everywhere.
    pub(super) fn new(
        func: &Function,
        groups: Vec<AccessGroup>,
        accesses: Vec<Indexed>,
    ) -> Option<Self> {
        let upwards = groups.first()?.stride > 0;
        if groups.iter().any(|group| group.stride == 0 || (group.stride > 0) != upwards) {
            return None;
        }
        let mut count = None;
        for access in &accesses {
            let stride = groups[access.group].stride.abs();
            let size = bytes(func, access.inst)?;
            let here = stride / size;
            if stride % size != 0 || *count.get_or_insert(here) != here {
                return None;
            }
        }
        let count = count.filter(|count| *count <= MOST_ELEMENTS)? as usize;
        let accesses = accesses.into_iter().map(|access| (access.inst, access)).collect();
        Some(Self { groups, accesses, count })
    }

    /// Whether rounds go from lower addresses to higher ones.
    pub(super) fn upwards(&self) -> bool {
        self.groups[0].stride > 0
    }

    /// Bytes of an element of a group.
    pub(super) fn size(&self, group: usize) -> i64 {
        self.groups[group].stride.abs() / self.count as i64
    }

    /// Bytes of the element that an access is at.
    pub(super) fn size_at(&self, access: Inst) -> i64 {
        self.size(self.accesses[&access].group)
    }

    /// Which group an access belongs to, and where it is in that.
    pub(super) fn place(&self, inst: Inst) -> Option<(usize, i32)> {
        let access = self.accesses.get(&inst)?;
        Some((access.group, access.offset(&self.groups[access.group])?))
    }

    /// Whether accesses are at elements that follow one another, in all rounds.
    pub(super) fn follow_each_other(&self, insts: &[Inst]) -> bool {
        let Some((group, lowest)) = self.place(insts[0]) else { return false };
        let size = self.size(group) as i32;
        insts.iter().zip(0..).all(|(inst, at)| {
            let place = lowest.checked_add(at * size);
            place.is_some_and(|place| self.place(*inst) == Some((group, place)))
        })
    }
}

/// Bytes of a number in memory that is loaded or stored.
fn bytes(func: &Function, access: Inst) -> Option<i64> {
    let number = match func.dfg.insts[access] {
        InstructionData::Load { .. } => func.dfg.first_result(access),
        InstructionData::Store { args: [stored, _], .. } => stored,
        _ => return None,
    };
    let scalar = func.dfg.value_type(number);
    if !matches!(scalar, types::I32 | types::I64 | types::F32 | types::F64) {
        return None;
    }
    match func.dfg.insts[access].opcode() {
        Opcode::Load | Opcode::Store => Some(scalar.bytes().into()),
        Opcode::Uload8 | Opcode::Sload8 | Opcode::Istore8 => Some(1),
        Opcode::Uload16 | Opcode::Sload16 | Opcode::Istore16 => Some(2),
        Opcode::Uload32 | Opcode::Sload32 | Opcode::Istore32 => Some(4),
        _ => None,
    }
}
