//! Operations of the native code's expressions.

use crate::debug::fragment::{Base, Fragment};
use crate::debug::input::GlobalLocation;
use crate::function::{CFA_ABOVE_FRAME_POINTER, DebugVariable, ValueLocation};
use gimli::constants as dw;
use precast_artifact::abi;
use precast_artifact::index::{GlobalIndex, LocalIndex};

/// What emitting needs to know of the module and the function.
pub(in crate::debug) struct EmitContext<'w> {
    /// DWARF number of the frame pointer.
    pub frame_pointer: u16,
    /// Whether memory 0 begins at the context address.
    pub memory_at_context: bool,
    /// Where a global is, and the bytes of its type.
    pub global: &'w dyn Fn(GlobalIndex) -> Option<(GlobalLocation, u8)>,
    /// Bytes of a local's type.
    pub local_size: &'w dyn Fn(LocalIndex) -> Option<u32>,
}

/// An expression as it is written.
pub(super) struct Emitter<'w> {
    pub(super) out: Fragment,
    pub(super) context: &'w EmitContext<'w>,
    pub(super) location: &'w dyn Fn(DebugVariable) -> Option<ValueLocation>,
    pub(super) address_size: u8,
    /// Whether values are cut to the guest's width.
    pub(super) cuts: bool,
}

impl Emitter<'_> {
    pub(super) fn op(&mut self, op: gimli::DwOp) {
        self.out.u8(op.0);
    }

    /// Pushes the address of a slot of the frame.
    pub(super) fn frame(&mut self, from_cfa: i32) {
        let offset = i64::from(from_cfa) + i64::from(CFA_ABOVE_FRAME_POINTER);
        match self.context.frame_pointer {
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

    pub(super) fn deref(&mut self, size: u8) {
        match size {
            8 => self.op(dw::DW_OP_deref),
            _ => {
                self.op(dw::DW_OP_deref_size);
                self.out.u8(size);
            }
        }
    }

    pub(super) fn add(&mut self, value: i64) {
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

    /// Pushes a general register.
    pub(super) fn register(&mut self, register: u16) -> Option<()> {
        // Vector registers come after these on every machine: x86-64 has
        // sixteen general ones, the others thirty-two.
        let general = if self.context.frame_pointer == 6 { 16 } else { 32 };
        if register >= general {
            return None;
        }
        self.out.u8(dw::DW_OP_breg0.0 + register as u8);
        self.out.sleb(0);
        Some(())
    }

    /// Pushes the context address.
    pub(super) fn context_address(&mut self) -> Option<()> {
        match (self.location)(DebugVariable::Context) {
            Some(ValueLocation::Frame(offset)) => {
                self.frame(offset);
                self.deref(8);
            }
            Some(ValueLocation::Register(register)) => self.register(register)?,
            Some(ValueLocation::Constant(_)) => return None,
            None => {
                self.out.u8(dw::DW_OP_addr.0);
                self.out.address(Base::Cell, 8);
                self.deref(8);
            }
        }
        Some(())
    }

    /// Pushes the address where memory 0 begins.
    pub(super) fn memory_base(&mut self) -> Option<()> {
        if (self.location)(DebugVariable::Context).is_none() {
            self.out.u8(dw::DW_OP_addr.0);
            self.out.address(Base::Cell, 0);
            self.deref(8);
            return Some(());
        }
        self.context_address()?;
        if !self.context.memory_at_context {
            self.add(abi::CTX_MEMORY0_BASE.into());
            self.deref(8);
        }
        Some(())
    }

    /// Cuts the top to the guest's width.
    pub(super) fn cut(&mut self) {
        self.op(dw::DW_OP_const4u);
        self.out.u32(u32::MAX);
        self.op(dw::DW_OP_and);
    }
}
