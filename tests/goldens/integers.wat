;; Counting and rotating, on CPUs that every machine has.
(module
  (func $clz (export "clz") (param i32) (result i32) (i32.clz (local.get 0)))
  (func $ctz (export "ctz") (param i64) (result i64) (i64.ctz (local.get 0)))
  (func $popcnt (export "popcnt") (param i32) (result i32) (i32.popcnt (local.get 0)))
  (func $rotl (export "rotl") (param i64 i64) (result i64) (i64.rotl (local.get 0) (local.get 1)))
  (func $shift (export "shift") (param i32 i32) (result i32) (i32.shr_u (local.get 0) (local.get 1)))
  (func $extend (export "extend") (param i64) (result i64) (i64.extend16_s (local.get 0))))

;;= x86_64
;; clz:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq $-0x1, %rdi
;;     bsrl %esi, %esi
;;     cmovel %edi, %esi
;;     movl $0x1f, %eax
;;     subl %esi, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; ctz:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rdi
;;     movl $0x40, %esi
;;     bsfq %rdi, %rax
;;     cmoveq %rsi, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; popcnt:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     popcntl %esi, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; rotl:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rdx, %rcx
;;     movq %rsi, %rax
;;     rolq %cl, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; shift:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rdx, %rcx
;;     movq %rsi, %rax
;;     shrl %cl, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; extend:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movswq %si, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; clz:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     clz w2, w3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; ctz:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     rbit x3, x3
;;     clz x2, x3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; popcnt:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     fmov s3, w3
;;     cnt v5.8b, v3.8b
;;     addv b7, v5.8b
;;     umov w2, v7.b[0]
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; rotl:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     neg x4, x4
;;     ror x2, x3, x4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; shift:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     lsr w2, w3, w4
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; extend:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     sxth x2, w3
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; clz:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     li a0, 0x0
;;     li a2, 0x20
;;     li a3, 0x1
;;     slli a3, a3, 0x1f
;;   L1:
;;     blez a2, L2
;;     and t5, a3, a1
;;     bne zero, t5, L2
;;     addi a0, a0, 0x1
;;     addi a2, a2, -0x1
;;     srli a3, a3, 0x1
;;     j L1
;;   L2:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; ctz:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     li a0, 0x0
;;     li a2, 0x40
;;     li a3, 0x1
;;   L1:
;;     blez a2, L2
;;     and t5, a3, a1
;;     bne zero, t5, L2
;;     addi a0, a0, 0x1
;;     addi a2, a2, -0x1
;;     slli a3, a3, 0x1
;;     j L1
;;   L2:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; popcnt:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a0, a1, 0x20
;;     srli a3, a0, 0x20
;;     li a0, 0x0
;;     li a1, 0x40
;;     li a2, 0x1
;;     slli a2, a2, 0x3f
;;   L1:
;;     blez a1, L3
;;     and t5, a2, a3
;;     beq zero, t5, L2
;;     addi a0, a0, 0x1
;;   L2:
;;     addi a1, a1, -0x1
;;     srli a2, a2, 0x1
;;     j L1
;;   L3:
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; rotl:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     andi a0, a2, 0x3f
;;     li a2, 0x40
;;     sub a3, a2, a0
;;     sll a2, a1, a0
;;     srl a3, a1, a3
;;     li a4, 0x0
;;     beqz a0, L1
;;     mv a4, a3
;;   L1:
;;     or a0, a2, a4
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; shift:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     srlw a0, a1, a2
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; extend:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a0, a1, 0x30
;;     srai a0, a0, 0x30
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
