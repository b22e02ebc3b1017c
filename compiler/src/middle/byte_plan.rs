//! Loops that go through bytes until some of them differ: which there are, and what they
//! look at.

use super::addresses::base_and_index;
use super::counted::{Count, count_of, question};
use super::edges::{calls, constant, definition, sum};
use super::loop_plan::has_effects;
use super::loops::{self, Loop};
use super::strides::Strides;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, Function, Inst, InstructionData, Opcode, Value, ValueDef};

/// Places in the memory that a loop goes on from at most.
const MOST_STREAMS: usize = 4;
/// Loops of a function that are looked at at most.
const MOST_LOOPS: usize = 100;

/// A loop that does nothing but look at bytes, of which each round takes the next.
pub(super) struct BytePlan {
    pub of: Loop,
    pub streams: Vec<Stream>,
    /// What must hold for the loop to go on, with `counts`.
    pub tests: Vec<ByteTest>,
    pub counts: Vec<Count>,
    /// Parameters of the header that hold the byte that a stream is at.
    pub held: Vec<Held>,
}

/// Bytes, of which each round takes the next: the first at the index `root + constant`,
/// modulo 2^32, and `offset` further.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stream {
    pub root: Value,
    pub constant: i64,
    pub offset: i32,
}

/// A parameter of the header that is given the byte of a stream.
pub(super) struct Held {
    pub parameter: usize,
    pub stream: usize,
}

/// A comparison of two bytes.
pub(super) struct ByteTest {
    pub stream: usize,
    pub other: Other,
    /// Whether the loop goes on while they are equal, or while they differ.
    pub equal: bool,
}

/// What a byte of a stream is compared with.
#[derive(Clone, Copy)]
pub(super) enum Other {
    Stream(usize),
    /// From 0 to 255.
    Constant(i64),
    /// A value of 32 bits from 0 to 255 that the loop does not change.
    Fixed(Value),
}

/// The loops of a function that compare two rows of bytes. The function's first parameter
/// is the address of its memory.
pub(super) fn find(func: &Function) -> Vec<BytePlan> {
    if !compares_bytes(func) {
        return Vec::new();
    }
    let loops = loops::find(func, &[Opcode::Brif, Opcode::Jump]).into_iter();
    loops.filter_map(|of| BytePlan::new(func, of)).take(MOST_LOOPS).collect()
}

/// Whether a byte that was loaded is compared with another one, or with what may be one:
/// a look that most functions end with.
fn compares_bytes(func: &Function) -> bool {
    let byte = |value: Value| lowest_byte(func, value).unwrap_or(value);
    let loaded =
        |value: Value| definition(func, value).is_some_and(|of| of.opcode() == Opcode::Uload8);
    let given = |value: Value| {
        let value = func.dfg.resolve_aliases(value);
        matches!(func.dfg.value_def(value), ValueDef::Param(..))
    };
    let mut insts = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
    insts.any(|inst| match func.dfg.insts[inst] {
        InstructionData::IntCompare { cond: IntCC::Equal | IntCC::NotEqual, args, .. } => {
            let [one, other] = args.map(byte);
            (loaded(one) && (loaded(other) || given(other))) || (loaded(other) && given(one))
        }
        _ => false,
    })
}

impl BytePlan {
    fn new(func: &Function, of: Loop) -> Option<Self> {
        let mut plan = Self {
            of,
            streams: Vec::new(),
            tests: Vec::new(),
            counts: Vec::new(),
            held: Vec::new(),
        };
        plan.loads(func)?;
        plan.parameters(func)?;
        for number in 0..plan.of.blocks.len() {
            plan.branch(func, plan.of.blocks[number])?;
        }
        let rows = |test: &ByteTest| test.equal && matches!(test.other, Other::Stream(_));
        plan.tests.iter().any(rows).then_some(plan)
    }

    /// Notes all that is loaded; none if anything else could be noticed.
    fn loads(&mut self, func: &Function) -> Option<()> {
        for block in &self.of.blocks {
            for inst in func.layout.block_insts(*block) {
                let terminates = func.dfg.insts[inst].opcode().is_terminator();
                if terminates || !has_effects(func, inst) {
                    continue;
                }
                let stream = stream(func, &self.of, inst)?;
                if !self.streams.contains(&stream) {
                    self.streams.push(stream);
                }
            }
        }
        (!self.streams.is_empty()).then_some(())
    }

