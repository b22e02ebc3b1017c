//! What a loop computes lane by lane. A loop that was unrolled has several
//! elements a round, at places that follow one another: what becomes of each of
//! them is the same expression, of the elements at its place.
//!
//! A lane may have fewer bits than the numbers of the loop, as those of bytes do. It has
//! the lower bits of the number, which sums, products and the like make of the lower
//! bits of others. What looks at the upper bits, as comparisons do and shifts to the
//! right, is made only of numbers whose lane tells them whole: what is known of their
//! [range](super::range) says so, or a check before the loop does.

use super::elements::Elements;
use super::lane_nodes::{Assumed, Condition, LaneValue, Node, NodeIndex};
use super::lane_operators::{Whole, constant_bits, is_binary, is_conversion, is_unary, shifted};
use super::loops::Loop;
use super::range::Ranges;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Function, Inst, InstructionData, Opcode, Type, Value, ValueDef, types,
};
use std::collections::HashMap;

/// Values that an expression has at most.
const MOST_NODES: usize = 48;
/// Values that are followed from one to the next.
const DEEPEST: u32 = 24;

/// Expressions of a loop.
pub(super) struct Lanes<'f, 'p> {
    func: &'f Function,
    of: &'p Loop,
    elements: &'p Elements,
    ranges: &'p mut Ranges<'f>,
    /// Bits of a lane.
    pub bits: u32,
    pub nodes: Vec<LaneValue>,
    pub assumed: Vec<Assumed>,
    /// By whether they are masks.
    known: [HashMap<Vec<Value>, Option<NodeIndex>>; 2],
    depth: u32,
}

impl<'f, 'p> Lanes<'f, 'p> {
    pub(super) fn new(
        func: &'f Function,
        of: &'p Loop,
        elements: &'p Elements,
        ranges: &'p mut Ranges<'f>,
        bits: u32,
    ) -> Self {
        let (nodes, assumed, known) = (Vec::new(), Vec::new(), Default::default());
        Self { func, of, elements, ranges, bits, nodes, assumed, known, depth: 0 }
    }

    /// The node of these values, one for each element of a round; none if they are
    /// not alike, or of what no vectors are made.
    pub(super) fn node(&mut self, values: &[Value]) -> Option<NodeIndex> {
        self.known_or_made(values, false)
    }

    /// The same, of what values are true for.
    fn mask(&mut self, values: &[Value]) -> Option<NodeIndex> {
        self.known_or_made(values, true)
    }

    /// Whether the lanes of these values tell them whole.
    pub(super) fn whole(&mut self, values: &[Value]) -> Whole {
        let scalar = self.func.dfg.value_type(values[0]).bits();
        if scalar <= self.bits {
            // No lanes hold numbers of fewer bits.
            let whole = scalar == self.bits;
            return Whole { unsigned: whole, signed: whole };
        }
        let (mut unsigned, mut signed) = (true, true);
        for value in values {
            let range = self.ranges.of(*value);
            let loaded = self.loaded(*value);
            let fits = |signed| {
                loaded == Some(signed) || range.is_some_and(|range| range.fits(self.bits, signed))
            };
            (unsigned, signed) = (unsigned && fits(false), signed && fits(true));
        }
        Whole { unsigned, signed }
    }

    /// Whether a value is signed, if it is one that is loaded of so few bits that lanes
    /// tell it whole.
    fn loaded(&self, value: Value) -> Option<bool> {
        let load = self.inst(self.func.dfg.resolve_aliases(value))?;
        let access = self.elements.accesses.get(&load)?;
        (self.elements.size(access.group) * 8 <= i64::from(self.bits)).then_some(())?;
        match self.func.dfg.insts[load].opcode() {
            Opcode::Uload8 | Opcode::Uload16 | Opcode::Uload32 => Some(false),
            Opcode::Sload8 | Opcode::Sload16 | Opcode::Sload32 => Some(true),
            _ => None,
        }
    }

    fn known_or_made(&mut self, values: &[Value], mask: bool) -> Option<NodeIndex> {
        let resolve = |value: &Value| self.func.dfg.resolve_aliases(*value);
        let values: Vec<Value> = values.iter().map(resolve).collect();
        if let Some(known) = self.known[usize::from(mask)].get(&values) {
            return *known;
        }
        if self.depth == DEEPEST || self.nodes.len() >= MOST_NODES {
            return None;
        }
        // None if it is made of itself.
        self.known[usize::from(mask)].insert(values.clone(), None);
        self.depth += 1;
        let index = match mask {
            true => self.make_mask(&values),
            false => {
                let scalar = self.func.dfg.value_type(values[0]);
                self.make(&values).map(|node| self.push(node, scalar))
            }
        };
        self.depth -= 1;
        self.known[usize::from(mask)].insert(values, index);
        index
    }

