;; Globals that change lie in the context, as constants without propagation do.
;;! options: --disable constant-globals
;;! show: ir
(module (global $c i32 (i32.const 3)) (global $m (mut i64) (i64.const 5))
  (func $constant (export "constant") (result i32) (global.get $c))
  (func $count (export "count") (result i64)
    (global.set $m (i64.add (global.get $m) (i64.const 1))) (global.get $m)))

;;= ir
;; ; constant (0)
;; function u0:0(i64) -> i32 tail {
;;   block0(v0: i64):
;;     v2 = iconst.i32 3
;;     jump block1(v2)  ; v2 = 3
;;   block1(v1: i32):
;;     return v1
;; }
;; ; count (1)
;; function u0:0(i64) -> i64 tail {
;;   block0(v0: i64):
;;     v2 = load.i64 notrap aligned little region1 v0-80
;;     v3 = iconst.i64 1
;;     v4 = iadd v2, v3  ; v3 = 1
;;     store notrap aligned little region1 v4, v0-80
;;     v5 = load.i64 notrap aligned little region1 v0-80
;;     jump block1(v5)
;;   block1(v1: i64):
;;     return v1
;; }

;;= x86_64
;; constant:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl $0x3, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; count:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x50(%rdi), %rsi
;;     leaq 0x1(%rsi), %r8
;;     movq %r8, -0x50(%rdi)
;;     leaq 0x1(%rsi), %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; constant:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov w2, #0x3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; count:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x4, [x2, #-0x50]
;;     add x5, x4, #0x1
;;     stur x5, [x2, #-0x50]
;;     add x2, x4, #0x1
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; constant:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     li a0, 0x3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; count:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a1, -0x50(a0)
;;     addi a2, a1, 0x1
;;     sd a2, -0x50(a0)
;;     addi a0, a1, 0x1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
