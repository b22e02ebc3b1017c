;; Sums and products of 128 bits, in the machine's own instructions.
(module
  (func $add (export "add") (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func $mul (export "mul") (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))

;;= x86_64
;; add:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     addq %rcx, %rax
;;     movq %rdx, %rcx
;;     adcq %r8, %rcx
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; mul:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rdi
;;     imulq %rdx, %rdi
;;     movq %rsi, %rax
;;     mulq %rdx
;;     movq %rdi, %rax
;;     movq %rdx, %rcx
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; add:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     adds x2, x3, x5
;;     adc x3, x4, x6
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; mul:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mul x2, x3, x4
;;     umulh x3, x3, x4
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; add:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     add a0, a1, a3
;;     sltu a1, a0, a3
;;     add a2, a2, a4
;;     add a1, a1, a2
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; mul:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mul a0, a1, a2
;;     mulhu a1, a1, a2
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
