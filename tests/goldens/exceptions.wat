;; Throwing is the loader's; handlers are found by return addresses, so that
;; nothing is tested after a call.
;;! show: ir
(module (import "env" "f" (func $f)) (tag $t (param i32))
  (func $throws (export "throws") (param i32) (throw $t (local.get 0)))
  (func $catches (export "catches") (result i32)
    (block $h (result i32) (try_table (catch $t $h) (call $f)) (i32.const 0)))
  (func $all (export "all") (block $h (try_table (catch_all $h) (call $f)))))

;;= ir
;; ; throws (1)
;; function u0:0(i64, i32) tail {
;;     sig0 = (i64, i64) -> i64 system_v
;;   block0(v0: i64, v1: i32):
;;     v2 = iconst.i64 0
;;     v3 = load.i64 notrap aligned readonly can_move v0-32
;;     v4 = load.i64 notrap aligned readonly can_move v3+88
;;     v5 = call_indirect sig0, v4(v0, v2)  ; v2 = 0
;;     store notrap aligned v1, v5+16
;;     v6 = load.i64 notrap aligned readonly can_move v0-32
;;     v7 = load.i64 notrap aligned readonly can_move v6+96
;;     v8 = call_indirect sig0, v7(v0, v5)
;;     trap user9
;; }
;; ; catches (2)
;; function u0:0(i64) -> i32 tail {
;;     sig0 = (i64, i64) -> i64 system_v
;;     sig1 = (i64) tail
;;   block0(v0: i64):
;;     jump block4
;;   block3(v3: i64) cold:
;;     v4 = load.i64 notrap aligned readonly v3
;;     v5 = load.i64 notrap aligned readonly can_move v0-96
;;     v6 = icmp eq v4, v5
;;     brif v6, block5, block6
;;   block5:
;;     v7 = load.i32 notrap aligned readonly v3+16
;;     jump block2(v7)
;;   block6:
;;     v8 = load.i64 notrap aligned readonly can_move v0-32
;;     v9 = load.i64 notrap aligned readonly can_move v8+96
;;     v10 = call_indirect sig0, v9(v0, v3)
;;     trap user9
;;   block4:
;;     v11 = load.i64 notrap aligned readonly can_move v0-88
;;     v12 = load.i64 notrap aligned readonly can_move v0-80
;;     try_call_indirect v11(v12), sig1, block8, [ default: block3(exn0) ]
;;   block8:
;;     jump block7
;;   block7:
;;     v13 = iconst.i32 0
;;     jump block2(v13)  ; v13 = 0
;;   block2(v2: i32):
;;     jump block1(v2)
;;   block1(v1: i32):
;;     return v1
;; }
;; ; all (3)
;; function u0:0(i64) tail {
;;     sig0 = (i64) tail
;;   block0(v0: i64):
;;     jump block4
;;   block3(v1: i64) cold:
;;     jump block2
;;   block4:
;;     v2 = load.i64 notrap aligned readonly can_move v0-88
;;     v3 = load.i64 notrap aligned readonly can_move v0-80
;;     try_call_indirect v2(v3), sig0, block6, [ default: block3(exn0) ]
;;   block6:
;;     jump block5
;;   block5:
;;     jump block2
;;   block2:
;;     jump block1
;;   block1:
;;     return
;; }

