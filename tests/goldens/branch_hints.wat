;; What a hint calls unlikely is laid out after everything else.
;;! show: ir
(module
  (import "env" "f" (func $f (result i32)))
  (func $hinted (export "hinted") (param i32) (result i32)
    (@metadata.code.branch_hint "\00") (if (local.get 0) (then (return (call $f)))) (i32.const 1))
  (func $plain (export "plain") (param i32) (result i32)
    (if (local.get 0) (then (return (call $f)))) (i32.const 1)))

;;= ir
;; ; hinted (1)
;; function u0:0(i64, i32) -> i32 tail {
;;     sig0 = (i64) -> i32 tail
;;   block0(v0: i64, v1: i32):
;;     brif v1, block4, block3
;;   block4 cold:
;;     v3 = load.i64 notrap aligned readonly can_move v0-88
;;     v4 = load.i64 notrap aligned readonly can_move v0-80
;;     v5 = call_indirect sig0, v3(v4)
;;     return v5
;;   block3:
;;     jump block2
;;   block2:
;;     v6 = iconst.i32 1
;;     jump block1(v6)  ; v6 = 1
;;   block1(v2: i32):
;;     return v2
;; }
;; ; plain (2)
;; function u0:0(i64, i32) -> i32 tail {
;;     sig0 = (i64) -> i32 tail
;;   block0(v0: i64, v1: i32):
;;     brif v1, block4, block3
;;   block4:
;;     v3 = load.i64 notrap aligned readonly can_move v0-88
;;     v4 = load.i64 notrap aligned readonly can_move v0-80
;;     v5 = call_indirect sig0, v3(v4)
;;     return v5
;;   block3:
;;     jump block2
;;   block2:
;;     v6 = iconst.i32 1
;;     jump block1(v6)  ; v6 = 1
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; hinted:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testl %esi, %esi
;;     jne L1
;;     movl $0x1, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     movq -0x58(%rdi), %r11
;;     movq -0x50(%rdi), %rdi
;;     callq *%r11
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; plain:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testl %esi, %esi
;;     jne L1
;;     movl $0x1, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     movq -0x58(%rdi), %r11
;;     movq -0x50(%rdi), %rdi
;;     callq *%r11
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; hinted:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbnz w3, L1
;;     mov w2, #0x1
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     ldur x10, [x2, #-0x58]
;;     ldur x2, [x2, #-0x50]
;;     blr x10
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; plain:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbnz w3, L1
;;     mov w2, #0x1
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     ldur x10, [x2, #-0x58]
;;     ldur x2, [x2, #-0x50]
;;     blr x10
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; hinted:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a1, a1
;;     bnez a1, L1
;;     li a0, 0x1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L1:
;;     ld a1, -0x58(a0)
;;     ld a0, -0x50(a0)
;;     jalr a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; plain:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a1, a1
;;     bnez a1, L1
;;     li a0, 0x1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L1:
;;     ld a1, -0x58(a0)
;;     ld a0, -0x50(a0)
;;     jalr a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