    fn push(&mut self, node: Node, scalar: Type) -> NodeIndex {
        self.nodes.push(LaneValue { node, scalar });
        self.nodes.len() - 1
    }

    fn make(&mut self, values: &[Value]) -> Option<Node> {
        let scalar = self.func.dfg.value_type(values[0]);
        let alike = |value: &Value| self.func.dfg.value_type(*value) == scalar;
        if !values.iter().all(alike) || !self.holds(scalar) {
            return None;
        }
        if let Some(value) = self.common(values) {
            return Some(Node::Splat(value));
        }
        if let ValueDef::Param(block, parameter) = self.func.dfg.value_def(values[0]) {
            return (block == self.of.header()).then(|| self.carried(values, parameter)).flatten();
        }
        let (insts, opcode) = self.insts(values)?;
        if self.elements.accesses.contains_key(&insts[0]) {
            let row = self.elements.follow_each_other(&insts) && self.loads(insts[0]);
            return row.then_some(Node::Load(insts));
        }
        let sides = 0..self.func.dfg.inst_args(insts[0]).len();
        let sides: Vec<Vec<Value>> = sides.map(|side| self.arguments(&insts, side)).collect();
        self.operator(opcode, scalar, &sides)
    }

    /// The node of what an operator makes of these values.
    fn operator(&mut self, opcode: Opcode, scalar: Type, sides: &[Vec<Value>]) -> Option<Node> {
        let binary = is_binary(opcode, scalar, self.bits);
        match (opcode, sides) {
            (Opcode::Uextend, [of]) => Some(Node::Flag(self.mask(of)?)),
            (Opcode::Sextend, [of]) => self.extended(of),
            (Opcode::Select, [mask, one, other]) => {
                let mask = self.mask(mask)?;
                Some(Node::Select(mask, [self.node(one)?, self.node(other)?]))
            }
            (_, [of]) if is_unary(opcode, scalar) => Some(Node::Unary(opcode, self.node(of)?)),
            (_, [one, other]) if binary => {
                Some(Node::Binary(opcode, [self.node(one)?, self.node(other)?]))
            }
            (_, [of]) => {
                let from = self.func.dfg.value_type(of[0]);
                is_conversion(opcode, from, scalar).then_some(())?;
                Some(Node::Converted(opcode, self.node(of)?))
            }
            (Opcode::Ishl | Opcode::Ushr | Opcode::Sshr, [of, by]) => {
                let by = self.common(by)?;
                let whole = self.whole(of);
                let (opcode, by) = shifted(self.func, (opcode, scalar), by, whole, self.bits)?;
                Some(Node::Shift(opcode, self.node(of)?, by))
            }
            _ => None,
        }
    }

    /// Whether lanes hold numbers of a type, or the lower bits of them.
    fn holds(&self, scalar: Type) -> bool {
        match scalar {
            types::I32 | types::I64 => self.bits <= scalar.bits(),
            types::F32 | types::F64 => self.bits == scalar.bits(),
            _ => false,
        }
    }

    /// Whether vectors are loaded of elements of this size: at least four bytes at once.
    fn loads(&self, load: Inst) -> bool {
        let size = self.elements.size_at(load) as u32 * 8;
        size <= self.bits && size * 4 >= self.bits
    }

    /// The instructions that values are the only results of, and the operator that all
    /// of them have.
    fn insts(&self, values: &[Value]) -> Option<(Vec<Inst>, Opcode)> {
        let insts: Vec<Inst> =
            values.iter().map(|value| self.inst(*value)).collect::<Option<_>>()?;
        let opcode = self.func.dfg.insts[insts[0]].opcode();
        let same = |inst: &Inst| self.func.dfg.insts[*inst].opcode() == opcode;
        insts.iter().all(same).then_some((insts, opcode))
    }

    /// One of the arguments of each instruction.
    fn arguments(&self, insts: &[Inst], number: usize) -> Vec<Value> {
        let argument = |inst: &Inst| self.func.dfg.inst_args(*inst)[number];
        insts.iter().map(|inst| self.func.dfg.resolve_aliases(argument(inst))).collect()
    }

    /// The sign of the lower bits that these values are.
    fn extended(&mut self, values: &[Value]) -> Option<Node> {
        let (insts, opcode) = self.insts(values)?;
        let low = self.func.dfg.value_type(values[0]).bits();
        let of = self.arguments(&insts, 0);
        let from = self.func.dfg.value_type(of[0]);
        (opcode == Opcode::Ireduce).then_some(())?;
        of.iter().all(|value| self.func.dfg.value_type(*value) == from).then_some(())?;
        Some(Node::Extended(self.node(&of)?, self.bits.saturating_sub(low)))
    }

