//! Linear memory: addressing, scalar loads and stores, growth.

use super::translator::Translator;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use precast_artifact::abi::{self, Builtin};
use precast_artifact::index::MemoryIndex;
use precast_artifact::module::{MemoryEntity, MemoryModel};
use wasmparser::MemArg;

/// An address as loads and stores take it.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub base: Value,
    pub offset: i32,
    pub flags: MemFlagsData,
}

impl Translator<'_, '_> {
    /// Takes an index off the stack and gives the address of an access of
    /// `size` bytes there.
    pub(super) fn address(&mut self, arg: &MemArg, size: u64) -> Address {
        let wasmparser::MemArgTarget::Memory(memory) = arg.target else {
            unreachable!("validated: no arrays without garbage collection");
        };
        let index = self.pop();
        self.address_in(MemoryIndex::new(memory), index, arg.offset, size)
    }

    /// The address of `size` bytes at an index.
    pub(super) fn range(&mut self, memory: MemoryIndex, index: Value, size: u32) -> Address {
        self.address_in(memory, index, 0, size.into())
    }

    fn address_in(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u64) -> Address {
        match self.module.memory(memory).model {
            MemoryModel::Guard => self.guarded(memory, index, offset, size),
            MemoryModel::Bounds => {
                let index = self.index64(index);
                self.bounded(memory, index, offset, size)
            }
        }
    }

