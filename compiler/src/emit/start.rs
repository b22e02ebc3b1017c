//! What the system does with an artifact that is started as a program:
//! `chmod +x app.cwasm && ./app.cwasm`.
//!
//! The file's entry point is a few instructions of its own, in a segment behind
//! the image, which loaders never map. They replace the process by
//!
//! ```text
//! /bin/sh -c SCRIPT path-of-the-file arguments...
//! ```
//!
//! whose script starts `precast-run`, as the first line of a script in any other
//! language would have it, or says what is missing. Where there is no shell, and
//! where the process has rights that its user has not (`AT_SECURE`) and so must
//! not follow a `PATH`, a message is all.
//!
//! The code needs nothing but what the kernel passes on the stack: the number of
//! arguments, the arguments, zero, the environment, zero, and the auxiliary
//! vector, of which `AT_EXECFN` is the path of the file. New arguments are put
//! before the others, in place of their number and of argument 0.
//!
//! The data directly behind the code is a section of its own, so that disassemblers
//! do not take it for code:
//!
//! | offset | |
//! |-|-|
//! | 0 | `/bin/sh` |
//! | 8 | `-c` |
//! | 16 | length of the message, `u64` |
//! | 24 | the message, then the script; the script ends with zero |

use crate::place::Machine;

/// Exits as a shell does that does not find a command.
const SCRIPT: &str = "command -v precast-run >/dev/null && exec precast-run -- \"$0\" \"$@\"
echo \"error: precast-run, which runs $0, is not on PATH\" >&2
exit 127\0";

const MESSAGE: &str = "error: this file needs precast-run: precast-run FILE ARGS\n";

/// The code.
pub(super) fn code(machine: Machine) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    match machine {
        Machine::X86_64 => X86_64.to_vec(),
        Machine::Aarch64 => words(&AARCH64),
        Machine::Riscv64 => words(&RISCV64),
    }
}

/// The data, which lies where the code ends.
pub(super) fn data() -> Vec<u8> {
    let mut bytes = b"/bin/sh\0-c\0\0\0\0\0\0".to_vec();
    bytes.extend_from_slice(&(MESSAGE.len() as u64).to_le_bytes());
    bytes.extend_from_slice(MESSAGE.as_bytes());
    bytes.extend_from_slice(SCRIPT.as_bytes());
    bytes
}

#[rustfmt::skip]
const X86_64: [u8; 0x80] = [
    0x48, 0x8b, 0x14, 0x24,                   //       mov rdx, [rsp]
    0x48, 0x8d, 0x54, 0xd4, 0x10,             //       lea rdx, [rsp + rdx*8 + 16]
    0x48, 0x89, 0xd6,                         //       mov rsi, rdx
    0x48, 0xad,                               // env:  lodsq
    0x48, 0x85, 0xc0,                         //       test rax, rax
    0x75, 0xf9,                               //       jnz env
    0x48, 0xad,                               // next: lodsq
    0x48, 0x91,                               //       xchg rcx, rax
    0x48, 0xad,                               //       lodsq
    0xe3, 0x16,                               //       jrcxz run
    0x83, 0xf9, 31,                           //       cmp ecx, AT_EXECFN
    0x75, 0x05,                               //       jne other
    0x48, 0x89, 0x44, 0x24, 0x08,             //       mov [rsp + 8], rax
    0x83, 0xf9, 23,                           // other: cmp ecx, AT_SECURE
    0x75, 0xe9,                               //       jne next
    0x48, 0x85, 0xc0,                         //       test rax, rax
    0x74, 0xe4,                               //       jz next
    0xeb, 0x24,                               //       jmp say
    0x48, 0x8d, 0x3d, 0x48, 0, 0, 0,          // run:  lea rdi, [rip + data]
    0x48, 0x8b, 0x47, 0x10,                   //       mov rax, [rdi + 16]
    0x48, 0x8d, 0x44, 0x07, 0x18,             //       lea rax, [rdi + rax + 24]
    0x48, 0x89, 0x04, 0x24,                   //       mov [rsp], rax
    0x48, 0x8d, 0x47, 0x08,                   //       lea rax, [rdi + 8]
    0x50,                                     //       push rax
    0x57,                                     //       push rdi
    0x48, 0x89, 0xe6,                         //       mov rsi, rsp
    0xb8, 59, 0, 0, 0,                        //       mov eax, execve
    0x0f, 0x05,                               //       syscall
    0x48, 0x8d, 0x35, 0x24, 0, 0, 0,          // say:  lea rsi, [rip + data]
    0x48, 0x8b, 0x56, 0x10,                   //       mov rdx, [rsi + 16]
    0x48, 0x83, 0xc6, 0x18,                   //       add rsi, 24
    0xbf, 2, 0, 0, 0,                         //       mov edi, 2
    0xb8, 1, 0, 0, 0,                         //       mov eax, write
    0x0f, 0x05,                               //       syscall
    0xbf, 127, 0, 0, 0,                       //       mov edi, 127
    0xb8, 231, 0, 0, 0,                       //       mov eax, exit_group
    0x0f, 0x05,                               //       syscall
    0x0f, 0x0b,                               //       ud2
    0xcc, 0xcc,                               // data:
];

