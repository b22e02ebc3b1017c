//! DWARF expressions (DWARF 5 section 2.5, and the tool conventions of
//! WebAssembly for `DW_OP_WASM_location`).
//!
//! [`Source::parse`] reads an expression of the module; [`Source::emit`] writes
//! it for the native code, once it is known where the locals it names are.
//!
//! Values on the expression's stack are the guest's: its addresses count from
//! the start of linear memory. The base of memory is added where an address is
//! followed, and at the end, where the expression is the place of a variable in
//! memory. A variable that is a local is where the local is.

use super::meaning::Meaning;
use super::output::{Base, Part};
use crate::function::{Place, Watched};
use gimli::constants as dw;
use gimli::{Encoding, EndianSlice, LittleEndian, Operation};
use precast_artifact::abi;

type Expression<'a> = gimli::Expression<EndianSlice<'a, LittleEndian>>;

/// Longest expression, in operations; longer ones are damaged.
const MOST_OPS: usize = 256;

/// An operation, on values of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Op {
    /// Pushes a local.
    Local(u32),
    /// Pushes a global.
    Global(u32),
    /// Pushes a number or an address of the guest.
    Constant(u64),
    /// Adds to the top.
    Add(i64),
    /// Follows the address on top, reading so many bytes.
    Load(u8),
    /// An operation without operands that is the same everywhere.
    Plain(u8),
    /// `DW_OP_pick`.
    Pick(u8),
}

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An address of the guest, where the variable is.
    Memory,
    /// The variable's value.
    Value,
    /// A value that is an address of the guest, wanted as one of the process.
    HostAddress,
    /// The value, as bytes.
    Bytes,
    /// Nothing: this part is not available.
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part1 {
    ops: Vec<Op>,
    kind: Kind,
    data: Vec<u8>,
    /// In bits, where the expression is put together from parts.
    size: Option<u64>,
}

/// An expression of the module, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    parts: Vec<Part1>,
    /// Size of the guest's addresses.
    address_size: u8,
}

/// What emitting needs to know of the module.
pub(super) struct World<'w> {
    /// DWARF number of the frame pointer.
    pub frame_pointer: u16,
    /// Whether memory 0 begins at the context address.
    pub memory_at_context: bool,
    /// Where a global is in the context: its offset, and whether that holds its
    /// address only.
    pub global: &'w dyn Fn(u32) -> Option<Global>,
    /// Bytes of a local's type.
    pub local_size: &'w dyn Fn(u32) -> Option<u32>,
}

/// Where a global is.
pub(super) enum Global {
    /// At this offset of the context, so many bytes.
    Own(i32, u8),
    /// Behind a pointer at this offset.
    Imported(i32, u8),
    /// It never changes.
    Constant(u64),
}

impl Source {
    /// Reads an expression; `frame_base` is that of the function. `None` when
    /// it holds what has no counterpart.
    pub(super) fn parse(
        expression: Expression<'_>,
        encoding: Encoding,
        frame_base: Option<&Self>,
    ) -> Option<Self> {
        let mut source = Self { parts: Vec::new(), address_size: encoding.address_size };
        let mut part = Part1 { ops: Vec::new(), kind: Kind::Memory, data: Vec::new(), size: None };
        let mut operations = expression.operations(encoding);
        let mut count = 0;
        while let Some(operation) = operations.next().ok()? {
            count += 1;
            if count > MOST_OPS || part.ops.len() > MOST_OPS {
                return None;
            }
            if part.kind != Kind::Memory && !matches!(operation, Operation::Piece { .. }) {
                return None;
            }
            match operation {
                Operation::StackValue => part.kind = Kind::Value,
                Operation::ImplicitValue { data } => {
                    part.kind = Kind::Bytes;
                    part.data = data.slice().to_vec();
                }
                Operation::Piece { size_in_bits, bit_offset: None } => {
                    let mut done = std::mem::replace(&mut part, Part1::empty());
                    if done.ops.is_empty() && done.kind == Kind::Memory {
                        done.kind = Kind::Nothing;
                    }
                    done.size = Some(size_in_bits);
                    source.parts.push(done.settled());
                }
                operation => part.operation(operation, encoding, frame_base)?,
            }
        }
        if source.parts.is_empty() {
            if part.ops.is_empty() && part.kind == Kind::Memory {
                return None;
            }
            source.parts.push(part.settled());
        } else if !part.ops.is_empty() {
            return None;
        }
        Some(source)
    }

