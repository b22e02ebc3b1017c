;; A global that nobody changes is its value, and what follows from it goes.
(module (global $c i32 (i32.const 3)) (global $never (mut i64) (i64.const 5))
  (func $constant (export "constant") (result i32) (i32.add (global.get $c) (i32.const 4)))
  (func $unchanged (export "unchanged") (result i64)
    (if (i32.eqz (global.get $c)) (then (unreachable))) (global.get $never)))

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