    /// The address of an access that page protection checks: it lies inside
    /// the reservation or in the guard after it, whatever the index. There is
    /// no branch to speculate past.
    fn guarded(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u64) -> Address {
        let &MemoryEntity { ty, reservation, guard, .. } = self.module.memory(memory);
        let largest = if ty.index64 { u64::MAX } else { u32::MAX.into() };
        let highest = offset.checked_add(size).and_then(|n| (reservation + guard).checked_sub(n));
        let (address, offset) = match highest {
            Some(highest) if largest <= highest => (self.plain_address(memory, index), offset),
            Some(highest) => {
                let (index, base) = (self.index64(index), self.memory_base(memory));
                let limit = highest as i64;
                let outside = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, index, limit);
                // Together with the offset, the substitute is at the guard's
                // start, or inside it.
                let substitute = reservation.saturating_sub(offset);
                let substitute = self.b.ins().iconst(types::I64, substitute as i64);
                let index = self.b.ins().select_spectre_guard(outside, substitute, index);
                (self.b.ins().iadd(base, index), offset)
            }
            // No index is in bounds.
            None => {
                let base = self.memory_base(memory);
                (self.b.ins().iadd_imm_s(base, reservation as i64), 0)
            }
        };
        // Cranelift's offsets are signed 32-bit numbers.
        match i32::try_from(offset) {
            Ok(offset) => self.at(address, offset),
            Err(_) => {
                let address = self.b.ins().iadd_imm_s(address, offset as i64);
                self.at(address, 0)
            }
        }
    }

    /// The address at an index that needs no check.
    fn plain_address(&mut self, memory: MemoryIndex, index: Value) -> Value {
        let block = self.b.current_block().expect("code is translated into a block");
        if let Some(known) = self.addresses.get(memory, index, block) {
            return known;
        }
        let (wide, base) = (self.index64(index), self.memory_base(memory));
        let address = self.b.ins().iadd(base, wide);
        self.addresses.keep(memory, index, block, address);
        address
    }

    /// The address of an access that is compared with the memory's length:
    /// close to zero where it is outside, so that the access itself traps, and
    /// nothing can be speculated past. Over no check, this costs 0 to 80 %
    /// (seven programs, geometric mean 1.31); a branch in its place costs 1.11
    /// and lets speculation through, both together 1.39.
    fn bounded(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u64) -> Address {
        let Some(reach) = offset.checked_add(size) else {
            let null = self.b.ins().iconst(types::I64, 0);
            return self.at(null, 0);
        };
        let outside = self.outside(memory, index, reach);
        let base = self.memory_base(memory);
        let mut address = self.b.ins().iadd(base, index);
        let mut offset = offset;
        if reach > abi::NULL_GUARD {
            address = self.b.ins().iadd_imm_s(address, offset as i64);
            offset = 0;
        }
        let null = self.b.ins().iconst(types::I64, 0);
        let address = self.b.ins().select_spectre_guard(outside, null, address);
        self.at(address, offset as i32)
    }

    /// Whether `index + reach` is more than a memory's length, without
    /// overflow.
    fn outside(&mut self, memory: MemoryIndex, index: Value, reach: u64) -> Value {
        let ty = self.module.memory(memory).ty;
        let length = self.memory_length(memory);
        let constant = self.b.ins().iconst(types::I64, reach as i64);
        if !ty.index64 && reach <= 1 << 40 {
            let end = self.b.ins().iadd(index, constant);
            return self.b.ins().icmp(IntCC::UnsignedGreaterThan, end, length);
        }
        let highest = self.b.ins().isub(length, constant);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThan, index, highest);
        // A memory never shrinks.
        if ty.min_bytes().is_some_and(|least| reach <= least) {
            return outside;
        }
        let short = self.b.ins().icmp(IntCC::UnsignedLessThan, length, constant);
        self.b.ins().bor(outside, short)
    }

    fn at(&self, base: Value, offset: i32) -> Address {
        Address { base, offset, flags: self.flags.heap() }
    }

    /// Length of a memory in bytes.
    fn memory_length(&mut self, memory: MemoryIndex) -> Value {
        let (definition, offset) = self.memory_definition(memory);
        let flags = self.flags.definitions();
        self.b.ins().load(types::I64, flags, definition, offset + abi::DEFINITION_LENGTH)
    }

    /// Base address of a memory; it never moves.
    fn memory_base(&mut self, memory: MemoryIndex) -> Value {
        let flags = self.flags.context();
        if memory == MemoryIndex::new(0) {
            return match self.module.memory0_at_context() {
                true => self.ctx,
                false => self.b.ins().load(types::I64, flags, self.ctx, abi::CTX_MEMORY0_BASE),
            };
        }
        let (definition, offset) = self.memory_definition(memory);
        self.b.ins().load(types::I64, flags, definition, offset + abi::DEFINITION_BASE)
    }

    /// Address and offset of a memory's definition.
    fn memory_definition(&mut self, memory: MemoryIndex) -> (Value, i32) {
        let offset = self.module.memory_definition(memory);
        if self.module.memory(memory).imported {
            let flags = self.flags.context();
            (self.b.ins().load(types::I64, flags, self.ctx, offset), 0)
        } else {
            (self.ctx, offset)
        }
    }

    pub(super) fn load(&mut self, arg: &MemArg, ty: Type) {
        let at = self.address(arg, ty.bytes().into());
        let value = self.b.ins().load(ty, at.flags, at.base, at.offset);
        self.push(value);
    }

    /// A load of `from` that is extended to `to`.
    pub(super) fn load_extend(&mut self, arg: &MemArg, from: Type, to: Type, signed: bool) {
        let at = self.address(arg, from.bytes().into());
        let (f, b, o) = (at.flags, at.base, at.offset);
        let ins = self.b.ins();
        let value = match (from, signed) {
            (types::I8, false) => ins.uload8(to, f, b, o),
            (types::I8, true) => ins.sload8(to, f, b, o),
            (types::I16, false) => ins.uload16(to, f, b, o),
            (types::I16, true) => ins.sload16(to, f, b, o),
            (types::I32, false) => ins.uload32(f, b, o),
            (types::I32, true) => ins.sload32(f, b, o),
            _ => unreachable!("loads extend from 8, 16 and 32 bits"),
        };
        self.push(value);
    }

    pub(super) fn store(&mut self, arg: &MemArg) {
        let value = self.pop();
        let size = self.b.func.dfg.value_type(value).bytes();
        let at = self.address(arg, size.into());
        self.probe_store(arg, &at, size);
        self.b.ins().store(at.flags, value, at.base, at.offset);
    }

    /// Before a store of `size` bytes, reads its last one, if stores shall be
    /// precise: some machines do a store across the end of memory in pieces,
    /// of which the first is written before the second faults, while a store
    /// that traps must write nothing (core specification, 4.6.9).
    fn probe_store(&mut self, arg: &MemArg, at: &Address, size: u32) {
        let wasmparser::MemArgTarget::Memory(memory) = arg.target else { return };
        self.probe(MemoryIndex::new(memory), at, size);
    }

    /// The same, of a store to this memory.
    pub(super) fn probe(&mut self, memory: MemoryIndex, at: &Address, size: u32) {
        let checked = self.module.memory(memory).model == MemoryModel::Bounds;
        if !self.module.options.precise_stores || checked || size == 1 {
            return;
        }
        let last = size as i32 - 1;
        let (base, offset) = match at.offset.checked_add(last) {
            Some(offset) => (at.base, offset),
            None => (self.b.ins().iadd_imm_s(at.base, i64::from(last)), at.offset),
        };
        // As it may trap, it stays although nothing uses what it reads.
        self.b.ins().uload8(types::I64, at.flags, base, offset);
    }

    /// A store of the low bits of a value.
    pub(super) fn store_low(&mut self, arg: &MemArg, ty: Type) {
        let value = self.pop();
        let at = self.address(arg, ty.bytes().into());
        self.probe_store(arg, &at, ty.bytes());
        let (f, b, o) = (at.flags, at.base, at.offset);
        match ty {
            types::I8 => self.b.ins().istore8(f, value, b, o),
            types::I16 => self.b.ins().istore16(f, value, b, o),
            types::I32 => self.b.ins().istore32(f, value, b, o),
            _ => unreachable!("stores narrow to 8, 16 and 32 bits"),
        };
    }

    pub(super) fn memory_size(&mut self, memory: MemoryIndex) {
        let bytes = self.memory_length(memory);
        let ty = self.module.memory(memory).ty;
        let pages = self.b.ins().ushr_imm_u(bytes, i64::from(ty.page_size_log2));
        self.push_index(pages, ty.index64);
    }

    pub(super) fn memory_grow(&mut self, memory: MemoryIndex) {
        let delta = self.pop();
        let delta = self.index64(delta);
        let number = self.b.ins().iconst(types::I64, i64::from(memory.get()));
        let old = self.call_builtin(Builtin::MemoryGrow, &[number, delta]);
        let index64 = self.module.memory(memory).ty.index64;
        self.push_index(old, index64);
    }
}
