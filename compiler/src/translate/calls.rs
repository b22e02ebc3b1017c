//! Calls: to defined functions, to imports, through tables, and their tail forms.

use super::signatures::signature;
use super::state::FuelPlace;
use super::translator::Translator;
use crate::error::Result;
use crate::external_name;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, ExtFuncData, ExternalName, FuncRef, InstBuilder, SigRef, Signature, Value, types,
};
use cranelift_codegen::isa::CallConv;
use precast_artifact::abi::{self, Builtin, TableKind};
use precast_artifact::index::{CanonicalTypeIndex, FuncIndex, TableIndex, TypeIndex};
use precast_artifact::trap::TrapCode;

/// Whether a call returns here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    Normal,
    Tail,
}

/// What a call instruction names.
pub(super) enum CallTarget {
    Function(FuncRef),
    Pointer(SigRef, Value),
}

/// Where an indirect call goes.
pub(super) struct Callee {
    code: Value,
    context: Value,
}

impl Translator<'_, '_> {
    pub(super) fn call(&mut self, function: FuncIndex, kind: CallKind) -> Result<()> {
        if let [inlined, ..] = self.to_inline() {
            return self.inline(&inlined.callee, kind);
        }
        let ty = self.module.type_of(function);
        if let Some(slot) = self.module.import(function) {
            let flags = self.flags.context();
            let code = self.b.ins().load(types::I64, flags, self.ctx, slot + abi::IMPORT_CODE);
            let context =
                self.b.ins().load(types::I64, flags, self.ctx, slot + abi::IMPORT_CONTEXT);
            self.call_pointer(ty, Callee { code, context }, kind);
            return Ok(());
        }
        let callee = self.callee(function, ty);
        let args = self.call_args(ty, self.ctx);
        match kind {
            CallKind::Tail if !self.is_inlined() => {
                self.b.ins().return_call(callee, &args);
                self.unreachable_from_here();
            }
            _ => self.call_and_return(ty, CallTarget::Function(callee), &args, kind),
        }
        Ok(())
    }

    /// A call that comes back, after which a tail call of an inlined body
    /// leaves that.
    fn call_and_return(
        &mut self,
        ty: CanonicalTypeIndex,
        target: CallTarget,
        args: &[Value],
        kind: CallKind,
    ) {
        let results = self.call_or_try(ty, target, args);
        self.stack.extend(results);
        if kind == CallKind::Tail {
            self.return_();
        }
    }

    pub(super) fn call_indirect(
        &mut self,
        ty: TypeIndex,
        table: TableIndex,
        kind: CallKind,
    ) -> Result<()> {
        let ty = self.module.types().canonical(ty);
        let index = self.pop();
        match self.to_inline() {
            [] => self.call_through(ty, table, index, kind),
            guesses => self.call_guessed(guesses, ty, table, index)?,
        }
        Ok(())
    }

    /// Calls what the table has at an index.
    pub(super) fn call_through(
        &mut self,
        ty: CanonicalTypeIndex,
        table: TableIndex,
        index: Value,
        kind: CallKind,
    ) {
        let callee = match self.module.table(table).kind {
            TableKind::Private => self.private_callee(ty, table, index),
            TableKind::Public | TableKind::Imported => self.public_callee(ty, table, index),
        };
        self.call_pointer(ty, callee, kind);
    }

    /// A call through a typed reference: its type needs no check.
    pub(super) fn call_ref(&mut self, ty: TypeIndex, kind: CallKind) {
        let ty = self.module.types().canonical(ty);
        let funcref = self.pop();
        self.b.ins().trapz(funcref, super::flags::code(TrapCode::NullReference));
        let callee = self.funcref_callee(funcref);
        self.call_pointer(ty, callee, kind);
    }

    fn call_pointer(&mut self, ty: CanonicalTypeIndex, callee: Callee, kind: CallKind) {
        let signature = self.signature(ty);
        let args = self.call_args(ty, callee.context);
        match kind {
            CallKind::Tail if !self.is_inlined() => {
                self.b.ins().return_call_indirect(signature, callee.code, &args);
                self.unreachable_from_here();
            }
            _ => self.call_and_return(ty, CallTarget::Pointer(signature, callee.code), &args, kind),
        }
    }

    /// A call that comes back: inside a `try_table`, exceptions go to its
    /// handler.
    fn call_or_try(
        &mut self,
        ty: CanonicalTypeIndex,
        target: CallTarget,
        args: &[Value],
    ) -> Vec<Value> {
        let results = match (self.handlers.last(), target) {
            (Some(handler), target) => self.try_call(ty, target, args, *handler),
            (None, CallTarget::Function(callee)) => {
                let call = self.b.ins().call(callee, args);
                self.b.inst_results(call).to_vec()
            }
            (None, CallTarget::Pointer(signature, code)) => {
                let call = self.b.ins().call_indirect(signature, code, args);
                self.b.inst_results(call).to_vec()
            }
        };
        // What is called may have paid, and a host function given more.
        self.fuel_is_in(FuelPlace::STORE);
        results
    }

    /// Takes the parameters of a call off the stack, the context before them.
    fn call_args(&mut self, ty: CanonicalTypeIndex, context: Value) -> Vec<Value> {
        let count = self.module.types().get(ty).params.len();
        let mut args = vec![context];
        args.extend(self.pop_many(count));
        args
    }

