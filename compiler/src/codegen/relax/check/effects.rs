//! Whether two instructions do the same: one of the old code, and one of the new with
//! other bytes.

use super::frames::Pointers;
use iced_x86::{Instruction, Mnemonic, OpKind, Register};

/// Compares an instruction with what stands in its place.
///
/// # Panics
///
/// If they differ in anything but how they are written.
pub(super) fn check(
    (one, before): (&Instruction, Option<Pointers>),
    (other, after): (&Instruction, Option<Pointers>),
) {
    assert!(other.len() < one.len(), "{one:?} became {other:?}");
    if one.memory_base() == other.memory_base() {
        check_constant(one, other);
        return;
    }
    let address = |i: &Instruction, pointers: Option<Pointers>| {
        let base = pointers.expect("it runs").of(i.memory_base()).expect("a known pointer");
        base + i.memory_displacement64() as i64
    };
    assert_eq!(address(one, before), address(other, after), "{one:?} became {other:?}");
    let mut same = *other;
    same.set_memory_base(one.memory_base());
    same.set_memory_displacement64(one.memory_displacement64());
    same.set_memory_displ_size(one.memory_displ_size());
    assert_eq!(*one, same);
}

/// One that differs in how its constant is written, or in the part of a register that
/// it names.
fn check_constant(one: &Instruction, other: &Instruction) {
    assert_eq!(one.mnemonic(), other.mnemonic());
    assert_eq!(one.op_count(), other.op_count());
    let memory = |i: &Instruction| {
        let place = (i.memory_base(), i.memory_index(), i.memory_index_scale());
        (place, i.memory_displacement64(), i.has_lock_prefix())
    };
    assert_eq!(memory(one), memory(other));
    let named = |i: &Instruction, index| match i.op_kind(index) {
        OpKind::Register => Some(i.op_register(index).full_register()),
        _ => None,
    };
    for index in 0..one.op_count() {
        assert_eq!(named(one, index), named(other, index), "{one:?} became {other:?}");
    }
    let size = |i: &Instruction| i.op0_register().size();
    match one.mnemonic() {
        Mnemonic::Movzx => {
            assert_eq!((size(one), size(other)), (8, 4));
            assert_eq!(one.op1_register(), other.op1_register());
            assert_eq!(one.memory_size().size(), other.memory_size().size());
        }
        Mnemonic::Test => {
            assert_eq!(one.immediate(1), other.immediate(1));
            assert!(one.immediate(1) < 128 && one.op0_kind() == OpKind::Register);
            assert!(!matches!(
                other.op0_register(),
                Register::AH | Register::BH | Register::CH | Register::DH
            ));
        }
        _ => {
            assert_eq!(one.op0_register(), other.op0_register());
            assert_eq!(one.memory_size().size(), other.memory_size().size());
            // A constant of 32 bits for as many bits says nothing of others.
            let constants = [one, other].map(|i| i.immediate(1));
            assert_eq!(constants[0] as i32, constants[1] as i32, "{one:?} became {other:?}");
        }
    }
}
