//! Which loops that count do the same to each element of arrays, so that vectors may
//! do several rounds at once: those of one block, whose stores and sums are all made
//! of elements that lie one after another. What else they carry from round to round
//! grows by a constant.

use super::accesses::{self, AccessGroup, Indexed};
use super::counted::{self, Loop};
use super::edges::{Incoming, calls, constant, definition};
use super::lanes::{Lanes, Node, NodeIndex};
use super::loop_plan::has_effects;
use super::overlaps::{self, Forbidden, Reordered, Shape};
use super::reductions::{self, Reduction};
use cranelift_codegen::ir::{
    BlockArg, Function, Inst, InstructionData, Opcode, Type, Value, types,
};
use std::collections::HashMap;

/// Bytes of a vector.
pub(super) const VECTOR: i64 = 16;
/// Offsets beyond this are of no use, and far from overflow.
const FARTHEST: i64 = 1 << 29;
/// Vectors of a round, of all values that it computes.
const MOST_VECTORS: usize = 128;
/// Loops of a function that vectors are made for at most.
const MOST_LOOPS: usize = 100;
/// Instructions that a function may grow by, beside a quarter of what it has.
const GROWTH: usize = 400;

/// A loop that vectors are made for.
pub(super) struct VectorPlan {
    pub of: Loop,
    pub groups: Vec<AccessGroup>,
    pub accesses: HashMap<Inst, Indexed>,
    pub lane: Type,
    pub shape: Shape,
    pub nodes: Vec<Node>,
    pub stores: Vec<StoredRow>,
    pub reductions: Vec<Reduction>,
    pub forbidden: Vec<Forbidden>,
}

/// Stores of consecutive elements, the lowest first.
pub(super) struct StoredRow {
    pub insts: Vec<Inst>,
    pub node: NodeIndex,
}

/// The loops of a function that vectors are made for. The function's first parameter
/// is the address of its memory.
pub(super) fn find(func: &Function) -> Vec<VectorPlan> {
    let loops = counted::find(func).into_iter().filter(|of| of.blocks.len() == 1);
    let mut plans: Vec<VectorPlan> = loops.filter_map(|of| VectorPlan::new(func, of)).collect();
    if plans.is_empty() {
        return plans;
    }
    let into = Incoming::of(func);
    let mut growth = GROWTH + func.dfg.num_insts() / 4;
    plans.retain(|plan| {
        let size = plan.shape.vectors() * plan.nodes.len();
        let fits = size <= growth && !plan.is_short(func, &into);
        growth -= if fits { size } else { 0 };
        fits
    });
    plans.truncate(MOST_LOOPS);
    plans
}

impl VectorPlan {
    fn new(func: &Function, of: Loop) -> Option<Self> {
        let (groups, accesses) = accesses::of_loop(func, &of);
        let accesses: HashMap<Inst, Indexed> =
            accesses.into_iter().map(|access| (access.inst, access)).collect();
        let stride = groups.first()?.stride;
        let memory = func.dfg.block_params(func.layout.entry_block()?).first().copied()?;
        let usual = |group: &AccessGroup| group.stride == stride && group.base == memory;
        if stride == 0 || !groups.iter().all(usual) || !is_plain(func, &of, &accesses) {
            return None;
        }
        let lane = lane(func, &of)?;
        let shape = shape(lane, stride)?;
        let plan = Self {
            of,
            groups,
            accesses,
            lane,
            shape,
            nodes: Vec::new(),
            stores: Vec::new(),
            reductions: Vec::new(),
            forbidden: Vec::new(),
        };
        plan.with_nodes(func)?.with_forbidden(func)
    }

    /// With what is stored and summed up; none if that is not the same for each
    /// element.
    fn with_nodes(mut self, func: &Function) -> Option<Self> {
        let mut lanes = Lanes::new(func, &self.of, &self.accesses, &self.groups, self.lane);
        for insts in self.rows(func)? {
            let values: Vec<Value> =
                insts.iter().map(|inst| func.dfg.inst_args(*inst)[0]).collect();
            let node = lanes.node(&values)?;
            self.stores.push(StoredRow { insts, node });
        }
        let mut others = Vec::new();
        let changing = self.of.steps.iter().enumerate().filter(|(_, step)| step.is_none());
        for parameter in changing.map(|(parameter, _)| parameter) {
            let elements = self.shape.elements;
            match reductions::find(func, &self.of, parameter, elements, &mut lanes) {
                Some(reduction) => self.reductions.push(reduction),
                None => others.push(parameter),
            }
        }
        self.nodes = lanes.nodes;
        let carried: Vec<usize> = self.carried().map(|(_, parameter)| parameter).collect();
        if others.iter().any(|other| !carried.contains(other)) {
            return None;
        }
        let small = self.nodes.len() * self.shape.vectors() <= MOST_VECTORS;
        (small && (!self.stores.is_empty() || !self.reductions.is_empty())).then_some(self)
    }

    /// The nodes whose values are those of the element before, and the parameters of the
    /// header that these are.
    pub(super) fn carried(&self) -> impl Iterator<Item = (NodeIndex, usize)> {
        self.nodes.iter().enumerate().filter_map(|(index, node)| match node {
            Node::Carried(parameter, _) => Some((index, *parameter)),
            _ => None,
        })
    }

