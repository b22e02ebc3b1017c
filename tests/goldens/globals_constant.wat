;; A global that nobody changes is its value, and what follows from it goes.
;;! show: ir
(module (global $c i32 (i32.const 3)) (global $never (mut i64) (i64.const 5))
  (func $constant (export "constant") (result i32) (i32.add (global.get $c) (i32.const 4)))
  (func $unchanged (export "unchanged") (result i64)
    (if (i32.eqz (global.get $c)) (then (unreachable))) (global.get $never)))

;;= ir
;; ; constant (0)
;; function u0:0(i64) -> i32 tail {
;;   block0(v0: i64):
;;     v2 = iconst.i32 3
;;     v3 = iconst.i32 4
;;     v4 = iadd v2, v3  ; v2 = 3, v3 = 4
;;     jump block1(v4)
;;   block1(v1: i32):
;;     return v1
;; }
;; ; unchanged (1)
;; function u0:0(i64) -> i64 tail {
;;   block0(v0: i64):
;;     v2 = iconst.i32 3
;;     v3 = iconst.i32 0
;;     v4 = icmp eq v2, v3  ; v2 = 3, v3 = 0
;;     brif v4, block4, block3
;;   block4:
;;     trap user9
;;   block3:
;;     jump block2
;;   block2:
;;     v5 = iconst.i64 5
;;     jump block1(v5)  ; v5 = 5
;;   block1(v1: i64):
;;     return v1
;; }

;;= x86_64
;; constant:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl $0x7, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; unchanged:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl $0x5, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; constant:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov w2, #0x7
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; unchanged:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x2, #0x5
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; constant:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     li a0, 0x7
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; unchanged:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     li a0, 0x5
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
