;; Calls inside the module are direct; the context goes along in a register.
;;! options: --disable inline
;;! show: ir
(module
  (func $twice (param f64) (result f64) (f64.mul (local.get 0) (f64.const 2.5)))
  (func $calls (export "calls") (param f64) (result f64) (call $twice (call $twice (local.get 0)))))

;;= ir
;; ; twice (0)
;; function u0:0(i64, f64) -> f64 tail {
;;   block0(v0: i64, v1: f64):
;;     v3 = f64const 0x1.4000000000000p1
;;     v4 = fmul v1, v3  ; v3 = 0x1.4000000000000p1
;;     jump block1(v4)
;;   block1(v2: f64):
;;     return v2
;; }
;; ; calls (1)
;; function u0:0(i64, f64) -> f64 tail {
;;     sig0 = (i64, f64) -> f64 tail
;;     fn0 = colocated u0:0 sig0
;;   block0(v0: i64, v1: f64):
;;     v3 = call fn0(v0, v1)
;;     v4 = call fn0(v0, v3)
;;     jump block1(v4)
;;   block1(v2: f64):
;;     return v2
;; }

;;= x86_64
;; twice:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     mulsd L1(%rip), %xmm0
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     .byte 00 00 00 00 00 00 04 40
;; calls:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x10, %rsp
;;     movq %r12, (%rsp)
;;     movq %rdi, %r12
;;     callq <twice>
;;     movq %r12, %rdi
;;     callq <twice>
;;     movq (%rsp), %r12
;;     addq $0x10, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; twice:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     fmov d4, #2.50000000
;;     fmul d0, d0, d4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; calls:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str x19, [sp, #-0x10]!
;;     mov x19, x2
;;     bl <twice>
;;     mov x2, x19
;;     bl <twice>
;;     ldr x19, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; twice:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     lui a0, 0x1001
;;     slli a0, a0, 0x26
;;     fmv.d.x fa1, a0
;;     fmul.d fa0, fa0, fa1, rne
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; calls:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s1, 0x8(sp)
;;     mv s1, a0
;;     auipc ra, <twice>
;;     jalr <twice>(ra)
;;     mv a0, s1
;;     auipc ra, <twice>
;;     jalr <twice>(ra)
;;     ld s1, 0x8(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
