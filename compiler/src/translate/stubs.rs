//! Stubs: the code between host and guest, one per signature, never one per
//! function.
//!
//! Values cross in an array of 16-byte slots that holds the parameters before
//! the call and the results after it.

use super::calls::builtin_signature;
use super::signatures::{clif_type, signature};
use crate::plan::VALUE_SIZE;
use cranelift_codegen::ir::{
    self, AbiParam, Function, InstBuilder, MemFlagsData, Signature, StackSlotData, StackSlotKind,
    Value, types,
};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use precast_artifact::abi::{self, Builtin};
use precast_artifact::types::{FuncType, ValType};

/// Host to guest: `(callee context, callee code, values)`, System V.
pub(crate) fn entry_stub(
    ty: &FuncType,
    func: &mut Function,
    scratch: &mut FunctionBuilderContext,
    frontend: TargetFrontendConfig,
) {
    func.signature = Signature::new(CallConv::SystemV);
    func.signature.params.extend([AbiParam::new(types::I64); 3]);
    let mut b = begin(func, scratch);
    let [context, code, values] = *parameters(&b) else { unreachable!("three parameters") };
    let mut args = vec![context];
    args.extend(load_values(&mut b, values, &ty.params));
    let callee = b.import_signature(signature(ty));
    let call = b.ins().call_indirect(callee, code, &args);
    let results = b.inst_results(call).to_vec();
    store_values(&mut b, values, &results);
    b.ins().return_(&[]);
    b.finalize(frontend);
}

/// Guest to host: looks like a guest function to its caller, and forwards the
/// call to [`Builtin::HostCall`].
pub(crate) fn host_stub(
    ty: &FuncType,
    func: &mut Function,
    scratch: &mut FunctionBuilderContext,
    frontend: TargetFrontendConfig,
) {
    func.signature = signature(ty);
    let mut b = begin(func, scratch);
    let all = parameters(&b).to_vec();
    let (context, args) = all.split_first().expect("the context comes first");
    let slots = ty.params.len().max(ty.results.len()) as u32;
    let slot = b.create_sized_stack_slot(StackSlotData::new(
        StackSlotKind::ExplicitSlot,
        slots * abi::VALUE_SIZE,
        4,
    ));
    let values = b.ins().stack_addr(types::I64, slot, 0);
    store_values(&mut b, values, args);
    let table = b.ins().load(types::I64, MemFlagsData::trusted(), *context, abi::CTX_BUILTINS);
    let offset = Builtin::HostCall.offset();
    let code = b.ins().load(types::I64, MemFlagsData::trusted(), table, offset);
    let callee = b.import_signature(builtin_signature(Builtin::HostCall.arguments()));
    b.ins().call_indirect(callee, code, &[*context, values]);
    let results = load_values(&mut b, values, &ty.results);
    b.ins().return_(&results);
    b.finalize(frontend);
}

/// Forwards to an imported function: what a private table holds for it.
pub(crate) fn import_stub(
    ty: &FuncType,
    slot: i32,
    func: &mut Function,
    scratch: &mut FunctionBuilderContext,
    frontend: TargetFrontendConfig,
) {
    func.signature = signature(ty);
    let mut b = begin(func, scratch);
    let mut args = parameters(&b).to_vec();
    let flags = MemFlagsData::trusted();
    let code = b.ins().load(types::I64, flags, args[0], slot + abi::IMPORT_CODE);
    args[0] = b.ins().load(types::I64, flags, args[0], slot + abi::IMPORT_CONTEXT);
    let callee = b.import_signature(signature(ty));
    b.ins().return_call_indirect(callee, code, &args);
    b.finalize(frontend);
}

fn begin<'f>(
    func: &'f mut Function,
    scratch: &'f mut FunctionBuilderContext,
) -> FunctionBuilder<'f> {
    let mut b = FunctionBuilder::new(func, scratch);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    b.seal_block(entry);
    b
}

fn parameters<'b>(b: &'b FunctionBuilder<'_>) -> &'b [Value] {
    b.block_params(b.current_block().expect("the entry block is current"))
}

fn load_values(b: &mut FunctionBuilder<'_>, values: Value, types: &[ValType]) -> Vec<Value> {
    let flags = MemFlagsData::trusted().with_endianness(ir::Endianness::Little);
    let load = |(index, ty): (usize, &ValType)| {
        b.ins().load(clif_type(*ty), flags, values, index as i32 * VALUE_SIZE)
    };
    types.iter().enumerate().map(load).collect()
}

fn store_values(b: &mut FunctionBuilder<'_>, values: Value, stored: &[Value]) {
    let flags = MemFlagsData::trusted().with_endianness(ir::Endianness::Little);
    for (index, value) in stored.iter().enumerate() {
        b.ins().store(flags, *value, values, index as i32 * VALUE_SIZE);
    }
}
