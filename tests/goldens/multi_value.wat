;; Several results come back in registers as long as there are some.
;;! options: --disable inline
;;! show: ir
(module
  (func $swap (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
  (func $uses (export "uses") (param i32 i64) (result i64)
    (call $swap (local.get 0) (local.get 1)) (i64.extend_i32_u) (i64.add))
  (func $many (export "many") (param i32) (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
    (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)))

;;= ir
;; ; swap (0)
;; function u0:0(i64, i32, i64) -> i64, i32 tail {
;;   block0(v0: i64, v1: i32, v2: i64):
;;     jump block1(v2, v1)
;;   block1(v3: i64, v4: i32):
;;     return v3, v4
;; }
;; ; uses (1)
;; function u0:0(i64, i32, i64) -> i64 tail {
;;     sig0 = (i64, i32, i64) -> i64, i32 tail
;;     fn0 = colocated u0:0 sig0
;;   block0(v0: i64, v1: i32, v2: i64):
;;     v4, v5 = call fn0(v0, v1, v2)
;;     v6 = uextend.i64 v5
;;     v7 = iadd v4, v6
;;     jump block1(v7)
;;   block1(v3: i64):
;;     return v3
;; }
;; ; many (2)
;; function u0:0(i64, i32) -> i32, i32, i32, i32, i32, i32, i32, i32, i32, i32 tail {
;;   block0(v0: i64, v1: i32):
;;     jump block1(v1, v1, v1, v1, v1, v1, v1, v1, v1, v1)
;;   block1(v2: i32, v3: i32, v4: i32, v5: i32, v6: i32, v7: i32, v8: i32, v9: i32, v10: i32, v11: i32):
;;     return v2, v3, v4, v5, v6, v7, v8, v9, v10, v11
;; }

;;= x86_64
;; swap:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rdx, %rax
;;     movq %rsi, %rcx
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; uses:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     callq <swap>
;;     movl %ecx, %edi
;;     addq %rdi, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; many:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %edx, (%rdi)
;;     movl %edx, 0x8(%rdi)
;;     movq %rdx, %r10
;;     movq %r10, %rax
;;     movq %r10, %rcx
;;     movq %r10, %rsi
;;     movq %r10, %rdi
;;     movq %r10, %r8
;;     movq %r10, %r9
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; swap:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x2, x4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; uses:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     bl <swap>
;;     add x2, x2, w3, uxtw
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; many:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     stur w3, [x8]
;;     stur w3, [x8, #0x8]
;;     stur w3, [x8, #0x10]
;;     stur w3, [x8, #0x18]
;;     mov x7, x3
;;     mov x2, x7
;;     mov x4, x7
;;     mov x5, x7
;;     mov x6, x7
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; swap:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a0, a2
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; uses:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     auipc ra, <swap>
;;     jalr <swap>(ra)
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; many:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sw a2, 0x0(a0)
;;     sw a2, 0x8(a0)
;;     sw a2, 0x10(a0)
;;     sw a2, 0x18(a0)
;;     sw a2, 0x20(a0)
;;     sw a2, 0x28(a0)
;;     sw a2, 0x30(a0)
;;     sw a2, 0x38(a0)
;;     mv a1, a2
;;     mv a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
