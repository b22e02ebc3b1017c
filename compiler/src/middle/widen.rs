//! Indices that carry 64 bits. An index of 32 bits is extended for each access,
//! which x86-64 does for nothing where an instruction of 32 bits has just made
//! it: that clears the upper half of the register. Of what comes into a block
//! from several others, as the counter of a loop does, the code generator does
//! not know that, and copies it into a second register before the access.
//!
//! Here such a parameter of a block becomes one of 64 bits: it is extended
//! where it is made, on every way into the block, and who wants 32 bits takes
//! the lower half, which is the same register. The same goes for loads: one of 32
//! bits that is also extended becomes one that extends.
//!
//! Nothing is rested on but that: `ireduce(uextend(x))` is `x`, whatever `x` is.
//! A parameter is left alone where that would add copies: where what a loop
//! gives it for the next round is made by an instruction that clears nothing.
//!
//! Gain: a copy and a register for each index of a loop; of `benches/suite`, at -O2,
//! `lexer.c` takes 0.89 of its time, `sieve.zig` 0.90, `fannkuch.go`, `knapsack.rs` and
//! `json.c` 0.92, but `regex.c` 1.05 (least of four, on a quiet machine; 0.97 in the mean
//! of 15). Cost: more values for the register allocator: 6 to 7 % of the time to compile,
//! 1 % of text, so -Os leaves it out.

use super::edges::{Edges, definition};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::packed_option::PackedOption;
use cranelift_codegen::entity::{EntitySet, SecondaryMap};
use cranelift_codegen::ir::{
    Block, BlockArg, Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef, types,
};
use std::ops::Range;

/// A way into a block that gives a parameter its value.
struct Arrival {
    branch: Inst,
    destination: usize,
    value: Value,
    /// Whether it closes a loop.
    back: bool,
}

/// A parameter of 32 bits that may become one of 64.
struct Carried {
    parameter: Value,
    block: Block,
    number: usize,
    /// Which of all arrivals are its own.
    arrivals: Range<usize>,
}

/// Parameters that may become wide.
#[derive(Default)]
struct Candidates {
    all: Vec<Carried>,
    arrivals: Vec<Arrival>,
    /// Which parameters were looked at, and which are in `all`.
    seen: EntitySet<Value>,
    chosen: EntitySet<Value>,
}

/// Values that may become wide, in order, and what extends them: instructions from
/// 32 to 64 bits.
type Extensions = Vec<(Value, Inst)>;

/// Widens parameters and loads; gives how many. Blocks are laid out as the
/// source has them: what branches up, closes a loop.
pub(crate) fn widen(func: &mut Function) -> usize {
    let extensions = extensions(func);
    if extensions.is_empty() {
        return 0;
    }
    let candidates = chosen(func, &extensions);
    let wide = SecondaryMap::with_capacity(func.dfg.num_values());
    let mut rewriter = Rewriter { func, wide, loads: 0 };
    for candidate in &candidates.all {
        rewriter.parameter(candidate.parameter, candidate.block);
    }
    for of_value in extensions.chunk_by(|(one, _), (other, _)| one == other) {
        rewriter.extensions(of_value);
    }
    for candidate in &candidates.all {
        rewriter.arrivals(candidate, candidates.arrivals(candidate));
    }
    candidates.all.len() + rewriter.loads
}

fn extensions(func: &Function) -> Extensions {
    let mut found = Vec::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            let InstructionData::Unary { opcode: Opcode::Uextend, arg } = func.dfg.insts[inst]
            else {
                continue;
            };
            let to = func.dfg.value_type(func.dfg.first_result(inst));
            if to == types::I64 && func.dfg.value_type(arg) == types::I32 {
                let value = func.dfg.resolve_aliases(arg);
                if may_be_wide(func, value) {
                    found.push((value, inst));
                }
            }
        }
    }
    // Stable: the extensions of a value stay in order.
    found.sort_by_key(|(value, _)| *value);
    found
}

/// Whether a value may become one of 64 bits: a parameter of a block, or loaded.
fn may_be_wide(func: &Function, value: Value) -> bool {
    match func.dfg.value_def(value) {
        ValueDef::Param(block, _) => func.layout.entry_block() != Some(block),
        ValueDef::Result(inst, 0) => is_load(func.dfg.insts[inst].opcode()),
        _ => false,
    }
}

