//! Where the values of a function lie, as far as its constants tell: masks,
//! shifts, narrow loads, and loops that count to a constant.
//!
//! A [`ValueRange`] of a value of 32 bits holds an integer that is the value modulo
//! 2^32. Sums and products of such integers are the sums and products of the
//! values, without a thought of overflow; who wants the unsigned or the signed
//! value looks whether the range lies where they are the integer itself.
//!
//! Of a loop that counts, a parameter of its first block begins in a range and
//! grows by the same step on every edge back. If each of these edges is taken
//! only while the parameter differs from one constant, which the steps cannot
//! miss, the number of rounds has a limit, and so has every other parameter with
//! constant steps on the same edges.

use super::edges::{Edges, constant, sum_over};
use cranelift_codegen::ir::{
    Block, Function, Inst, InstructionData, Opcode, Type, Value, ValueDef, types,
};
use std::collections::HashMap;

/// Integers from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ValueRange {
    pub low: i64,
    pub high: i64,
}

/// Bounds beyond this are of no use, and far from overflow.
const FARTHEST: i64 = 1 << 40;
/// Values that are followed from one to the next.
const DEEPEST: u32 = 40;
const UNSIGNED: ValueRange = ValueRange { low: 0, high: u32::MAX as i64 };
const SIGNED: ValueRange = ValueRange { low: i32::MIN as i64, high: i32::MAX as i64 };

impl ValueRange {
    fn new(low: i64, high: i64) -> Option<Self> {
        (low >= -FARTHEST && high <= FARTHEST).then_some(Self { low, high })
    }

    fn exactly(value: i64) -> Self {
        Self { low: value, high: value }
    }

    fn within(self, other: Self) -> bool {
        other.low <= self.low && self.high <= other.high
    }

    /// Whether the integers are the unsigned values.
    pub(super) fn is_unsigned(self) -> bool {
        self.within(UNSIGNED)
    }

    /// Whether the integers are the signed values.
    pub(super) fn is_signed(self) -> bool {
        self.within(SIGNED)
    }

    /// Whether the integers are those that so many bits tell, fewer than 64.
    pub(super) fn fits(self, bits: u32, signed: bool) -> bool {
        let least = if signed { -1 << (bits - 1) } else { 0 };
        self.within(Self { low: least, high: least + (1 << bits) - 1 })
    }

    /// The same, moved.
    pub(super) fn plus(self, by: i64) -> Option<Self> {
        self.add(Self::exactly(by))
    }

    fn add(self, other: Self) -> Option<Self> {
        Self::new(self.low.checked_add(other.low)?, self.high.checked_add(other.high)?)
    }

    fn subtract(self, other: Self) -> Option<Self> {
        Self::new(self.low - other.high, self.high - other.low)
    }

    fn times(self, by: Self) -> Option<Self> {
        let [one, other] = [by.low, by.high].map(|by| {
            let ends = (self.low.checked_mul(by)?, self.high.checked_mul(by)?);
            Self::new(ends.0.min(ends.1), ends.0.max(ends.1))
        });
        Some(one?.union(other?))
    }

    fn union(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// What is known of the values of a function.
pub(super) struct Ranges<'f> {
    func: &'f Function,
    edges: Edges<'f>,
    /// None where nothing is known, or not yet.
    known: HashMap<Value, Option<ValueRange>>,
    rounds: HashMap<Block, Option<Rounds>>,
    depth: u32,
}

/// How often a loop goes back to its first block.
#[derive(Clone, Debug)]
struct Rounds {
    most: i64,
    /// Which of the edges into the block go back.
    back: Vec<bool>,
}

/// A parameter that begins somewhere and grows by constants.
struct Growth {
    start: ValueRange,
    /// By edge; none for those that begin.
    steps: Vec<Option<i64>>,
}

impl Growth {
    fn back(&self) -> Vec<bool> {
        self.steps.iter().map(Option::is_some).collect()
    }
}

impl<'f> Ranges<'f> {
    pub(super) fn new(func: &'f Function) -> Self {
        let edges = Edges::new(func);
        Self { func, edges, known: HashMap::new(), rounds: HashMap::new(), depth: 0 }
    }

