//! Which loops that count do the same to each element of arrays, so that vectors may
//! do several rounds at once: those of one block, whose stores and sums are all made
//! of elements that lie one after another. What else they carry from round to round
//! grows by a constant.

use super::accesses;
use super::counted::{self, Count};
use super::edges::{Incoming, calls, constant, definition};
use super::elements::Elements;
use super::lane_nodes::{Assumed, LaneValue, Node, NodeIndex};
use super::lanes::Lanes;
use super::loop_plan::has_effects;
use super::loops::Loop;
use super::overlaps::{self, Overlaps, Reordered, Shape};
use super::range::Ranges;
use super::reductions::{self, Reduction};
use cranelift_codegen::ir::{BlockArg, Function, Inst, InstructionData, Opcode, Value};
use std::collections::HashMap;

/// Bytes of a vector.
pub(super) const VECTOR: i64 = 16;
/// Offsets beyond this are of no use, and far from overflow.
const FARTHEST: i64 = 1 << 29;
/// Elements of an array that vectors pay for: the check takes as long as some of them.
const LEAST_ELEMENTS: usize = 16;
/// Vectors of a round, of all values that it computes.
const MOST_VECTORS: usize = 128;
/// Loops of a function that vectors are made for at most.
const MOST_LOOPS: usize = 100;
/// Instructions that a function may grow by, beside a quarter of what it has.
const GROWTH: usize = 400;

/// A loop that vectors are made for.
pub(super) struct VectorPlan {
    pub of: Loop,
    pub count: Count,
    pub elements: Elements,
    /// Bits of a lane.
    pub bits: u32,
    pub shape: Shape,
    pub nodes: Vec<LaneValue>,
    pub stores: Vec<StoredRow>,
    pub reductions: Vec<Reduction>,
    pub assumed: Vec<Assumed>,
    pub overlaps: Overlaps,
}

/// Stores of consecutive elements, the lowest first.
pub(super) struct StoredRow {
    pub insts: Vec<Inst>,
    pub node: NodeIndex,
}

