;; A loop: what it needs of the context stays in registers.
;;! show: ir
(module (memory 1)
  (func $sum (export "sum") (param i32 i32) (result i64) (local i64)
    (loop $again
      (local.set 2 (i64.add (local.get 2) (i64.load32_u (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get 0) (local.get 1))))
    (local.get 2)))

;;= ir
;; ; sum (0)
;; function u0:0(i64, i32, i32) -> i64 tail {
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v13 -> v2
;;     v3 = iconst.i64 0
;;     v16 = uextend.i64 v1
;;     jump block3(v3, v16)  ; v3 = 0
;;   block3(v5: i64, v15: i64):
;;     v7 -> v15
;;     v6 = ireduce.i32 v15
;;     v8 = iadd.i64 v0, v7
;;     v9 = uload32 user2 little region0 v8
;;     v10 = iadd v5, v9
;;     v11 = iconst.i32 4
;;     v12 = iadd v6, v11  ; v11 = 4
;;     v14 = icmp ult v12, v13
;;     v17 = uextend.i64 v12
;;     brif v14, block3(v10, v17), block4
;;   block4:
;;     jump block2
;;   block2:
;;     jump block1(v10)
;;   block1(v4: i64):
;;     return v4
;; }

;;= x86_64
;; sum:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     xorq %rax, %rax
;;     movl %esi, %r8d
;;   L1:
;;     movl (%rdi,%r8), %ecx  ; traps: out of bounds memory access
;;     addl $0x4, %r8d
;;     addq %rcx, %rax
;;     cmpl %edx, %r8d
;;     jb L1
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; sum:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x10, x2
;;     mov x2, #0x0
;;     mov x12, x10
;;   L1:
;;     ldr w10, [x12, w3, uxtw]  ; traps: out of bounds memory access
;;     add w3, w3, #0x4
;;     add x2, x2, x10
;;     cmp w3, w4
;;     b.lo L1
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; sum:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a5, a0
;;     li a0, 0x0
;;   L1:
;;     slli a3, a1, 0x20
;;     srli a4, a3, 0x20
;;     mv a3, a5
;;     add a4, a4, a3
;;     lwu a4, 0x0(a4)  ; traps: out of bounds memory access
;;     addiw a1, a1, 0x4
;;     add a0, a0, a4
;;     slli a4, a1, 0x20
;;     srli a4, a4, 0x20
;;     slli a5, a2, 0x20
;;     srli a5, a5, 0x20
;;     bgeu a4, a5, L2
;;     mv a5, a3
;;     j L1
;;   L2:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
