;; Few targets: a chain of comparisons.
;;! show: ir
(module
  (func $few (export "few") (param i32) (result i32)
    (block (block (block (br_table 0 1 2 (local.get 0)))
      (return (i32.const 11))) (return (i32.const 12))) (i32.const 13)))

;;= ir
;; ; few (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = icmp eq v1, v3  ; v3 = 0
;;     brif v4, block4, block5
;;   block5:
;;     v5 = iconst.i32 1
;;     v6 = icmp.i32 eq v1, v5  ; v5 = 1
;;     brif v6, block3, block6
;;   block6:
;;     jump block2
;;   block4:
;;     v7 = iconst.i32 11
;;     return v7  ; v7 = 11
;;   block3:
;;     v8 = iconst.i32 12
;;     return v8  ; v8 = 12
;;   block2:
;;     v9 = iconst.i32 13
;;     jump block1(v9)  ; v9 = 13
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; few:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testl %esi, %esi
;;     je L2
;;     cmpl $0x1, %esi
;;     je L1
;;     movl $0xd, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     movl $0xc, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L2:
;;     movl $0xb, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; few:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbz w3, L2
;;     cmp w3, #0x1
;;     b.eq L1
;;     mov w2, #0xd
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     mov w2, #0xc
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L2:
;;     mov w2, #0xb
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; few:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a0, a1
;;     beqz a0, L2
;;     li a0, 0x1
;;     sext.w a1, a1
;;     sext.w a0, a0
;;     beq a1, a0, L1
;;     li a0, 0xd
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L1:
;;     li a0, 0xc
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L2:
;;     li a0, 0xb
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
