//! Vectors of what a loop computes of its elements: of each node of a plan, and of each
//! row of stores.

use super::lane_nodes::{Condition, LaneValue, Node, NodeIndex};
use super::lane_operators::{ShiftedBy, constant_bits, nearest};
use super::vector_plan::{StoredRow, VECTOR, VectorPlan};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{
    Block, ConstantData, Endianness, Function, Inst, InstBuilder, InstructionData, MemFlagsData,
    Opcode, Type, Value, types,
};
use std::collections::{BTreeMap, HashMap};

/// Makes vectors at the end of a block.
pub(super) struct VectorValues<'f> {
    pub func: &'f mut Function,
    pub plan: &'f VectorPlan,
    pub block: Block,
    /// By group of accesses, where it is in the rounds that are made.
    pub addresses: Vec<Value>,
    /// By node whose values are those of the element before, the last vector of what
    /// they were.
    pub carried: BTreeMap<NodeIndex, Value>,
    /// By node, and which of the vectors that rounds are made at once of.
    made: HashMap<(NodeIndex, usize), Value>,
}

impl<'f> VectorValues<'f> {
    pub(super) fn new(func: &'f mut Function, plan: &'f VectorPlan, block: Block) -> Self {
        let (addresses, carried, made) = (Vec::new(), BTreeMap::new(), HashMap::new());
        Self { func, plan, block, addresses, carried, made }
    }

