;; Tables with references: reading and writing compare the index, the rest is
;; the loader's.
;;! show: ir
(module (table $t (export "table") 4 8 externref) (table $f (export "functions") 4 funcref) (elem $e func $get)
  (func $get (export "get") (param i32) (result externref) (table.get $t (local.get 0)))
  (func $set (export "set") (param i32 externref) (table.set $t (local.get 0) (local.get 1)))
  (func $size (export "size") (result i32) (table.size $t))
  (func $grow (export "grow") (param externref i32) (result i32) (table.grow $t (local.get 0) (local.get 1)))
  (func $init (export "init") (param i32 i32 i32) (table.init $f $e (local.get 0) (local.get 1) (local.get 2)))
  (func $fill (export "fill") (param i32 externref i32) (table.fill $t (local.get 0) (local.get 1) (local.get 2))))

;;= ir
;; ; get (0)
;; function u0:0(i64, i32) -> i64 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = load.i64 notrap aligned region3 v0-72
;;     v4 = load.i64 notrap aligned region3 v0-80
;;     v5 = uextend.i64 v1
;;     v6 = icmp uge v5, v3
;;     trapnz v6, user3
;;     v7 = iconst.i64 0
;;     v8 = select_spectre_guard v6, v7, v5  ; v7 = 0
;;     v9 = iconst.i64 3
;;     v10 = ishl v8, v9  ; v9 = 3
;;     v11 = iadd v4, v10
;;     v12 = load.i64 notrap aligned region2 v11
;;     jump block1(v12)
;;   block1(v2: i64):
;;     return v2
;; }
;; ; set (1)
;; function u0:0(i64, i32, i64) tail {
;;   block0(v0: i64, v1: i32, v2: i64):
;;     v3 = load.i64 notrap aligned region3 v0-72
;;     v4 = load.i64 notrap aligned region3 v0-80
;;     v5 = uextend.i64 v1
;;     v6 = icmp uge v5, v3
;;     trapnz v6, user3
;;     v7 = iconst.i64 0
;;     v8 = select_spectre_guard v6, v7, v5  ; v7 = 0
;;     v9 = iconst.i64 3
;;     v10 = ishl v8, v9  ; v9 = 3
;;     v11 = iadd v4, v10
;;     store notrap aligned region2 v2, v11
;;     jump block1
;;   block1:
;;     return
;; }
;; ; size (2)
;; function u0:0(i64) -> i32 tail {
;;   block0(v0: i64):
;;     v2 = load.i64 notrap aligned region3 v0-72
;;     v3 = ireduce.i32 v2
;;     jump block1(v3)
;;   block1(v1: i32):
;;     return v1
;; }
;; ; grow (3)
;; function u0:0(i64, i64, i32) -> i32 tail {
;;     sig0 = (i64, i64, i64, i64) -> i64 system_v
;;   block0(v0: i64, v1: i64, v2: i32):
;;     v4 = iconst.i64 0
;;     v5 = uextend.i64 v2
;;     v6 = load.i64 notrap aligned readonly can_move v0-32
;;     v7 = load.i64 notrap aligned readonly can_move v6+48
;;     v8 = call_indirect sig0, v7(v0, v4, v5, v1)  ; v4 = 0
;;     v9 = ireduce.i32 v8
;;     jump block1(v9)
;;   block1(v3: i32):
;;     return v3
;; }
;; ; init (4)
;; function u0:0(i64, i32, i32, i32) tail {
;;     sig0 = (i64, i64, i64, i64, i64) -> i64 system_v
;;   block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = iconst.i64 0x0001_0000_0000
;;     v5 = uextend.i64 v1
;;     v6 = uextend.i64 v2
;;     v7 = uextend.i64 v3
;;     v8 = load.i64 notrap aligned readonly can_move v0-32
;;     v9 = load.i64 notrap aligned readonly can_move v8+72
;;     v10 = call_indirect sig0, v9(v0, v4, v5, v6, v7)  ; v4 = 0x0001_0000_0000
;;     jump block1
;;   block1:
;;     return
;; }
;; ; fill (5)
;; function u0:0(i64, i32, i64, i32) tail {
;;     sig0 = (i64, i64, i64, i64, i64) -> i64 system_v
;;   block0(v0: i64, v1: i32, v2: i64, v3: i32):
;;     v4 = iconst.i64 0
;;     v5 = uextend.i64 v1
;;     v6 = uextend.i64 v3
;;     v7 = load.i64 notrap aligned readonly can_move v0-32
;;     v8 = load.i64 notrap aligned readonly can_move v7+56
;;     v9 = call_indirect sig0, v8(v0, v4, v5, v2, v6)  ; v4 = 0
;;     jump block1
;;   block1:
;;     return
;; }