/// Whether a value is extended.
fn is_extended(extensions: &Extensions, value: Value) -> bool {
    extensions.binary_search_by_key(&value, |(value, _)| *value).is_ok()
}

/// The parameters that are worth it, in order.
fn chosen(func: &Function, extensions: &Extensions) -> Candidates {
    let mut candidates = candidates(func, extensions);
    // Which candidates a candidate is given to, by their places.
    let mut receivers: Vec<(Value, usize)> = Vec::new();
    for (place, candidate) in candidates.all.iter().enumerate() {
        let values = candidates.arrivals(candidate).iter().map(|arrival| arrival.value);
        let values = values.filter(|value| candidates.chosen.contains(*value));
        receivers.extend(values.map(|value| (value, place)));
    }
    receivers.sort_unstable();
    let mut open: Vec<usize> = (0..candidates.all.len()).collect();
    while let Some(place) = open.pop() {
        let parameter = candidates.all[place].parameter;
        if candidates.chosen.contains(parameter)
            && !candidates.gains(func, extensions, &candidates.all[place])
        {
            candidates.chosen.remove(parameter);
            let first = receivers.partition_point(|(value, _)| *value < parameter);
            let own = receivers[first..].iter().take_while(|(value, _)| *value == parameter);
            open.extend(own.map(|(_, place)| *place));
        }
    }
    candidates.all.retain(|candidate| candidates.chosen.contains(candidate.parameter));
    candidates.all.sort_unstable_by_key(|candidate| candidate.parameter);
    candidates
}

/// Parameters that are extended, and those that are given to them.
fn candidates(func: &Function, extensions: &Extensions) -> Candidates {
    let mut candidates = Candidates::default();
    let is_parameter = |value: &Value| matches!(func.dfg.value_def(*value), ValueDef::Param(..));
    let mut open: Vec<Value> =
        extensions.iter().map(|(value, _)| *value).filter(is_parameter).collect();
    if open.is_empty() {
        return candidates;
    }
    let edges = Edges::new(func);
    let mut order: SecondaryMap<Block, usize> = SecondaryMap::new();
    for (at, block) in func.layout.blocks().enumerate() {
        order[block] = at;
    }
    while let Some(value) = open.pop() {
        let ValueDef::Param(block, number) = func.dfg.value_def(value) else { continue };
        if !candidates.seen.insert(value)
            || func.dfg.value_type(value) != types::I32
            || func.layout.entry_block() == Some(block)
        {
            continue;
        }
        let first = candidates.arrivals.len();
        for edge in edges.entering(block) {
            let Some(value) = edges.argument(edge, number) else {
                candidates.arrivals.truncate(first);
                break;
            };
            let back = order[edge.from] >= order[block];
            let (branch, destination) = (edge.branch, edge.destination);
            candidates.arrivals.push(Arrival { branch, destination, value, back });
        }
        let arrivals = first..candidates.arrivals.len();
        if !arrivals.is_empty() {
            open.extend(candidates.arrivals[first..].iter().map(|arrival| arrival.value));
            candidates.chosen.insert(value);
            candidates.all.push(Carried { parameter: value, block, number, arrivals });
        }
    }
    candidates
}

impl Candidates {
    /// How a candidate gets its values.
    fn arrivals(&self, candidate: &Carried) -> &[Arrival] {
        &self.arrivals[candidate.arrivals.clone()]
    }

    /// Whether a parameter is worth it as long as the chosen ones are wide.
    fn gains(&self, func: &Function, extensions: &Extensions, candidate: &Carried) -> bool {
        let free =
            |arrival: &Arrival| self.chosen.contains(arrival.value) || is_free(func, arrival.value);
        let arrivals = self.arrivals(candidate);
        let mut costly = arrivals.iter().filter(|arrival| !free(arrival)).peekable();
        costly.peek().is_none()
            || is_extended(extensions, candidate.parameter)
                && costly.all(|arrival| !arrival.back)
                && arrivals.iter().any(free)
    }
}