    /// Notes the parameters that hold a byte; none if one changes in another way.
    fn parameters(&mut self, func: &Function) -> Option<()> {
        for parameter in 0..self.of.steps.len() {
            if self.of.steps[parameter].is_some() {
                continue;
            }
            let next = self.of.next(func, parameter)?;
            let Other::Stream(last) = self.byte(func, next)? else { return None };
            let Stream { root, constant, offset } = self.streams[last];
            let stream = self.streams.len();
            self.streams.push(Stream { root, constant: constant - 1, offset });
            self.held.push(Held { parameter, stream });
        }
        (self.streams.len() <= MOST_STREAMS).then_some(())
    }

    /// Notes what must hold for the loop to go on from a block.
    fn branch(&mut self, func: &Function, block: Block) -> Option<()> {
        let branch = func.layout.last_inst(block)?;
        let inside = |target: Block| self.of.blocks.contains(&target);
        let mut targets = calls(func, branch).iter();
        let targets = targets.by_ref().map(|call| inside(call.block(&func.dfg.value_lists)));
        let inside: Vec<bool> = targets.collect();
        let InstructionData::Brif { arg, .. } = func.dfg.insts[branch] else {
            return (inside == [true]).then_some(());
        };
        let holds = match inside[..] {
            [true, false] => true,
            [false, true] => false,
            _ => return None,
        };
        if let Some(test) = self.test(func, arg, holds) {
            self.tests.push(test);
            return Some(());
        }
        let count = count_of(func, &self.of, arg, holds).filter(|count| count.step.abs() == 1)?;
        self.counts.push(count);
        Some(())
    }

    fn test(&self, func: &Function, arg: Value, holds: bool) -> Option<ByteTest> {
        let (goes_on, one, other) = question(func, arg, holds)?;
        let equal = match goes_on {
            IntCC::Equal => true,
            IntCC::NotEqual => false,
            _ => return None,
        };
        let one = self.byte(func, one)?;
        let other = other.map_or(Some(Other::Constant(0)), |other| self.byte(func, other))?;
        match (one, other) {
            (Other::Stream(stream), other) | (other, Other::Stream(stream)) => {
                Some(ByteTest { stream, other, equal })
            }
            _ => None,
        }
    }

    /// What is known to be a byte, extended with zeros.
    fn byte(&self, func: &Function, value: Value) -> Option<Other> {
        let mut value = func.dfg.resolve_aliases(value);
        if let Some(constant) = constant(func, value) {
            return (0..=0xff).contains(&constant).then_some(Other::Constant(constant));
        }
        let masked = lowest_byte(func, value);
        if !self.of.makes(func, value) {
            let loaded = definition(func, value).is_some_and(|of| of.opcode() == Opcode::Uload8);
            return (loaded || masked.is_some()).then_some(Other::Fixed(value));
        }
        if let Some(whole) = masked {
            value = whole;
        }
        let stream = match func.dfg.value_def(value) {
            ValueDef::Param(block, number) if block == self.of.header() => {
                self.held.iter().find(|held| held.parameter == number)?.stream
            }
            ValueDef::Result(inst, 0) => {
                let stream = stream(func, &self.of, inst)?;
                self.streams.iter().position(|known| *known == stream)?
            }
            _ => return None,
        };
        Some(Other::Stream(stream))
    }
}

/// The value that this one is the lowest byte of.
fn lowest_byte(func: &Function, value: Value) -> Option<Value> {
    let InstructionData::Binary { opcode: Opcode::Band, args: [one, other] } =
        definition(func, value)?
    else {
        return None;
    };
    let whole = match (constant(func, one), constant(func, other)) {
        (_, Some(0xff)) => one,
        (Some(0xff), _) => other,
        _ => return None,
    };
    Some(func.dfg.resolve_aliases(whole))
}

/// What an instruction loads a byte of, if each round loads the next one.
fn stream(func: &Function, of: &Loop, inst: Inst) -> Option<Stream> {
    let InstructionData::Load { opcode: Opcode::Uload8, arg, offset, .. } = func.dfg.insts[inst]
    else {
        return None;
    };
    let (base, index) = base_and_index(func, arg)?;
    let memory = *func.dfg.block_params(func.layout.entry_block()?).first()?;
    let (root, constant) = sum(func, index);
    let next = Strides::new(func, of).stride(root)? == 1;
    let wide = func.dfg.value_type(func.dfg.first_result(inst)).bits() == 32;
    let here = func.dfg.resolve_aliases(base) == memory && next && wide;
    here.then_some(Stream { root, constant, offset: offset.into() })
}