    /// The node of what the loop gives to itself for the next round. Elements lie in the
    /// order in which they are made.
    fn carried(&mut self, values: &[Value], parameter: usize) -> Option<Node> {
        let upwards = self.elements.upwards();
        let narrow = self.func.dfg.value_type(values[0]).bits() > self.bits;
        if !upwards || narrow || self.of.steps[parameter].is_some() {
            return None;
        }
        let last = self.of.next(self.func, parameter)?;
        let now: Vec<Value> = values[1..].iter().copied().chain([last]).collect();
        Some(Node::Carried(parameter, self.node(&now)?))
    }

    /// What values are true for: comparisons, and numbers that are made of these.
    fn make_mask(&mut self, values: &[Value]) -> Option<NodeIndex> {
        let (insts, opcode) = self.insts(values)?;
        let lane = Type::int(self.bits as u16)?;
        let [one, other] = match opcode {
            Opcode::Uextend => return self.mask(&self.arguments(&insts, 0)),
            _ if self.func.dfg.inst_args(insts[0]).len() != 2 => return None,
            _ => [0, 1].map(|number| self.arguments(&insts, number)),
        };
        let node = match self.func.dfg.insts[insts[0]] {
            // Of numbers that are one or zero.
            InstructionData::Binary {
                opcode: Opcode::Band | Opcode::Bor | Opcode::Bxor, ..
            } => Node::Binary(opcode, [self.mask(&one)?, self.mask(&other)?]),
            InstructionData::IntCompare { cond, .. } => {
                self.conditions_are(&insts, Condition::Integers(cond)).then_some(())?;
                match self.func.dfg.value_type(one[0]) {
                    types::I8 => self.denied(cond, &one, &other)?,
                    _ => self.compared(cond, [one, other])?,
                }
            }
            InstructionData::FloatCompare { cond, .. } => {
                let condition = Condition::Floats(cond);
                self.conditions_are(&insts, condition).then_some(())?;
                Node::Compared(condition, [self.node(&one)?, self.node(&other)?])
            }
            _ => return None,
        };
        Some(self.push(node, lane))
    }

    /// What other values are not true for, which are compared with zero.
    fn denied(&mut self, condition: IntCC, one: &[Value], zero: &[Value]) -> Option<Node> {
        let zero = constant_bits(self.func, self.common(zero)?)?.1 == 0;
        (zero && condition == IntCC::Equal).then_some(())?;
        Some(Node::Not(self.mask(one)?))
    }

    fn conditions_are(&self, insts: &[Inst], condition: Condition) -> bool {
        insts.iter().all(|inst| match self.func.dfg.insts[*inst] {
            InstructionData::IntCompare { cond, .. } => Condition::Integers(cond) == condition,
            InstructionData::FloatCompare { cond, .. } => Condition::Floats(cond) == condition,
            _ => false,
        })
    }

    /// A comparison of lanes that tell the numbers whole. Of those that are signed,
    /// lanes have the same order as the numbers, be it as unsigned ones.
    fn compared(&mut self, condition: IntCC, sides: [Vec<Value>; 2]) -> Option<Node> {
        let fixed = [0, 1].map(|side: usize| {
            self.common(&sides[side]).filter(|value| constant_bits(self.func, *value).is_none())
        });
        let [one, other] = [0, 1].map(|side: usize| self.whole(&sides[side]));
        let known = |signed: bool| {
            let whole = |whole: Whole| if signed { whole.signed } else { whole.unsigned };
            match (whole(one), whole(other)) {
                (true, true) => Some(None),
                (true, false) => Some(Some(fixed[1]?)),
                (false, true) => Some(Some(fixed[0]?)),
                _ => None,
            }
        };
        let narrow = self.func.dfg.value_type(sides[0][0]).bits() > self.bits;
        let signed = !narrow || known(false).is_none();
        if let Some(value) = known(signed)? {
            let assumed = Assumed { value, signed };
            if !self.assumed.contains(&assumed) {
                self.assumed.push(assumed);
            }
        }
        let condition = if signed { condition } else { condition.unsigned() };
        let nodes = [self.node(&sides[0])?, self.node(&sides[1])?];
        Some(Node::Compared(Condition::Integers(condition), nodes))
    }

    /// The instruction of the loop that a value is the only result of.
    fn inst(&self, value: Value) -> Option<Inst> {
        match self.func.dfg.value_def(value) {
            ValueDef::Result(inst, 0) if self.of.makes(self.func, value) => Some(inst),
            _ => None,
        }
    }

    /// What all of these values are, if that is the same in all rounds.
    fn common(&self, values: &[Value]) -> Option<Value> {
        let first = self.func.dfg.resolve_aliases(values[0]);
        let bits = constant_bits(self.func, first);
        let same = |value: &Value| {
            let value = self.func.dfg.resolve_aliases(*value);
            value == first || bits.is_some() && constant_bits(self.func, value) == bits
        };
        let fixed = bits.is_some() || !self.of.makes(self.func, first);
        (fixed && values.iter().all(same)).then_some(first)
    }
}