#[rustfmt::skip]
const AARCH64: [u32; 36] = [
    0xf94003e2, //       ldr x2, [sp]
    0x8b226fe2, //       add x2, sp, x2, lsl #3
    0x91004042, //       add x2, x2, #16
    0xaa0203e9, //       mov x9, x2
    0xf840852a, // env:  ldr x10, [x9], #8
    0xb5ffffea, //       cbnz x10, env
    0xa8c12d2a, // next: ldp x10, x11, [x9], #16
    0xb400010a, //       cbz x10, run
    0xf1007d5f, //       cmp x10, #AT_EXECFN
    0x54000041, //       b.ne other
    0xf90007eb, //       str x11, [sp, #8]
    0xf1005d5f, // other: cmp x10, #AT_SECURE
    0x54ffff41, //       b.ne next
    0xb4ffff2b, //       cbz x11, next
    0x1400000b, //       b say
    0x100002a0, // run:  adr x0, data
    0x9100200a, //       add x10, x0, #8
    0xf940080b, //       ldr x11, [x0, #16]
    0x9100616b, //       add x11, x11, #24
    0x8b0b000b, //       add x11, x0, x11
    0xf90003eb, //       str x11, [sp]
    0xa9bf2be0, //       stp x0, x10, [sp, #-16]!
    0x910003e1, //       mov x1, sp
    0xd2801ba8, //       mov x8, #execve
    0xd4000001, //       svc #0
    0x10000161, // say:  adr x1, data
    0xf9400822, //       ldr x2, [x1, #16]
    0x91006021, //       add x1, x1, #24
    0xd2800040, //       mov x0, #2
    0xd2800808, //       mov x8, #write
    0xd4000001, //       svc #0
    0xd2800fe0, //       mov x0, #127
    0xd2800bc8, //       mov x8, #exit_group
    0xd4000001, //       svc #0
    0x00000000, //       udf #0
    0xd503201f, // data:
];

#[rustfmt::skip]
const RISCV64: [u32; 44] = [
    0x00013603, //       ld a2, 0(sp)
    0x00361613, //       slli a2, a2, 3
    0x00260633, //       add a2, a2, sp
    0x01060613, //       addi a2, a2, 16
    0x00060293, //       mv t0, a2
    0x0002b303, // env:  ld t1, 0(t0)
    0x00828293, //       addi t0, t0, 8
    0xfe031ce3, //       bnez t1, env
    0x0002b303, // next: ld t1, 0(t0)
    0x0082b383, //       ld t2, 8(t0)
    0x01028293, //       addi t0, t0, 16
    0x02030063, //       beqz t1, run
    0xfe130e13, //       addi t3, t1, -AT_EXECFN
    0x000e1463, //       bnez t3, other
    0x00713423, //       sd t2, 8(sp)
    0xfe930e13, // other: addi t3, t1, -AT_SECURE
    0xfe0e10e3, //       bnez t3, next
    0xfc038ee3, //       beqz t2, next
    0x0380006f, //       j say
    0x00000517, // run:  auipc a0, 0
    0x06450513, //       addi a0, a0, data
    0x00850313, //       addi t1, a0, 8
    0x01053383, //       ld t2, 16(a0)
    0x00a383b3, //       add t2, t2, a0
    0x01838393, //       addi t2, t2, 24
    0xff010113, //       addi sp, sp, -16
    0x00a13023, //       sd a0, 0(sp)
    0x00613423, //       sd t1, 8(sp)
    0x00713823, //       sd t2, 16(sp)
    0x00010593, //       mv a1, sp
    0x0dd00893, //       li a7, execve
    0x00000073, //       ecall
    0x00000597, // say:  auipc a1, 0
    0x03058593, //       addi a1, a1, data
    0x0105b603, //       ld a2, 16(a1)
    0x01858593, //       addi a1, a1, 24
    0x00200513, //       li a0, 2
    0x04000893, //       li a7, write
    0x00000073, //       ecall
    0x07f00513, //       li a0, 127
    0x05e00893, //       li a7, exit_group
    0x00000073, //       ecall
    0xc0001073, //       unimp
    0x00000013, // data:
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_ends_where_data_may_begin() {
        use super::super::sections::Section;
        for machine in [Machine::X86_64, Machine::Aarch64, Machine::Riscv64] {
            let align = Section::StartData.spec().align as usize;
            assert_eq!(code(machine).len() % align, 0, "{machine:?}");
        }
    }

    #[test]
    fn data_lies_where_the_code_looks() {
        let data = data();
        assert!(data.starts_with(b"/bin/sh\0-c\0"));
        let length = u64::from_le_bytes(data[16..24].try_into().unwrap()) as usize;
        let (message, script) = data[24..].split_at(length);
        assert!(message.starts_with(b"error: ") && message.ends_with(b"\n"));
        assert_eq!(script.iter().position(|byte| *byte == 0), Some(script.len() - 1));
    }
}
