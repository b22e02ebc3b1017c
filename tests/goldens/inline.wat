;; Small leaves go into their callers, and are gone when nobody else calls them.
;;! show: ir
(module
  (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
  (func $kept (export "kept") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (call $square (local.get 0)))))
  (func $sum (export "sum") (param i32 i32) (result i32)
    (i32.add (call $square (local.get 0)) (call $kept (local.get 1)))))

;;= ir
;; ; kept (1)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = icmp eq v1, v3  ; v3 = 0
;;     brif v4, block4, block3
;;   block4:
;;     v6 = iconst.i32 1
;;     jump block2(v6)  ; v6 = 1
;;   block3:
;;     v8 = imul.i32 v1, v1
;;     jump block5(v8)
;;   block5(v7: i32):
;;     jump block2(v7)
;;   block2(v5: i32):
;;     jump block1(v5)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; sum (2)
;; function u0:0(i64, i32, i32) -> i32 tail {
;;     sig0 = (i64, i32) -> i32 tail
;;     fn0 = colocated u0:1 sig0
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v5 = imul v1, v1
;;     jump block2(v5)
;;   block2(v4: i32):
;;     v6 = call fn0(v0, v2)
;;     v7 = iadd v4, v6
;;     jump block1(v7)
;;   block1(v3: i32):
;;     return v3
;; }

;;= x86_64
;; kept:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testl %esi, %esi
;;     je L1
;;     imull %esi, %esi
;;     movq %rsi, %rax
;;     jmp L2
;;   L1:
;;     movl $0x1, %eax
;;   L2:
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; sum:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x10, %rsp
;;     movq %r12, (%rsp)
;;     movq %rsi, %r12
;;     movq %rdx, %rsi
;;     callq <kept>
;;     movq %r12, %rsi
;;     imull %esi, %esi
;;     addl %esi, %eax
;;     movq (%rsp), %r12
;;     addq $0x10, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; kept:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbz w3, L1
;;     mul w2, w3, w3
;;     b L2
;;   L1:
;;     mov w2, #0x1
;;   L2:
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; sum:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     str x19, [sp, #-0x10]!
;;     mov x19, x3
;;     mov x3, x4
;;     bl <kept>
;;     mov x3, x19
;;     madd w2, w3, w3, w2
;;     ldr x19, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; kept:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     sext.w a0, a1
;;     beqz a0, L1
;;     mulw a0, a1, a1
;;     j L2
;;   L1:
;;     li a0, 0x1
;;   L2:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; sum:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s1, 0x8(sp)
;;     mv s1, a1
;;     mv a1, a2
;;     auipc ra, <kept>
;;     jalr <kept>(ra)
;;     mv a1, s1
;;     mulw a1, a1, a1
;;     addw a0, a0, a1
;;     ld s1, 0x8(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
