//! Copies of arguments. A call takes each argument in a register of its own. Where it
//! is the last that a value is needed for, the register allocator wants the value in
//! that register from where it is made: a value has one place until it is split, and
//! is split twice at most. What is alive across other calls cannot stay there, and then
//! every use of it loads it from the frame. A panic takes an index and a length that a
//! loop works with, and the context's address, which is memory's: two panics are enough
//! to keep all three out of registers in the loop before them.
//!
//! Here such a call is given a copy, and the value goes where it suits its other uses:
//! * the context, at calls after which it is not needed, where it must outlive other
//!   calls;
//! * integers that loops use, at calls after which there is a trap.
//!
//! The copy goes through a floating-point register, the one way that the code generator
//! does not see through: the bits are the same, whatever they are.
//!
//! Gain (user CPU of `benches/suite`): `knapsack.rs` takes 0.89 of its time, `qsort.c` 0.95,
//! `dfa.rs` 0.96, `lisp.rs` 0.98; others are as fast as before. Cost: two moves at a
//! call that is not followed by much, 0.9 % of QuickJS' text; a look at the calls of a
//! function, and where there are some, at which blocks need the context: with the code
//! that it makes, 1 % of QuickJS' compile time.

use super::edges::{Incoming, calls, is_constant};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::{EntitySet, SecondaryMap};
use cranelift_codegen::ir::{
    Block, Function, Inst, InstBuilder, MemFlagsData, Opcode, Value, ValueDef, types,
};

/// Arguments of a call that are copied: their numbers among the instruction's values.
type Chosen = Vec<(Inst, usize)>;

/// Copies arguments; gives how many. Blocks are laid out as the source has them: what
/// branches up, closes a loop.
pub(crate) fn copy(func: &mut Function) -> usize {
    let Some(entry) = func.layout.entry_block() else { return 0 };
    let context = func.dfg.block_params(entry)[0];
    let calls = calls_of(func);
    if calls.is_empty() {
        return 0;
    }
    let mut chosen = last_for_context(func, context, &calls);
    chosen.extend(before_traps(func, context, &calls));
    for (inst, number) in &chosen {
        copy_argument(func, *inst, *number);
    }
    chosen.len()
}

/// The calls, in the order of the layout.
fn calls_of(func: &Function) -> Vec<(Block, Inst)> {
    let insts = |block| func.layout.block_insts(block).map(move |inst| (block, inst));
    let all = func.layout.blocks().flat_map(insts);
    all.filter(|(_, inst)| func.dfg.insts[*inst].opcode().is_call()).collect()
}

/// The context as an argument of calls after which it is not needed, if it is needed
/// after others.
fn last_for_context(func: &Function, context: Value, calls: &[(Block, Inst)]) -> Chosen {
    let after = needed_after(func, context);
    let mut outlives = false;
    let mut chosen = Vec::new();
    for (block, inst) in calls {
        let mut rest = func.layout.block_insts(*block).skip_while(|next| next != inst).skip(1);
        if after[*block] || rest.any(|inst| uses(func, inst, context)) {
            outlives = true;
        } else {
            chosen.extend(numbers(func, *inst, |value| value == context));
        }
    }
    if outlives { chosen } else { Vec::new() }
}

/// The blocks after which a value is needed.
fn needed_after(func: &Function, value: Value) -> SecondaryMap<Block, bool> {
    let into = Incoming::of(func);
    let (mut before, mut after) = (EntitySet::new(), SecondaryMap::new());
    let mut open: Vec<Block> = Vec::new();
    for block in func.layout.blocks() {
        if func.layout.block_insts(block).any(|inst| uses(func, inst, value)) {
            before.insert(block);
            open.push(block);
        }
    }
    while let Some(block) = open.pop() {
        for edge in into.entering(block) {
            after[edge.from] = true;
            if before.insert(edge.from) {
                open.push(edge.from);
            }
        }
    }
    after
}

