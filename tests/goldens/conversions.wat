;; Between types; those that saturate do not trap.
;;! show: ir
(module
  (func $wrap (export "wrap") (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
  (func $extend (export "extend") (param i32) (result i64) (i64.extend_i32_s (local.get 0)))
  (func $unsigned (export "unsigned") (param i64) (result f64) (f64.convert_i64_u (local.get 0)))
  (func $saturate (export "saturate") (param f64) (result i32) (i32.trunc_sat_f64_u (local.get 0)))
  (func $demote (export "demote") (param f64) (result f32) (f32.demote_f64 (local.get 0)))
  (func $reinterpret (export "reinterpret") (param f32) (result i32) (i32.reinterpret_f32 (local.get 0))))

;;= ir
;; ; wrap (0)
;; function u0:0(i64, i64) -> i32 tail {
;;   block0(v0: i64, v1: i64):
;;     v3 = ireduce.i32 v1
;;     jump block1(v3)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; extend (1)
;; function u0:0(i64, i32) -> i64 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = sextend.i64 v1
;;     jump block1(v3)
;;   block1(v2: i64):
;;     return v2
;; }
;; ; unsigned (2)
;; function u0:0(i64, i64) -> f64 tail {
;;   block0(v0: i64, v1: i64):
;;     v3 = fcvt_from_uint.f64 v1
;;     jump block1(v3)
;;   block1(v2: f64):
;;     return v2
;; }
;; ; saturate (3)
;; function u0:0(i64, f64) -> i32 tail {
;;   block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_uint_sat.i32 v1
;;     jump block1(v3)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; demote (4)
;; function u0:0(i64, f64) -> f32 tail {
;;   block0(v0: i64, v1: f64):
;;     v3 = fdemote.f32 v1
;;     jump block1(v3)
;;   block1(v2: f32):
;;     return v2
;; }
;; ; reinterpret (5)
;; function u0:0(i64, f32) -> i32 tail {
;;   block0(v0: i64, v1: f32):
;;     v3 = bitcast.i32 v1
;;     jump block1(v3)
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; wrap:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; extend:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movslq %esi, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; unsigned:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     cmpq $0x0, %rsi
;;     jl L1
;;     cvtsi2sd %rsi, %xmm0
;;     jmp L2
;;   L1:
;;     movq %rsi, %r8
;;     shrq $0x1, %r8
;;     movq %rsi, %rdi
;;     andq $0x1, %rdi
;;     orq %r8, %rdi
;;     cvtsi2sd %rdi, %xmm0
;;     addsd %xmm0, %xmm0
;;   L2:
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; saturate:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movabsq $0x41e0000000000000, %rsi
;;     movq %rsi, %xmm4
;;     ucomisd %xmm4, %xmm0
;;     jae L2
;;     jnp L1
;;     xorl %eax, %eax
;;     jmp L4
;;   L1:
;;     cvttsd2si %xmm0, %eax
;;     cmpl $0x0, %eax
;;     jge L4
;;     xorl %eax, %eax
;;     jmp L4
;;   L2:
;;     movaps %xmm0, %xmm5
;;     subsd %xmm4, %xmm5
;;     cvttsd2si %xmm5, %eax
;;     cmpl $0x0, %eax
;;     jge L3
;;     movl $0xffffffff, %eax
;;     jmp L4
;;   L3:
;;     addl $0x80000000, %eax
;;   L4:
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; demote:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movdqa %xmm0, %xmm5
;;     xorps %xmm0, %xmm0
;;     movdqa %xmm5, %xmm1
;;     cvtsd2ss %xmm1, %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; reinterpret:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movd %xmm0, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; wrap:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x2, x3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; extend:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     sxtw x2, w3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; unsigned:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ucvtf d0, x3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; saturate:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     fcvtzu w2, d0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; demote:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     fcvt s0, d0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; reinterpret:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov w2, v0.s[0]
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; wrap:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; extend:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; unsigned:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     fcvt.d.lu fa0, a1, rne
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; saturate:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     fcvt.wu.d a0, fa0, rtz  ; traps: invalid conversion to integer
;;     feq.d a1, fa0, fa0
;;     neg a1, a1
;;     and a0, a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; demote:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     fcvt.s.d fa0, fa0, rne
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; reinterpret:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     fmv.x.w a0, fa0
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