    /// The variables whose places emitting needs, in the order in which it
    /// takes them; with the context, unless the cell stands for it.
    pub(super) fn variables(&self, in_function: bool) -> Vec<Watched> {
        let mut variables = Vec::new();
        let mut context = false;
        for part in &self.parts {
            context |= matches!(part.kind, Kind::Memory | Kind::HostAddress);
            for op in &part.ops {
                match op {
                    Op::Local(index) => variables.push(Watched::Local(*index)),
                    Op::Global(_) | Op::Load(_) => context = true,
                    _ => {}
                }
            }
        }
        if context && in_function {
            variables.push(Watched::Context);
        }
        variables.sort();
        variables.dedup();
        variables
    }

    /// Writes the expression for code where `variables` are at `places`.
    pub(super) fn emit(
        &self,
        variables: &[Watched],
        places: &[Place],
        world: &World<'_>,
    ) -> Option<Part> {
        let place = |variable: Watched| {
            let position = variables.iter().position(|other| *other == variable)?;
            places.get(position).copied()
        };
        let mut emitter =
            Emitter { out: Part::default(), world, place: &place, address_size: self.address_size };
        for part in &self.parts {
            emitter.part(part)?;
        }
        Some(emitter.out)
    }

    /// As the address of something in memory: what a frame base is.
    pub(super) fn as_memory(&self) -> Self {
        let mut source = self.clone();
        if let [part] = source.parts.as_mut_slice() {
            part.kind = Kind::Memory;
        }
        source
    }

    /// As it is meant, for a variable.
    pub(super) fn meant(mut self, meaning: Meaning) -> Self {
        if let [part] = self.parts.as_mut_slice()
            && part.size.is_none()
        {
            match (meaning, part.kind) {
                (Meaning::Indirect, _) if part.local().is_some() => part.kind = Kind::Memory,
                (Meaning::HostPointer, Kind::Memory) => {
                    part.ops.push(Op::Load(self.address_size));
                    part.kind = Kind::HostAddress;
                }
                (Meaning::HostPointer, Kind::Value) => part.kind = Kind::HostAddress,
                _ => {}
            }
        }
        self
    }

    /// Whether this is the place of one variable in memory or a local.
    #[cfg(test)]
    fn is_local(&self) -> bool {
        matches!(self.parts.as_slice(), [part] if part.local().is_some())
    }
}

impl Part1 {
    fn empty() -> Self {
        Self { ops: Vec::new(), kind: Kind::Memory, data: Vec::new(), size: None }
    }

    /// A lone `DW_OP_WASM_location` names the place of the value itself.
    fn settled(mut self) -> Self {
        if self.kind == Kind::Memory && matches!(self.ops.as_slice(), [Op::Local(_)]) {
            self.kind = Kind::Value;
        }
        self
    }

    /// The local that this is, if it is just that.
    fn local(&self) -> Option<u32> {
        match (self.kind, self.ops.as_slice()) {
            (Kind::Value, [Op::Local(index)]) => Some(*index),
            _ => None,
        }
    }

    fn operation(
        &mut self,
        operation: Operation<EndianSlice<'_, LittleEndian>>,
        encoding: Encoding,
        frame_base: Option<&Source>,
    ) -> Option<()> {
        let op = match operation {
            Operation::WasmLocal { index } => Op::Local(index),
            Operation::WasmGlobal { index } => Op::Global(index),
            Operation::Address { address } => Op::Constant(address),
            Operation::UnsignedConstant { value } => Op::Constant(value),
            Operation::SignedConstant { value } => Op::Constant(value as u64),
            Operation::PlusConstant { value } => Op::Add(i64::try_from(value).ok()?),
            Operation::FrameOffset { offset } => {
                let [base] = frame_base?.parts.as_slice() else { return None };
                if !matches!(base.kind, Kind::Value | Kind::Memory) {
                    return None;
                }
                self.ops.extend_from_slice(&base.ops);
                Op::Add(offset)
            }
            Operation::Deref { base_type: gimli::UnitOffset(0), size, space: false } => {
                Op::Load(if size == 0 { encoding.address_size } else { size })
            }
            Operation::Pick { index: 0 } => Op::Plain(dw::DW_OP_dup.0),
            Operation::Pick { index: 1 } => Op::Plain(dw::DW_OP_over.0),
            Operation::Pick { index } => Op::Pick(index),
            Operation::Nop => return Some(()),
            operation => Op::Plain(plain(&operation)?.0),
        };
        self.ops.push(op);
        Some(())
    }
}