    /// The stores of the loop, by rows of consecutive elements, in the order in which
    /// the rows begin.
    fn rows(&self, func: &Function) -> Option<Vec<Vec<Inst>>> {
        let mut stores: Vec<(usize, i32, Inst)> = Vec::new();
        for inst in func.layout.block_insts(self.of.header()) {
            if func.dfg.insts[inst].opcode() == Opcode::Store {
                let (group, place) = self.place(inst)?;
                stores.push((group, place, inst));
            }
        }
        stores.sort_by_key(|(group, place, _)| (*group, *place));
        let rows = stores.chunks(self.shape.elements);
        let rows: Option<Vec<Vec<Inst>>> = rows.map(|row| self.row(func, row)).collect();
        let mut rows = rows?;
        let times = self.times(func);
        rows.sort_by_key(|row| row.iter().map(|inst| times[inst]).min());
        Some(rows)
    }

    /// Stores that follow one another, one for each element of a round.
    fn row(&self, func: &Function, stores: &[(usize, i32, Inst)]) -> Option<Vec<Inst>> {
        let (first, lowest, _) = stores[0];
        let follows = stores.iter().zip(0..).all(|((group, place, inst), at)| {
            let ty = func.dfg.value_type(func.dfg.inst_args(*inst)[0]);
            let there = lowest + at * self.shape.size as i32;
            (*group, *place) == (first, there) && ty == self.lane
        });
        let whole = stores.len() == self.shape.elements;
        (whole && follows).then(|| stores.iter().map(|(_, _, inst)| *inst).collect())
    }

    /// Which group an access belongs to, and where it is in that.
    pub(super) fn place(&self, inst: Inst) -> Option<(usize, i32)> {
        let access = self.accesses.get(&inst)?;
        let place = access.offset(&self.groups[access.group])?;
        (i64::from(place).abs() <= FARTHEST).then_some((access.group, place))
    }

    /// Where instructions stand in a round.
    fn times(&self, func: &Function) -> HashMap<Inst, usize> {
        func.layout.block_insts(self.of.header()).zip(0..).collect()
    }

    /// With what groups must not be from each other; none if their accesses meet in any
    /// case.
    fn with_forbidden(mut self, func: &Function) -> Option<Self> {
        let times = self.times(func);
        let mut all = Vec::new();
        let loads = self.nodes.iter().filter_map(|node| match node {
            Node::Load(insts) => Some((insts, 0)),
            _ => None,
        });
        let stores = self.stores.iter().map(|row| &row.insts).zip(1..);
        for (insts, rank) in loads.chain(stores) {
            for (element, inst) in insts.iter().enumerate() {
                let (group, place) = self.place(*inst)?;
                let (place, time) = (place.into(), times[inst]);
                all.push(Reordered { group, place, time, element, rank });
            }
        }
        self.forbidden = overlaps::find(&all, self.shape)?;
        Some(self)
    }

    /// Whether the loop is known to make so few rounds that vectors do not pay: what is
    /// left of a loop that was unrolled.
    fn is_short(&self, func: &Function, into: &Incoming) -> bool {
        let most = |value: Option<Value>| match value {
            None => Some(0),
            Some(value) => at_most(func, value),
        };
        let count = &self.of.count;
        let header = self.of.header();
        let starts = into.entering(header).iter().filter(|edge| edge.from != header);
        let starts = starts.map(|edge| {
            let call = &calls(func, edge.branch)[edge.destination];
            match call.args(&func.dfg.value_lists).nth(count.parameter)? {
                BlockArg::Value(value) => at_most(func, value),
                _ => None,
            }
        });
        let start = starts.reduce(|one, other| Some(one?.max(other?))).flatten();
        match (start, most(count.limit)) {
            (Some(start), Some(limit)) => {
                (limit - start).abs() / count.step.abs() < 2 * self.shape.rounds as i64
            }
            _ => false,
        }
    }
}

/// What a value is at most, if that is a small constant.
fn at_most(func: &Function, value: Value) -> Option<i64> {
    match definition(func, value) {
        Some(InstructionData::Binary { opcode: Opcode::Band, args: [_, mask] }) => {
            constant(func, mask).filter(|mask| *mask >= 0)
        }
        _ => constant(func, value),
    }
}

/// Whether there is nothing in a loop but accesses whose places are known, what cannot
/// trap, and the branch back.
fn is_plain(func: &Function, of: &Loop, accesses: &HashMap<Inst, Indexed>) -> bool {
    func.layout.block_insts(of.header()).all(|inst| {
        let access = match func.dfg.insts[inst].opcode() {
            Opcode::Load | Opcode::Store => accesses.contains_key(&inst),
            _ => false,
        };
        access || inst == of.back.branch || !has_effects(func, inst)
    })
}

/// The type of what a loop stores, or else of what it sums up.
fn lane(func: &Function, of: &Loop) -> Option<Type> {
    let stored = func.layout.block_insts(of.header()).find_map(|inst| {
        matches!(func.dfg.insts[inst], InstructionData::Store { .. })
            .then(|| func.dfg.value_type(func.dfg.inst_args(inst)[0]))
    });
    let summed = || {
        let parameters = func.dfg.block_params(of.header()).iter().zip(&of.steps);
        let mut summed = parameters.filter(|(_, step)| step.is_none());
        summed.next().map(|(parameter, _)| func.dfg.value_type(*parameter))
    };
    let lane = stored.or_else(summed)?;
    matches!(lane, types::I32 | types::I64 | types::F32 | types::F64).then_some(lane)
}

/// How rounds become vectors of these elements.
fn shape(lane: Type, stride: i64) -> Option<Shape> {
    let size = i64::from(lane.bytes());
    let (elements, lanes) = (usize::try_from(stride.abs() / size).ok()?, (VECTOR / size) as usize);
    if stride % size != 0 || elements > 16 {
        return None;
    }
    // Both are as often a multiple of two as the one that is so less often.
    let common = 1 << elements.trailing_zeros().min(lanes.trailing_zeros());
    Some(Shape { size, elements, stride, rounds: lanes / common, lanes })
}
