//! Accesses of a loop that counts whose indices move by a constant each round:
//! those that have an index in common, but for a constant, form a group, which
//! needs one address.

use super::addresses::{accessed, base_and_index};
use super::edges::{constant, definition, sum};
use super::loops::Loop;
use super::strides::{Strides, is_fixed};
use cranelift_codegen::ir::{Function, Inst, InstructionData, Value};

/// Constants beyond this are of no use: they become offsets of accesses.
const FARTHEST: i64 = 1 << 28;
/// Each group takes a register in the loop.
const MOST_GROUPS: usize = 6;

/// Accesses at `base + index`, where `index` is a number of 32 bits: `root`, which
/// moves by `stride` each round, and a constant from `least` to `most`.
pub(super) struct AccessGroup {
    pub base: Value,
    pub root: Value,
    pub stride: i64,
    pub least: i64,
    pub most: i64,
}

/// An access of a group.
pub(super) struct Indexed {
    pub inst: Inst,
    pub group: usize,
    pub index: Value,
    /// What is added to the root.
    constant: i64,
    offset: i32,
}

impl Indexed {
    /// Offset of the access from where the group begins; none if no instruction
    /// has that.
    pub(super) fn offset(&self, group: &AccessGroup) -> Option<i32> {
        i32::try_from(i64::from(self.offset) + self.constant - group.least).ok()
    }
}

/// The accesses of a loop, and their groups.
pub(super) fn of_loop(func: &Function, of: &Loop) -> (Vec<AccessGroup>, Vec<Indexed>) {
    let mut strides = Strides::new(func, of);
    let (mut groups, mut accesses) = (Vec::new(), Vec::new());
    for block in &of.blocks {
        for inst in func.layout.block_insts(*block) {
            let Some((address, offset)) = accessed(func, inst) else { continue };
            let Some((base, index)) = base_and_index(func, address) else { continue };
            if !is_fixed(func, of, base) {
                continue;
            }
            let [base, index] = [base, index].map(|value| func.dfg.resolve_aliases(value));
            let Some(stride) = strides.stride(index) else { continue };
            let (root, added) = sum(func, index);
            // Modulo 2^32, the nearest to zero.
            let added = i64::from(added as i32);
            if added.abs() > FARTHEST || constant(func, root).is_some() {
                continue;
            }
            let root = known_root(func, &groups, root);
            let group = group(&mut groups, (base, root, stride), added);
            accesses.extend(group.map(|group| Indexed {
                inst,
                group,
                index,
                constant: added,
                offset,
            }));
        }
    }
    accesses.retain(|access: &Indexed| access.offset(&groups[access.group]).is_some());
    (groups, accesses)
}

/// The root of a group that is computed from the same values in the same way, or else
/// this one.
fn known_root(func: &Function, groups: &[AccessGroup], root: Value) -> Value {
    let made = |value| match definition(func, value) {
        Some(InstructionData::Binary { opcode, args }) => {
            Some((opcode, args.map(|value| func.dfg.resolve_aliases(value))))
        }
        _ => None,
    };
    let own = made(root);
    let mut roots = groups.iter().map(|group| group.root);
    roots.find(|known| own.is_some() && made(*known) == own).unwrap_or(root)
}

/// The group of an access, which may be a new one.
fn group(groups: &mut Vec<AccessGroup>, of: (Value, Value, i64), constant: i64) -> Option<usize> {
    let same = |group: &AccessGroup| (group.base, group.root, group.stride) == of;
    if let Some(at) = groups.iter().position(same) {
        let group = &mut groups[at];
        (group.least, group.most) = (group.least.min(constant), group.most.max(constant));
        return Some(at);
    }
    let (base, root, stride) = of;
    (groups.len() < MOST_GROUPS).then(|| {
        groups.push(AccessGroup { base, root, stride, least: constant, most: constant });
        groups.len() - 1
    })
}
