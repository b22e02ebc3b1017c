;; Accesses with a comparison each, for little address space.
;;! options: --memory-model bounds
;;! show: ir
(module (memory 1)
  (func $load (export "load") (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func $far (export "far") (param i32) (result i32) (i32.load offset=0x12345678 (local.get 0)))
  (func $store (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func $constant (export "constant") (result i32) (i32.load (i32.const 1024))))

;;= ir
;; ; load (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region3 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     v8 = iadd v0, v3
;;     v9 = iconst.i64 0
;;     v10 = select_spectre_guard v7, v9, v8  ; v9 = 0
;;     v11 = load.i32 user2 little region0 v10+8
;;     jump block1(v11)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; far (1)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region3 v0-16
;;     v5 = iconst.i64 0x1234_567c
;;     v6 = iadd v3, v5  ; v5 = 0x1234_567c
;;     v7 = icmp ugt v6, v4
;;     v8 = iadd v0, v3
;;     v9 = iconst.i64 0x1234_5678
;;     v10 = iadd v8, v9  ; v9 = 0x1234_5678
;;     v11 = iconst.i64 0
;;     v12 = select_spectre_guard v7, v11, v10  ; v11 = 0
;;     v13 = load.i32 user2 little region0 v12
;;     jump block1(v13)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; store (2)
;; function u0:0(i64, i32, i64) tail {
;;   block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region3 v0-16
;;     v5 = iconst.i64 8
;;     v6 = iadd v3, v5  ; v5 = 8
;;     v7 = icmp ugt v6, v4
;;     v8 = iadd v0, v3
;;     v9 = iconst.i64 0
;;     v10 = select_spectre_guard v7, v9, v8  ; v9 = 0
;;     store user2 little region0 v2, v10
;;     jump block1
;;   block1:
;;     return
;; }
;; ; constant (3)
;; function u0:0(i64) -> i32 tail {
;;   block0(v0: i64):
;;     v2 = iconst.i32 1024
;;     v3 = uextend.i64 v2  ; v2 = 1024
;;     v4 = load.i64 notrap aligned region3 v0-16
;;     v5 = iconst.i64 4
;;     v6 = iadd v3, v5  ; v5 = 4
;;     v7 = icmp ugt v6, v4
;;     v8 = iadd v0, v3
;;     v9 = iconst.i64 0
;;     v10 = select_spectre_guard v7, v9, v8  ; v9 = 0
;;     v11 = load.i32 user2 little region0 v10
;;     jump block1(v11)
;;   block1(v1: i32):
;;     return v1
;; }

;;= x86_64
;; load:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %r10d
;;     leaq 0xc(%r10), %r11
;;     xorq %r9, %r9
;;     leaq (%rdi,%r10), %r8
;;     cmpq -0x10(%rdi), %r11
;;     cmovaq %r9, %r8
;;     movl 0x8(%r8), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; far:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %r10d
;;     leaq 0x1234567c(%r10), %r11
;;     xorq %r9, %r9
;;     leaq 0x12345678(%rdi,%r10), %r8
;;     cmpq -0x10(%rdi), %r11
;;     cmovaq %r9, %r8
;;     movl (%r8), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; store:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %r10d
;;     leaq 0x8(%r10), %r11
;;     xorq %r9, %r9
;;     leaq (%rdi,%r10), %r8
;;     cmpq -0x10(%rdi), %r11
;;     cmovaq %r9, %r8
;;     movq %rdx, (%r8)  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; constant:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x10(%rdi), %r8
;;     movq %rdi, %r11
;;     xorq %rdi, %rdi
;;     leaq 0x400(%r11), %rsi
;;     cmpq $0x404, %r8
;;     cmovbq %rdi, %rsi
;;     movl (%rsi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; load:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x9, [x2, #-0x10]
;;     mov w10, w3
;;     add x10, x10, #0xc
;;     mov x11, #0x0
;;     add x12, x2, w3, uxtw
;;     cmp x10, x9
;;     csel x10, x11, x12, hi
;;     ldr w2, [x10, #0x8]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; far:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x13, [x2, #-0x10]
;;     mov w14, #0x567c
;;     movk w14, #0x1234, lsl #16
;;     add x14, x14, w3, uxtw
;;     mov x15, #0x0
;;     add x0, x2, w3, uxtw
;;     mov w1, #0x5678
;;     movk w1, #0x1234, lsl #16
;;     add x0, x0, x1
;;     cmp x14, x13
;;     csel x14, x15, x0, hi
;;     ldr w2, [x14]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; store:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x9, [x2, #-0x10]
;;     mov w10, w3
;;     add x10, x10, #0x8
;;     mov x11, #0x0
;;     add x12, x2, w3, uxtw
;;     cmp x10, x9
;;     csel x10, x11, x12, hi
;;     str x4, [x10]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; constant:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x6, [x2, #-0x10]
;;     mov x7, #0x0
;;     add x8, x2, #0x400
;;     cmp x6, #0x404
;;     csel x7, x7, x8, lo
;;     ldr w2, [x7]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; load:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a2, -0x10(a0)
;;     slli a1, a1, 0x20
;;     srli a3, a1, 0x20
;;     addi a4, a3, 0xc
;;     sltu a4, a2, a4
;;     add a2, a0, a3
;;     neg a0, a4
;;     not a3, a0
;;     and a4, a2, a3
;;     lw a0, 0x8(a4)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; far:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a3, -0x10(a0)
;;     slli a1, a1, 0x20
;;     srli a2, a1, 0x20
;;     lui a1, 0x12345
;;     addi a1, a1, 0x67c
;;     add a1, a1, a2
;;     sltu a1, a3, a1
;;     add a0, a0, a2
;;     lui a2, 0x12345
;;     addi a2, a2, 0x678
;;     add a0, a0, a2
;;     neg a5, a1
;;     not a1, a5
;;     and a0, a0, a1
;;     lw a0, 0x0(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; store:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a3, -0x10(a0)
;;     slli a1, a1, 0x20
;;     srli a4, a1, 0x20
;;     addi a5, a4, 0x8
;;     sltu a5, a3, a5
;;     add a3, a0, a4
;;     neg a0, a5
;;     not a4, a0
;;     and a4, a4, a3
;;     sd a2, 0x0(a4)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; constant:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a1, -0x10(a0)
;;     sltiu a1, a1, 0x404
;;     addi a0, a0, 0x400
;;     neg a1, a1
;;     not a1, a1
;;     and a0, a0, a1
;;     lw a0, 0x0(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
