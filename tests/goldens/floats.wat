;; Rounding, smallest and largest, which machines define differently for NaN.
(module
  (func $floor (export "floor") (param f64) (result f64) (f64.floor (local.get 0)))
  (func $nearest (export "nearest") (param f32) (result f32) (f32.nearest (local.get 0)))
  (func $min (export "min") (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  (func $copysign (export "copysign") (param f32 f32) (result f32) (f32.copysign (local.get 0) (local.get 1)))
  (func $less (export "less") (param f64 f64) (result i32) (f64.lt (local.get 0) (local.get 1))))

;;= x86_64
;; floor:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     roundsd $0x1, %xmm0, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; nearest:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     roundss $0x0, %xmm0, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; min:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movdqa %xmm0, %xmm5
;;     movdqa %xmm1, %xmm0
;;     ucomisd %xmm5, %xmm0
;;     jne L2
;;     jp L1
;;     orpd %xmm5, %xmm0
;;     jmp L3
;;   L1:
;;     addsd %xmm5, %xmm0
;;     jp L3
;;   L2:
;;     minsd %xmm5, %xmm0
;;   L3:
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; copysign:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl $0x80000000, %esi
;;     movd %esi, %xmm2
;;     movdqa %xmm0, %xmm3
;;     movdqa %xmm2, %xmm0
;;     andnps %xmm3, %xmm0
;;     andps %xmm1, %xmm2
;;     orps %xmm2, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; less:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     ucomisd %xmm0, %xmm1
;;     seta %sil
;;     movzbl %sil, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; floor:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     frintm d0, d0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; nearest:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     frintn s0, s0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; min:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     fmin d0, d0, d1
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; copysign:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ushr v5.2s, v1.2s, #0x1f
;;     sli v0.2s, v5.2s, #0x1f
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; less:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     fcmp d0, d1
;;     cset x6, mi
;;     uxtb w2, w6
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; floor:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     lui a0, 0x433
;;     slli a0, a0, 0x28
;;     fmv.d.x fa1, a0
;;     fabs.d fa2, fa0
;;     flt.d a1, fa2, fa1
;;     fcvt.l.d a3, fa0, rdn  ; traps: invalid conversion to integer
;;     fcvt.d.l fa5, a3, rdn
;;     fsgnj.d fa1, fa5, fa0
;;     fmv.d.x fa2, zero
;;     fadd.d fa0, fa0, fa2, rne
;;     beqz a1, L1
;;     fmv.d fa0, fa1
;;   L1:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; nearest:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     lui a0, 0x4b000
;;     fmv.w.x fa1, a0
;;     fabs.s fa2, fa0
;;     flt.s a0, fa2, fa1
;;     fcvt.w.s a1, fa0, rne  ; traps: invalid conversion to integer
;;     fcvt.s.w fa3, a1, rne
;;     fsgnj.s fa5, fa3, fa0
;;     fmv.w.x fa1, zero
;;     fadd.s fa0, fa0, fa1, rne
;;     beqz a0, L1
;;     fmv.d fa0, fa5
;;   L1:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; min:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     feq.d a0, fa0, fa0
;;     feq.d a1, fa1, fa1
;;     and a0, a0, a1
;;     fadd.d fa2, fa0, fa1, rne
;;     fmin.d fa3, fa0, fa1
;;     fmv.d fa0, fa3
;;     bnez a0, L1
;;     fmv.d fa0, fa2
;;   L1:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; copysign:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     fsgnj.s fa0, fa0, fa1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; less:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     flt.d a0, fa0, fa1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
