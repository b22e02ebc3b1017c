;; An imported memory lies elsewhere: its base is loaded from the context.
;;! show: ir
(module (import "env" "memory" (memory 1))
  (func $load (export "load") (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func $twice (export "twice") (param i32) (result i32)
    (i32.add (i32.load (local.get 0)) (i32.load offset=4 (local.get 0)))))

;;= ir
;; ; load (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0-24
;;     v5 = iadd v4, v3
;;     v6 = load.i32 user2 little region0 v5+8
;;     jump block1(v6)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; twice (1)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0-24
;;     v5 = iadd v4, v3
;;     v6 = load.i32 user2 little region0 v5
;;     v7 = load.i32 user2 little region0 v5+4
;;     v8 = iadd v6, v7
;;     jump block1(v8)
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; load:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %r8
;;     movq -0x18(%rdi), %rsi
;;     movq %r8, %rdi
;;     movl %edi, %edi
;;     movl 0x8(%rsi,%rdi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; twice:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x18(%rdi), %rdi
;;     movl %esi, %r9d
;;     movl (%rdi,%r9), %r8d  ; traps: out of bounds memory access
;;     movl 0x4(%rdi,%r9), %edi  ; traps: out of bounds memory access
;;     leal (%r8,%rdi), %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; load:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x5, [x2, #-0x18]
;;     add x5, x5, w3, uxtw
;;     ldr w2, [x5, #0x8]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; twice:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x7, [x2, #-0x18]
;;     add x8, x7, w3, uxtw
;;     ldr w7, [x7, w3, uxtw]  ; traps: out of bounds memory access
;;     ldr w8, [x8, #0x4]  ; traps: out of bounds memory access
;;     add w2, w7, w8
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; load:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a0, -0x18(a0)
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lw a0, 0x8(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; twice:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a0, -0x18(a0)
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a1, a1, a0
;;     lw a0, 0x0(a1)  ; traps: out of bounds memory access
;;     lw a1, 0x4(a1)  ; traps: out of bounds memory access
;;     addw a0, a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
