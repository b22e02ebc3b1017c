//! Encodings that take fewer bytes for what an instruction does: registers, memory and
//! all flags are the same after it (Intel SDM, volume 2). The code generator chooses
//! some of the longer ones.
//!
//! | instruction | new encoding |
//! |-|-|
//! | arithmetic with a constant of 32 bits that fits into 8 | with 8 bits |
//! | `test` of a register with a constant below 128 | of its lowest byte |
//! | `movzx` into 64 bits | into 32, which clears the others |
//! | access by `rsp` with a distance | by `rbp`, which needs no SIB byte |

use super::change::Change;
use iced_x86::{Code, Decoder, DecoderOptions, EncodingKind, Instruction, OpKind, Register};

/// `REX.W` alone.
const REX_W: u8 = 0x48;

/// The instruction of these bytes, which no relocation is for, in a shorter encoding.
pub(super) fn shorter(instruction: &Instruction, bytes: &[u8]) -> Option<Change> {
    let found = match instruction.code() {
        Code::Add_rm32_imm32
        | Code::Add_rm64_imm32
        | Code::Or_rm32_imm32
        | Code::Or_rm64_imm32
        | Code::Adc_rm32_imm32
        | Code::Adc_rm64_imm32
        | Code::Sbb_rm32_imm32
        | Code::Sbb_rm64_imm32
        | Code::And_rm32_imm32
        | Code::And_rm64_imm32
        | Code::Sub_rm32_imm32
        | Code::Sub_rm64_imm32
        | Code::Xor_rm32_imm32
        | Code::Xor_rm64_imm32
        | Code::Cmp_rm32_imm32
        | Code::Cmp_rm64_imm32 => small_constant(instruction, bytes),
        Code::Test_rm32_imm32 | Code::Test_rm64_imm32 => byte_test(instruction, bytes),
        Code::Movzx_r64_rm8 | Code::Movzx_r64_rm16 => narrow_extension(instruction, bytes),
        _ => None,
    };
    found.filter(|change| has_same_operands(instruction, change))
}

/// `81 /n id` as `83 /n ib`, whose constant is extended with its sign.
fn small_constant(instruction: &Instruction, bytes: &[u8]) -> Option<Change> {
    let (opcode, rest) = bytes.split_at(rex_size(bytes));
    let [0x81, operand @ .., a, b, c, d] = rest else { return None };
    let constant = i8::try_from(i32::from_le_bytes([*a, *b, *c, *d])).ok()?;
    let addressed_from_its_end = instruction.is_ip_rel_memory_operand();
    let parts: [&[u8]; 4] = [opcode, &[0x83], operand, &[constant as u8]];
    let change = Change::new(instruction.ip() as u32, bytes.len(), &parts)?;
    (!addressed_from_its_end).then_some(change)
}

/// `f7 /0 id` as `f6 /0 ib` of a register: with a constant below 128 the sign is clear
/// in either, zero and parity are those of the lowest byte, carry and overflow are clear.
fn byte_test(instruction: &Instruction, bytes: &[u8]) -> Option<Change> {
    let [0xf7, operand, constant @ 0..=0x7f, 0, 0, 0] = bytes[rex_size(bytes)..] else {
        return None;
    };
    if instruction.op0_kind() != OpKind::Register {
        return None;
    }
    // Without a prefix, 4 to 7 are second bytes of registers.
    let prefix: &[u8] = match instruction.op0_register().number() {
        0..=3 => &[],
        4..=7 => &[0x40],
        _ => &[0x41],
    };
    let parts: [&[u8]; 2] = [prefix, &[0xf6, operand, constant]];
    Change::new(instruction.ip() as u32, bytes.len(), &parts)
}

/// `48 0f b6` and `48 0f b7` without the prefix, unless that tells which byte is meant.
fn narrow_extension(instruction: &Instruction, bytes: &[u8]) -> Option<Change> {
    let [REX_W, rest @ ..] = bytes else { return None };
    let source = (instruction.op1_kind() == OpKind::Register).then(|| instruction.op1_register());
    let needed =
        matches!(source, Some(Register::SPL | Register::BPL | Register::SIL | Register::DIL));
    let change = Change::new(instruction.ip() as u32, bytes.len(), &[rest])?;
    (!needed && rest.first() == Some(&0x0f)).then_some(change)
}

/// Bytes of the prefix that instructions with 64 bits, or the upper registers, have.
fn rex_size(bytes: &[u8]) -> usize {
    bytes.first().is_some_and(|byte| byte & 0xf0 == 0x40).into()
}

/// Whether the new bytes are decoded as an instruction with the same constant, memory
/// and registers, whatever part of those it names.
fn has_same_operands(old: &Instruction, change: &Change) -> bool {
    let Some(new) = decoded(change) else { return false };
    let operands = |i: &Instruction| {
        let register = |register: Register| register.full_register();
        (
            i.mnemonic(),
            i.has_lock_prefix(),
            (register(i.op0_register()), register(i.op1_register())),
            (i.memory_base(), i.memory_index(), i.memory_index_scale()),
            (i.memory_displacement64(), i.segment_prefix()),
        )
    };
    let constant = |i: &Instruction| match i.op1_kind() {
        OpKind::Register | OpKind::Memory => None,
        _ => Some(i.immediate(1) as i32),
    };
    operands(old) == operands(&new) && constant(old) == constant(&new)
}

/// An access by the stack pointer, which is `below` bytes below the frame pointer, as
/// one by that: where its distance is not zero and no index is in it.
pub(super) fn by_frame_pointer(
    instruction: &Instruction,
    bytes: &[u8],
    displacement: usize,
    below: u32,
) -> Option<Change> {
    // With EVEX a short distance counts in units of the access.
    if instruction.encoding() == EncodingKind::EVEX
        || instruction.segment_prefix() != Register::None
    {
        return None;
    }
    let old = instruction.memory_displacement64() as i64;
    let (operand, rest) = bytes.split_at_checked(displacement)?;
    let [before @ .., mod_rm, 0x24] = operand else { return None };
    // No index, and the stack pointer, follow a ModR/M byte that ends in 100.
    let size = match mod_rm & 0b1100_0111 {
        0b0100_0100 => 1,
        0b1000_0100 => 4,
        _ => return None,
    };
    let distance = i32::try_from(old - i64::from(below)).ok()?;
    let register = mod_rm & 0b0011_1000;
    let (short, long) = ([distance as u8], distance.to_le_bytes());
    let (mode, field): (u8, &[u8]) = match i8::try_from(distance) {
        Ok(_) => (0b0100_0101, &short),
        Err(_) => (0b1000_0101, &long),
    };
    let parts = [before, &[mode | register], field, rest.get(size..)?];
    let change = Change::new(instruction.ip() as u32, bytes.len(), &parts)?;
    let new = decoded(&change)?;
    let mut same = new;
    same.set_memory_base(Register::RSP);
    same.set_memory_displacement64(old as u64);
    same.set_memory_displ_size(instruction.memory_displ_size());
    let found = (new.memory_base(), new.memory_displacement64() as i64);
    (same == *instruction && found == (Register::RBP, i64::from(distance))).then_some(change)
}

/// The instruction that the new bytes are, all of them.
fn decoded(change: &Change) -> Option<Instruction> {
    let bytes = change.bytes();
    let ip = u64::from(change.place().start);
    let new = Decoder::with_ip(64, bytes, ip, DecoderOptions::NONE).decode();
    (!new.is_invalid() && new.len() == bytes.len()).then_some(new)
}
