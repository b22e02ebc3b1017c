;; A loop: what it needs of the context stays in registers.
(module (memory 1)
  (func $sum (export "sum") (param i32 i32) (result i64) (local i64)
    (loop $again
      (local.set 2 (i64.add (local.get 2) (i64.load32_u (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get 0) (local.get 1))))
    (local.get 2)))

;;= x86_64
;; sum:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     xorq %rax, %rax
;;   L1:
;;     movl %esi, %ecx
;;     movl (%rdi,%rcx), %ecx  ; traps: out of bounds memory access
;;     addl $0x4, %esi
;;     addq %rcx, %rax
;;     cmpl %edx, %esi
;;     jb L1
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; sum:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x10, x2
;;     mov x2, #0x0
;;     mov x12, x10
;;   L1:
;;     ldr w10, [x12, w3, uxtw]  ; traps: out of bounds memory access
;;     add w3, w3, #0x4
;;     add x2, x2, x10
;;     cmp w3, w4
;;     b.lo L1
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; sum:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a5, a0
;;     li a0, 0x0
;;   L1:
;;     slli a3, a1, 0x20
;;     srli a4, a3, 0x20
;;     mv a3, a5
;;     add a4, a4, a3
;;     lwu a4, 0x0(a4)  ; traps: out of bounds memory access
;;     addiw a1, a1, 0x4
;;     add a0, a0, a4
;;     slli a4, a1, 0x20
;;     srli a4, a4, 0x20
;;     slli a5, a2, 0x20
;;     srli a5, a5, 0x20
;;     bgeu a4, a5, L2
;;     mv a5, a3
;;     j L1
;;   L2:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
