;; Select does not branch.
(module
  (func $integers (export "integers") (param i32 i64 i64) (result i64) (select (local.get 1) (local.get 2) (local.get 0)))
  (func $compared (export "compared") (param i32 i32) (result i32)
    (select (local.get 0) (local.get 1) (i32.lt_s (local.get 0) (local.get 1))))
  (func $floats (export "floats") (param i32 f64 f64) (result f64) (select (local.get 1) (local.get 2) (local.get 0))))

;;= x86_64
;; integers:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testl %esi, %esi
;;     movq %rcx, %rax
;;     cmovneq %rdx, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; compared:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     cmpl %esi, %edx
;;     movq %rsi, %rax
;;     cmovll %edx, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; floats:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testl %esi, %esi
;;     movdqa %xmm0, %xmm7
;;     movdqa %xmm1, %xmm0
;;     je L1
;;     movaps %xmm7, %xmm0
;;   L1:
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; integers:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cmp w3, wzr
;;     csel x2, x4, x5, ne
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; compared:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cmp w3, w4
;;     csel x2, x3, x4, lt
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; floats:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cmp w3, wzr
;;     fcsel d0, d0, d1, ne
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; integers:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a1, a1
;;     mv a0, a2
;;     bnez a1, L1
;;     mv a0, a3
;;   L1:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; compared:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a3, a1
;;     sext.w a1, a2
;;     mv a0, a3
;;     blt a3, a1, L1
;;     mv a0, a1
;;   L1:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; floats:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a0, a1
;;     bnez a0, L1
;;     fmv.d fa0, fa1
;;   L1:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
