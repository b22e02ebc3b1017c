;; A table that others see holds references to records.
;;! show: ir
(module (type $t (func (param i32) (result i32)))
  (table (export "table") 4 funcref)
  (func $calls (export "calls") (param i32 i32) (result i32)
    (call_indirect (type $t) (local.get 0) (local.get 1))))

;;= ir
;; ; calls (0)
;; function u0:0(i64, i32, i32) -> i32 tail {
;;     sig0 = (i64, i32) -> i32 tail
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v4 = load.i64 notrap aligned region3 v0-72
;;     v5 = load.i64 notrap aligned region3 v0-80
;;     v6 = uextend.i64 v2
;;     v7 = icmp uge v6, v4
;;     trapnz v7, user3
;;     v8 = iconst.i64 0
;;     v9 = select_spectre_guard v7, v8, v6  ; v8 = 0
;;     v10 = iconst.i64 3
;;     v11 = ishl v9, v10  ; v10 = 3
;;     v12 = iadd v5, v11
;;     v13 = load.i64 notrap aligned region2 v12
;;     trapz v13, user4
;;     v14 = load.i64 notrap aligned readonly can_move v0-40
;;     v15 = load.i32 notrap aligned readonly can_move v14
;;     v16 = load.i32 notrap aligned readonly v13+16
;;     v17 = icmp ne v16, v15
;;     trapnz v17, user5
;;     v18 = load.i64 notrap aligned readonly v13
;;     v19 = load.i64 notrap aligned readonly v13+8
;;     v20 = call_indirect sig0, v18(v19, v1)
;;     jump block1(v20)
;;   block1(v3: i32):
;;     return v3
;; }

;;= x86_64
;; calls:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x48(%rdi), %rcx
;;     movq -0x50(%rdi), %rax
;;     movl %edx, %edx
;;     cmpq %rcx, %rdx
;;     jae L1
;;     xorq %r8, %r8
;;     cmpq %rcx, %rdx
;;     cmovaeq %r8, %rdx
;;     movq (%rax,%rdx,8), %rax
;;     testq %rax, %rax
;;     je L2
;;     movl 0x10(%rax), %ecx
;;     movq -0x28(%rdi), %rdx
;;     cmpl (%rdx), %ecx
;;     jne L3
;;     movq (%rax), %rcx
;;     movq 0x8(%rax), %rdi
;;     callq *%rcx
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: undefined element: out of bounds table access
;;   L2:
;;     ud2  ; traps: uninitialized element
;;   L3:
;;     ud2  ; traps: indirect call type mismatch

;;= aarch64
;; calls:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x0, [x2, #-0x48]
;;     ldur x15, [x2, #-0x50]
;;     mov w1, w4
;;     cmp x1, x0
;;     b.hs L1
;;     mov x4, #0x0
;;     cmp x1, x0
;;     csel x0, x4, x1, hs
;;     ldr x0, [x15, x0, lsl #3]
;;     cbz x0, L2
;;     ldr w1, [x0, #0x10]
;;     ldur x2, [x2, #-0x28]
;;     ldr w2, [x2]
;;     cmp w1, w2
;;     b.ne L3
;;     ldr x1, [x0]
;;     ldr x2, [x0, #0x8]
;;     blr x1
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: undefined element: out of bounds table access
;;   L2:
;;     udf #0xc11f  ; traps: uninitialized element
;;   L3:
;;     udf #0xc11f  ; traps: indirect call type mismatch

;;= riscv64
;; calls:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a3, -0x48(a0)
;;     ld a5, -0x50(a0)
;;     slli a2, a2, 0x20
;;     srli a4, a2, 0x20
;;     sltu a2, a4, a3
;;     xori a2, a2, 0x1
;;     bltu a4, a3, L1
;;     unimp  ; traps: undefined element: out of bounds table access
;;   L1:
;;     neg a2, a2
;;     not a2, a2
;;     and a2, a2, a4
;;     slli a2, a2, 0x3
;;     add a2, a2, a5
;;     ld a2, 0x0(a2)
;;     bnez a2, L2
;;     unimp  ; traps: uninitialized element
;;   L2:
;;     lw a3, 0x10(a2)
;;     ld a0, -0x28(a0)
;;     lw a0, 0x0(a0)
;;     sext.w a3, a3
;;     sext.w a0, a0
;;     beq a3, a0, L3
;;     unimp  ; traps: indirect call type mismatch
;;   L3:
;;     ld a3, 0x0(a2)
;;     ld a0, 0x8(a2)
;;     jalr a3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
