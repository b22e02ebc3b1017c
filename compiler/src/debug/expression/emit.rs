//! Expressions for the native code, written.

use super::emitter::{EmitContext, Emitter};
use super::wasm::{ExpressionPiece, LocationKind, Op, WasmExpression};
use crate::debug::fragment::Fragment;
use crate::debug::input::GlobalLocation;
use crate::function::{DebugVariable, ValueLocation};
use gimli::constants as dw;
use precast_artifact::index::{GlobalIndex, LocalIndex, OperandIndex};

impl WasmExpression {
    /// Writes the expression for code where `variables` are at `locations`.
    pub(in crate::debug) fn emit(
        &self,
        variables: &[DebugVariable],
        locations: &[ValueLocation],
        context: &EmitContext<'_>,
    ) -> Option<Fragment> {
        let location = |variable: DebugVariable| {
            let position = variables.iter().position(|other| *other == variable)?;
            locations.get(position).copied()
        };
        let (out, address_size) = (Fragment::default(), self.address_size);
        let mut emitter = Emitter { out, context, location: &location, address_size, cuts: false };
        for piece in &self.pieces {
            emitter.cuts = address_size == 4 && piece.needs_cuts(context)?;
            emitter.piece(piece)?;
        }
        Some(emitter.out)
    }
}

/// The base of memory 0 as a value, where the context is at `location`.
pub(in crate::debug) fn memory_base(
    location: ValueLocation,
    context: &EmitContext<'_>,
) -> Option<Fragment> {
    let of_context = |variable| (variable == DebugVariable::Context).then_some(location);
    let out = Fragment::default();
    let mut emitter = Emitter { out, context, location: &of_context, address_size: 4, cuts: false };
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
                        self.variable_location((self.location)(piece.variable()?)?);
                    }
                    (LocationKind::Value, [Op::Global(global)]) => self.global_location(*global)?,
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

    /// The location of a variable that is a local or an operand.
    fn variable_location(&mut self, location: ValueLocation) {
        match location {
            ValueLocation::Register(register @ 0..32) => {
                self.out.u8(dw::DW_OP_reg0.0 + register as u8)
            }
            ValueLocation::Register(register) => {
                self.op(dw::DW_OP_regx);
                self.out.uleb(register.into());
            }
            ValueLocation::Frame(offset) => self.frame(offset),
            ValueLocation::Constant(bits) => {
                self.constant(bits);
                self.op(dw::DW_OP_stack_value);
            }
        }
    }

    fn ops(&mut self, ops: &[Op]) -> Option<()> {
        for (index, op) in ops.iter().enumerate() {
            match *op {
                Op::Local(local) => self.load_local(local)?,
                Op::Operand(operand) => self.load_operand(operand)?,
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

    fn load_operand(&mut self, operand: OperandIndex) -> Option<()> {
        match (self.location)(DebugVariable::Operand(operand))? {
            // Slots of operands hold 64 bits, as those that the code generator
            // makes do.
            ValueLocation::Frame(offset) => {
                self.frame(offset);
                self.deref(8);
            }
            ValueLocation::Register(register) => self.register(register)?,
            ValueLocation::Constant(bits) => self.constant(bits),
        }
        if self.cuts {
            self.cut();
        }
        Some(())
    }

    fn load_local(&mut self, local: LocalIndex) -> Option<()> {
        let size = (self.context.local_size)(local)?;
        match (self.location)(DebugVariable::Local(local))? {
            ValueLocation::Frame(offset) => {
                self.frame(offset);
                self.deref(u8::try_from(size).ok().filter(|size| *size <= 8)?);
            }
            ValueLocation::Register(register) => {
                self.register(register)?;
                if size == 4 {
                    // The upper half of a register is not defined then.
                    self.cut();
                }
            }
            ValueLocation::Constant(bits) if size == 4 => self.constant(bits & 0xffff_ffff),
            ValueLocation::Constant(bits) => self.constant(bits),
        }
        Some(())
    }

    fn load_global(&mut self, global: GlobalIndex) -> Option<()> {
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

    /// The location of a variable that is a global.
    fn global_location(&mut self, global: GlobalIndex) -> Option<()> {
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
