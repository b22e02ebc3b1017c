//! Expressions for the native code, written.

use super::emitter::{EmitContext, Emitter};
use super::wasm::{ExpressionPiece, LocationKind, Op, WasmExpression};
use crate::debug::fragment::Fragment;
use crate::debug::input::GlobalLocation;
use crate::function::{Place, Watched};
use gimli::constants as dw;

impl WasmExpression {
    /// Writes the expression for code where `variables` are at `places`.
    pub(in crate::debug) fn emit(
        &self,
        variables: &[Watched],
        places: &[Place],
        context: &EmitContext<'_>,
    ) -> Option<Fragment> {
        let place = |variable: Watched| {
            let position = variables.iter().position(|other| *other == variable)?;
            places.get(position).copied()
        };
        let (out, address_size) = (Fragment::default(), self.address_size);
        let mut emitter = Emitter { out, context, place: &place, address_size, cuts: false };
        for piece in &self.pieces {
            emitter.cuts = address_size == 4 && piece.needs_cuts(context)?;
            emitter.piece(piece)?;
        }
        Some(emitter.out)
    }
}

/// The base of memory 0 as a value, where the context is at `place`.
pub(in crate::debug) fn memory_base(place: Place, context: &EmitContext<'_>) -> Option<Fragment> {
    let of_context = |variable| (variable == Watched::Context).then_some(place);
    let out = Fragment::default();
    let mut emitter = Emitter { out, context, place: &of_context, address_size: 4, cuts: false };
    emitter.memory_base()?;
    emitter.op(dw::DW_OP_stack_value);
    Some(emitter.out)
}

impl Emitter<'_> {
    fn piece(&mut self, piece: &ExpressionPiece) -> Option<()> {
        match piece.kind {
            LocationKind::Nothing => {}
            LocationKind::Bytes => {
                self.op(dw::DW_OP_implicit_value);
                self.out.uleb(piece.data.len() as u64);
                self.out.raw(&piece.data);
            }
            LocationKind::HostAddress => {
                self.ops(&piece.ops)?;
                self.add_memory_base()?;
                self.op(dw::DW_OP_stack_value);
            }
            LocationKind::Value | LocationKind::Memory => {
                match (piece.kind, piece.ops.as_slice()) {
                    (LocationKind::Value, [Op::Local(_) | Op::Operand(_)]) => {
                        self.variable_place((self.place)(piece.variable()?)?);
                    }
                    (LocationKind::Value, [Op::Global(global)]) => self.global_place(*global)?,
                    _ => {
                        self.ops(&piece.ops)?;
                        match piece.kind {
                            LocationKind::Memory => self.add_memory_base()?,
                            _ => self.op(dw::DW_OP_stack_value),
                        }
                    }
                }
            }
        }
        if let Some(bits) = piece.size {
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
        let size = (self.context.local_size)(local)?;
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

    fn load_global(&mut self, global: u32) -> Option<()> {
        match (self.context.global)(global)? {
            (GlobalLocation::Constant(value), _) => self.constant(value),
            (GlobalLocation::Defined(offset), size) => {
                self.context_address()?;
                self.add(offset.into());
                self.deref(size);
            }
            (GlobalLocation::Imported(offset), size) => {
                self.context_address()?;
                self.add(offset.into());
                self.deref(8);
                self.deref(size);
            }
        }
        Some(())
    }

    /// The place of a variable that is a global.
    fn global_place(&mut self, global: u32) -> Option<()> {
        let (offset, imported) = match (self.context.global)(global)?.0 {
            GlobalLocation::Constant(value) => {
                self.constant(value);
                self.op(dw::DW_OP_stack_value);
                return Some(());
            }
            GlobalLocation::Defined(offset) => (offset, false),
            GlobalLocation::Imported(offset) => (offset, true),
        };
        self.context_address()?;
        self.add(offset.into());
        if imported {
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
