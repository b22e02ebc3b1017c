;; What is proved to multiply to 128 bits is two instructions, also inlined.
;;! functions: wide
(module (memory 1)
    (func $product (param i32 i64 i64 i64 i64) (local i64)
        local.get 0
        local.get 4 local.get 1 i64.mul
        local.get 2 local.get 3 i64.mul
        i64.add
        local.get 3 i64.const 32 i64.shr_u local.tee 2
        local.get 1 i64.const 32 i64.shr_u local.tee 4
        i64.mul i64.add
        local.get 3 i64.const 4294967295 i64.and local.tee 3
        local.get 1 i64.const 4294967295 i64.and local.tee 1
        i64.mul local.tee 5 i64.const 32 i64.shr_u
        local.get 3 local.get 4 i64.mul
        i64.add local.tee 3
        i64.const 32 i64.shr_u
        i64.add
        local.get 3 i64.const 4294967295 i64.and
        local.get 2 local.get 1 i64.mul
        i64.add local.tee 1
        i64.const 32 i64.shr_u
        i64.add
        i64.store offset=8
        local.get 0
        local.get 1 i64.const 32 i64.shl
        local.get 5 i64.const 4294967295 i64.and
        i64.or
        i64.store)
    (func $wide (export "wide") (param i32 i64 i64)
        (call $product (local.get 0) (local.get 1) (i64.const 0) (local.get 2) (i64.const 0))))

;;= x86_64
;; wide:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rdx, %rax
;;     mulq %rcx
;;     movl %esi, %esi
;;     movq %rdx, 0x8(%rdi,%rsi)  ; traps: out of bounds memory access
;;     movq %rax, (%rdi,%rsi)  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; wide:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mul x6, x4, x5
;;     umulh x8, x4, x5
;;     add x7, x2, w3, uxtw
;;     str x8, [x7, #0x8]  ; traps: out of bounds memory access
;;     str x6, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; wide:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mul a4, a2, a3
;;     mulhu a2, a2, a3
;;     slli a1, a1, 0x20
;;     srli a3, a1, 0x20
;;     add a3, a3, a0
;;     lbu a1, 0xf(a3)  ; traps: out of bounds memory access
;;     sd a2, 0x8(a3)  ; traps: out of bounds memory access
;;     lbu a2, 0x7(a3)  ; traps: out of bounds memory access
;;     sd a4, 0x0(a3)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
