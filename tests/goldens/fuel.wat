;; Work that is paid for: once for the loop's round and once for its arm, what comes
;; after the loop with what is before it; the count goes through the store at the call.
;;! options: --fuel
;;! show: ir
(module
  (func $work (export "work") (param i32) (result i32) (local i32)
    (loop
      (if (i32.and (local.get 0) (i32.const 1))
        (then (local.set 1 (i32.add (local.get 1) (i32.const 3)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $twice (export "twice") (param i32) (result i32)
    (i32.add (call $work (local.get 0)) (call $work (local.get 0)))))

;;= ir
;; ; work (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v2 = iconst.i32 0
;;     v4 = iconst.i64 1
;;     v5 = load.i64 notrap aligned readonly can_move v0-8
;;     v6 = load.i64 notrap aligned little region4 v5+32
;;     v7 = iadd v6, v4  ; v4 = 1
;;     jump block3(v7, v1, v2)  ; v2 = 0
;;   block3(v8: i64, v13: i32, v18: i32):
;;     v21 -> v13
;;     v9 = iconst.i64 0
;;     v10 = icmp sge v8, v9  ; v9 = 0
;;     trapnz v10, user12
;;     v11 = iconst.i64 9
;;     v12 = iadd v8, v11  ; v11 = 9
;;     v14 = iconst.i32 1
;;     v15 = band v13, v14  ; v14 = 1
;;     brif v15, block6, block5
;;   block6:
;;     v16 = iconst.i64 4
;;     v17 = iadd.i64 v12, v16  ; v16 = 4
;;     v19 = iconst.i32 3
;;     v20 = iadd.i32 v18, v19  ; v19 = 3
;;     jump block4(v17, v20)
;;   block5:
;;     jump block4(v12, v18)
;;   block4(v25: i64, v26: i32):
;;     v22 = iconst.i32 1
;;     v23 = isub.i32 v13, v22  ; v22 = 1
;;     brif v23, block3(v25, v23, v26), block7
;;   block7:
;;     v24 = load.i64 notrap aligned readonly can_move v0-8
;;     store.i64 notrap aligned little region4 v25, v24+32
;;     jump block2
;;   block2:
;;     jump block1(v26)
;;   block1(v3: i32):
;;     return v3
;; }
;; ; twice (1)
;; function u0:0(i64, i32) -> i32 tail {
;;     sig0 = (i64, i32) -> i32 tail
;;     fn0 = colocated u0:0 sig0
;;   block0(v0: i64, v1: i32):
;;     v3 = load.i64 notrap aligned readonly can_move v0-8
;;     v4 = load.i64 notrap aligned little region4 v3+32
;;     v5 = iconst.i64 0
;;     v6 = icmp sge v4, v5  ; v5 = 0
;;     trapnz v6, user12
;;     v7 = iconst.i64 5
;;     v8 = iadd v4, v7  ; v7 = 5
;;     v9 = load.i64 notrap aligned readonly can_move v0-8
;;     store notrap aligned little region4 v8, v9+32
;;     v10 = call fn0(v0, v1)
;;     v11 = call fn0(v0, v1)
;;     v12 = iadd v10, v11
;;     jump block1(v12)
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; work:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x8(%rdi), %rcx
;;     movl $0x1, %edi
;;     addq 0x20(%rcx), %rdi
;;     xorl %eax, %eax
;;   L1:
;;     testq %rdi, %rdi
;;     jge L4
;;     testb $0x1, %sil
;;     jne L2
;;     addq $0x9, %rdi
;;     jmp L3
;;   L2:
;;     addq $0xd, %rdi
;;     addl $0x3, %eax
;;   L3:
;;     subl $0x1, %esi
;;     testl %esi, %esi
;;     jne L1
;;     movq %rdi, 0x20(%rcx)
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L4:
;;     ud2  ; traps: all fuel consumed
;; twice:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x20, %rsp
;;     movq %r12, (%rsp)
;;     movq %r13, -0x18(%rbp)
;;     movq %r15, -0x10(%rbp)
;;     movq %rsi, %r12
;;     movq -0x8(%rdi), %r8
;;     movq %rdi, %r13
;;     movq 0x20(%r8), %r9
;;     testq %r9, %r9
;;     jge L1
;;     leaq 0x5(%r9), %r10
;;     movq %r10, 0x20(%r8)
;;     callq <work>
;;     movq %r12, %rsi
;;     movq %r13, %rdi
;;     movq %rax, %r15
;;     callq <work>
;;     movq %r15, %rcx
;;     addl %ecx, %eax
;;     movq (%rsp), %r12
;;     movq -0x18(%rbp), %r13
;;     movq -0x10(%rbp), %r15
;;     addq $0x20, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     ud2  ; traps: all fuel consumed

;;= aarch64
;; work:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x0, [x2, #-0x8]
;;     ldr x1, [x0, #0x20]
;;     add x5, x1, #0x1
;;     mov w2, #0x0
;;   L1:
;;     cmp x5, #0x0
;;     b.ge L4
;;     tbnz w3, #0x0, L2
;;     add x5, x5, #0x9
;;     b L3
;;   L2:
;;     add x5, x5, #0xd
;;     add w2, w2, #0x3
;;   L3:
;;     sub w3, w3, #0x1
;;     cbnz w3, L1
;;     str x5, [x0, #0x20]
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L4:
;;     udf #0xc11f  ; traps: all fuel consumed
;; twice:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     stp x19, x20, [sp, #-0x10]!
;;     mov x19, x3
;;     ldur x8, [x2, #-0x8]
;;     mov x20, x2
;;     ldr x9, [x8, #0x20]
;;     cmp x9, #0x0
;;     b.ge L1
;;     add x10, x9, #0x5
;;     str x10, [x8, #0x20]
;;     bl <work>
;;     mov x3, x19
;;     mov x19, x2
;;     mov x2, x20
;;     bl <work>
;;     mov x0, x19
;;     add w2, w0, w2
;;     ldp x19, x20, [sp], #0x10
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     udf #0xc11f  ; traps: all fuel consumed

;;= riscv64
;; work:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a2, -0x8(a0)
;;     ld a0, 0x20(a2)
;;     addi a3, a0, 0x1
;;     li a0, 0x0
;;   L1:
;;     bltz a3, L2
;;     unimp  ; traps: all fuel consumed
;;   L2:
;;     andi a4, a1, 0x1
;;     sext.w a4, a4
;;     bnez a4, L3
;;     addi a3, a3, 0x9
;;     j L4
;;   L3:
;;     addi a3, a3, 0xd
;;     addiw a0, a0, 0x3
;;   L4:
;;     addiw a1, a1, -0x1
;;     bnez a1, L1
;;     sd a3, 0x20(a2)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; twice:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s2, 0x8(sp)
;;     sd s3, 0x0(sp)
;;     mv s2, a1
;;     ld a2, -0x8(a0)
;;     mv s3, a0
;;     ld a1, 0x20(a2)
;;     bltz a1, L1
;;     unimp  ; traps: all fuel consumed
;;   L1:
;;     addi a0, a1, 0x5
;;     sd a0, 0x20(a2)
;;     mv a0, s3
;;     mv a1, s2
;;     auipc ra, <work>
;;     jalr <work>(ra)
;;     mv a1, s2
;;     mv s2, a0
;;     mv a0, s3
;;     auipc ra, <work>
;;     jalr <work>(ra)
;;     mv a1, s2
;;     addw a0, a0, a1
;;     ld s2, 0x8(sp)
;;     ld s3, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
