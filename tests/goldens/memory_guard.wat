;; Accesses behind guard pages: no comparison, an offset in the instruction.
;;! show: ir
(module (memory 1)
  (func $load (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func $narrow (param i32) (result i64) (i64.load16_s offset=0x12345 (local.get 0)))
  (func $store (param i32 f64) (f64.store (local.get 0) (local.get 1)))
  (func $byte (param i32 i64) (i64.store8 offset=1 (local.get 0) (local.get 1)))
  (func $constant (result i32) (i32.load (i32.const 1024)))
  (export "load" (func $load)) (export "narrow" (func $narrow)) (export "store" (func $store))
  (export "byte" (func $byte)) (export "constant" (func $constant)))

;;= ir
;; ; load (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i32 user2 little region0 v4+8
;;     jump block1(v5)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; narrow (1)
;; function u0:0(i64, i32) -> i64 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload16.i64 user2 little region0 v4+0x0001_2345
;;     jump block1(v5)
;;   block1(v2: i64):
;;     return v2
;; }
;; ; store (2)
;; function u0:0(i64, i32, f64) tail {
;;   block0(v0: i64, v1: i32, v2: f64):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     store user2 little region0 v2, v4
;;     jump block1
;;   block1:
;;     return
;; }
;; ; byte (3)
;; function u0:0(i64, i32, i64) tail {
;;   block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     istore8 user2 little region0 v2, v4+1
;;     jump block1
;;   block1:
;;     return
;; }
;; ; constant (4)
;; function u0:0(i64) -> i32 tail {
;;   block0(v0: i64):
;;     v2 = iconst.i32 1024
;;     v3 = uextend.i64 v2  ; v2 = 1024
;;     v4 = iadd v0, v3
;;     v5 = load.i32 user2 little region0 v4
;;     jump block1(v5)
;;   block1(v1: i32):
;;     return v1
;; }

;;= x86_64
;; load:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movl 0x8(%rdi,%rsi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; narrow:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movswq 0x12345(%rdi,%rsi), %rax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; store:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movsd %xmm0, (%rdi,%rsi)  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; byte:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movb %dl, 0x1(%rdi,%rsi)  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; constant:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl 0x400(%rdi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; load:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     add x4, x2, w3, uxtw
;;     ldr w2, [x4, #0x8]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; narrow:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov w4, #0x2345
;;     movk w4, #0x1, lsl #16
;;     add x7, x2, x4
;;     ldrsh x2, [x7, w3, uxtw]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; store:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str d0, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; byte:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     add x5, x2, w3, uxtw
;;     strb w4, [x5, #0x1]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; constant:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldr w2, [x2, #0x400]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; load:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lw a0, 0x8(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; narrow:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lui t6, 0x12
;;     addi t6, t6, 0x345
;;     add t6, t6, a0
;;     lh a0, 0x0(t6)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; store:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lbu a1, 0x7(a0)  ; traps: out of bounds memory access
;;     fsd fa0, 0x0(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; byte:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     sb a2, 0x1(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; constant:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     lw a0, 0x400(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