;;= x86_64
;; get:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x48(%rdi), %r10
;;     movq -0x50(%rdi), %r9
;;     movl %esi, %esi
;;     cmpq %r10, %rsi
;;     jae L1
;;     xorq %r11, %r11
;;     cmpq %r10, %rsi
;;     cmovaeq %r11, %rsi
;;     movq (%r9,%rsi,8), %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: undefined element: out of bounds table access
;; set:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x48(%rdi), %r10
;;     movq -0x50(%rdi), %r9
;;     movl %esi, %esi
;;     cmpq %r10, %rsi
;;     jae L1
;;     xorq %r11, %r11
;;     cmpq %r10, %rsi
;;     cmovaeq %r11, %rsi
;;     movq %rdx, (%r9,%rsi,8)
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: undefined element: out of bounds table access
;; size:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x48(%rdi), %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; grow:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rcx
;;     movq -0x20(%rdi), %r9
;;     movq 0x30(%r9), %r9
;;     xorq %rsi, %rsi
;;     movl %edx, %edx
;;     callq *%r9
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; init:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rcx, %r8
;;     movq %rdx, %rcx
;;     movq %rsi, %rax
;;     movq -0x20(%rdi), %r11
;;     movq 0x48(%r11), %r11
;;     movabsq $0x100000000, %rsi
;;     movl %eax, %edx
;;     movq %rcx, %rax
;;     movl %eax, %ecx
;;     movq %r8, %rax
;;     movl %eax, %r8d
;;     callq *%r11
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; fill:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     movq %rdx, %r9
;;     movq -0x20(%rdi), %r11
;;     movq 0x38(%r11), %r11
;;     xorq %rsi, %rsi
;;     movl %eax, %edx
;;     movl %ecx, %r8d
;;     movq %r9, %rcx
;;     callq *%r11
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; get:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x9, [x2, #-0x48]
;;     ldur x8, [x2, #-0x50]
;;     mov w10, w3
;;     cmp x10, x9
;;     b.hs L1
;;     mov x11, #0x0
;;     cmp x10, x9
;;     csel x11, x11, x10, hs
;;     ldr x2, [x8, x11, lsl #3]
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: undefined element: out of bounds table access
;; set:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x9, [x2, #-0x48]
;;     ldur x8, [x2, #-0x50]
;;     mov w10, w3
;;     cmp x10, x9
;;     b.hs L1
;;     mov x11, #0x0
;;     cmp x10, x9
;;     csel x11, x11, x10, hs
;;     str x4, [x8, x11, lsl #3]
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: undefined element: out of bounds table access
;; size:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x2, [x2, #-0x48]
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; grow:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x8, [x2, #-0x20]
;;     mov x0, x2
;;     ldr x8, [x8, #0x30]
;;     mov x1, #0x0
;;     mov w2, w4
;;     blr x8
;;     mov x2, x0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; init:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x11, [x2, #-0x20]
;;     mov x0, x2
;;     ldr x11, [x11, #0x48]
;;     mov x1, #0x100000000
;;     mov w2, w3
;;     mov w3, w4
;;     mov w4, w5
;;     blr x11
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; fill:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x15, x4
;;     ldur x10, [x2, #-0x20]
;;     mov x0, x2
;;     ldr x10, [x10, #0x38]
;;     mov x1, #0x0
;;     mov w2, w3
;;     mov w4, w5
;;     mov x3, x15
;;     blr x10
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; get:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a5, -0x48(a0)
;;     ld a4, -0x50(a0)
;;     slli a3, a1, 0x20
;;     srli a0, a3, 0x20
;;     sltu a3, a0, a5
;;     xori a1, a3, 0x1
;;     bltu a0, a5, L1
;;     unimp  ; traps: undefined element: out of bounds table access
;;   L1:
;;     neg a3, a1
;;     not a5, a3
;;     and a0, a0, a5
;;     slli a5, a0, 0x3
;;     add a5, a5, a4
;;     ld a0, 0x0(a5)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; set:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a5, -0x48(a0)
;;     ld a4, -0x50(a0)
;;     slli a3, a1, 0x20
;;     srli a0, a3, 0x20
;;     sltu a3, a0, a5
;;     xori a1, a3, 0x1
;;     bltu a0, a5, L1
;;     unimp  ; traps: undefined element: out of bounds table access
;;   L1:
;;     neg a3, a1
;;     not a5, a3
;;     and a0, a0, a5
;;     slli a5, a0, 0x3
;;     add a5, a5, a4
;;     sd a2, 0x0(a5)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; size:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a0, -0x48(a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; grow:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a3, a1
;;     ld a1, -0x20(a0)
;;     ld a4, 0x30(a1)
;;     li a1, 0x0
;;     slli a2, a2, 0x20
;;     srli a2, a2, 0x20
;;     jalr a4
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
;;     sd s3, 0x8(sp)
;;     mv s3, a3
;;     mv a3, a2
;;     ld a5, -0x20(a0)
;;     ld a5, 0x48(a5)
;;     lui a4, 0x1
;;     slli a6, a4, 0x14
;;     slli a1, a1, 0x20
;;     srli a2, a1, 0x20
;;     mv a1, a3
;;     slli a1, a1, 0x20
;;     srli a3, a1, 0x20
;;     mv a1, s3
;;     slli a4, a1, 0x20
;;     srli a4, a4, 0x20
;;     mv a1, a6
;;     jalr a5
;;     ld s3, 0x8(sp)
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
;;     mv a4, a3
;;     mv a3, a2
;;     ld a2, -0x20(a0)
;;     ld a6, 0x38(a2)
;;     li a5, 0x0
;;     slli a1, a1, 0x20
;;     srli a2, a1, 0x20
;;     mv a1, a4
;;     slli a1, a1, 0x20
;;     srli a4, a1, 0x20
;;     mv a1, a5
;;     jalr a6
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
