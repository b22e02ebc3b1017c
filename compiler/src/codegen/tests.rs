//! What is taken out of the code generator's result.

use super::{Density, generate};
use crate::options::{OptLevel, Options};
use crate::target::Target;
use cranelift_codegen::Context;
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, types};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use precast_artifact::address_map::Site;

#[test]
fn references_that_outlive_a_call_are_in_its_stack_map() {
    let target = Target::all(&Options::default()).expect("this machine").remove(0);
    let mut context = Context::new();
    let mut scratch = FunctionBuilderContext::new();
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.extend([AbiParam::new(types::I64); 2]);
    signature.returns.push(AbiParam::new(types::I64));
    context.func.signature = signature.clone();
    let mut b = FunctionBuilder::new(&mut context.func, &mut scratch);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    b.seal_block(entry);
    let [code, reference] = *b.block_params(entry) else { unreachable!("two parameters") };
    b.declare_value_needs_stack_map(reference);
    let callee = b.import_signature(signature);
    b.ins().call_indirect(callee, code, &[code, code]);
    // The last use of the reference is this call.
    b.ins().call_indirect(callee, code, &[code, reference]);
    b.ins().return_(&[code]);
    b.finalize(target.isa.frontend_config());
    let function = generate(&mut context, &target, None, Density::Aligned).expect("code");
    let calls = function.sites.iter().filter(|site| site.site == Site::Call);
    let calls: Vec<u32> = calls.map(|site| site.offset.get()).collect();
    let [map] = &function.stack_maps[..] else { panic!("{:?}", function.stack_maps) };
    assert_eq!(map.slots.len(), 1);
    assert_eq!(map.offset.get(), calls[0] + 1, "the return address of the first call");
}

#[test]
fn large_functions_with_loops_begin_at_lines_unless_size_is_what_counts() {
    let alignment = |opt_level, loops: bool| {
        let options = Options { opt_level, ..Options::default() };
        let target = Target::all(&options).expect("this machine").remove(0);
        let mut context = Context::new();
        let mut scratch = FunctionBuilderContext::new();
        let mut signature = Signature::new(CallConv::Tail);
        signature.params.extend([AbiParam::new(types::I64); 2]);
        signature.returns.push(AbiParam::new(types::I64));
        context.func.signature = signature;
        let mut b = FunctionBuilder::new(&mut context.func, &mut scratch);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let [first, other] = *b.block_params(entry) else { unreachable!("two parameters") };
        let (body, end) = (b.create_block(), b.create_block());
        let mut value = b.append_block_param(body, types::I64);
        b.ins().jump(body, &[first.into()]);
        b.switch_to_block(body);
        for _ in 0..200 {
            let product = b.ins().imul(value, other);
            value = b.ins().bxor(product, value);
        }
        if loops {
            b.ins().brif(value, body, &[value.into()], end, &[]);
        } else {
            b.ins().jump(end, &[]);
        }
        b.seal_block(body);
        b.switch_to_block(end);
        b.seal_block(end);
        b.ins().return_(&[value]);
        b.finalize(target.isa.frontend_config());
        let function = generate(&mut context, &target, None, Density::Aligned).expect("code");
        assert!(function.code.len() >= super::LARGE_FUNCTION);
        function.alignment
    };
    assert_eq!(alignment(OptLevel::Speed, true), super::CACHE_LINE);
    assert!(alignment(OptLevel::Speed, false) < super::CACHE_LINE);
    assert!(alignment(OptLevel::Size, true) < super::CACHE_LINE);
}