/// Whether a value of 32 bits is made by an instruction that clears the upper
/// half of its register, as the code generator knows.
fn is_free(func: &Function, value: Value) -> bool {
    let Some(data) = definition(func, value) else { return false };
    match data.opcode() {
        Opcode::Iadd
        | Opcode::Isub
        | Opcode::Imul
        | Opcode::Band
        | Opcode::Bor
        | Opcode::Bxor
        | Opcode::Ishl
        | Opcode::Ushr
        | Opcode::Iconst
        | Opcode::Uextend => true,
        opcode => is_load(opcode),
    }
}

/// Whether it loads what can be extended with zeros on the way.
fn is_load(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Load | Opcode::Uload8 | Opcode::Uload16)
}

struct Rewriter<'f> {
    func: &'f mut Function,
    /// The extended value of each that was widened.
    wide: SecondaryMap<Value, PackedOption<Value>>,
    loads: usize,
}

impl Rewriter<'_> {
    /// Makes a parameter one of 64 bits, of which the old one is the lower half.
    fn parameter(&mut self, parameter: Value, block: Block) {
        let wide = self.func.dfg.replace_block_param(parameter, types::I64);
        let mut cursor = FuncCursor::new(self.func).at_first_insertion_point(block);
        cursor.ins().with_result(parameter).ireduce(types::I32, wide);
        self.wide[parameter] = wide.into();
    }

    /// Extensions of a value that is widened, or is loaded, become the wide one.
    fn extensions(&mut self, of_value: &[(Value, Inst)]) {
        let (value, _) = of_value[0];
        let Some(wide) = self.wide[value].expand().or_else(|| self.load(value)) else {
            return;
        };
        for (_, inst) in of_value {
            let extended = self.func.dfg.first_result(*inst);
            self.func.dfg.clear_results(*inst);
            self.func.dfg.change_to_alias(extended, wide);
            self.func.layout.remove_inst(*inst);
        }
    }

    /// The extended value of what is loaded, if it is loaded.
    fn load(&mut self, value: Value) -> Option<Value> {
        if let Some(wide) = self.wide[value].expand() {
            return Some(wide);
        }
        let ValueDef::Result(inst, 0) = self.func.dfg.value_def(value) else { return None };
        let InstructionData::Load { opcode, arg, flags, offset } = self.func.dfg.insts[inst] else {
            return None;
        };
        let mut cursor = FuncCursor::new(self.func).at_inst(inst);
        cursor.use_srcloc(inst);
        let flags = cursor.func.dfg.mem_flags[flags];
        let wide = match opcode {
            Opcode::Load => cursor.ins().uload32(flags, arg, offset),
            Opcode::Uload8 => cursor.ins().uload8(types::I64, flags, arg, offset),
            Opcode::Uload16 => cursor.ins().uload16(types::I64, flags, arg, offset),
            _ => return None,
        };
        self.func.replace(inst).ireduce(types::I32, wide);
        self.wide[value] = wide.into();
        self.loads += 1;
        Some(wide)
    }

    /// Gives a widened parameter extended values.
    fn arrivals(&mut self, candidate: &Carried, arrivals: &[Arrival]) {
        for arrival in arrivals {
            let wide = self.extended(arrival.value, arrival.branch);
            let dfg = &mut self.func.dfg;
            let calls = dfg.insts[arrival.branch]
                .branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
            let mut number = 0;
            calls[arrival.destination].update_args(&mut dfg.value_lists, |argument| {
                let this = number == candidate.number;
                number += 1;
                if this { BlockArg::Value(wide) } else { argument }
            });
        }
    }

    /// A value, extended before a branch.
    fn extended(&mut self, value: Value, branch: Inst) -> Value {
        if let Some(wide) = self.wide[value].expand().or_else(|| self.load(value)) {
            return wide;
        }
        let constant = super::edges::constant(self.func, value);
        let mut cursor = FuncCursor::new(self.func).at_inst(branch);
        match constant {
            Some(constant) => cursor.ins().iconst(types::I64, i64::from(constant as u32)),
            None => cursor.ins().uextend(types::I64, value),
        }
    }
}