;;= x86_64
;; throws:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x20, %rsp
;;     movq %r12, (%rsp)
;;     movq %r13, -0x18(%rbp)
;;     movq %r14, -0x10(%rbp)
;;     movq %rsi, %r14
;;     movq -0x20(%rdi), %r12
;;     movq %rdi, %r13
;;     movq 0x58(%r12), %r9
;;     xorq %rsi, %rsi
;;     callq *%r9
;;     movq %r14, %rsi
;;     movl %esi, 0x10(%rax)
;;     movq 0x60(%r12), %r10
;;     movq %rax, %rsi
;;     movq %r13, %rdi
;;     callq *%r10
;;     ud2  ; traps: unreachable instruction executed
;; catches:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x40, %rsp
;;     movq %rbx, -0x30(%rbp)
;;     movq %r12, -0x28(%rbp)
;;     movq %r13, -0x20(%rbp)
;;     movq %r14, -0x18(%rbp)
;;     movq %r15, -0x10(%rbp)
;;     movq -0x58(%rdi), %rax
;;     movq %rdi, %rcx
;;     movq -0x50(%rcx), %rdi
;;     movq %rcx, (%rsp)
;;     callq *%rax  ; lands at L3
;;     xorl %eax, %eax
;;     jmp L2
;;   L1:
;;     movl 0x10(%rsi), %eax
;;   L2:
;;     movq -0x30(%rbp), %rbx
;;     movq -0x28(%rbp), %r12
;;     movq -0x20(%rbp), %r13
;;     movq -0x18(%rbp), %r14
;;     movq -0x10(%rbp), %r15
;;     addq $0x40, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L3:  ; landing pad
;;     movq %rax, %rsi
;;     movq (%rsi), %rax
;;     movq (%rsp), %rdi
;;     movq -0x60(%rdi), %rcx
;;     cmpq %rcx, %rax
;;     je L1
;;     movq -0x20(%rdi), %rax
;;     movq 0x60(%rax), %rax
;;     callq *%rax
;;     ud2  ; traps: unreachable instruction executed
;; all:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x30, %rsp
;;     movq %rbx, (%rsp)
;;     movq %r12, -0x28(%rbp)
;;     movq %r13, -0x20(%rbp)
;;     movq %r14, -0x18(%rbp)
;;     movq %r15, -0x10(%rbp)
;;     movq -0x58(%rdi), %r8
;;     movq -0x50(%rdi), %rdi
;;     callq *%r8  ; lands at L1
;;   L1:  ; landing pad
;;     movq (%rsp), %rbx
;;     movq -0x28(%rbp), %r12
;;     movq -0x20(%rbp), %r13
;;     movq -0x18(%rbp), %r14
;;     movq -0x10(%rbp), %r15
;;     addq $0x30, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;     jmp L1

