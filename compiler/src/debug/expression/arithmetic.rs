//! Arithmetic at the guest's width, by operations that know 64 bits only.

use super::emitter::{EmitContext, Emitter};
use super::wasm::{ExpressionPiece, LocationKind, Op};
use gimli::constants as dw;

/// Operations that look at all of a value, and those that take a sign.
const UPPER: [gimli::DwOp; 5] =
    [dw::DW_OP_shr, dw::DW_OP_mod, dw::DW_OP_eq, dw::DW_OP_ne, dw::DW_OP_shra];
const SIGNED: [gimli::DwOp; 6] =
    [dw::DW_OP_div, dw::DW_OP_abs, dw::DW_OP_ge, dw::DW_OP_gt, dw::DW_OP_le, dw::DW_OP_lt];

impl ExpressionPiece {
    /// Whether values are cut to 32 bits at each step, which the guest's
    /// addresses have. Where only low bits of the result count, they are right
    /// without, also those of 64-bit numbers.
    pub(super) fn needs_cuts(&self, context: &EmitContext<'_>) -> Option<bool> {
        let mut looks_up = false;
        let mut follows = matches!(self.kind, LocationKind::Memory | LocationKind::HostAddress);
        let (mut wide, mut unknown) = (false, false);
        for op in &self.ops {
            match op {
                Op::Local(local) => wide |= (context.local_size)(*local)? > 4,
                Op::Operand(_) => unknown = true,
                Op::Load(size) => {
                    follows = true;
                    wide |= *size > 4;
                }
                Op::Plain(op) => looks_up |= UPPER.contains(op) || SIGNED.contains(op),
                _ => {}
            }
        }
        // Of an operand it is not known whether it has an upper half.
        (!(unknown && looks_up)).then_some(!wide && (looks_up || follows))
    }
}

impl Emitter<'_> {
    /// An operation without operands, on values of the guest's width.
    pub(super) fn plain(&mut self, op: gimli::DwOp) {
        let signed = SIGNED.contains(&op);
        if self.cuts && signed {
            self.sign();
        }
        if self.cuts && (signed && op != dw::DW_OP_abs || op == dw::DW_OP_shra) {
            self.op(dw::DW_OP_swap);
            self.sign();
            self.op(dw::DW_OP_swap);
        }
        self.op(op);
        let wraps = [
            dw::DW_OP_minus,
            dw::DW_OP_mul,
            dw::DW_OP_neg,
            dw::DW_OP_not,
            dw::DW_OP_plus,
            dw::DW_OP_shl,
            dw::DW_OP_div,
            dw::DW_OP_shra,
        ];
        if self.cuts && wraps.contains(&op) {
            self.cut();
        }
    }

    /// Takes the top for a number of the guest's width with a sign.
    fn sign(&mut self) {
        for op in [dw::DW_OP_shl, dw::DW_OP_shra] {
            self.constant(32);
            self.op(op);
        }
    }

    pub(super) fn extend(&mut self, bits: u8, signed: bool) {
        let unused = 64u8.saturating_sub(bits);
        match (unused, signed) {
            (0, _) => return,
            (_, true) => {
                for op in [dw::DW_OP_shl, dw::DW_OP_shra] {
                    self.constant(unused.into());
                    self.op(op);
                }
            }
            (_, false) => {
                self.constant(u64::MAX >> unused);
                self.op(dw::DW_OP_and);
            }
        }
        if self.cuts && signed {
            self.cut();
        }
    }
}
