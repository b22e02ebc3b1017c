//! Expressions for the native code, written.

use super::{Global, Kind, Op, Piece, Source, World};
use crate::debug::output::{Base, Part};
use crate::function::{Place, Watched};
use gimli::constants as dw;
use precast_artifact::abi;

impl Source {
    /// Writes the expression for code where `variables` are at `places`.
    pub(in crate::debug) fn emit(
        &self,
        variables: &[Watched],
        places: &[Place],
        world: &World<'_>,
    ) -> Option<Part> {
        let place = |variable: Watched| {
            let position = variables.iter().position(|other| *other == variable)?;
            places.get(position).copied()
        };
        let (out, address_size) = (Part::default(), self.address_size);
        let mut emitter = Emitter { out, world, place: &place, address_size, cuts: false };
        for part in &self.parts {
            emitter.cuts = address_size == 4 && part.needs_cuts(world)?;
            emitter.part(part)?;
        }
        Some(emitter.out)
    }
}

/// The base of memory 0 as a value, where the context is at `place`.
pub(in crate::debug) fn memory_base(place: Place, world: &World<'_>) -> Option<Part> {
    let context = |variable| (variable == Watched::Context).then_some(place);
    let out = Part::default();
    let mut emitter = Emitter { out, world, place: &context, address_size: 4, cuts: false };
    emitter.memory_base()?;
    emitter.op(dw::DW_OP_stack_value);
    Some(emitter.out)
}

pub(super) struct Emitter<'w> {
    pub(super) out: Part,
    world: &'w World<'w>,
    place: &'w dyn Fn(Watched) -> Option<Place>,
    address_size: u8,
    /// Whether values are cut to the guest's width.
    pub(super) cuts: bool,
}

impl Emitter<'_> {
    pub(super) fn op(&mut self, op: gimli::DwOp) {
        self.out.u8(op.0);
    }

    fn part(&mut self, part: &Piece) -> Option<()> {
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
                (Kind::Value, [Op::Local(_) | Op::Operand(_)]) => {
                    self.variable_place((self.place)(part.variable()?)?);
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

    /// The place of a variable that is a local or an operand.
    fn variable_place(&mut self, place: Place) {
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

    pub(super) fn constant(&mut self, value: u64) {
        match value {
            0..32 => self.out.u8(dw::DW_OP_lit0.0 + value as u8),
            32..256 => {
                self.op(dw::DW_OP_const1u);
                self.out.u8(value as u8);
            }
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

    fn ops(&mut self, ops: &[Op]) -> Option<()> {
        for (index, op) in ops.iter().enumerate() {
            match *op {
                Op::Local(local) => self.load_local(local)?,
                Op::Operand(place) => self.load_operand(place)?,
                Op::Global(global) => self.load_global(global)?,
                Op::Constant(value) if self.cuts => self.constant(value & u64::from(u32::MAX)),
                Op::Constant(value) => self.constant(value),
                Op::Add(value) => {
                    self.add(value);
                    // Later operations may not expect more than the guest's
                    // width; addresses of variables do not wrap around.
                    if self.cuts && value < 0 && index + 1 != ops.len() {
                        self.cut();
                    }
                }
                Op::Load(size) => {
                    self.add_memory_base()?;
                    self.deref(size);
                }
                Op::Plain(op) => self.plain(op),
                Op::Extend(bits, signed) => self.extend(bits, signed),
                Op::Pick(depth) => {
                    self.op(dw::DW_OP_pick);
                    self.out.u8(depth);
                }
            }
        }
        Some(())
    }

    fn load_operand(&mut self, place: u32) -> Option<()> {
        match (self.place)(Watched::Operand(place))? {
            // Slots of operands hold 64 bits, as those that the code generator
            // makes do.
            Place::Frame(offset) => {
                self.frame(offset);
                self.deref(8);
            }
            Place::Register(register) => self.register(register)?,
            Place::Constant(bits) => self.constant(bits),
        }
        if self.cuts {
            self.cut();
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
                    self.cut();
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
        if self.address_size == 4 && !self.cuts {
            self.cut();
        }
        self.memory_base()?;
        self.op(dw::DW_OP_plus);
        Some(())
    }
}