/// Operations without operands.
fn plain(operation: &Operation<EndianSlice<'_, LittleEndian>>) -> Option<gimli::DwOp> {
    Some(match operation {
        Operation::Drop => dw::DW_OP_drop,
        Operation::Swap => dw::DW_OP_swap,
        Operation::Rot => dw::DW_OP_rot,
        Operation::And => dw::DW_OP_and,
        Operation::Minus => dw::DW_OP_minus,
        Operation::Mul => dw::DW_OP_mul,
        Operation::Neg => dw::DW_OP_neg,
        Operation::Not => dw::DW_OP_not,
        Operation::Or => dw::DW_OP_or,
        Operation::Plus => dw::DW_OP_plus,
        Operation::Shl => dw::DW_OP_shl,
        Operation::Xor => dw::DW_OP_xor,
        // These look at the upper half of values, or at their sign: the
        // guest's are narrower.
        _ => return None,
    })
}

struct Emitter<'w> {
    out: Part,
    world: &'w World<'w>,
    place: &'w dyn Fn(Watched) -> Option<Place>,
    address_size: u8,
}

impl Emitter<'_> {
    fn op(&mut self, op: gimli::DwOp) {
        self.out.u8(op.0);
    }

    fn part(&mut self, part: &Part1) -> Option<()> {
        match part.kind {
            Kind::Nothing => {}
            Kind::Bytes => {
                self.op(dw::DW_OP_implicit_value);
                self.out.uleb(part.data.len() as u64);
                self.out.raw(&part.data);
            }
            Kind::HostAddress => {
                self.ops(&part.ops)?;
                self.add_memory_base()?;
                self.op(dw::DW_OP_stack_value);
            }
            Kind::Value | Kind::Memory => match (part.kind, part.ops.as_slice()) {
                (Kind::Value, [Op::Local(local)]) => {
                    self.local_place((self.place)(Watched::Local(*local))?);
                }
                (Kind::Value, [Op::Global(global)]) => self.global_place(*global)?,
                _ => {
                    self.ops(&part.ops)?;
                    match part.kind {
                        Kind::Memory => self.add_memory_base()?,
                        _ => self.op(dw::DW_OP_stack_value),
                    }
                }
            },
        }
        if let Some(bits) = part.size {
            if bits % 8 != 0 {
                return None;
            }
            self.op(dw::DW_OP_piece);
            self.out.uleb(bits / 8);
        }
        Some(())
    }

    /// The place of a variable that is a local.
    fn local_place(&mut self, place: Place) {
        match place {
            Place::Register(register @ 0..32) => self.out.u8(dw::DW_OP_reg0.0 + register as u8),
            Place::Register(register) => {
                self.op(dw::DW_OP_regx);
                self.out.uleb(register.into());
            }
            Place::Frame(offset) => self.frame(offset),
            Place::Constant(bits) => {
                self.constant(bits);
                self.op(dw::DW_OP_stack_value);
            }
        }
    }

    /// Pushes the address of a slot of the frame.
    fn frame(&mut self, from_cfa: i32) {
        // Every frame keeps the frame pointer, 16 bytes below the CFA.
        let offset = i64::from(from_cfa) + 16;
        match self.world.frame_pointer {
            register @ 0..32 => self.out.u8(dw::DW_OP_breg0.0 + register as u8),
            register => {
                self.op(dw::DW_OP_bregx);
                self.out.uleb(register.into());
            }
        }
        self.out.sleb(offset);
    }

    fn constant(&mut self, value: u64) {
        match value {
            0..32 => self.out.u8(dw::DW_OP_lit0.0 + value as u8),
            _ => {
                self.op(dw::DW_OP_constu);
                self.out.uleb(value);
            }
        }
    }

    fn deref(&mut self, size: u8) {
        match size {
            8 => self.op(dw::DW_OP_deref),
            _ => {
                self.op(dw::DW_OP_deref_size);
                self.out.u8(size);
            }
        }
    }

    fn add(&mut self, value: i64) {
        match value {
            0 => {}
            1.. => {
                self.op(dw::DW_OP_plus_uconst);
                self.out.uleb(value as u64);
            }
            _ => {
                self.op(dw::DW_OP_consts);
                self.out.sleb(value);
                self.op(dw::DW_OP_plus);
            }
        }
    }

    /// Cuts the top to the guest's width.
    fn narrow(&mut self) {
        if self.address_size == 4 {
            self.op(dw::DW_OP_const4u);
            self.out.u32(u32::MAX);
            self.op(dw::DW_OP_and);
        }
    }

    fn ops(&mut self, ops: &[Op]) -> Option<()> {
        for (index, op) in ops.iter().enumerate() {
            match *op {
                Op::Local(local) => self.load_local(local)?,
                Op::Global(global) => self.load_global(global)?,
                Op::Constant(value) => self.constant(value),
                Op::Add(value) => {
                    self.add(value);
                    // Later operations may not expect more than the guest's
                    // width; addresses of variables do not wrap around.
                    if value < 0 && index + 1 != ops.len() {
                        self.narrow();
                    }
                }
                Op::Load(size) => {
                    self.add_memory_base()?;
                    self.deref(size);
                }
                Op::Plain(op) => {
                    self.out.u8(op);
                    let wraps = [dw::DW_OP_minus, dw::DW_OP_mul, dw::DW_OP_neg, dw::DW_OP_not];
                    let wraps = wraps.contains(&gimli::DwOp(op))
                        || [dw::DW_OP_plus, dw::DW_OP_shl].contains(&gimli::DwOp(op));
                    if wraps {
                        self.narrow();
                    }
                }
                Op::Pick(depth) => {
                    self.op(dw::DW_OP_pick);
                    self.out.u8(depth);
                }
            }
        }
        Some(())
    }

    fn load_local(&mut self, local: u32) -> Option<()> {
        let size = (self.world.local_size)(local)?;
        match (self.place)(Watched::Local(local))? {
            Place::Frame(offset) => {
                self.frame(offset);
                self.deref(u8::try_from(size).ok().filter(|size| *size <= 8)?);
            }
            Place::Register(register) => {
                self.register(register)?;
                if size == 4 {
                    // The upper half of a register is not defined then.
                    self.op(dw::DW_OP_const4u);
                    self.out.u32(u32::MAX);
                    self.op(dw::DW_OP_and);
                }
            }
            Place::Constant(bits) if size == 4 => self.constant(bits & 0xffff_ffff),
            Place::Constant(bits) => self.constant(bits),
        }
        Some(())
    }

    /// Pushes a general register.
    fn register(&mut self, register: u16) -> Option<()> {
        // Vector registers come behind these on every machine: x86-64 has
        // sixteen general ones, the others thirty-two.
        let general = if self.world.frame_pointer == 6 { 16 } else { 32 };
        if register >= general {
            return None;
        }
        self.out.u8(dw::DW_OP_breg0.0 + register as u8);
        self.out.sleb(0);
        Some(())
    }

    fn load_global(&mut self, global: u32) -> Option<()> {
        match (self.world.global)(global)? {
            Global::Constant(value) => self.constant(value),
            Global::Own(offset, size) => {
                self.context()?;
                self.add(offset.into());
                self.deref(size);
            }
            Global::Imported(offset, size) => {
                self.context()?;
                self.add(offset.into());
                self.deref(8);
                self.deref(size);
            }
        }
        Some(())
    }

    /// The place of a variable that is a global.
    fn global_place(&mut self, global: u32) -> Option<()> {
        let (offset, imported) = match (self.world.global)(global)? {
            Global::Constant(value) => {
                self.constant(value);
                self.op(dw::DW_OP_stack_value);
                return Some(());
            }
            Global::Own(offset, _) => (offset, false),
            Global::Imported(offset, _) => (offset, true),
        };
        self.context()?;
        self.add(offset.into());
        if imported {
            self.deref(8);
        }
        Some(())
    }

    /// Pushes the context address.
    fn context(&mut self) -> Option<()> {
        match (self.place)(Watched::Context) {
            Some(Place::Frame(offset)) => {
                self.frame(offset);
                self.deref(8);
            }
            Some(Place::Register(register)) => self.register(register)?,
            Some(Place::Constant(_)) => return None,
            None => {
                self.out.u8(dw::DW_OP_addr.0);
                self.out.address(Base::Cell, 8);
                self.deref(8);
            }
        }
        Some(())
    }

    /// Pushes the address where memory 0 begins.
    fn memory_base(&mut self) -> Option<()> {
        if (self.place)(Watched::Context).is_none() {
            self.out.u8(dw::DW_OP_addr.0);
            self.out.address(Base::Cell, 0);
            self.deref(8);
            return Some(());
        }
        self.context()?;
        if !self.world.memory_at_context {
            self.add(abi::CTX_MEMORY0_BASE.into());
            self.deref(8);
        }
        Some(())
    }

    /// Turns the guest's address on top into one of the process.
    fn add_memory_base(&mut self) -> Option<()> {
        self.memory_base()?;
        self.op(dw::DW_OP_plus);
        Some(())
    }
}

