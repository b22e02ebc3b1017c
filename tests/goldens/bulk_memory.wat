;; What moves many bytes is the loader's; segments count as dropped there.
;;! show: ir
(module (memory 1) (data $d "abc")
  (func $copy (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func $fill (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func $init (export "init") (param i32 i32 i32) (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
  (func $drop (export "drop") (data.drop $d)))

;;= ir
;; ; copy (0)
;; function u0:0(i64, i32, i32, i32) tail {
;;     sig0 = (i64, i64, i64, i64, i64) -> i64 system_v
;;   block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = iconst.i64 0
;;     v5 = uextend.i64 v1
;;     v6 = uextend.i64 v2
;;     v7 = uextend.i64 v3
;;     v8 = load.i64 notrap aligned readonly can_move v0-32
;;     v9 = load.i64 notrap aligned readonly can_move v8+16
;;     v10 = call_indirect sig0, v9(v0, v4, v5, v6, v7)  ; v4 = 0
;;     jump block1
;;   block1:
;;     return
;; }
;; ; fill (1)
;; function u0:0(i64, i32, i32, i32) tail {
;;     sig0 = (i64, i64, i64, i64, i64) -> i64 system_v
;;   block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = iconst.i64 0
;;     v5 = uextend.i64 v1
;;     v6 = uextend.i64 v2
;;     v7 = uextend.i64 v3
;;     v8 = load.i64 notrap aligned readonly can_move v0-32
;;     v9 = load.i64 notrap aligned readonly can_move v8+24
;;     v10 = call_indirect sig0, v9(v0, v4, v5, v6, v7)  ; v4 = 0
;;     jump block1
;;   block1:
;;     return
;; }
;; ; init (2)
;; function u0:0(i64, i32, i32, i32) tail {
;;     sig0 = (i64, i64, i64, i64, i64) -> i64 system_v
;;   block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = iconst.i64 0
;;     v5 = uextend.i64 v1
;;     v6 = uextend.i64 v2
;;     v7 = uextend.i64 v3
;;     v8 = load.i64 notrap aligned readonly can_move v0-32
;;     v9 = load.i64 notrap aligned readonly can_move v8+32
;;     v10 = call_indirect sig0, v9(v0, v4, v5, v6, v7)  ; v4 = 0
;;     jump block1
;;   block1:
;;     return
;; }
;; ; drop (3)
;; function u0:0(i64) tail {
;;     sig0 = (i64, i64) -> i64 system_v
;;   block0(v0: i64):
;;     v1 = iconst.i64 0
;;     v2 = load.i64 notrap aligned readonly can_move v0-32
;;     v3 = load.i64 notrap aligned readonly can_move v2+40
;;     v4 = call_indirect sig0, v3(v0, v1)  ; v1 = 0
;;     jump block1
;;   block1:
;;     return
;; }

;;= x86_64
;; copy:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rcx, %r9
;;     movq %rdx, %r8
;;     movq %rsi, %rcx
;;     movq -0x20(%rdi), %rax
;;     movq 0x10(%rax), %rax
;;     xorq %rsi, %rsi
;;     movl %ecx, %edx
;;     movq %r8, %rcx
;;     movl %ecx, %ecx
;;     movq %r9, %r8
;;     movl %r8d, %r8d
;;     callq *%rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; fill:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rcx, %r9
;;     movq %rdx, %r8
;;     movq %rsi, %rcx
;;     movq -0x20(%rdi), %rax
;;     movq 0x18(%rax), %rax
;;     xorq %rsi, %rsi
;;     movl %ecx, %edx
;;     movq %r8, %rcx
;;     movl %ecx, %ecx
;;     movq %r9, %r8
;;     movl %r8d, %r8d
;;     callq *%rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; init:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rcx, %r9
;;     movq %rdx, %r8
;;     movq %rsi, %rcx
;;     movq -0x20(%rdi), %rax
;;     movq 0x20(%rax), %rax
;;     xorq %rsi, %rsi
;;     movl %ecx, %edx
;;     movq %r8, %rcx
;;     movl %ecx, %ecx
;;     movq %r9, %r8
;;     movl %r8d, %r8d
;;     callq *%rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; drop:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x20(%rdi), %rsi
;;     movq 0x28(%rsi), %r8
;;     xorq %rsi, %rsi
;;     callq *%r8
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; copy:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x11, [x2, #-0x20]
;;     mov x0, x2
;;     ldr x11, [x11, #0x10]
;;     mov x1, #0x0
;;     mov w2, w3
;;     mov w3, w4
;;     mov w4, w5
;;     blr x11
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; fill:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x11, [x2, #-0x20]
;;     mov x0, x2
;;     ldr x11, [x11, #0x18]
;;     mov x1, #0x0
;;     mov w2, w3
;;     mov w3, w4
;;     mov w4, w5
;;     blr x11
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; init:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x11, [x2, #-0x20]
;;     mov x0, x2
;;     ldr x11, [x11, #0x20]
;;     mov x1, #0x0
;;     mov w2, w3
;;     mov w3, w4
;;     mov w4, w5
;;     blr x11
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; drop:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x5, [x2, #-0x20]
;;     ldr x5, [x5, #0x28]
;;     mov x1, #0x0
;;     mov x0, x2
;;     blr x5
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; copy:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s2, 0x8(sp)
;;     mv a7, a2
;;     mv s2, a3
;;     ld a4, -0x20(a0)
;;     ld a6, 0x10(a4)
;;     li a5, 0x0
;;     slli a3, a1, 0x20
;;     srli a2, a3, 0x20
;;     mv a1, a7
;;     slli a3, a1, 0x20
;;     srli a3, a3, 0x20
;;     mv a1, s2
;;     slli a4, a1, 0x20
;;     srli a4, a4, 0x20
;;     mv a1, a5
;;     jalr a6
;;     ld s2, 0x8(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; fill:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s2, 0x8(sp)
;;     mv a7, a2
;;     mv s2, a3
;;     ld a4, -0x20(a0)
;;     ld a6, 0x18(a4)
;;     li a5, 0x0
;;     slli a3, a1, 0x20
;;     srli a2, a3, 0x20
;;     mv a1, a7
;;     slli a3, a1, 0x20
;;     srli a3, a3, 0x20
;;     mv a1, s2
;;     slli a4, a1, 0x20
;;     srli a4, a4, 0x20
;;     mv a1, a5
;;     jalr a6
;;     ld s2, 0x8(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; init:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s2, 0x8(sp)
;;     mv a7, a2
;;     mv s2, a3
;;     ld a4, -0x20(a0)
;;     ld a6, 0x20(a4)
;;     li a5, 0x0
;;     slli a3, a1, 0x20
;;     srli a2, a3, 0x20
;;     mv a1, a7
;;     slli a3, a1, 0x20
;;     srli a3, a3, 0x20
;;     mv a1, s2
;;     slli a4, a1, 0x20
;;     srli a4, a4, 0x20
;;     mv a1, a5
;;     jalr a6
;;     ld s2, 0x8(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; drop:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a1, -0x20(a0)
;;     ld a2, 0x28(a1)
;;     li a1, 0x0
;;     jalr a2
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
