;; Vectors in registers.
;;! options riscv64: --cpu-feature +v
(module
  (func $add (export "add") (param v128 v128) (result v128) (i32x4.add (local.get 0) (local.get 1)))
  (func $swizzle (export "swizzle") (param v128 v128) (result v128) (i8x16.swizzle (local.get 0) (local.get 1)))
  (func $shuffle (export "shuffle") (param v128 v128) (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
  (func $compare (export "compare") (param v128 v128) (result i32) (i8x16.bitmask (i8x16.lt_u (local.get 0) (local.get 1))))
  (func $constant (export "constant") (param v128) (result v128) (v128.and (local.get 0) (v128.const i32x4 1 2 3 4)))
  (func $lane (export "lane") (param v128 f64) (result v128) (f64x2.replace_lane 1 (local.get 0) (local.get 1))))

;;= x86_64
;; add:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     paddd %xmm1, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; swizzle:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     paddusb L1(%rip), %xmm1
;;     pshufb %xmm1, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     .byte 70 70 70 70 70 70 70 70
;;     .byte 70 70 70 70 70 70 70 70
;; shuffle:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     punpcklbw %xmm1, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; compare:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     pminub %xmm1, %xmm0
;;     pcmpeqb %xmm1, %xmm0
;;     pcmpeqd %xmm1, %xmm1
;;     pxor %xmm1, %xmm0
;;     pmovmskb %xmm0, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; constant:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movdqu L1(%rip), %xmm4
;;     pand %xmm4, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     .byte 01 00 00 00 02 00 00 00
;;     .byte 03 00 00 00 04 00 00 00
;; lane:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movlhps %xmm1, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; add:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     add v0.4s, v0.4s, v1.4s
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; swizzle:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     tbl v0.16b, { v0.16b }, v1.16b
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; shuffle:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     zip1 v0.16b, v0.16b, v1.16b
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; compare:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cmhi v16.16b, v1.16b, v0.16b
;;     sshr v5.16b, v16.16b, #0x7
;;     mov x10, #0x201
;;     movk x10, #0x804, lsl #16
;;     movk x10, #0x2010, lsl #32
;;     movk x10, #0x8040, lsl #48
;;     dup v16.2d, x10
;;     and v17.16b, v5.16b, v16.16b
;;     ext v19.16b, v17.16b, v17.16b, #0x8
;;     zip1 v21.16b, v17.16b, v19.16b
;;     addv h23, v21.8h
;;     umov w2, v23.h[0]
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; constant:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldr q4, L1
;;     and v0.16b, v0.16b, v4.16b
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     .byte 01 00 00 00 02 00 00 00
;;     .byte 03 00 00 00 04 00 00 00
;; lane:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov v0.d[1], v1.d[0]
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; add:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, sp, 0x10
;;     vle8.v v8, (t6)
;;     addi t6, sp, 0x20
;;     vle8.v v9, (t6)
;;     vsetivli zero, 0x4, e32, m1, ta, ma
;;     vadd.vv v8, v8, v9
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vse8.v v8, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     addi sp, sp, 0x20
;;     ret
;; swizzle:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, sp, 0x10
;;     vle8.v v8, (t6)
;;     addi t6, sp, 0x20
;;     vle8.v v9, (t6)
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vrgather.vv v10, v8, v9
;;     vse8.v v10, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     addi sp, sp, 0x20
;;     ret
;; shuffle:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, sp, 0x10
;;     vle8.v v9, (t6)
;;     addi t6, sp, 0x20
;;     vle8.v v8, (t6)
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     auipc t6, L1
;;     addi t6, t6, L1
;;     vle8.v v11, (t6)
;;     vrgather.vv v10, v9, v11
;;     vadd.vi v11, v11, -0x10
;;     vrgather.vv v13, v8, v11
;;     vor.vv v15, v10, v13
;;     vse8.v v15, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     addi sp, sp, 0x20
;;     ret
;;   L1:
;;     .byte 00 10 01 11 02 12 03 13
;;     .byte 04 14 05 15 06 16 07 17
;; compare:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, sp, 0x10
;;     vle8.v v8, (t6)
;;     addi t6, sp, 0x20
;;     vle8.v v9, (t6)
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vmsltu.vv v0, v8, v9
;;     vmv.v.i v12, 0x0
;;     vmerge.vim v14, v12, -0x1, v0
;;     vmslt.vx v8, v14, zero
;;     vsetivli zero, 0x2, e64, m1, ta, ma
;;     vmv.x.s a0, v8
;;     lui a2, 0x10
;;     addi a4, a2, -0x1
;;     and a0, a0, a4
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     addi sp, sp, 0x20
;;     ret
;; constant:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, sp, 0x10
;;     vle8.v v8, (t6)
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     auipc t6, L1
;;     addi t6, t6, L1
;;     vle8.v v9, (t6)
;;     vand.vv v8, v8, v9
;;     vse8.v v8, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     addi sp, sp, 0x10
;;     ret
;;   L1:
;;     .byte 01 00 00 00 02 00 00 00
;;     .byte 03 00 00 00 04 00 00 00
;; lane:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     addi t6, sp, 0x10
;;     vle8.v v8, (t6)
;;     vsetivli zero, 0x2, e64, m1, ta, ma
;;     vmv.v.i v0, 0x2
;;     vfmerge.vfm v9, v8, fa0, v0
;;     vsetivli zero, 0x10, e8, m1, ta, ma
;;     vse8.v v9, (a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     addi sp, sp, 0x10
;;     ret