;;= aarch64
;; throws:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str x21, [sp, #-0x10]!
;;     stp x19, x20, [sp, #-0x10]!
;;     mov x20, x2
;;     mov x21, x3
;;     ldur x19, [x2, #-0x20]
;;     ldr x8, [x19, #0x58]
;;     mov x1, #0x0
;;     mov x0, x20
;;     blr x8
;;     mov x3, x21
;;     str w3, [x0, #0x10]
;;     ldr x9, [x19, #0x60]
;;     mov x1, x0
;;     mov x0, x20
;;     blr x9
;;     udf #0xc11f  ; traps: unreachable instruction executed
;; catches:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     stp x27, x28, [sp, #-0x10]!
;;     stp x25, x26, [sp, #-0x10]!
;;     stp x23, x24, [sp, #-0x10]!
;;     stp x21, x22, [sp, #-0x10]!
;;     stp x19, x20, [sp, #-0x10]!
;;     stp d14, d15, [sp, #-0x10]!
;;     stp d12, d13, [sp, #-0x10]!
;;     stp d10, d11, [sp, #-0x10]!
;;     stp d8, d9, [sp, #-0x10]!
;;     sub sp, sp, #0x10
;;     stur x2, [sp]
;;     ldur x2, [sp]
;;     ldur x0, [x2, #-0x58]
;;     ldur x2, [x2, #-0x50]
;;     blr x0  ; lands at L3
;;     mov w2, #0x0
;;     b L2
;;   L1:
;;     ldr w2, [x1, #0x10]
;;   L2:
;;     add sp, sp, #0x10
;;     ldp d8, d9, [sp], #0x10
;;     ldp d10, d11, [sp], #0x10
;;     ldp d12, d13, [sp], #0x10
;;     ldp d14, d15, [sp], #0x10
;;     ldp x19, x20, [sp], #0x10
;;     ldp x21, x22, [sp], #0x10
;;     ldp x23, x24, [sp], #0x10
;;     ldp x25, x26, [sp], #0x10
;;     ldp x27, x28, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L3:  ; landing pad
;;     mov x1, x0
;;     ldr x0, [x1]
;;     ldur x2, [sp]
;;     ldur x3, [x2, #-0x60]
;;     cmp x0, x3
;;     b.eq L1
;;     ldur x0, [x2, #-0x20]
;;     stur x2, [sp]
;;     ldr x2, [x0, #0x60]
;;     ldur x0, [sp]
;;     blr x2
;;     udf #0xc11f  ; traps: unreachable instruction executed
;; all:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     stp x27, x28, [sp, #-0x10]!
;;     stp x25, x26, [sp, #-0x10]!
;;     stp x23, x24, [sp, #-0x10]!
;;     stp x21, x22, [sp, #-0x10]!
;;     stp x19, x20, [sp, #-0x10]!
;;     stp d14, d15, [sp, #-0x10]!
;;     stp d12, d13, [sp, #-0x10]!
;;     stp d10, d11, [sp, #-0x10]!
;;     stp d8, d9, [sp, #-0x10]!
;;     ldur x7, [x2, #-0x58]
;;     ldur x2, [x2, #-0x50]
;;     blr x7  ; lands at L1
;;   L1:  ; landing pad
;;     ldp d8, d9, [sp], #0x10
;;     ldp d10, d11, [sp], #0x10
;;     ldp d12, d13, [sp], #0x10
;;     ldp d14, d15, [sp], #0x10
;;     ldp x19, x20, [sp], #0x10
;;     ldp x21, x22, [sp], #0x10
;;     ldp x23, x24, [sp], #0x10
;;     ldp x25, x26, [sp], #0x10
;;     ldp x27, x28, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;     b L1

;;= riscv64
;; throws:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x20
;;     sd s1, 0x18(sp)
;;     sd s2, 0x10(sp)
;;     sd s3, 0x8(sp)
;;     mv s3, a1
;;     ld s1, -0x20(a0)
;;     mv s2, a0
;;     ld a2, 0x58(s1)
;;     li a1, 0x0
;;     jalr a2
;;     mv a1, s3
;;     sw a1, 0x10(a0)
;;     ld a2, 0x60(s1)
;;     mv a1, a0
;;     mv a0, s2
;;     jalr a2
;;     unimp  ; traps: unreachable instruction executed
;; catches:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0xd0
;;     sd s0, 0xc8(sp)
;;     sd s1, 0xc0(sp)
;;     sd s2, 0xb8(sp)
;;     sd s3, 0xb0(sp)
;;     sd s4, 0xa8(sp)
;;     sd s5, 0xa0(sp)
;;     sd s6, 0x98(sp)
;;     sd s7, 0x90(sp)
;;     sd s8, 0x88(sp)
;;     sd s9, 0x80(sp)
;;     sd s10, 0x78(sp)
;;     sd s11, 0x70(sp)
;;     fsd fs0, 0x68(sp)
;;     fsd fs2, 0x60(sp)
;;     fsd fs3, 0x58(sp)
;;     fsd fs4, 0x50(sp)
;;     fsd fs5, 0x48(sp)
;;     fsd fs6, 0x40(sp)
;;     fsd fs7, 0x38(sp)
;;     fsd fs8, 0x30(sp)
;;     fsd fs9, 0x28(sp)
;;     fsd fs10, 0x20(sp)
;;     fsd fs11, 0x18(sp)
;;     ld a1, -0x58(a0)
;;     mv a2, a0
;;     ld a0, -0x50(a2)
;;     sd a2, 0x0(sp)
;;     jalr a1  ; lands at L3
;;     li a0, 0x0
;;     j L2
;;   L1:
;;     lw a0, 0x10(a1)
;;   L2:
;;     ld s0, 0xc8(sp)
;;     ld s1, 0xc0(sp)
;;     ld s2, 0xb8(sp)
;;     ld s3, 0xb0(sp)
;;     ld s4, 0xa8(sp)
;;     ld s5, 0xa0(sp)
;;     ld s6, 0x98(sp)
;;     ld s7, 0x90(sp)
;;     ld s8, 0x88(sp)
;;     ld s9, 0x80(sp)
;;     ld s10, 0x78(sp)
;;     ld s11, 0x70(sp)
;;     fld fs0, 0x68(sp)
;;     fld fs2, 0x60(sp)
;;     fld fs3, 0x58(sp)
;;     fld fs4, 0x50(sp)
;;     fld fs5, 0x48(sp)
;;     fld fs6, 0x40(sp)
;;     fld fs7, 0x38(sp)
;;     fld fs8, 0x30(sp)
;;     fld fs9, 0x28(sp)
;;     fld fs10, 0x20(sp)
;;     fld fs11, 0x18(sp)
;;     addi sp, sp, 0xd0
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L3:  ; landing pad
;;     mv a1, a0
;;     ld a2, 0x0(a1)
;;     ld a0, 0x0(sp)
;;     ld a3, -0x60(a0)
;;     beq a2, a3, L1
;;     ld a2, -0x20(a0)
;;     ld a2, 0x60(a2)
;;     jalr a2
;;     unimp  ; traps: unreachable instruction executed
;; all:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0xc0
;;     sd s0, 0xb8(sp)
;;     sd s1, 0xb0(sp)
;;     sd s2, 0xa8(sp)
;;     sd s3, 0xa0(sp)
;;     sd s4, 0x98(sp)
;;     sd s5, 0x90(sp)
;;     sd s6, 0x88(sp)
;;     sd s7, 0x80(sp)
;;     sd s8, 0x78(sp)
;;     sd s9, 0x70(sp)
;;     sd s10, 0x68(sp)
;;     sd s11, 0x60(sp)
;;     fsd fs0, 0x58(sp)
;;     fsd fs2, 0x50(sp)
;;     fsd fs3, 0x48(sp)
;;     fsd fs4, 0x40(sp)
;;     fsd fs5, 0x38(sp)
;;     fsd fs6, 0x30(sp)
;;     fsd fs7, 0x28(sp)
;;     fsd fs8, 0x20(sp)
;;     fsd fs9, 0x18(sp)
;;     fsd fs10, 0x10(sp)
;;     fsd fs11, 0x8(sp)
;;     ld a1, -0x58(a0)
;;     ld a0, -0x50(a0)
;;     jalr a1  ; lands at L1
;;   L1:  ; landing pad
;;     ld s0, 0xb8(sp)
;;     ld s1, 0xb0(sp)
;;     ld s2, 0xa8(sp)
;;     ld s3, 0xa0(sp)
;;     ld s4, 0x98(sp)
;;     ld s5, 0x90(sp)
;;     ld s6, 0x88(sp)
;;     ld s7, 0x80(sp)
;;     ld s8, 0x78(sp)
;;     ld s9, 0x70(sp)
;;     ld s10, 0x68(sp)
;;     ld s11, 0x60(sp)
;;     fld fs0, 0x58(sp)
;;     fld fs2, 0x50(sp)
;;     fld fs3, 0x48(sp)
;;     fld fs4, 0x40(sp)
;;     fld fs5, 0x38(sp)
;;     fld fs6, 0x30(sp)
;;     fld fs7, 0x28(sp)
;;     fld fs8, 0x20(sp)
;;     fld fs9, 0x18(sp)
;;     fld fs10, 0x10(sp)
;;     fld fs11, 0x8(sp)
;;     addi sp, sp, 0xc0
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;     j L1
