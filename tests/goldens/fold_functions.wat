;; Functions with the same code are there once.
;;! options: --disable inline
;;! functions: a b calls
(module
  (func $a (param i32) (result i32) (i32.mul (local.get 0) (i32.const 77)))
  (func $b (param i32) (result i32) (i32.mul (local.get 0) (i32.const 77)))
  (func $calls (export "calls") (param i32) (result i32)
    (i32.sub (call $a (local.get 0)) (call $b (i32.const 5)))))

;;= x86_64
;; a:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     imull $0x4d, %esi, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; b:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     imull $0x4d, %esi, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; calls:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x10, %rsp
;;     movq %r12, (%rsp)
;;     movq %r13, -0x8(%rbp)
;;     movq %rdi, %r12
;;     callq <a>
;;     movq %rax, %r13
;;     movl $0x5, %esi
;;     movq %r12, %rdi
;;     callq <a>
;;     movq %rax, %r11
;;     movq %r13, %rax
;;     subl %r11d, %eax
;;     movq (%rsp), %r12
;;     movq -0x8(%rbp), %r13
;;     addq $0x10, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; a:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov w4, #0x4d
;;     mul w2, w3, w4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; b:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov w4, #0x4d
;;     mul w2, w3, w4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; calls:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     stp x19, x20, [sp, #-0x10]!
;;     mov x19, x2
;;     bl <a>
;;     mov x20, x2
;;     mov w3, #0x5
;;     mov x2, x19
;;     bl <a>
;;     mov x13, x20
;;     sub w2, w13, w2
;;     ldp x19, x20, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; a:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     li a0, 0x4d
;;     mulw a0, a1, a0
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; b:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     li a0, 0x4d
;;     mulw a0, a1, a0
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; calls:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s1, 0x8(sp)
;;     sd s2, 0x0(sp)
;;     mv s1, a0
;;     auipc ra, <a>
;;     jalr <a>(ra)
;;     mv s2, a0
;;     li a1, 0x5
;;     mv a0, s1
;;     auipc ra, <a>
;;     jalr <a>(ra)
;;     mv a3, s2
;;     subw a0, a3, a0
;;     ld s1, 0x8(sp)
;;     ld s2, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