/// The base of memory 0 as a value, where the context is at `place`.
pub(super) fn memory_base(place: Place, world: &World<'_>) -> Option<Part> {
    let context = |variable| (variable == Watched::Context).then_some(place);
    let mut emitter = Emitter { out: Part::default(), world, place: &context, address_size: 4 };
    emitter.memory_base()?;
    emitter.op(dw::DW_OP_stack_value);
    Some(emitter.out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENCODING: Encoding =
        Encoding { address_size: 4, format: gimli::Format::Dwarf32, version: 4 };

    fn parse(bytes: &[u8], frame_base: Option<&Source>) -> Option<Source> {
        let expression = gimli::Expression(EndianSlice::new(bytes, LittleEndian));
        Source::parse(expression, ENCODING, frame_base)
    }

    fn emit(source: &Source, places: &[Place]) -> Vec<u8> {
        let world = World {
            frame_pointer: 6,
            memory_at_context: true,
            global: &|_| Some(Global::Own(-64, 4)),
            local_size: &|_| Some(4),
        };
        source.emit(&source.variables(true), places, &world).unwrap().bytes
    }

    #[test]
    fn a_variable_in_a_local_is_where_the_local_is() {
        let source = parse(&[0xed, 0, 3, 0x9f], None).unwrap();
        assert!(source.is_local());
        assert_eq!(source.variables(true), [Watched::Local(3)]);
        // breg6 -24
        assert_eq!(emit(&source, &[Place::Frame(-40)]), [0x76, 0x68]);
        assert_eq!(emit(&source, &[Place::Register(17)]), [0x61]);
    }

    #[test]
    fn a_variable_in_the_frame_is_in_memory() {
        let base = parse(&[0xed, 0, 3, 0x9f], None).unwrap();
        let source = parse(&[0x91, 8], Some(&base)).unwrap();
        assert_eq!(source.variables(true), [Watched::Local(3), Watched::Context]);
        let places = [Place::Frame(-40), Place::Frame(-32)];
        // breg6 -24, deref_size 4, plus_uconst 8, breg6 -16, deref, plus
        let expected = [0x76, 0x68, 0x94, 4, 0x23, 8, 0x76, 0x70, 0x06, 0x22];
        assert_eq!(emit(&source, &places), expected);
    }

    #[test]
    fn a_global_variable_needs_no_frame() {
        let source = parse(&[0x03, 0x70, 0x0d, 0, 0], None).unwrap();
        assert_eq!(source.variables(false), []);
        let emitted = emit(&source, &[]);
        assert_eq!(emitted[..3], [0x10, 0xf0, 0x1a]);
        assert_eq!(emitted[3], 0x03);
        assert_eq!(emitted[12..], [0x06, 0x22]);
    }

    #[test]
    fn what_has_no_counterpart_is_refused() {
        // DW_OP_breg0 0; DW_OP_bra; nothing; truncated.
        for bytes in [&[0x70, 0][..], &[0x28, 0, 0], &[], &[0x03, 1]] {
            assert_eq!(parse(bytes, None), None);
        }
    }
}