    /// A private table's entry: `{type id, offset from the table}`. The
    /// length and the type id are constants, and an index out of bounds is
    /// replaced by that of the null entry after the last, so that one
    /// comparison and one branch check everything. Nothing is left to
    /// speculate past: no entry outside the table can be loaded.
    pub(super) fn private_callee(
        &mut self,
        ty: CanonicalTypeIndex,
        table: TableIndex,
        index: Value,
    ) -> Callee {
        let size = self.module.table(table).min as i64;
        let base = self.table_symbol(table);
        let outside = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, index, size);
        let null = self.b.ins().iconst(types::I64, size);
        let wide = self.index64(index);
        let place = self.b.ins().select_spectre_guard(outside, null, wide);
        let offset = self.b.ins().ishl_imm_u(place, i64::from(abi::PRIVATE_ENTRY_SIZE.ilog2()));
        let entry = self.b.ins().iadd(base, offset);
        let flags = self.flags.private_tables();
        let found = self.b.ins().load(types::I32, flags, entry, abi::PRIVATE_TYPE);
        let matches = self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(ty.get()) + 1);
        self.check_signature(matches, found, index, size);
        let offset = self.b.ins().sload32(flags, entry, abi::PRIVATE_OFFSET);
        let code = self.b.ins().iadd(base, offset);
        Callee { code, context: self.ctx }
    }

    /// A public table's entry: the address of a funcref record, or null.
    fn public_callee(&mut self, ty: CanonicalTypeIndex, table: TableIndex, index: Value) -> Callee {
        let funcref = self.table_load(table, index);
        self.b.ins().trapz(funcref, super::flags::code(TrapCode::IndirectCallToNull));
        let context_flags = self.flags.context();
        let ids = self.b.ins().load(types::I64, context_flags, self.ctx, abi::CTX_TYPE_IDS);
        let expected = self.b.ins().load(types::I32, context_flags, ids, ty.get() as i32 * 4);
        let flags = self.flags.funcref();
        let found = self.b.ins().load(types::I32, flags, funcref, abi::FUNCREF_TYPE);
        let differs = self.b.ins().icmp(IntCC::NotEqual, found, expected);
        self.trap_if(differs, TrapCode::BadSignature);
        self.funcref_callee(funcref)
    }

    fn funcref_callee(&mut self, funcref: Value) -> Callee {
        // A host function's code may be filled in after its record was made,
        // but never once a guest can see the record.
        let flags = self.flags.funcref();
        let code = self.b.ins().load(types::I64, flags, funcref, abi::FUNCREF_CODE);
        let context = self.b.ins().load(types::I64, flags, funcref, abi::FUNCREF_CONTEXT);
        Callee { code, context }
    }

    /// Traps unless `matches`; the reason is told apart off the hot path.
    fn check_signature(&mut self, matches: Value, found: Value, index: Value, size: i64) {
        let wrong = self.b.create_block();
        let next = self.b.create_block();
        self.b.set_cold_block(wrong);
        self.b.ins().brif(matches, next, &[], wrong, &[]);
        self.b.seal_block(wrong);
        self.b.seal_block(next);
        self.b.switch_to_block(wrong);
        let outside = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, index, size);
        self.trap_if(outside, TrapCode::TableOutOfBounds);
        self.b.ins().trapz(found, super::flags::code(TrapCode::IndirectCallToNull));
        self.b.ins().trap(super::flags::code(TrapCode::BadSignature));
        self.b.switch_to_block(next);
    }

    pub(super) fn signature(&mut self, ty: CanonicalTypeIndex) -> SigRef {
        if let Some(known) = self.signatures.get(&ty) {
            return *known;
        }
        let data = signature(self.module.types().get(ty));
        let imported = self.b.import_signature(data);
        self.signatures.insert(ty, imported);
        imported
    }

    fn callee(&mut self, function: FuncIndex, ty: CanonicalTypeIndex) -> FuncRef {
        if let Some(known) = self.callees.get(&function) {
            return *known;
        }
        let signature = self.signature(ty);
        let name = external_name::function(self.module.index, function);
        let name = ExternalName::user(self.b.func.declare_imported_user_function(name));
        let data = ExtFuncData { name, signature, colocated: true, patchable: false };
        let imported = self.b.import_function(data);
        self.callees.insert(function, imported);
        imported
    }

    /// Calls a builtin with the context and `args`, all 64-bit.
    pub(super) fn call_builtin(&mut self, builtin: Builtin, args: &[Value]) -> Value {
        debug_assert_eq!(builtin.arguments(), args.len() + 1);
        let signature = match self.builtins.get(&args.len()) {
            Some(known) => *known,
            None => {
                let imported = self.b.import_signature(builtin_signature(args.len() + 1));
                self.builtins.insert(args.len(), imported);
                imported
            }
        };
        let flags = self.flags.context();
        let table = self.b.ins().load(types::I64, flags, self.ctx, abi::CTX_BUILTINS);
        let code = self.b.ins().load(types::I64, flags, table, builtin.offset());
        let mut all = vec![self.ctx];
        all.extend_from_slice(args);
        let call = self.b.ins().call_indirect(signature, code, &all);
        self.b.inst_results(call)[0]
    }
}

/// Signature of a builtin with this many arguments, the context included.
pub(super) fn builtin_signature(arguments: usize) -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.extend((0..arguments).map(|_| AbiParam::new(types::I64)));
    signature.returns.push(AbiParam::new(types::I64));
    signature
}