fn uses(func: &Function, inst: Inst, value: Value) -> bool {
    func.dfg.inst_values(inst).any(|used| func.dfg.resolve_aliases(used) == value)
}

/// Arguments, but the context, of calls before traps: integers that loops use.
fn before_traps(func: &Function, context: Value, calls: &[(Block, Inst)]) -> Chosen {
    let traps = |block| {
        let last = func.layout.last_inst(block);
        last.is_some_and(|last| func.dfg.insts[last].opcode() == Opcode::Trap)
    };
    let mut chosen = Vec::new();
    for (block, inst) in calls.iter().filter(|(block, _)| traps(*block)) {
        let made_before = |value| match func.dfg.value_def(value) {
            ValueDef::Result(made, _) => func.layout.inst_block(made) != Some(*block),
            ValueDef::Param(..) => true,
            ValueDef::Union(..) => false,
        };
        let varies = |value| value != context && !is_constant(func, value);
        chosen.extend(numbers(func, *inst, |value| varies(value) && made_before(value)));
    }
    if !chosen.is_empty() {
        let used = used_in_loops(func);
        chosen.retain(|(inst, number)| used.contains(argument(func, *inst, *number)));
    }
    chosen
}

/// The values that loops use, or give to blocks.
fn used_in_loops(func: &Function) -> EntitySet<Value> {
    let blocks: Vec<Block> = func.layout.blocks().collect();
    let mut order: SecondaryMap<Block, usize> = SecondaryMap::new();
    // Where loops begin, and how many end.
    let mut depth = vec![0isize; blocks.len() + 1];
    for (at, block) in blocks.iter().enumerate() {
        order[*block] = at + 1;
        let Some(branch) = func.layout.last_inst(*block) else { continue };
        for call in calls(func, branch) {
            let header = order[call.block(&func.dfg.value_lists)];
            if header > 0 {
                depth[header - 1] += 1;
                depth[at + 1] -= 1;
            }
        }
    }
    let mut open = 0;
    let mut used = EntitySet::new();
    for (at, block) in blocks.iter().enumerate() {
        open += depth[at];
        if open == 0 {
            continue;
        }
        for inst in func.layout.block_insts(*block) {
            for value in func.dfg.inst_values(inst) {
                used.insert(func.dfg.resolve_aliases(value));
            }
            for call in calls(func, inst) {
                for parameter in func.dfg.block_params(call.block(&func.dfg.value_lists)) {
                    used.insert(*parameter);
                }
            }
        }
    }
    used
}

/// The numbers of a call's arguments that are integers and wanted.
fn numbers(func: &Function, inst: Inst, wanted: impl Fn(Value) -> bool) -> Chosen {
    // What is called, where that is a value, may be in any register.
    let opcode = func.dfg.insts[inst].opcode();
    let indirect = matches!(
        opcode,
        Opcode::CallIndirect | Opcode::ReturnCallIndirect | Opcode::TryCallIndirect
    );
    let numbers = usize::from(indirect)..func.dfg.inst_args(inst).len();
    let chosen = numbers.filter(|number| {
        let value = argument(func, inst, *number);
        matches!(func.dfg.value_type(value), types::I32 | types::I64) && wanted(value)
    });
    chosen.map(|number| (inst, number)).collect()
}

fn argument(func: &Function, inst: Inst, number: usize) -> Value {
    func.dfg.resolve_aliases(func.dfg.inst_args(inst)[number])
}

fn copy_argument(func: &mut Function, inst: Inst, number: usize) {
    let value = argument(func, inst, number);
    let ty = func.dfg.value_type(value);
    let float = if ty == types::I64 { types::F64 } else { types::F32 };
    let mut cursor = FuncCursor::new(func).at_inst(inst);
    cursor.use_srcloc(inst);
    let moved = cursor.ins().bitcast(float, MemFlagsData::new(), value);
    let copy = cursor.ins().bitcast(ty, MemFlagsData::new(), moved);
    cursor.func.dfg.inst_args_mut(inst)[number] = copy;
}