/// The loops of a function that vectors are made for. The function's first parameter
/// is the address of its memory.
pub(super) fn find(func: &Function) -> Vec<VectorPlan> {
    let loops = counted::find(func).into_iter().filter(|(of, _)| of.blocks.len() == 1);
    let mut ranges = None;
    let plan = |(of, count)| VectorPlan::new(func, of, count, &mut ranges);
    let mut plans: Vec<VectorPlan> = loops.filter_map(plan).collect();
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
    fn new<'f>(
        func: &'f Function,
        of: Loop,
        count: Count,
        ranges: &mut Option<Ranges<'f>>,
    ) -> Option<Self> {
        let (groups, accesses) = accesses::of_loop(func, &of);
        let memory = func.dfg.block_params(func.layout.entry_block()?).first().copied()?;
        if groups.iter().any(|group| group.base != memory) {
            return None;
        }
        let elements = Elements::new(func, groups, accesses)?;
        if !is_plain(func, &of, &elements) {
            return None;
        }
        let ranges = ranges.get_or_insert_with(|| Ranges::new(func));
        let least = least_bits(func, &elements)?;
        let mut plan = Self {
            of,
            count,
            shape: Shape::new(elements.count, elements.upwards(), 1),
            elements,
            bits: 0,
            nodes: Vec::new(),
            stores: Vec::new(),
            reductions: Vec::new(),
            assumed: Vec::new(),
            overlaps: Overlaps::default(),
        };
        let mut widths = [8, 16, 32, 64].into_iter().filter(|bits| *bits >= least);
        widths.find_map(|bits| plan.make_nodes(func, ranges, bits))?;
        plan.with_overlaps(func)
    }

    /// Makes what is stored and summed up, with lanes of so many bits; none if that is
    /// not the same for each element.
    fn make_nodes<'f>(
        &mut self,
        func: &'f Function,
        ranges: &mut Ranges<'f>,
        bits: u32,
    ) -> Option<()> {
        (self.stores, self.reductions, self.bits) = (Vec::new(), Vec::new(), bits);
        let (upwards, lanes) = (self.shape.upwards, VECTOR as usize * 8 / bits as usize);
        self.shape = Shape::new(self.elements.count, upwards, lanes);
        let mut lanes = Lanes::new(func, &self.of, &self.elements, ranges, bits);
        for insts in self.rows(func)? {
            let values: Vec<Value> =
                insts.iter().map(|inst| func.dfg.inst_args(*inst)[0]).collect();
            // No vectors of so few, wide lanes are narrowed.
            let whole = self.elements.size_at(insts[0]) == 8;
            (whole || bits < 64).then_some(())?;
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
        (self.nodes, self.assumed) = (lanes.nodes, lanes.assumed);
        let carried: Vec<usize> = self.carried().map(|(_, parameter)| parameter).collect();
        let small = self.nodes.len() * self.shape.vectors() <= MOST_VECTORS;
        let work = !self.stores.is_empty() || !self.reductions.is_empty();
        (small && work && others.iter().all(|other| carried.contains(other))).then_some(())
    }

    /// The nodes whose values are those of the element before, and the parameters of the
    /// header that these are.
    pub(super) fn carried(&self) -> impl Iterator<Item = (NodeIndex, usize)> {
        self.nodes.iter().enumerate().filter_map(|(index, value)| match &value.node {
            Node::Carried(parameter, _) => Some((index, *parameter)),
            _ => None,
        })
    }

    /// The stores of the loop, by rows of consecutive elements, in the order in which
    /// the rows begin.
    fn rows(&self, func: &Function) -> Option<Vec<Vec<Inst>>> {
        let mut stores: Vec<(usize, i32, Inst)> = Vec::new();
        for inst in func.layout.block_insts(self.of.header()) {
            if matches!(func.dfg.insts[inst], InstructionData::Store { .. }) {
                let (group, place) = self.place(inst)?;
                stores.push((group, place, inst));
            }
        }
        stores.sort_by_key(|(group, place, _)| (*group, *place));
        let rows = stores.chunks(self.shape.elements);
        let row = |row: &[(usize, i32, Inst)]| {
            let insts: Vec<Inst> = row.iter().map(|(_, _, inst)| *inst).collect();
            let whole = insts.len() == self.shape.elements;
            (whole && self.elements.follow_each_other(&insts)).then_some(insts)
        };
        let mut rows: Vec<Vec<Inst>> = rows.map(row).collect::<Option<_>>()?;
        let times = self.times(func);
        rows.sort_by_key(|row| row.iter().map(|inst| times[inst]).min());
        Some(rows)
    }

    /// Which group an access belongs to, and where it is in that.
    pub(super) fn place(&self, inst: Inst) -> Option<(usize, i32)> {
        let place = self.elements.place(inst);
        place.filter(|(_, place)| i64::from(*place).abs() <= FARTHEST)
    }

    /// Where instructions stand in a round.
    fn times(&self, func: &Function) -> HashMap<Inst, usize> {
        func.layout.block_insts(self.of.header()).zip(0..).collect()
    }

    /// With what groups must not be from each other; none if their accesses meet in any
    /// case.
    fn with_overlaps(mut self, func: &Function) -> Option<Self> {
        let times = self.times(func);
        let mut all = Vec::new();
        let loads = self.nodes.iter().filter_map(|value| match &value.node {
            Node::Load(insts) => Some((insts, 0)),
            _ => None,
        });
        let stores = self.stores.iter().map(|row| &row.insts).zip(1..);
        for (insts, rank) in loads.chain(stores) {
            for (element, inst) in insts.iter().enumerate() {
                let (group, place) = self.place(*inst)?;
                let (place, size) = (place.into(), self.elements.size(group));
                let time = times[inst];
                all.push(Reordered { group, place, size, time, element, rank });
            }
        }
        self.overlaps = overlaps::find(&all, self.shape)?;
        Some(self)
    }

    /// Rounds after which another one follows, from which on vectors pay for the check.
    pub(super) fn least_rounds(&self) -> i64 {
        self.shape.rounds.max(LEAST_ELEMENTS / self.shape.elements) as i64
    }

    /// Whether the loop is known to make so few rounds that vectors do not pay: what is
    /// left of a loop that was unrolled.
    fn is_short(&self, func: &Function, into: &Incoming) -> bool {
        let most = |value: Option<Value>| match value {
            None => Some(0),
            Some(value) => at_most(func, value),
        };
        let count = &self.count;
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
                (limit - start).abs() / count.step.abs()
                    < self.least_rounds().max(2 * self.shape.rounds as i64)
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
fn is_plain(func: &Function, of: &Loop, elements: &Elements) -> bool {
    func.layout.block_insts(of.header()).all(|inst| {
        let access = elements.accesses.contains_key(&inst);
        access || inst == of.back.branch || !has_effects(func, inst)
    })
}

/// The least bits that lanes may have: those of what is stored, or else of what is loaded.
fn least_bits(func: &Function, elements: &Elements) -> Option<u32> {
    let is_store = |inst: &Inst| matches!(func.dfg.insts[*inst], InstructionData::Store { .. });
    let sizes = |stores: bool| {
        let insts = elements.accesses.keys().filter(move |inst| is_store(inst) == stores);
        insts.map(|inst| elements.size_at(*inst) as u32 * 8)
    };
    sizes(true).max().or_else(|| sizes(false).min())
}
