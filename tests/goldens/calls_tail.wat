;; Tail calls jump, after the frame is gone.
;;! show: ir
(module (type $t (func (param i32) (result i32))) (table (export "table") 1 funcref)
  (func $down (export "down") (param i32 i64) (result i64)
    (if (result i64) (i32.eqz (local.get 0)) (then (local.get 1))
      (else (return_call $down (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 3))))))
  (func $indirect (export "indirect") (param i32) (result i32)
    (return_call_indirect (type $t) (local.get 0) (local.get 0))))

;;= ir
;; ; down (0)
;; function u0:0(i64, i32, i64) -> i64 tail {
;;     sig0 = (i64, i32, i64) -> i64 tail
;;     fn0 = colocated u0:0 sig0
;;   block0(v0: i64, v1: i32, v2: i64):
;;     v4 = iconst.i32 0
;;     v5 = icmp eq v1, v4  ; v4 = 0
;;     brif v5, block4, block3
;;   block4:
;;     jump block2(v2)
;;   block3:
;;     v7 = iconst.i32 1
;;     v8 = isub.i32 v1, v7  ; v7 = 1
;;     v9 = iconst.i64 3
;;     v10 = iadd.i64 v2, v9  ; v9 = 3
;;     return_call fn0(v0, v8, v10)
;;   block2(v6: i64):
;;     jump block1(v6)
;;   block1(v3: i64):
;;     return v3
;; }
;; ; indirect (1)
;; function u0:0(i64, i32) -> i32 tail {
;;     sig0 = (i64, i32) -> i32 tail
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
;;     trapz v12, user4
;;     v13 = load.i64 notrap aligned readonly can_move v0-40
;;     v14 = load.i32 notrap aligned readonly can_move v13
;;     v15 = load.i32 notrap aligned readonly v12+16
;;     v16 = icmp ne v15, v14
;;     trapnz v16, user5
;;     v17 = load.i64 notrap aligned readonly v12
;;     v18 = load.i64 notrap aligned readonly v12+8
;;     return_call_indirect sig0, v17(v18, v1)
;; }

;;= x86_64
;; down:
;;   L1:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testl %esi, %esi
;;     je L2
;;     subl $0x1, %esi
;;     addq $0x3, %rdx
;;     movq %rbp, %rsp
;;     popq %rbp
;;     jmp L1
;;   L2:
;;     movq %rdx, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; indirect:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x48(%rdi), %rcx
;;     movq -0x50(%rdi), %rax
;;     movl %esi, %r11d
;;     cmpq %rcx, %r11
;;     jae L1
;;     xorq %rdx, %rdx
;;     cmpq %rcx, %r11
;;     cmovaeq %rdx, %r11
;;     movq (%rax,%r11,8), %rax
;;     testq %rax, %rax
;;     je L2
;;     movl 0x10(%rax), %ecx
;;     movq -0x28(%rdi), %rdx
;;     cmpl (%rdx), %ecx
;;     jne L3
;;     movq (%rax), %r10
;;     movq 0x8(%rax), %rdi
;;     movq %rbp, %rsp
;;     popq %rbp
;;     jmpq *%r10
;;   L1:
;;     ud2  ; traps: undefined element: out of bounds table access
;;   L2:
;;     ud2  ; traps: uninitialized element
;;   L3:
;;     ud2  ; traps: indirect call type mismatch

;;= aarch64
;; down:
;;   L1:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbz w3, L2
;;     sub w3, w3, #0x1
;;     add x4, x4, #0x3
;;     ldp x29, x30, [sp], #0x10
;;     b L1
;;   L2:
;;     mov x2, x4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; indirect:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x14, [x2, #-0x48]
;;     ldur x13, [x2, #-0x50]
;;     mov w15, w3
;;     cmp x15, x14
;;     b.hs L1
;;     mov x0, #0x0
;;     cmp x15, x14
;;     csel x0, x0, x15, hs
;;     ldr x0, [x13, x0, lsl #3]
;;     cbz x0, L2
;;     ldr w1, [x0, #0x10]
;;     ldur x2, [x2, #-0x28]
;;     ldr w2, [x2]
;;     cmp w1, w2
;;     b.ne L3
;;     ldr x1, [x0]
;;     ldr x2, [x0, #0x8]
;;     ldp x29, x30, [sp], #0x10
;;     br x1
;;   L1:
;;     udf #0xc11f  ; traps: undefined element: out of bounds table access
;;   L2:
;;     udf #0xc11f  ; traps: uninitialized element
;;   L3:
;;     udf #0xc11f  ; traps: indirect call type mismatch

;;= riscv64
;; down:
;;   L1:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a3, a1
;;     beqz a3, L2
;;     addiw a1, a1, -0x1
;;     addi a2, a2, 0x3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     auipc t6, L1
;;     jr L1(t6)
;;   L2:
;;     mv a0, a2
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; indirect:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a3, -0x48(a0)
;;     ld a2, -0x50(a0)
;;     slli a4, a1, 0x20
;;     srli a4, a4, 0x20
;;     sltu a5, a4, a3
;;     xori a5, a5, 0x1
;;     bltu a4, a3, L1
;;     unimp  ; traps: undefined element: out of bounds table access
;;   L1:
;;     neg a3, a5
;;     not a3, a3
;;     and a3, a3, a4
;;     slli a3, a3, 0x3
;;     add a2, a2, a3
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
;;     ld t0, 0x0(a2)
;;     ld a0, 0x8(a2)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     jr t0
