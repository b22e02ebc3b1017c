//! Functions whose live ranges are counted by hand.

use super::{live_length, longest};
use crate::options::Options;
use crate::target::Target;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, Signature, types};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Switch};

/// A function of one `i32` to another, whose body `build` makes.
fn function(build: impl FnOnce(&mut FunctionBuilder)) -> Function {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.push(AbiParam::new(types::I32));
    signature.returns.push(AbiParam::new(types::I32));
    let mut function = Function::with_name_signature(Default::default(), signature);
    let mut scratch = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut function, &mut scratch);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    build(&mut b);
    b.seal_all_blocks();
    let target = Target::all(&Options::default()).expect("this machine").remove(0);
    b.finalize(target.isa.frontend_config());
    function
}

#[test]
fn straight_on() {
    let function = function(|b| {
        let x = b.block_params(b.current_block().expect("one"))[0];
        let one = b.ins().iconst(types::I32, 1);
        let y = b.ins().iadd(x, one);
        let z = b.ins().imul(x, y);
        b.ins().return_(&[z]);
    });
    // iconst, iadd, imul, return: x to 3, 1 from 1 to 2, y from 2 to 3, z to 4.
    assert_eq!(live_length(&function, u64::MAX), 3 + 1 + 1 + 1);
    assert_eq!(longest(&function), 3 + 1 + 1 + 1);
}

#[test]
fn paths_beside_a_range_do_not_count() {
    let function = function(|b| {
        let x = b.block_params(b.current_block().expect("one"))[0];
        let (long, short) = (b.create_block(), b.create_block());
        b.ins().brif(x, long, &[], short, &[]);
        b.switch_to_block(long);
        for _ in 0..1000 {
            b.ins().nop();
        }
        let zero = b.ins().iconst(types::I32, 0);
        b.ins().return_(&[zero]);
        b.switch_to_block(short);
        b.ins().return_(&[x]);
    });
    // x to the branch, and from the start of `short` to its return.
    assert_eq!(live_length(&function, u64::MAX), 1 + 1 + 1);
}

#[test]
fn what_a_loop_uses_lives_all_around_it() {
    let function = function(|b| {
        let x = b.block_params(b.current_block().expect("one"))[0];
        let (header, exit) = (b.create_block(), b.create_block());
        let i = b.append_block_param(header, types::I32);
        b.ins().jump(header, &[x.into()]);
        b.switch_to_block(header);
        let next = b.ins().iadd(i, x);
        for _ in 0..10 {
            b.ins().nop();
        }
        let done = b.ins().icmp(IntCC::Equal, next, next);
        b.ins().brif(done, exit, &[], header, &[next.into()]);
        b.switch_to_block(exit);
        b.ins().return_(&[i]);
    });
    // x: the jump and the whole header of 13; i: the header, and the return;
    // next: from the first to the last of the header; done: one.
    let length = (1 + 13) + (13 + 1) + 12 + 1;
    assert_eq!(live_length(&function, u64::MAX), length);
    assert!(longest(&function) >= length);
}

/// An interpreter: its state lives in every case, what a case makes only there.
#[test]
fn cases_of_a_switch_count_apart() {
    let cases = 1000;
    let function = function(|b| {
        let x = b.block_params(b.current_block().expect("one"))[0];
        let (header, other) = (b.create_block(), b.create_block());
        b.ins().jump(header, &[]);
        b.switch_to_block(header);
        let mut switch = Switch::new();
        let blocks: Vec<_> = (0..cases).map(|_| b.create_block()).collect();
        for (index, block) in blocks.iter().enumerate() {
            switch.set_entry(index as u128, *block);
        }
        switch.emit(b, x, other);
        for block in blocks {
            b.switch_to_block(block);
            let y = b.ins().iadd(x, x);
            let _ = b.ins().iadd(y, x);
            b.ins().jump(header, &[]);
        }
        b.switch_to_block(other);
        b.ins().return_(&[x]);
    });
    let length = live_length(&function, u64::MAX);
    // x in three instructions of each case, y in one.
    assert!((4 * cases..5 * cases).contains(&length), "{length}");
    assert!((length..5 * cases).contains(&longest(&function)));
}

#[test]
fn counting_ends_where_enough_is_known() {
    let function = function(|b| {
        let x = b.block_params(b.current_block().expect("one"))[0];
        let mut last = b.create_block();
        b.ins().jump(last, &[]);
        for _ in 0..1000 {
            b.switch_to_block(last);
            last = b.create_block();
            b.ins().jump(last, &[]);
        }
        b.switch_to_block(last);
        b.ins().return_(&[x]);
    });
    assert_eq!(live_length(&function, u64::MAX), 1002);
    assert_eq!(live_length(&function, 10), 11);
}
