;; Traps are an instruction of their own, after all other code, unless the
;; machine traps by itself.
;;! show: ir
(module
  (func $unreachable (export "unreachable") (param i32) (if (local.get 0) (then (unreachable))))
  (func $divide (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $by_seven (export "by_seven") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const 7)))
  (func $rest (export "rest") (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
  (func $truncate (export "truncate") (param f64) (result i32) (i32.trunc_f64_s (local.get 0))))

;;= ir
;; ; unreachable (0)
;; function u0:0(i64, i32) tail {
;;   block0(v0: i64, v1: i32):
;;     brif v1, block4, block3
;;   block4:
;;     trap user9
;;   block3:
;;     jump block2
;;   block2:
;;     jump block1
;;   block1:
;;     return
;; }
;; ; divide (1)
;; function u0:0(i64, i32, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v4 = sdiv v1, v2
;;     jump block1(v4)
;;   block1(v3: i32):
;;     return v3
;; }
;; ; by_seven (2)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 7
;;     v4 = sdiv v1, v3  ; v3 = 7
;;     jump block1(v4)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; rest (3)
;; function u0:0(i64, i64, i64) -> i64 tail {
;;   block0(v0: i64, v1: i64, v2: i64):
;;     v4 = srem v1, v2
;;     jump block1(v4)
;;   block1(v3: i64):
;;     return v3
;; }
;; ; truncate (4)
;; function u0:0(i64, f64) -> i32 tail {
;;   block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_sint.i32 v1
;;     jump block1(v3)
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; unreachable:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testl %esi, %esi
;;     jne L1
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: unreachable instruction executed
;; divide:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     movq %rdx, %r11
;;     cltd
;;     testl %r11d, %r11d
;;     je L1
;;     idivl %r11d  ; traps: integer overflow
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: integer divide by zero
;; by_seven:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     imull L1(%rip)
;;     addl %edx, %esi
;;     sarl $0x2, %esi
;;     movq %rsi, %rdi
;;     shrl $0x1f, %edi
;;     leal (%rsi,%rdi), %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     .byte 93 24 49 92
;; rest:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     movq %rdx, %r9
;;     cqto
;;     cmpq $-0x1, %r9
;;     jne L1
;;     movl $0x0, %edx
;;     jmp L2
;;   L1:
;;     idivq %r9  ; traps: integer divide by zero
;;   L2:
;;     movq %rdx, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; truncate:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     cvttsd2si %xmm0, %eax
;;     cmpl $0x1, %eax
;;     jno L1
;;     ucomisd %xmm0, %xmm0
;;     jp L2
;;     movabsq $-0x3e1fffffffe00000, %rsi
;;     movq %rsi, %xmm3
;;     ucomisd %xmm3, %xmm0
;;     jbe L3
;;     xorpd %xmm3, %xmm3
;;     ucomisd %xmm0, %xmm3
;;     jb L4
;;   L1:
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L2:
;;     ud2  ; traps: invalid conversion to integer
;;   L3:
;;     ud2  ; traps: integer overflow
;;   L4:
;;     ud2  ; traps: integer overflow

;;= aarch64
;; unreachable:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbnz w3, L1
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: unreachable instruction executed
;; divide:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbz w4, L1
;;     cmn w4, #0x1
;;     ccmp w3, #0x1, #0x0, eq
;;     b.vs L2
;;     sdiv w2, w3, w4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: integer divide by zero
;;   L2:
;;     udf #0xc11f  ; traps: integer overflow
;; by_seven:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov w12, #0x2493
;;     movk w12, #0x9249, lsl #16
;;     sxtw x9, w3
;;     sxtw x11, w12
;;     mul x13, x9, x11
;;     asr x15, x13, #32
;;     add w12, w15, w3
;;     asr w12, w12, #2
;;     lsr w13, w12, #31
;;     add w2, w12, w13
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; rest:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbz x4, L1
;;     sdiv x5, x3, x4
;;     msub x2, x5, x4, x3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: integer divide by zero
;; truncate:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     fcmp d0, d0
;;     b.vs L1
;;     ldr d4, L4
;;     fcmp d0, d4
;;     b.le L2
;;     mov x8, #0x41e0000000000000 // =4746794007248502784
;;     fmov d16, x8
;;     fcmp d0, d16
;;     b.ge L3
;;     fcvtzs w2, d0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: invalid conversion to integer
;;   L2:
;;     udf #0xc11f  ; traps: integer overflow
;;   L3:
;;     udf #0xc11f  ; traps: integer overflow
;;   L4:
;;     .byte 00 00 20 00 00 00 e0 c1

;;= riscv64
;; unreachable:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a0, a1
;;     beqz a0, L1
;;     unimp  ; traps: unreachable instruction executed
;;   L1:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; divide:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a0, a1
;;     sext.w a1, a2
;;     bnez a1, L1
;;     unimp  ; traps: integer divide by zero
;;   L1:
;;     lui a2, 0x80000
;;     xor a2, a2, a0
;;     not a3, a1
;;     or a4, a2, a3
;;     bnez a4, L2
;;     unimp  ; traps: integer overflow
;;   L2:
;;     divw a0, a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; by_seven:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     lui a2, 0x92492
;;     addi a3, a2, 0x493
;;     sext.w a0, a1
;;     sext.w a2, a3
;;     mul a3, a0, a2
;;     srli a5, a3, 0x20
;;     addw a2, a5, a1
;;     sraiw a2, a2, 0x2
;;     srliw a3, a2, 0x1f
;;     addw a0, a2, a3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; rest:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     bnez a2, L1
;;     unimp  ; traps: integer divide by zero
;;   L1:
;;     rem a0, a1, a2
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; truncate:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     feq.d a0, fa0, fa0
;;     bnez a0, L1
;;     unimp  ; traps: invalid conversion to integer
;;   L1:
;;     auipc a0, L4
;;     ld a0, L4(a0)
;;     fmv.d.x fa1, a0
;;     fle.d a0, fa0, fa1
;;     beqz a0, L2
;;     unimp  ; traps: integer overflow
;;   L2:
;;     lui a2, 0x20f
;;     slli a4, a2, 0x29
;;     fmv.d.x fa1, a4
;;     fle.d a0, fa1, fa0
;;     beqz a0, L3
;;     unimp  ; traps: integer overflow
;;   L3:
;;     fcvt.w.d a0, fa0, rtz  ; traps: invalid conversion to integer
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L4:
;;     .byte 00 00 20 00 00 00 e0 c1
