;; One stub for each signature carries values between an array and registers.
;;! functions: precast_entry_stub[0] precast_entry_stub[1]
;;! options riscv64: --cpu-feature +v
(module
  (func (export "a") (param i32 f64) (result i64) (i64.const 1))
  (func (export "b") (param i32 f64) (result i64) (i64.const 2))
  (func (export "c") (param v128 f32) (result f32 i32) (local.get 1) (i32.const 3)))

;;= x86_64
;; precast_entry_stub[0]:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x10, %rsp
;;     movq %r12, (%rsp)
;;     movq %rsi, %r11
;;     movl (%rdx), %esi
;;     movsd 0x10(%rdx), %xmm0
;;     movq %rdx, %r12
;;     callq *%r11
;;     movq %r12, %rdx
;;     movq %rax, (%rdx)
;;     movq (%rsp), %r12
;;     addq $0x10, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; precast_entry_stub[1]:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x10, %rsp
;;     movq %r12, (%rsp)
;;     movdqu (%rdx), %xmm0
;;     movss 0x10(%rdx), %xmm1
;;     movq %rdx, %r12
;;     callq *%rsi
;;     movq %r12, %rdx
;;     movss %xmm0, (%rdx)
;;     movl %eax, 0x10(%rdx)
;;     movq (%rsp), %r12
;;     addq $0x10, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; precast_entry_stub[0]:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str x19, [sp, #-0x10]!
;;     ldr w3, [x2]
;;     ldr d0, [x2, #0x10]
;;     mov x19, x2
;;     mov x2, x0
;;     blr x1
;;     mov x11, x19
;;     str x2, [x11]
;;     ldr x19, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; precast_entry_stub[1]:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str x19, [sp, #-0x10]!
;;     ldr q0, [x2]
;;     ldr s1, [x2, #0x10]
;;     mov x19, x2
;;     mov x2, x0
;;     blr x1
;;     mov x12, x19
;;     str s0, [x12]
;;     str w2, [x12, #0x10]
;;     ldr x19, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; precast_entry_stub[0]:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s1, 0x8(sp)
;;     mv a3, a1
;;     lw a1, 0x0(a2)
;;     fld fa0, 0x10(a2)
;;     mv s1, a2
;;     mv a2, a3
;;     jalr a2
;;     mv a2, s1
;;     sd a0, 0x0(a2)
;;     ld s1, 0x8(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; precast_entry_stub[1]:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x20
;;     sd s1, 0x18(sp)
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vle8.v v8, (a2)
;;     flw fa0, 0x10(a2)
;;     mv s1, a2
;;     vse8.v v8, (sp)
;;     jalr a1
;;     addi sp, sp, -0x10
;;     mv a2, s1
;;     fsw fa0, 0x0(a2)
;;     sw a0, 0x10(a2)
;;     ld s1, 0x18(sp)
;;     addi sp, sp, 0x20
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
