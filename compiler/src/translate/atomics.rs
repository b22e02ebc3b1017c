//! Atomic operators (threads proposal), on memories that are not shared:
//! compilers emit them for programs of one thread too.
//!
//! They are sequentially consistent, and trap at an address that is not a
//! multiple of their size. Nobody can wait on such a memory, so `notify` wakes
//! nobody, and `wait` traps.

use super::translator::Translator;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, MemFlagsData, Type, Value, types};
use precast_artifact::trap::TrapCode;
use types::{I8, I16, I32, I64};
use wasmparser::{MemArg, Operator as Op};

impl Translator<'_, '_> {
    /// Address of an atomic access: in one value, checked for alignment.
    fn atomic_address(&mut self, arg: &MemArg, ty: Type) -> (Value, MemFlagsData) {
        let at = self.address(arg, ty.bytes().into());
        let address = self.b.ins().iadd_imm_s(at.base, i64::from(at.offset));
        if ty != I8 {
            // Memories begin at a page boundary.
            let low = self.b.ins().band_imm_u(address, i64::from(ty.bytes() - 1));
            let unaligned = self.b.ins().icmp_imm_u(IntCC::NotEqual, low, 0);
            self.trap_if(unaligned, TrapCode::UnalignedAtomic);
        }
        (address, at.flags)
    }

    fn narrow(&mut self, value: Value, to: Type) -> Value {
        match self.b.func.dfg.value_type(value) == to {
            true => value,
            false => self.b.ins().ireduce(to, value),
        }
    }

    fn push_widened(&mut self, value: Value, to: Type) {
        let same = self.b.func.dfg.value_type(value) == to;
        let value = if same { value } else { self.b.ins().uextend(to, value) };
        self.push(value);
    }

    fn atomic_load(&mut self, arg: &MemArg, ty: Type, to: Type) {
        let (address, flags) = self.atomic_address(arg, ty);
        let value = self.b.ins().atomic_load(ty, flags, address);
        self.push_widened(value, to);
    }

    fn atomic_store(&mut self, arg: &MemArg, ty: Type) {
        let value = self.pop();
        let value = self.narrow(value, ty);
        let (address, flags) = self.atomic_address(arg, ty);
        self.b.ins().atomic_store(flags, value, address);
    }

    fn atomic_rmw(&mut self, op: AtomicRmwOp, arg: &MemArg, ty: Type) {
        let operand = self.pop();
        let to = self.b.func.dfg.value_type(operand);
        let operand = self.narrow(operand, ty);
        let (address, flags) = self.atomic_address(arg, ty);
        let old = self.b.ins().atomic_rmw(ty, flags, op, address, operand);
        self.push_widened(old, to);
    }

