;; Loads and stores of vectors, of lanes and of what is widened or repeated.
;;! options riscv64: --cpu-feature +v
;;! show: ir
(module (memory 1)
  (func $load (export "load") (param i32) (result v128) (v128.load offset=16 (local.get 0)))
  (func $store (export "store") (param i32 v128) (v128.store (local.get 0) (local.get 1)))
  (func $widen (export "widen") (param i32) (result v128) (v128.load8x8_u (local.get 0)))
  (func $splat (export "splat") (param i32) (result v128) (v128.load32_splat (local.get 0)))
  (func $lane (export "lane") (param i32 v128) (result v128) (v128.load16_lane 3 (local.get 0) (local.get 1))))

;;= ir
;; ; load (0)
;; function u0:0(i64, i32) -> i8x16 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i8x16 user2 little region0 v4+16
;;     jump block1(v5)
;;   block1(v2: i8x16):
;;     return v2
;; }
;; ; store (1)
;; function u0:0(i64, i32, i8x16) tail {
;;   block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     store user2 little region0 v2, v4
;;     jump block1
;;   block1:
;;     return
;; }
;; ; widen (2)
;; function u0:0(i64, i32) -> i8x16 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload8x8 user2 little region0 v4
;;     v6 = bitcast.i8x16 little v5
;;     jump block1(v6)
;;   block1(v2: i8x16):
;;     return v2
;; }
;; ; splat (3)
;; function u0:0(i64, i32) -> i8x16 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i32 user2 little region0 v4
;;     v6 = splat.i32x4 v5
;;     v7 = bitcast.i8x16 little v6
;;     jump block1(v7)
;;   block1(v2: i8x16):
;;     return v2
;; }
;; ; lane (4)
;; function u0:0(i64, i32, i8x16) -> i8x16 tail {
;;   block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = uextend.i64 v1
;;     v5 = iadd v0, v4
;;     v6 = load.i16 user2 little region0 v5
;;     v7 = bitcast.i16x8 little v2
;;     v8 = insertlane v7, v6, 3
;;     v9 = bitcast.i8x16 little v8
;;     jump block1(v9)
;;   block1(v3: i8x16):
;;     return v3
;; }

;;= x86_64
;; load:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movdqu 0x10(%rdi,%rsi), %xmm0  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; store:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movdqu %xmm0, (%rdi,%rsi)  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; widen:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     pmovzxbw (%rdi,%rsi), %xmm0  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; splat:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movl (%rdi,%rsi), %esi  ; traps: out of bounds memory access
;;     movd %esi, %xmm6
;;     pshufd $0x0, %xmm6, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; lane:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movzwl (%rdi,%rsi), %esi  ; traps: out of bounds memory access
;;     pinsrw $0x3, %esi, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; load:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     add x4, x2, w3, uxtw
;;     ldr q0, [x4, #0x10]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; store:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str q0, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; widen:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldr d3, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     ushll v0.8h, v3.8b, #0x0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; splat:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldr w4, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     dup v0.4s, w4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; lane:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldrh w5, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     mov v0.h[3], w5
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; load:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a2, a2, 0x20
;;     srli a2, a2, 0x20
;;     add a1, a1, a2
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, a1, 0x10
;;     vle8.v v8, (t6)  ; traps: out of bounds memory access
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vse8.v v8, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; store:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, sp, 0x10
;;     vle8.v v8, (t6)
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lbu a1, 0xf(a0)  ; traps: out of bounds memory access
;;     vse8.v v8, (a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     addi sp, sp, 0x10
;;     ret
;; widen:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a2, a2, 0x20
;;     srli a2, a2, 0x20
;;     add a1, a1, a2
;;     vsetivli zero, 0x1, e64, m1, ta, ma
;;     vle64.v v8, (a1)  ; traps: out of bounds memory access
;;     vsetivli zero, 0x8, e16, m1, ta, ma
;;     vzext.vf2 v9, v8
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vse8.v v9, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; splat:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a2, a2, 0x20
;;     srli a2, a2, 0x20
;;     add a1, a1, a2
;;     lw a1, 0x0(a1)  ; traps: out of bounds memory access
;;     vsetivli zero, 0x4, e32, m1, ta, ma
;;     vmv.v.x v9, a1
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vse8.v v9, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; lane:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, sp, 0x10
;;     vle8.v v8, (t6)
;;     slli a2, a2, 0x20
;;     srli a2, a2, 0x20
;;     add a1, a1, a2
;;     lh a1, 0x0(a1)  ; traps: out of bounds memory access
;;     vsetivli zero, 0x2, e64, m1, ta, ma
;;     vmv.v.i v0, 0x8
;;     vsetivli zero, 0x8, e16, m1, ta, ma
;;     vmerge.vxm v13, v8, a1, v0
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vse8.v v13, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     addi sp, sp, 0x10
;;     ret
