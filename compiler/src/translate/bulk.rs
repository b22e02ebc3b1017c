//! `memory.copy`, `memory.fill` and `memory.init`. Compilers write the first two
//! for structures too, where the length is a small constant: those are made of
//! loads and stores here, where a builtin takes a call out of the guest.
//!
//! Nothing may be written if any byte is out of bounds (core specification,
//! 4.6.9). All is loaded before anything is stored, which is also right where
//! both overlap, and the highest bytes are stored first: memory ends at the end
//! of a page, so a store that faults there faults before all others. (With
//! explicit checks each address is that of the whole range.) An access that
//! crosses into the guard writes nothing, or is probed where it may.

use super::memory::Address;
use super::translator::Translator;
use crate::middle::copies::chunks;
use cranelift_codegen::ir::{InstBuilder, InstructionData, Opcode, Type, Value, ValueDef, types};
use precast_artifact::abi::Builtin;
use precast_artifact::index::{DataIndex, MemoryIndex};

impl Translator<'_, '_> {
    pub(super) fn memory_copy(&mut self, to: MemoryIndex, from: MemoryIndex) {
        let Some(chunks) = self.small_length() else {
            return self.copy_between(Builtin::MemoryCopy, to, from);
        };
        let (destination, source, _) = self.pop3();
        let size = chunks.iter().map(|(at, ty)| at + ty.bytes()).max().unwrap_or(0);
        let source = self.range(from, source, size);
        let destination = self.range(to, destination, size);
        let loaded: Vec<Value> = chunks
            .iter()
            .map(|(at, ty)| {
                self.b.ins().load(*ty, source.flags, source.base, source.offset + *at as i32)
            })
            .collect();
        self.store_chunks(to, destination, size, &chunks, &loaded);
    }

    pub(super) fn memory_fill(&mut self, memory: MemoryIndex) {
        let Some(chunks) = self.small_length() else {
            return self.fill_by_builtin(memory);
        };
        let (address, byte, _) = self.pop3();
        let size = chunks.iter().map(|(at, ty)| at + ty.bytes()).max().unwrap_or(0);
        let destination = self.range(memory, address, size);
        let byte = self.b.ins().ireduce(types::I8, byte);
        let filled: Vec<Value> = chunks.iter().map(|(_, ty)| self.repeated(byte, *ty)).collect();
        self.store_chunks(memory, destination, size, &chunks, &filled);
    }

    pub(super) fn memory_init(&mut self, memory: MemoryIndex, segment: DataIndex) {
        self.copy_between(Builtin::MemoryInit, memory, segment);
    }

    fn fill_by_builtin(&mut self, memory: MemoryIndex) {
        let (address, byte, length) = self.pop3();
        let args = [
            self.b.ins().iconst(types::I64, i64::from(memory.get())),
            self.index64(address),
            self.index64(byte),
            self.index64(length),
        ];
        self.call_builtin(Builtin::MemoryFill, &args);
    }

    /// The pieces of the length on top of the stack, if it is a small constant.
    fn small_length(&self) -> Option<Vec<(u32, Type)>> {
        let length = *self.stack.last().expect("validated code does not underflow the stack");
        let dfg = &self.b.func.dfg;
        let ValueDef::Result(inst, _) = dfg.value_def(dfg.resolve_aliases(length)) else {
            return None;
        };
        let InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } = dfg.insts[inst] else {
            return None;
        };
        chunks(imm.bits(), self.module.options.widest_copy)
    }

    /// Stores pieces of a range of `size` bytes, the highest first.
    fn store_chunks(
        &mut self,
        memory: MemoryIndex,
        to: Address,
        size: u32,
        chunks: &[(u32, Type)],
        values: &[Value],
    ) {
        self.changes.copies += 1;
        self.probe(memory, &to, size);
        for ((at, _), value) in chunks.iter().zip(values).rev() {
            self.b.ins().store(to.flags, *value, to.base, to.offset + *at as i32);
        }
    }

    /// A value of this type whose bytes are all the same.
    fn repeated(&mut self, byte: Value, ty: Type) -> Value {
        match ty {
            types::I8 => byte,
            types::I8X16 => self.b.ins().splat(types::I8X16, byte),
            _ => {
                let byte = self.b.ins().uextend(types::I64, byte);
                let all = self.b.ins().imul_imm_u(byte, 0x0101_0101_0101_0101);
                if ty == types::I64 { all } else { self.b.ins().ireduce(ty, all) }
            }
        }
    }
}
