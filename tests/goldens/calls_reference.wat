;; Typed references need no check of the type, only of null.
;;! show: ir
(module (type $t (func (param i32) (result i32)))
  (func $one (export "one") (type $t) (local.get 0))
  (func $calls (export "calls") (param (ref null $t) i32) (result i32)
    (call_ref $t (local.get 1) (local.get 0)))
  (func $certain (export "certain") (param (ref $t) i32) (result i32)
    (call_ref $t (local.get 1) (local.get 0)))
  (func $make (export "make") (result funcref) (ref.func $one))
  (func $null (export "null") (param funcref) (result i32) (ref.is_null (local.get 0))))

;;= ir
;; ; one (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     jump block1(v1)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; calls (1)
;; function u0:0(i64, i64, i32) -> i32 tail {
;;     sig0 = (i64, i32) -> i32 tail
;;   block0(v0: i64, v1: i64, v2: i32):
;;     trapz v1, user10
;;     v4 = load.i64 notrap aligned readonly v1
;;     v5 = load.i64 notrap aligned readonly v1+8
;;     v6 = call_indirect sig0, v4(v5, v2)
;;     jump block1(v6)
;;   block1(v3: i32):
;;     return v3
;; }
;; ; certain (2)
;; function u0:0(i64, i64, i32) -> i32 tail {
;;     sig0 = (i64, i32) -> i32 tail
;;   block0(v0: i64, v1: i64, v2: i32):
;;     trapz v1, user10
;;     v4 = load.i64 notrap aligned readonly v1
;;     v5 = load.i64 notrap aligned readonly v1+8
;;     v6 = call_indirect sig0, v4(v5, v2)
;;     jump block1(v6)
;;   block1(v3: i32):
;;     return v3
;; }
;; ; make (3)
;; function u0:0(i64) -> i64 tail {
;;   block0(v0: i64):
;;     v2 = iconst.i64 -224
;;     v3 = iadd v0, v2  ; v2 = -224
;;     jump block1(v3)
;;   block1(v1: i64):
;;     return v1
;; }
;; ; null (4)
;; function u0:0(i64, i64) -> i32 tail {
;;   block0(v0: i64, v1: i64):
;;     v3 = iconst.i64 0
;;     v4 = icmp eq v1, v3  ; v3 = 0
;;     v5 = uextend.i32 v4
;;     jump block1(v5)
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; one:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; calls:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testq %rsi, %rsi
;;     je L1
;;     movq (%rsi), %r8
;;     movq 0x8(%rsi), %rdi
;;     movq %rdx, %rsi
;;     callq *%r8
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: null reference
;; certain:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testq %rsi, %rsi
;;     je L1
;;     movq (%rsi), %r8
;;     movq 0x8(%rsi), %rdi
;;     movq %rdx, %rsi
;;     callq *%r8
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: null reference
;; make:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     leaq -0xe0(%rdi), %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; null:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     testq %rsi, %rsi
;;     sete %sil
;;     movzbl %sil, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; one:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x2, x3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; calls:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbz x3, L1
;;     ldr x6, [x3]
;;     ldr x2, [x3, #0x8]
;;     mov x3, x4
;;     blr x6
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: null reference
;; certain:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cbz x3, L1
;;     ldr x6, [x3]
;;     ldr x2, [x3, #0x8]
;;     mov x3, x4
;;     blr x6
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: null reference
;; make:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     sub x2, x2, #0xe0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; null:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cmp x3, #0x0
;;     cset x5, eq
;;     uxtb w2, w5
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; one:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; calls:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     bnez a1, L1
;;     unimp  ; traps: null reference
;;   L1:
;;     ld a3, 0x0(a1)
;;     ld a0, 0x8(a1)
;;     mv a1, a2
;;     jalr a3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; certain:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     bnez a1, L1
;;     unimp  ; traps: null reference
;;   L1:
;;     ld a3, 0x0(a1)
;;     ld a0, 0x8(a1)
;;     mv a1, a2
;;     jalr a3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; make:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi a0, a0, -0xe0
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; null:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     seqz a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
