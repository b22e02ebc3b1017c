;; An import is called through its record in the context, with its context.
;;! show: ir
(module (import "env" "f" (func $f (param i32 i64) (result i64)))
  (func $calls (export "calls") (param i32) (result i64) (call $f (local.get 0) (i64.const 7))))

;;= ir
;; ; calls (1)
;; function u0:0(i64, i32) -> i64 tail {
;;     sig0 = (i64, i32, i64) -> i64 tail
;;   block0(v0: i64, v1: i32):
;;     v3 = iconst.i64 7
;;     v4 = load.i64 notrap aligned readonly can_move v0-88
;;     v5 = load.i64 notrap aligned readonly can_move v0-80
;;     v6 = call_indirect sig0, v4(v5, v1, v3)  ; v3 = 7
;;     jump block1(v6)
;;   block1(v2: i64):
;;     return v2
;; }

;;= x86_64
;; calls:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x58(%rdi), %r8
;;     movq -0x50(%rdi), %rdi
;;     movl $0x7, %edx
;;     callq *%r8
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; calls:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x6, [x2, #-0x58]
;;     ldur x2, [x2, #-0x50]
;;     mov x4, #0x7
;;     blr x6
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; calls:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a3, -0x58(a0)
;;     ld a0, -0x50(a0)
;;     li a2, 0x7
;;     jalr a3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