    /// A cursor at the end of the block.
    pub(super) fn cursor(&mut self) -> FuncCursor<'_> {
        FuncCursor::new(self.func).at_bottom(self.block)
    }

    /// The same, for what stands where an instruction does.
    fn cursor_of(&mut self, of: Inst) -> FuncCursor<'_> {
        let source = self.func.srcloc(of);
        self.cursor().with_srcloc(source)
    }

    /// Type of the vectors of a node.
    pub(super) fn vector(&self, of: &LaneValue) -> Type {
        let int = Type::int(self.plan.bits as u16).expect("bits of a lane");
        whole(if of.scalar.is_int() { int } else { of.scalar })
    }

    /// Makes what is the same in all rounds, for all vectors.
    pub(super) fn splats(&mut self) {
        let plan = self.plan;
        for (index, of) in plan.nodes.iter().enumerate() {
            let Node::Splat(value) = of.node else { continue };
            let vector = self.vector(of);
            let value = self.anywhere(value);
            let lane = match of.scalar.bits() > plan.bits {
                true => self.cursor().ins().ireduce(vector.lane_type(), value),
                false => value,
            };
            let splat = self.cursor().ins().splat(vector, lane);
            self.made.extend((0..plan.shape.vectors()).map(|number| ((index, number), splat)));
        }
    }

    /// One of the vectors of a node.
    pub(super) fn node(&mut self, index: NodeIndex, number: usize) -> Value {
        if let Some(made) = self.made.get(&(index, number)) {
            return *made;
        }
        let value = self.make(index, number);
        self.made.insert((index, number), value);
        value
    }

    fn make(&mut self, index: NodeIndex, number: usize) -> Value {
        let plan = self.plan;
        let of = &plan.nodes[index];
        let vector = self.vector(of);
        match &of.node {
            Node::Load(loads) => self.load(loads[0], vector, number),
            Node::Splat(_) => unreachable!("made before"),
            Node::Carried(_, now) => {
                let now = self.node(*now, number);
                let last = self.carried.insert(index, now).expect("each is carried");
                self.moved(last, now)
            }
            Node::Unary(opcode, of) => {
                let of = self.node(*of, number);
                self.unary(*opcode, vector, of)
            }
            Node::Binary(opcode, of) => {
                let [one, other] = of.map(|of| self.node(of, number));
                self.binary(*opcode, one, other)
            }
            Node::Shift(opcode, of, by) => {
                let of = self.node(*of, number);
                let by = match by {
                    ShiftedBy::Value(by) => self.anywhere(*by),
                    ShiftedBy::Bits(by) => self.cursor().ins().iconst(types::I32, i64::from(*by)),
                };
                self.binary(*opcode, of, by)
            }
            Node::Extended(of, by) => {
                let of = self.node(*of, number);
                self.sign_of_low(of, *by)
            }
            Node::Converted(Opcode::Bitcast, of) => {
                let of = self.node(*of, number);
                self.cast(vector, of)
            }
            Node::Converted(opcode, of) => {
                let of = self.node(*of, number);
                self.unary(*opcode, vector, of)
            }
            Node::Compared(condition, of) => {
                let [one, other] = of.map(|of| self.node(of, number));
                let mut cursor = self.cursor();
                match condition {
                    Condition::Integers(condition) => cursor.ins().icmp(*condition, one, other),
                    Condition::Floats(condition) => cursor.ins().fcmp(*condition, one, other),
                }
            }
            Node::Not(mask) => {
                let mask = self.node(*mask, number);
                self.cursor().ins().bnot(mask)
            }
            Node::Flag(mask) => {
                // A lane of ones is -1.
                let mask = self.node(*mask, number);
                self.cursor().ins().ineg(mask)
            }
            Node::Select(mask, of) => self.select(*mask, *of, vector, number),
        }
    }

    /// Of two values the first where a mask holds; the less or the greater, if that is
    /// what is compared.
    fn select(
        &mut self,
        mask: NodeIndex,
        of: [NodeIndex; 2],
        vector: Type,
        number: usize,
    ) -> Value {
        let [one, other] = of.map(|of| self.node(of, number));
        if let Node::Compared(Condition::Integers(condition), sides) = self.plan.nodes[mask].node {
            let swapped = [sides[1], sides[0]] == of;
            if self.plan.bits < 64
                && (sides == of || swapped)
                && let Some(opcode) = nearest(condition, swapped)
            {
                return self.binary(opcode, one, other);
            }
        }
        let mask = self.node(mask, number);
        let mask = self.cast(vector, mask);
        self.cursor().ins().bitselect(mask, one, other)
    }

    fn unary(&mut self, opcode: Opcode, vector: Type, of: Value) -> Value {
        let inst = self.cursor().ins().Unary(opcode, vector, of).0;
        self.func.dfg.first_result(inst)
    }

    pub(super) fn binary(&mut self, opcode: Opcode, one: Value, other: Value) -> Value {
        let ty = self.func.dfg.value_type(one);
        let inst = self.cursor().ins().Binary(opcode, ty, one, other).0;
        self.func.dfg.first_result(inst)
    }

    /// A value that the loop does not change, in the block that is being made.
    fn anywhere(&mut self, value: Value) -> Value {
        if constant_bits(self.func, value).is_none() {
            return value;
        }
        let made = self.func.dfg.value_def(value).unwrap_inst();
        let new = self.func.dfg.clone_inst(made);
        self.func.layout.append_inst(new, self.block);
        self.func.dfg.first_result(new)
    }

    /// Lanes without so many of their upper bits, as signed numbers.
    fn sign_of_low(&mut self, of: Value, without: u32) -> Value {
        if without == 0 {
            return of;
        }
        let by = self.cursor().ins().iconst(types::I32, i64::from(without));
        let up = self.cursor().ins().ishl(of, by);
        self.cursor().ins().sshr(up, by)
    }

    /// Elements of memory, extended to lanes as the load extends them to numbers.
    fn load(&mut self, lowest: Inst, vector: Type, number: usize) -> Value {
        let (address, offset) = self.at(lowest, number);
        let InstructionData::Load { opcode, flags, .. } = self.func.dfg.insts[lowest] else {
            unreachable!("rows are of loads")
        };
        let flags = self.func.dfg.mem_flags[flags];
        let signed = matches!(opcode, Opcode::Sload8 | Opcode::Sload16 | Opcode::Sload32);
        let size = self.plan.elements.size_at(lowest);
        let times = i64::from(self.plan.bits) / 8 / size;
        let mut cursor = self.cursor_of(lowest);
        let ins = cursor.ins();
        match (times, size, signed) {
            (1, ..) => ins.load(vector, flags, address, offset),
            (2, 1, false) => ins.uload8x8(flags, address, offset),
            (2, 1, true) => ins.sload8x8(flags, address, offset),
            (2, 2, false) => ins.uload16x4(flags, address, offset),
            (2, 2, true) => ins.sload16x4(flags, address, offset),
            (2, 4, false) => ins.uload32x2(flags, address, offset),
            (2, 4, true) => ins.sload32x2(flags, address, offset),
            _ => {
                let four = ins.load(types::I32, flags, address, offset);
                let four = self.cursor().ins().scalar_to_vector(types::I32X4, four);
                let once = self.cast(whole(Type::int(size as u16 * 8).expect("bytes")), four);
                let twice = self.widened(once, signed, false);
                self.widened(twice, signed, false)
            }
        }
    }

    /// Lanes of twice the bits of the lower or the upper half of a vector.
    pub(super) fn widened(&mut self, of: Value, signed: bool, upper: bool) -> Value {
        let mut cursor = self.cursor();
        match (signed, upper) {
            (false, false) => cursor.ins().uwiden_low(of),
            (false, true) => cursor.ins().uwiden_high(of),
            (true, false) => cursor.ins().swiden_low(of),
            (true, true) => cursor.ins().swiden_high(of),
        }
    }

    /// Stores one of the vectors of a row: of each lane, as many bits as an element has.
    pub(super) fn store(&mut self, row: &StoredRow, number: usize, value: Value) {
        let first = row.insts[0];
        let (address, offset) = self.at(first, number);
        let InstructionData::Store { flags, .. } = self.func.dfg.insts[first] else {
            unreachable!("rows are of stores")
        };
        let flags = self.func.dfg.mem_flags[flags];
        let size = self.plan.elements.size_at(first) as u32;
        let value = match self.plan.bits / 8 / size {
            1 => value,
            2 => {
                let low = self.narrowed(value, size * 8);
                let low = self.cast(types::I64X2, low);
                self.cursor().ins().extractlane(low, 0)
            }
            _ => {
                let low = self.narrowed(value, size * 8);
                let low = self.cast(types::I32X4, low);
                self.cursor().ins().extractlane(low, 0)
            }
        };
        self.cursor_of(first).ins().store(flags, value, address, offset);
    }

    /// The lower bits of each lane, twice or more often one after another.
    fn narrowed(&mut self, value: Value, bits: u32) -> Value {
        let from = self.plan.bits;
        if bits == 16 {
            let low = self.sign_of_low(value, from - bits);
            return self.cursor().ins().snarrow(low, low);
        }
        let vector = self.func.dfg.value_type(value);
        let bits = self.cursor().ins().iconst(vector.lane_type(), 0xff);
        let bits = self.cursor().ins().splat(vector, bits);
        let low = self.cursor().ins().band(value, bits);
        let low = match from {
            32 => self.cursor().ins().snarrow(low, low),
            _ => low,
        };
        self.cursor().ins().unarrow(low, low)
    }

    /// The last lane of a vector, and all but the last of the next one.
    fn moved(&mut self, last: Value, now: Value) -> Value {
        let ty = self.func.dfg.value_type(now);
        if ty.lane_count() == 2 {
            return self.shuffle(last, now, [1, 2]);
        }
        // Two of one and two of the other: on any CPU.
        let both = self.shuffle(last, now, [3, 3, 4, 4]);
        self.shuffle(both, now, [0, 2, 5, 6])
    }

    /// Lanes of two vectors, by number.
    fn shuffle<const N: usize>(&mut self, one: Value, other: Value, lanes: [u8; N]) -> Value {
        let ty = self.func.dfg.value_type(one);
        let size = (VECTOR as usize / N) as u8;
        let bytes: Vec<u8> =
            lanes.iter().flat_map(|lane| (0..size).map(move |byte| lane * size + byte)).collect();
        let pattern = self.func.dfg.immediates.push(ConstantData::from(bytes.as_slice()));
        let [one, other] = [one, other].map(|value| self.cast(types::I8X16, value));
        let bytes = self.cursor().ins().shuffle(one, other, pattern);
        self.cast(ty, bytes)
    }

    /// The same bits as a vector of another type.
    fn cast(&mut self, to: Type, value: Value) -> Value {
        if self.func.dfg.value_type(value) == to {
            return value;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.cursor().ins().bitcast(to, flags, value)
    }

    /// Where one of the vectors is that begin at the place of an access.
    fn at(&self, lowest: Inst, number: usize) -> (Value, i32) {
        let (group, place) = self.plan.place(lowest).expect("looked at before");
        let (shape, size) = (&self.plan.shape, self.plan.elements.size(group));
        let vector = shape.lanes as i64 * size;
        let from = match shape.upwards {
            true => number as i64 * vector,
            // The last round is the lowest, and what it does comes last.
            false => {
                let lowest = -(shape.rounds as i64 - 1) * shape.elements as i64 * size;
                lowest + (shape.vectors() - 1 - number) as i64 * vector
            }
        };
        let offset = i64::from(place) + from;
        (self.addresses[group], i32::try_from(offset).expect("places are near"))
    }
}

/// The vector type of these lanes.
pub(super) fn whole(lane: Type) -> Type {
    lane.by(VECTOR as u32 / lane.bytes()).expect("128 bits")
}