    /// The range of a value of 32 bits, or less of a condition.
    pub(super) fn of(&mut self, value: Value) -> Option<ValueRange> {
        let value = self.func.dfg.resolve_aliases(value);
        if let Some(known) = self.known.get(&value) {
            return *known;
        }
        if self.depth == DEEPEST {
            return None;
        }
        self.known.insert(value, None);
        self.depth += 1;
        let range = match self.func.dfg.value_def(value) {
            ValueDef::Result(inst, 0) => self.result(inst, self.func.dfg.value_type(value)),
            ValueDef::Param(block, number) => self.parameter(block, number),
            _ => None,
        };
        self.depth -= 1;
        self.known.insert(value, range);
        range
    }

    fn result(&mut self, inst: Inst, ty: Type) -> Option<ValueRange> {
        let data = self.func.dfg.insts[inst];
        match data {
            InstructionData::IntCompare { .. } | InstructionData::FloatCompare { .. } => {
                (ty == types::I8).then_some(ValueRange { low: 0, high: 1 })
            }
            _ if ty != types::I32 => None,
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => {
                Some(ValueRange::exactly(i64::from(imm.bits() as i32)))
            }
            InstructionData::Unary { opcode: Opcode::Uextend, arg } => {
                let bits = self.func.dfg.value_type(arg).bits();
                let all = ValueRange { low: 0, high: (1 << bits) - 1 };
                Some(self.of(arg).filter(|range| range.within(all)).unwrap_or(all))
            }
            InstructionData::Unary { opcode: Opcode::Sextend, arg } => {
                let bits = self.func.dfg.value_type(arg).bits();
                Some(ValueRange { low: -1 << (bits - 1), high: (1 << (bits - 1)) - 1 })
            }
            InstructionData::Load { opcode, .. } => match opcode {
                Opcode::Uload8 => Some(ValueRange { low: 0, high: 0xff }),
                Opcode::Uload16 => Some(ValueRange { low: 0, high: 0xffff }),
                Opcode::Sload8 => Some(ValueRange { low: -0x80, high: 0x7f }),
                Opcode::Sload16 => Some(ValueRange { low: -0x8000, high: 0x7fff }),
                _ => None,
            },
            InstructionData::Ternary { opcode: Opcode::Select, args: [_, one, other] } => {
                Some(self.of(one)?.union(self.of(other)?))
            }
            InstructionData::Binary { opcode, args: [one, other] } => {
                self.binary(opcode, one, other)
            }
            _ => None,
        }
    }

    fn binary(&mut self, opcode: Opcode, one: Value, other: Value) -> Option<ValueRange> {
        let amount = constant(self.func, other);
        match opcode {
            Opcode::Iadd => self.of(one)?.add(self.of(other)?),
            Opcode::Isub => self.of(one)?.subtract(self.of(other)?),
            Opcode::Imul => self.of(one)?.times(self.of(other)?),
            Opcode::Ishl => self.of(one)?.times(ValueRange::exactly(1 << (amount? & 31))),
            // Below either side that is not negative.
            Opcode::Band => {
                let sides = [one, other].map(|side| self.of(side).filter(|r| r.is_unsigned()));
                let high = sides.into_iter().flatten().map(|range| range.high).min()?;
                Some(ValueRange { low: 0, high })
            }
            Opcode::Bor | Opcode::Bxor => {
                let sides = [self.of(one)?, self.of(other)?];
                sides.iter().all(|range| range.is_unsigned()).then_some(())?;
                let bits = (sides[0].high | sides[1].high) as u64;
                Some(ValueRange { low: 0, high: ((bits + 1).next_power_of_two() - 1) as i64 })
            }
            Opcode::Ushr => {
                let from = self.of(one).filter(|range| range.is_unsigned()).unwrap_or(UNSIGNED);
                let by = amount? & 31;
                Some(ValueRange { low: from.low >> by, high: from.high >> by })
            }
            Opcode::Sshr => {
                let from = self.of(one).filter(|range| range.is_signed()).unwrap_or(SIGNED);
                let by = amount? & 31;
                Some(ValueRange { low: from.low >> by, high: from.high >> by })
            }
            Opcode::Urem => {
                let by = amount.filter(|by| *by > 0)?;
                Some(ValueRange { low: 0, high: by - 1 })
            }
            _ => None,
        }
    }

