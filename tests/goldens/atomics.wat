;; Atomic accesses check alignment themselves; waiting is the loader's.
;;! show: ir
(module (memory 1)
  (func $load (export "load") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func $store (export "store") (param i32 i64) (i64.atomic.store (local.get 0) (local.get 1)))
  (func $add (export "add") (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func $exchange (export "exchange") (param i32 i32 i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u (local.get 0) (local.get 1) (local.get 2)))
  (func $fence (export "fence") (atomic.fence))
  (func $notify (export "notify") (param i32 i32) (result i32)
    (memory.atomic.notify (local.get 0) (local.get 1))))

;;= ir
;; ; load (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = iconst.i64 0
;;     v6 = iadd v4, v5  ; v5 = 0
;;     v7 = iconst.i64 3
;;     v8 = band v6, v7  ; v7 = 3
;;     v9 = iconst.i64 0
;;     v10 = icmp ne v8, v9  ; v9 = 0
;;     trapnz v10, user13
;;     v11 = atomic_load.i32 user2 little region0 v6
;;     jump block1(v11)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; store (1)
;; function u0:0(i64, i32, i64) tail {
;;   block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = iconst.i64 0
;;     v6 = iadd v4, v5  ; v5 = 0
;;     v7 = iconst.i64 7
;;     v8 = band v6, v7  ; v7 = 7
;;     v9 = iconst.i64 0
;;     v10 = icmp ne v8, v9  ; v9 = 0
;;     trapnz v10, user13
;;     atomic_store user2 little region0 v2, v6
;;     jump block1
;;   block1:
;;     return
;; }
;; ; add (2)
;; function u0:0(i64, i32, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v4 = uextend.i64 v1
;;     v5 = iadd v0, v4
;;     v6 = iconst.i64 0
;;     v7 = iadd v5, v6  ; v6 = 0
;;     v8 = iconst.i64 3
;;     v9 = band v7, v8  ; v8 = 3
;;     v10 = iconst.i64 0
;;     v11 = icmp ne v9, v10  ; v10 = 0
;;     trapnz v11, user13
;;     v12 = atomic_rmw.i32 add v7, v2
;;     jump block1(v12)
;;   block1(v3: i32):
;;     return v3
;; }
;; ; exchange (3)
;; function u0:0(i64, i32, i32, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v5 = ireduce.i8 v2
;;     v6 = ireduce.i8 v3
;;     v7 = uextend.i64 v1
;;     v8 = iadd v0, v7
;;     v9 = iconst.i64 0
;;     v10 = iadd v8, v9  ; v9 = 0
;;     v11 = uextend.i32 v5
;;     v12 = icmp eq v11, v2
;;     brif v12, block2, block3
;;   block2:
;;     v14 = atomic_cas.i8 v10, v5, v6
;;     jump block4(v14)
;;   block3:
;;     v15 = atomic_load.i8 user2 little region0 v10
;;     jump block4(v15)
;;   block4(v13: i8):
;;     v16 = uextend.i32 v13
;;     jump block1(v16)
;;   block1(v4: i32):
;;     return v4
;; }
;; ; fence (4)
;; function u0:0(i64) tail {
;;   block0(v0: i64):
;; fence
;;     jump block1
;;   block1:
;;     return
;; }
;; ; notify (5)
;; function u0:0(i64, i32, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v4 = uextend.i64 v1
;;     v5 = iadd v0, v4
;;     v6 = iconst.i64 0
;;     v7 = iadd v5, v6  ; v6 = 0
;;     v8 = iconst.i64 3
;;     v9 = band v7, v8  ; v8 = 3
;;     v10 = iconst.i64 0
;;     v11 = icmp ne v9, v10  ; v10 = 0
;;     trapnz v11, user13
;;     v12 = atomic_load.i32 user2 little region0 v7
;;     v13 = iconst.i32 0
;;     jump block1(v13)  ; v13 = 0
;;   block1(v3: i32):
;;     return v3
;; }

;;= x86_64
;; load:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     leaq (%rdi,%rsi), %r8
;;     testb $0x3, %r8b
;;     jne L1
;;     movl (%rdi,%rsi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: unaligned atomic
;; store:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     leaq (%rdi,%rsi), %r8
;;     testb $0x7, %r8b
;;     jne L1
;;     movq %rdx, (%rdi,%rsi)  ; traps: out of bounds memory access
;;     mfence
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: unaligned atomic
;; add:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     leaq (%rdi,%rsi), %r8
;;     testb $0x3, %r8b
;;     jne L1
;;     movq %rdx, %rax
;;     lock  ; traps: out of bounds memory access
;;     xaddl %eax, (%rdi,%rsi)
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: unaligned atomic
;; exchange:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movzbl %dl, %r11d
;;     cmpl %edx, %r11d
;;     movq %rdx, %rax
;;     je L1
;;     movl %esi, %eax
;;     movzbl (%rdi,%rax), %eax  ; traps: out of bounds memory access
;;     jmp L2
;;   L1:
;;     movl %esi, %edx
;;     lock  ; traps: out of bounds memory access
;;     cmpxchgb %cl, (%rdi,%rdx)
;;   L2:
;;     movzbl %al, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; fence:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     mfence
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; notify:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %r8d
;;     leaq (%rdi,%r8), %r9
;;     testb $0x3, %r9b
;;     jne L1
;;     movl (%rdi,%r8), %r9d  ; traps: out of bounds memory access
;;     xorl %eax, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: unaligned atomic

;;= aarch64
;; load:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     add x5, x2, w3, uxtw
;;     and x6, x5, #0x3
;;     cbnz x6, L1
;;     ldar w2, [x5]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: unaligned atomic
;; store:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     add x5, x2, w3, uxtw
;;     and x6, x5, #0x7
;;     cbnz x6, L1
;;     stlr x4, [x5]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: unaligned atomic
;; add:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str x28, [sp, #-0x10]!
;;     stp x26, x27, [sp, #-0x10]!
;;     stp x24, x25, [sp, #-0x10]!
;;     add x25, x2, w3, uxtw
;;     and x8, x25, #0x3
;;     cbnz x8, L2
;;     mov x26, x4
;;   L1:
;;     ldaxr w27, [x25]  ; traps: out of bounds memory access
;;     add w28, w27, w26
;;     stlxr w24, w28, [x25]  ; traps: out of bounds memory access
;;     cbnz x24, L1
;;     mov x2, x27
;;     ldp x24, x25, [sp], #0x10
;;     ldp x26, x27, [sp], #0x10
;;     ldr x28, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L2:
;;     udf #0xc11f  ; traps: unaligned atomic
;; exchange:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str x28, [sp, #-0x10]!
;;     stp x26, x27, [sp, #-0x10]!
;;     stp x24, x25, [sp, #-0x10]!
;;     mov x28, x5
;;     uxtb w12, w4
;;     cmp w12, w4
;;     mov x26, x4
;;     b.eq L1
;;     add x14, x2, w3, uxtw
;;     ldarb w27, [x14]  ; traps: out of bounds memory access
;;     b L3
;;   L1:
;;     add x25, x2, w3, uxtw
;;   L2:
;;     ldaxrb w27, [x25]  ; traps: out of bounds memory access
;;     cmp x27, w26, uxtb
;;     b.ne L3
;;     stlxrb w24, w28, [x25]  ; traps: out of bounds memory access
;;     cbnz x24, L2
;;   L3:
;;     uxtb w2, w27
;;     ldp x24, x25, [sp], #0x10
;;     ldp x26, x27, [sp], #0x10
;;     ldr x28, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; fence:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     dmb ish
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; notify:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     add x6, x2, w3, uxtw
;;     and x7, x6, #0x3
;;     cbnz x7, L1
;;     ldar w7, [x6]  ; traps: out of bounds memory access
;;     mov w2, #0x0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: unaligned atomic

;;= riscv64
;; load:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     andi a1, a0, 0x3
;;     beqz a1, L1
;;     unimp  ; traps: unaligned atomic
;;   L1:
;;     fence rw, rw
;;     lw a0, 0x0(a0)  ; traps: out of bounds memory access
;;     fence r, rw
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
;;     andi a1, a0, 0x7
;;     beqz a1, L1
;;     unimp  ; traps: unaligned atomic
;;   L1:
;;     fence rw, w
;;     sd a2, 0x0(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; add:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     andi a1, a0, 0x3
;;     beqz a1, L1
;;     unimp  ; traps: unaligned atomic
;;   L1:
;;     amoadd.w.aqrl a0, a2, (a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; exchange:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     andi a4, a2, 0xff
;;     sext.w a4, a4
;;     sext.w a5, a2
;;     beq a4, a5, L1
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     fence rw, rw
;;     lb a2, 0x0(a0)  ; traps: out of bounds memory access
;;     fence r, rw
;;     j L3
;;   L1:
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     andi a1, a0, 0x3
;;     slli a1, a1, 0x3
;;     andi a4, a2, 0xff
;;     andi a0, a0, -0x4
;;   L2:
;;     lr.w.aqrl a2, (a0)  ; traps: out of bounds memory access
;;     srl a2, a2, a1
;;     andi a2, a2, 0xff
;;     bne a4, a2, L3
;;     lr.w.aqrl a5, (a0)  ; traps: out of bounds memory access
;;     li t6, 0xff
;;     sll t6, t6, a1
;;     not t6, t6
;;     and a5, a5, t6
;;     andi t6, a3, 0xff
;;     sll t6, t6, a1
;;     or a5, a5, t6
;;     sc.w.aqrl a5, a5, (a0)  ; traps: out of bounds memory access
;;     bnez a5, L2
;;   L3:
;;     andi a0, a2, 0xff
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; fence:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     fence
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; notify:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     andi a1, a0, 0x3
;;     beqz a1, L1
;;     unimp  ; traps: unaligned atomic
;;   L1:
;;     fence rw, rw
;;     lw a0, 0x0(a0)  ; traps: out of bounds memory access
;;     fence r, rw
;;     li a0, 0x0
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
