;; A small reservation: indices are compared with it, which is constant.
;;! options: --memory-reservation 64MiB
(module (memory 1)
  (func $load (export "load") (param i32) (result i32) (i32.load offset=8 (local.get 0))))

;;= x86_64
;; load:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movl $0x3fffff8, %r8d
;;     cmpq $0x400fff4, %rsi
;;     cmovaq %r8, %rsi
;;     movl 0x8(%rdi,%rsi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; load:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov w9, w3
;;     mov w10, #0xfff4
;;     movk w10, #0x400, lsl #16
;;     mov x11, #0x3fffff8
;;     cmp x9, x10
;;     csel x10, x11, x9, hi
;;     add x10, x2, x10
;;     ldr w2, [x10, #0x8]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; load:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a5, a1, 0x20
;;     srli a1, a5, 0x20
;;     lui a5, 0x4010
;;     addi a2, a5, -0xc
;;     sltu a2, a2, a1
;;     lui a5, 0x4000
;;     addi a3, a5, -0x8
;;     neg a2, a2
;;     and a4, a2, a3
;;     not a2, a2
;;     and a1, a1, a2
;;     or a1, a1, a4
;;     add a0, a0, a1
;;     lw a0, 0x8(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