    fn atomic_exchange_if(&mut self, arg: &MemArg, ty: Type) {
        let (expected, replacement) = self.pop2();
        let to = self.b.func.dfg.value_type(expected);
        // An expected value that is too large never matches: then nothing is
        // replaced, but the access is made.
        let low = self.narrow(expected, ty);
        let replacement = self.narrow(replacement, ty);
        let (address, flags) = self.atomic_address(arg, ty);
        if to == ty {
            let old = self.b.ins().atomic_cas(flags, address, low, replacement);
            return self.push(old);
        }
        let same = self.b.ins().uextend(to, low);
        let fits = self.b.ins().icmp(IntCC::Equal, same, expected);
        let (try_it, read, done) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let result = self.b.append_block_param(done, ty);
        self.b.ins().brif(fits, try_it, &[], read, &[]);
        self.b.seal_block(try_it);
        self.b.seal_block(read);
        self.b.switch_to_block(try_it);
        let old = self.b.ins().atomic_cas(flags, address, low, replacement);
        self.b.ins().jump(done, &[old.into()]);
        self.b.switch_to_block(read);
        let old = self.b.ins().atomic_load(ty, flags, address);
        self.b.ins().jump(done, &[old.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        self.push_widened(result, to);
    }

    /// The address is checked as if it were read; nobody waits.
    fn atomic_notify(&mut self, arg: &MemArg) {
        self.pop();
        self.atomic_load(arg, I32, I32);
        self.pop();
        let none = self.b.ins().iconst(I32, 0);
        self.push(none);
    }

    fn atomic_wait(&mut self) {
        self.b.ins().trap(super::flags::code(TrapCode::WaitOnUnsharedMemory));
        self.unreachable_from_here();
    }

    #[rustfmt::skip]
    pub(super) fn atomic(&mut self, op: &Op<'_>) -> bool {
        match op {
            Op::AtomicFence { .. } => { self.b.ins().fence(); }
            Op::MemoryAtomicNotify { memarg } => self.atomic_notify(memarg),
            Op::MemoryAtomicWait32 { .. } | Op::MemoryAtomicWait64 { .. } => self.atomic_wait(),
            Op::I32AtomicLoad { memarg } => self.atomic_load(memarg, I32, I32),
            Op::I64AtomicLoad { memarg } => self.atomic_load(memarg, I64, I64),
            Op::I32AtomicLoad8U { memarg } => self.atomic_load(memarg, I8, I32),
            Op::I32AtomicLoad16U { memarg } => self.atomic_load(memarg, I16, I32),
            Op::I64AtomicLoad8U { memarg } => self.atomic_load(memarg, I8, I64),
            Op::I64AtomicLoad16U { memarg } => self.atomic_load(memarg, I16, I64),
            Op::I64AtomicLoad32U { memarg } => self.atomic_load(memarg, I32, I64),
            Op::I32AtomicStore { memarg } | Op::I64AtomicStore32 { memarg } => self.atomic_store(memarg, I32),
            Op::I64AtomicStore { memarg } => self.atomic_store(memarg, I64),
            Op::I32AtomicStore8 { memarg } | Op::I64AtomicStore8 { memarg } => self.atomic_store(memarg, I8),
            Op::I32AtomicStore16 { memarg } | Op::I64AtomicStore16 { memarg } => self.atomic_store(memarg, I16),
            _ => return self.atomic_update(op),
        }
        true
    }

    #[rustfmt::skip]
    fn atomic_update(&mut self, op: &Op<'_>) -> bool {
        use AtomicRmwOp::{Add, And, Or, Sub, Xchg, Xor};
        match op {
            Op::I32AtomicRmwAdd { memarg } | Op::I64AtomicRmw32AddU { memarg } => self.atomic_rmw(Add, memarg, I32),
            Op::I32AtomicRmwSub { memarg } | Op::I64AtomicRmw32SubU { memarg } => self.atomic_rmw(Sub, memarg, I32),
            Op::I32AtomicRmwAnd { memarg } | Op::I64AtomicRmw32AndU { memarg } => self.atomic_rmw(And, memarg, I32),
            Op::I32AtomicRmwOr { memarg } | Op::I64AtomicRmw32OrU { memarg } => self.atomic_rmw(Or, memarg, I32),
            Op::I32AtomicRmwXor { memarg } | Op::I64AtomicRmw32XorU { memarg } => self.atomic_rmw(Xor, memarg, I32),
            Op::I32AtomicRmwXchg { memarg } | Op::I64AtomicRmw32XchgU { memarg } => self.atomic_rmw(Xchg, memarg, I32),
            Op::I64AtomicRmwAdd { memarg } => self.atomic_rmw(Add, memarg, I64),
            Op::I64AtomicRmwSub { memarg } => self.atomic_rmw(Sub, memarg, I64),
            Op::I64AtomicRmwAnd { memarg } => self.atomic_rmw(And, memarg, I64),
            Op::I64AtomicRmwOr { memarg } => self.atomic_rmw(Or, memarg, I64),
            Op::I64AtomicRmwXor { memarg } => self.atomic_rmw(Xor, memarg, I64),
            Op::I64AtomicRmwXchg { memarg } => self.atomic_rmw(Xchg, memarg, I64),
            Op::I32AtomicRmw8AddU { memarg } | Op::I64AtomicRmw8AddU { memarg } => self.atomic_rmw(Add, memarg, I8),
            Op::I32AtomicRmw8SubU { memarg } | Op::I64AtomicRmw8SubU { memarg } => self.atomic_rmw(Sub, memarg, I8),
            Op::I32AtomicRmw8AndU { memarg } | Op::I64AtomicRmw8AndU { memarg } => self.atomic_rmw(And, memarg, I8),
            Op::I32AtomicRmw8OrU { memarg } | Op::I64AtomicRmw8OrU { memarg } => self.atomic_rmw(Or, memarg, I8),
            Op::I32AtomicRmw8XorU { memarg } | Op::I64AtomicRmw8XorU { memarg } => self.atomic_rmw(Xor, memarg, I8),
            Op::I32AtomicRmw8XchgU { memarg } | Op::I64AtomicRmw8XchgU { memarg } => self.atomic_rmw(Xchg, memarg, I8),
            Op::I32AtomicRmw16AddU { memarg } | Op::I64AtomicRmw16AddU { memarg } => self.atomic_rmw(Add, memarg, I16),
            Op::I32AtomicRmw16SubU { memarg } | Op::I64AtomicRmw16SubU { memarg } => self.atomic_rmw(Sub, memarg, I16),
            Op::I32AtomicRmw16AndU { memarg } | Op::I64AtomicRmw16AndU { memarg } => self.atomic_rmw(And, memarg, I16),
            Op::I32AtomicRmw16OrU { memarg } | Op::I64AtomicRmw16OrU { memarg } => self.atomic_rmw(Or, memarg, I16),
            Op::I32AtomicRmw16XorU { memarg } | Op::I64AtomicRmw16XorU { memarg } => self.atomic_rmw(Xor, memarg, I16),
            Op::I32AtomicRmw16XchgU { memarg } | Op::I64AtomicRmw16XchgU { memarg } => self.atomic_rmw(Xchg, memarg, I16),
            Op::I32AtomicRmwCmpxchg { memarg } | Op::I64AtomicRmw32CmpxchgU { memarg } => self.atomic_exchange_if(memarg, I32),
            Op::I64AtomicRmwCmpxchg { memarg } => self.atomic_exchange_if(memarg, I64),
            Op::I32AtomicRmw8CmpxchgU { memarg } | Op::I64AtomicRmw8CmpxchgU { memarg } => self.atomic_exchange_if(memarg, I8),
            Op::I32AtomicRmw16CmpxchgU { memarg } | Op::I64AtomicRmw16CmpxchgU { memarg } => self.atomic_exchange_if(memarg, I16),
            _ => return false,
        }
        true
    }
}