    /// The range of a block's parameter: where it begins, and as far as it can
    /// grow.
    fn parameter(&mut self, block: Block, number: usize) -> Option<ValueRange> {
        if self.func.dfg.value_type(self.func.dfg.block_params(block)[number]) != types::I32 {
            return None;
        }
        let growth = self.growth(block, number)?;
        let steps = || growth.steps.iter().flatten();
        let (least, most) = (*steps().min().unwrap_or(&0), *steps().max().unwrap_or(&0));
        if least == 0 && most == 0 {
            return Some(growth.start);
        }
        let rounds = self.rounds(block)?;
        (rounds.back == growth.back()).then_some(())?;
        let grown = |step: i64| step.checked_mul(rounds.most);
        let low = growth.start.low.checked_add(grown(least.min(0))?)?;
        ValueRange::new(low, growth.start.high.checked_add(grown(most.max(0))?)?)
    }

    /// How a parameter begins and grows; none where something else becomes of
    /// it, or it begins anywhere.
    fn growth(&mut self, block: Block, number: usize) -> Option<Growth> {
        let parameter = self.func.dfg.block_params(block)[number];
        let edges = self.edges.entering(block).to_vec();
        // The function's parameters come from anywhere.
        if edges.is_empty() || self.func.layout.entry_block() == Some(block) {
            return None;
        }
        let (mut start, mut steps) = (None::<ValueRange>, Vec::new());
        for edge in &edges {
            let argument = self.edges.argument(edge, number)?;
            let step = sum_over(self.func, argument, parameter);
            if step.is_none() {
                let begins = self.of(argument)?;
                start = Some(start.map_or(begins, |start| start.union(begins)));
            }
            steps.push(step);
        }
        Some(Growth { start: start?, steps })
    }

    /// How often a loop can go back to this block after it was entered.
    fn rounds(&mut self, block: Block) -> Option<Rounds> {
        if let Some(known) = self.rounds.get(&block) {
            return known.clone();
        }
        self.rounds.insert(block, None);
        let count = self.func.dfg.block_params(block).len();
        let rounds = (0..count).find_map(|number| self.rounds_by(block, number));
        self.rounds.insert(block, rounds.clone());
        rounds
    }

    /// The same, as this parameter counts them.
    fn rounds_by(&mut self, block: Block, number: usize) -> Option<Rounds> {
        let parameter = self.func.dfg.block_params(block)[number];
        if self.func.dfg.value_type(parameter) != types::I32 {
            return None;
        }
        let growth = self.growth(block, number)?;
        let ValueRange { low, high } = growth.start;
        let mut limits =
            self.edges.entering(block).iter().zip(&growth.steps).filter_map(|(edge, step)| {
                let limit = || self.edges.excluded(edge, block, parameter);
                step.map(|step| limit().map(|limit| (step, limit.rem_euclid(1 << 32))))
            });
        let (step, limit) = limits.next()??;
        if step == 0 || limits.any(|other| other != Some((step, limit))) {
            return None;
        }
        // Steps of one meet the limit from anywhere; others from one place.
        let (from, farthest) = if step > 0 { (high, low) } else { (low, high) };
        let distance = ((limit - from) * step.signum()).rem_euclid(1 << 32);
        let meets = if step.abs() == 1 { true } else { low == high && distance % step.abs() == 0 };
        // All of them meet it in the same round of 2^32.
        let most = distance + (from - farthest).abs();
        (meets && most < 1 << 32).then_some(())?;
        Some(Rounds { most: most / step.abs(), back: growth.back() })
    }
}
