//! Which loops that count are worth a copy, in which the addresses of their
//! accesses are made before them; and what of them the copy needs.

use super::accesses::{self, AccessGroup, Indexed};
use super::counted::{self, Count};
use super::edges::{calls, constant};
use super::loops::Loop;
use cranelift_codegen::ir::{Block, Function, Inst, InstructionData, Value, ValueDef};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Instructions that a loop must get rid of to be worth a copy.
const LEAST_GAIN: usize = 2;
/// Loops of a function that get copies at most.
const MOST_LOOPS: usize = 100;
/// Instructions that a function may grow by, beside a quarter of what it has.
const GROWTH: usize = 200;

/// A loop that gets a copy.
pub(super) struct LoopPlan {
    pub of: Loop,
    pub count: Count,
    pub groups: Vec<AccessGroup>,
    pub accesses: HashMap<Inst, Indexed>,
    pub needed: Needed,
}

/// What the copy of a loop needs of it, beside what has effects.
#[derive(Default)]
pub(super) struct Needed {
    pub insts: HashSet<Inst>,
    /// Of the header.
    pub parameters: HashSet<Value>,
}

/// The loops of a function that are worth it, but those with these headers.
pub(super) fn find(func: &Function, but: &BTreeSet<Block>) -> Vec<LoopPlan> {
    let loops = counted::find(func).into_iter().filter(|(of, _)| !but.contains(&of.header()));
    let plans = loops.filter_map(|(of, count)| LoopPlan::new(func, of, count));
    chosen(func, plans.take(MOST_LOOPS).collect())
}

/// Those that still gain with what is needed after them, and that the function may
/// grow by.
fn chosen(func: &Function, mut plans: Vec<LoopPlan>) -> Vec<LoopPlan> {
    if plans.is_empty() {
        return plans;
    }
    let outside = used_outside(func, &plans);
    let mut growth = GROWTH + func.dfg.num_insts() / 4;
    plans.retain_mut(|plan| {
        plan.needed = plan.needed(func, &outside);
        let size = plan.of.blocks.iter().map(|block| func.layout.block_insts(*block).count());
        let size: usize = size.sum();
        let fits = plan.gains(func) && size <= growth;
        growth -= if fits { size } else { 0 };
        fits
    });
    plans
}

/// Values of loops that are used elsewhere.
fn used_outside(func: &Function, plans: &[LoopPlan]) -> HashSet<Value> {
    let mut home: HashMap<Block, usize> = HashMap::new();
    for (number, plan) in plans.iter().enumerate() {
        home.extend(plan.of.blocks.iter().map(|block| (*block, number)));
    }
    let mut outside = HashSet::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            for value in func.dfg.inst_values(inst) {
                let value = func.dfg.resolve_aliases(value);
                let made = match func.dfg.value_def(value) {
                    ValueDef::Result(inst, _) => func.layout.inst_block(inst),
                    ValueDef::Param(block, _) => Some(block),
                    ValueDef::Union(..) => None,
                };
                let made = made.and_then(|block| home.get(&block));
                if made.is_some() && made != home.get(&block) {
                    outside.insert(value);
                }
            }
        }
    }
    outside
}

impl LoopPlan {
    /// None if the loop does not gain enough, even if nothing of it is needed
    /// after it.
    fn new(func: &Function, of: Loop, count: Count) -> Option<Self> {
        let (groups, accesses) = accesses::of_loop(func, &of);
        if groups.iter().all(|group| group.stride == 0) {
            return None;
        }
        let accesses = accesses.into_iter().map(|access| (access.inst, access)).collect();
        let mut plan = Self { of, count, groups, accesses, needed: Needed::default() };
        plan.needed = plan.needed(func, &HashSet::new());
        plan.gains(func).then_some(plan)
    }

    /// Whether the copy is so much shorter that it is worth it.
    fn gains(&self, func: &Function) -> bool {
        let strides = self.groups.iter().map(|group| group.stride);
        let counters: BTreeSet<i64> = strides.filter(|stride| *stride != 0).collect();
        self.gone(func) >= counters.len() + LEAST_GAIN
    }

    /// How many instructions of a round the copy does without.
    fn gone(&self, func: &Function) -> usize {
        let indices: BTreeSet<Value> = self.accesses.values().map(|access| access.index).collect();
        let made = |index: &&Value| match func.dfg.value_def(**index) {
            ValueDef::Result(inst, _) => {
                let inside = self.of.makes(func, **index);
                inside && constant(func, **index).is_none() && !self.needed.insts.contains(&inst)
            }
            _ => false,
        };
        let counters = func.dfg.block_params(self.of.header()).iter().zip(&self.of.steps);
        let dropped = counters.filter(|(parameter, step)| {
            step.is_some_and(|step| step != 0) && !self.needed.parameters.contains(parameter)
        });
        indices.iter().filter(made).count() + dropped.count()
    }

    fn needed(&self, func: &Function, outside: &HashSet<Value>) -> Needed {
        let mut open: Vec<Value> = Vec::new();
        for block in &self.of.blocks {
            for inst in func.layout.block_insts(*block) {
                let results = func.dfg.inst_results(inst).iter();
                open.extend(results.filter(|value| outside.contains(value)));
                match func.dfg.insts[inst] {
                    _ if inst == self.of.back.branch => open.extend(self.leaving(func).1),
                    InstructionData::Store { args: [stored, _], .. }
                        if self.accesses.contains_key(&inst) =>
                    {
                        open.push(stored);
                    }
                    _ if self.accesses.contains_key(&inst) || !has_effects(func, inst) => {}
                    _ => open.extend(func.dfg.inst_values(inst)),
                }
            }
            let parameters = func.dfg.block_params(*block).iter();
            open.extend(parameters.filter(|value| outside.contains(value)));
        }
        self.closure(func, open)
    }

    /// All that values are made of.
    fn closure(&self, func: &Function, mut open: Vec<Value>) -> Needed {
        let mut needed = Needed::default();
        while let Some(value) = open.pop() {
            let value = func.dfg.resolve_aliases(value);
            match func.dfg.value_def(value) {
                _ if !self.of.makes(func, value) => {}
                ValueDef::Param(block, number)
                    if block == self.of.header() && needed.parameters.insert(value) =>
                {
                    open.extend(self.of.next(func, number));
                }
                ValueDef::Result(inst, _)
                    if !has_effects(func, inst) && needed.insts.insert(inst) =>
                {
                    open.extend(func.dfg.inst_values(inst));
                }
                _ => {}
            }
        }
        needed
    }

    /// Where the branch back goes otherwise, and with what.
    pub(super) fn leaving(&self, func: &Function) -> (Block, Vec<Value>) {
        let pool = &func.dfg.value_lists;
        let call = &calls(func, self.of.back.branch)[1 - self.of.back.destination];
        (call.block(pool), call.args(pool).filter_map(|argument| argument.as_value()).collect())
    }
}

/// Whether an instruction must be executed although nobody uses what it gives.
pub(super) fn has_effects(func: &Function, inst: Inst) -> bool {
    let data = &func.dfg.insts[inst];
    if let InstructionData::Load { flags, .. } = data {
        let flags = func.dfg.mem_flags[*flags];
        return !(flags.readonly() && flags.can_move() && flags.notrap());
    }
    let opcode = data.opcode();
    opcode.can_load()
        || opcode.can_store()
        || opcode.can_trap()
        || opcode.other_side_effects()
        || opcode.is_terminator()
}
