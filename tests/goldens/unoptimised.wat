;; Without optimisations: locals stay where they are, constants in the code.
;;! options: -O0
;;! show: ir
(module (memory 1) (global $c i32 (i32.const 3))
  (func $sum (export "sum") (param i32 i32) (result i32)
    (i32.add (i32.load (local.get 0)) (i32.mul (global.get $c) (local.get 1)))))

;;= ir
;; ; sum (0)
;; function u0:0(i64, i32, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v4 = uextend.i64 v1
;;     v5 = iadd v0, v4
;;     v6 = load.i32 user2 little region0 v5
;;     v7 = iconst.i32 3
;;     v8 = imul v7, v2  ; v7 = 3
;;     v9 = iadd v6, v8
;;     jump block1(v9)
;;   block1(v3: i32):
;;     return v3
;; }

;;= x86_64
;; sum:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     imull $0x3, %edx, %eax
;;     addl (%rdi,%rsi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; sum:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldr w6, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     mov w7, #0x3
;;     madd w2, w7, w4, w6
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; sum:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lw a0, 0x0(a0)  ; traps: out of bounds memory access
;;     li a1, 0x3
;;     mulw a1, a1, a2
;;     addw a0, a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
