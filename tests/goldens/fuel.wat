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
;;     v7 = uadd_overflow_trap v6, v4, user12  ; v4 = 1
;;     jump block3(v7, v1, v2)  ; v2 = 0
;;   block3(v9: i64, v11: i32, v16: i32):
;;     v19 -> v11
;;     v8 = iconst.i64 9
;;     v10 = uadd_overflow_trap v9, v8, user12  ; v8 = 9
;;     v12 = iconst.i32 1
;;     v13 = band v11, v12  ; v12 = 1
;;     brif v13, block6, block5
;;   block6:
;;     v14 = iconst.i64 4
;;     v15 = uadd_overflow_trap.i64 v10, v14, user12  ; v14 = 4
;;     v17 = iconst.i32 3
;;     v18 = iadd.i32 v16, v17  ; v17 = 3
;;     jump block4(v15, v18)
;;   block5:
;;     jump block4(v10, v16)
;;   block4(v23: i64, v24: i32):
;;     v20 = iconst.i32 1
;;     v21 = isub.i32 v11, v20  ; v20 = 1
;;     brif v21, block3(v23, v21, v24), block7
;;   block7:
;;     v22 = load.i64 notrap aligned readonly can_move v0-8
;;     store.i64 notrap aligned little region4 v23, v22+32
;;     jump block2
;;   block2:
;;     jump block1(v24)
;;   block1(v3: i32):
;;     return v3
;; }
;; ; twice (1)
;; function u0:0(i64, i32) -> i32 tail {
;;     sig0 = (i64, i32) -> i32 tail
;;     fn0 = colocated u0:0 sig0
;;   block0(v0: i64, v1: i32):
;;     v3 = iconst.i64 5
;;     v4 = load.i64 notrap aligned readonly can_move v0-8
;;     v5 = load.i64 notrap aligned little region4 v4+32
;;     v6 = uadd_overflow_trap v5, v3, user12  ; v3 = 5
;;     v7 = load.i64 notrap aligned readonly can_move v0-8
;;     store notrap aligned little region4 v6, v7+32
;;     v8 = call fn0(v0, v1)
;;     v9 = call fn0(v0, v1)
;;     v10 = iadd v8, v9
;;     jump block1(v10)
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; work:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x8(%rdi), %rdx
;;     movl $0x1, %ecx
;;     addq 0x20(%rdx), %rcx
;;     jb L3
;;     xorl %eax, %eax
;;   L1:
;;     addq $0x9, %rcx
;;     jb L4
;;     testl $0x1, %esi
;;     je L2
;;     addq $0x4, %rcx
;;     jb L5
;;     addl $0x3, %eax
;;   L2:
;;     subl $0x1, %esi
;;     testl %esi, %esi
;;     jne L1
;;     movq %rcx, 0x20(%rdx)
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L3:
;;     ud2  ; traps: all fuel consumed
;;   L4:
;;     ud2  ; traps: all fuel consumed
;;   L5:
;;     ud2  ; traps: all fuel consumed
;; twice:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     subq $0x20, %rsp
;;     movq %r12, (%rsp)
;;     movq %r13, 0x8(%rsp)
;;     movq %r15, 0x10(%rsp)
;;     movq %rsi, %r12
;;     movq -0x8(%rdi), %r8
;;     movq %rdi, %r13
;;     movl $0x5, %edi
;;     addq 0x20(%r8), %rdi
;;     jb L1
;;     movq %rdi, 0x20(%r8)
;;     movq %r13, %rdi
;;     callq <work>
;;     movq %r12, %rsi
;;     movq %r13, %rdi
;;     movq %rax, %r15
;;     callq <work>
;;     movq %r15, %rcx
;;     addl %ecx, %eax
;;     movq (%rsp), %r12
;;     movq 0x8(%rsp), %r13
;;     movq 0x10(%rsp), %r15
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
;;     mov x2, #0x1
;;     adds x6, x1, x2
;;     b.hs L3
;;     mov w2, #0x0
;;   L1:
;;     mov x1, #0x9
;;     adds x6, x6, x1
;;     b.hs L4
;;     tbz w3, #0x0, L2
;;     mov x1, #0x4
;;     adds x6, x6, x1
;;     b.hs L5
;;     add w2, w2, #0x3
;;   L2:
;;     sub w3, w3, #0x1
;;     cbnz w3, L1
;;     str x6, [x0, #0x20]
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L3:
;;     udf #0xc11f  ; traps: all fuel consumed
;;   L4:
;;     udf #0xc11f  ; traps: all fuel consumed
;;   L5:
;;     udf #0xc11f  ; traps: all fuel consumed
;; twice:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     stp x19, x20, [sp, #-0x10]!
;;     mov x19, x3
;;     ldur x9, [x2, #-0x8]
;;     mov x20, x2
;;     ldr x10, [x9, #0x20]
;;     mov x11, #0x5
;;     adds x10, x10, x11
;;     b.hs L1
;;     str x10, [x9, #0x20]
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
;;     li a3, 0x1
;;     add a3, a3, a0
;;     bgeu a3, a0, L1
;;     unimp  ; traps: all fuel consumed
;;   L1:
;;     li a0, 0x0
;;   L2:
;;     li a4, 0x9
;;     add a4, a4, a3
;;     bgeu a4, a3, L3
;;     unimp  ; traps: all fuel consumed
;;   L3:
;;     andi a3, a1, 0x1
;;     sext.w a3, a3
;;     bnez a3, L4
;;     mv a3, a4
;;     j L6
;;   L4:
;;     li a3, 0x4
;;     add a3, a3, a4
;;     bgeu a3, a4, L5
;;     unimp  ; traps: all fuel consumed
;;   L5:
;;     addiw a0, a0, 0x3
;;   L6:
;;     addiw a1, a1, -0x1
;;     bnez a1, L2
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
;;     ld a3, -0x8(a0)
;;     mv s3, a0
;;     ld a1, 0x20(a3)
;;     li a0, 0x5
;;     add a2, a1, a0
;;     bgeu a2, a1, L1
;;     unimp  ; traps: all fuel consumed
;;   L1:
;;     sd a2, 0x20(a3)
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
