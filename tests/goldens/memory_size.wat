;; Size is read from the context, and growing is the loader's.
(module (memory 1 10)
  (func $size (export "size") (result i32) (memory.size))
  (func $grow (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))

;;= x86_64
;; size:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x10(%rdi), %rax
;;     shrq $0x10, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; grow:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     movq -0x20(%rdi), %r8
;;     movq 0x8(%r8), %r8
;;     xorq %rsi, %rsi
;;     movl %eax, %edx
;;     callq *%r8
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; size:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x3, [x2, #-0x10]
;;     lsr x2, x3, #16
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; grow:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x7, [x2, #-0x20]
;;     mov x0, x2
;;     ldr x7, [x7, #0x8]
;;     mov x1, #0x0
;;     mov w2, w3
;;     blr x7
;;     mov x2, x0
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; size:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a0, -0x10(a0)
;;     srli a0, a0, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; grow:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a2, a1
;;     ld a1, -0x20(a0)
;;     ld a3, 0x8(a1)
;;     li a1, 0x0
;;     slli a2, a2, 0x20
;;     srli a2, a2, 0x20
;;     jalr a3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
