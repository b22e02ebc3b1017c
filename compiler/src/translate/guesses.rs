//! Calls through tables in whose place bodies stand, each behind a comparison of
//! the index with that of its entry: what the table holds is known, see
//! [`targets`](crate::middle::targets).

use super::calls::CallKind;
use super::input::InlineCall;
use super::translator::Translator;
use crate::error::Result;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use precast_artifact::index::{CanonicalTypeIndex, TableIndex};
use precast_artifact::trap::TrapCode;

impl<'a> Translator<'a, '_> {
    /// Translates the bodies that a call through a table may reach, and the call
    /// for all other indices. The arguments are on the operand stack.
    pub(super) fn call_guessed(
        &mut self,
        guesses: &'a [InlineCall<'a>],
        ty: CanonicalTypeIndex,
        table: TableIndex,
        index: Value,
    ) -> Result<()> {
        let call = self.b.srcloc();
        let types = self.module.types();
        let height = self.stack.len() - types.get(ty).params.len();
        let args = self.stack.split_off(height);
        let next = self.block_with(&types.get(ty).results);
        let entries = guesses[0].guess.map_or(0, |guess| guess.entries as usize);
        let all = guesses.len() == entries;
        let (fuel, fuel_after) = (self.fuel_place(), self.fuel_after_guess(all));
        let mut returns = false;
        for InlineCall { guess, callee, .. } in guesses {
            let guess = guess.expect("calls through tables are guessed");
            let other = self.if_entry(index, guess.entry);
            self.stack.extend_from_slice(&args);
            self.inline(callee, CallKind::Normal)?;
            returns |= self.go_on(next, height);
            self.fuel_is_in(fuel);
            self.b.set_srcloc(call);
            self.b.switch_to_block(other);
            self.reachable = true;
        }
        if all {
            let rest = self.b.current_block().expect("it was switched to");
            self.b.set_cold_block(rest);
            // No entry of the type is left: the checks have trapped.
            self.private_callee(ty, table, index);
            self.b.ins().trap(super::flags::code(TrapCode::BadSignature));
        } else {
            self.stack.extend_from_slice(&args);
            self.call_through(ty, table, index, CallKind::Normal);
            returns |= self.go_on(next, height);
        }
        self.b.seal_block(next);
        self.reachable = returns;
        self.fuel_is_in(fuel_after);
        if returns {
            self.b.switch_to_block(next);
            self.stack.extend_from_slice(self.b.block_params(next));
        }
        Ok(())
    }

    /// Goes on where the index is that of an entry; gives the block for others.
    fn if_entry(&mut self, index: Value, entry: u32) -> Block {
        let (this, other) = (self.b.create_block(), self.b.create_block());
        let is = self.b.ins().icmp_imm_u(IntCC::Equal, index, i64::from(entry));
        self.b.ins().brif(is, this, &[], other, &[]);
        self.b.seal_block(this);
        self.b.seal_block(other);
        self.b.switch_to_block(this);
        other
    }

    /// Leaves with what is on the operand stack above a height; gives whether
    /// this place can be reached.
    fn go_on(&mut self, next: Block, height: usize) -> bool {
        let results = self.stack.split_off(height);
        if self.reachable {
            self.jump(next, &results);
        }
        self.reachable
    }
}
