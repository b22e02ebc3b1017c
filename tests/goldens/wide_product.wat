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
;;     movq %rdx, %r9
;;     movq %r9, %rax
;;     mulq %rcx
;;     movl %esi, %r8d
;;     movq %rdx, 0x8(%rdi,%r8)  ; traps: out of bounds memory access
;;     movq %r9, %rdx
;;     imulq %rcx, %rdx
;;     movq %rdx, (%rdi,%r8)  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; wide:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     umulh x7, x4, x5
;;     add x8, x2, w3, uxtw
;;     str x7, [x8, #0x8]  ; traps: out of bounds memory access
;;     mul x8, x4, x5
;;     str x8, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; wide:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a4, a1, 0x20
;;     add a1, a0, a4
;;     lbu a4, 0xf(a1)  ; traps: out of bounds memory access
;;     mulhu a4, a2, a3
;;     sd a4, 0x8(a1)  ; traps: out of bounds memory access
;;     lbu a4, 0x7(a1)  ; traps: out of bounds memory access
;;     mul a2, a2, a3
;;     sd a2, 0x0(a1)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
