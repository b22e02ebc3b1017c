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
;;     v3 = iconst.i64 0
;;     jump block5(v3, v1)  ; v3 = 0
;;   block5(v15: i64, v16: i32):
;;     v17 = iconst.i32 4
;;     v18 = iadd v16, v17  ; v17 = 4
;;     v19 = uextend.i64 v18
;;     v20 = uextend.i64 v2
;;     v21 = isub v20, v19
;;     v22 = iconst.i64 -1
;;     v23 = iadd v21, v22  ; v22 = -1
;;     v24 = iconst.i64 3
;;     v25 = iadd v21, v24  ; v24 = 3
;;     v26 = iconst.i64 4
;;     v27 = udiv v25, v26  ; v26 = 4
;;     v28 = iconst.i64 4
;;     v29 = imul v27, v28  ; v28 = 4
;;     v30 = iadd v19, v29
;;     v31 = bor v23, v30
;;     v32 = iconst.i64 16
;;     v33 = icmp uge v27, v32  ; v32 = 16
;;     v82 = uextend.i64 v16
;;     brif v33, block6, block3(v15, v82)
;;   block6:
;;     v34 = iconst.i64 4
;;     v35 = imul.i64 v27, v34  ; v34 = 4
;;     v36 = uextend.i64 v16
;;     v37 = iadd v36, v35
;;     v38 = bor.i64 v31, v37
;;     v39 = iadd.i64 v0, v36
;;     v40 = iconst.i64 32
;;     v41 = ushr v38, v40  ; v40 = 32
;;     v42 = iconst.i64 0
;;     v43 = icmp eq v41, v42  ; v42 = 0
;;     v44 = load.i64 notrap aligned v0-16
;;     v45 = iadd.i64 v0, v44
;;     v46 = iadd v39, v35
;;     v47 = iconst.i64 4
;;     v48 = iadd v46, v47  ; v47 = 4
;;     v49 = isub v45, v48
;;     v50 = iconst.i64 0
;;     v51 = icmp sge v49, v50  ; v50 = 0
;;     v52 = band v43, v51
;;     v83 = uextend.i64 v16
;;     brif v52, block7, block3(v15, v83)
;;   block7:
;;     v53 = iconst.i64 -4
;;     v54 = band.i64 v27, v53  ; v53 = -4
;;     v55 = iconst.i64 4
;;     v56 = imul v54, v55  ; v55 = 4
;;     v57 = iconst.i64 0
;;     v58 = iconst.i64 0
;;     v59 = splat.i64x2 v58  ; v58 = 0
;;     jump block8(v57, v59)  ; v57 = 0
;;   block8(v60: i64, v61: i64x2):
;;     v62 = iadd.i64 v39, v60
;;     v63 = load.i32x4 user2 little region0 v62
;;     v64 = uwiden_low v63
;;     v65 = uwiden_high v63
;;     v66 = iadd v64, v65
;;     v67 = iadd v61, v66
;;     v68 = iconst.i64 16
;;     v69 = iadd v60, v68  ; v68 = 16
;;     v70 = icmp slt v69, v56
;;     brif v70, block8(v69, v67), block9
;;   block9:
;;     v71 = iconst.i64 -4
;;     v72 = band.i64 v27, v71  ; v71 = -4
;;     v73 = ireduce.i32 v72
;;     v74 = iconst.i32 4
;;     v75 = imul v73, v74  ; v74 = 4
;;     v76 = iadd.i32 v16, v75
;;     v77 = extractlane.i64x2 v67, 0
;;     v78 = iadd.i64 v15, v77
;;     v79 = extractlane.i64x2 v67, 1
;;     v80 = iadd v78, v79
;;     v84 = uextend.i64 v76
;;     jump block3(v80, v84)
;;   block3(v5: i64, v81: i64):
;;     v7 -> v81
;;     v6 = ireduce.i32 v81
;;     v8 = iadd.i64 v0, v7
;;     v9 = uload32 user2 little region0 v8
;;     v10 = iadd v5, v9
;;     v11 = iconst.i32 4
;;     v12 = iadd v6, v11  ; v11 = 4
;;     v14 = icmp ult v12, v2
;;     v85 = uextend.i64 v12
;;     brif v14, block3(v10, v85), block4
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
;;     subq $0x10, %rsp
;;     movq %rbx, (%rsp)
;;     movl %edx, %r10d
;;     leal 0x4(%rsi), %r9d
;;     subq %r9, %r10
;;     leaq 0x3(%r10), %r8
;;     shrq $0x2, %r8
;;     xorq %rax, %rax
;;     movl %esi, %ecx
;;     cmpq $0x10, %r8
;;     jb L2
;;     leaq -0x1(%r10), %r11
;;     addq $0x3, %r10
;;     andq $-0x4, %r10
;;     leaq (%r9,%r10), %rax
;;     orq %rax, %r11
;;     leaq (%rcx,%r10), %rax
;;     orq %rax, %r11
;;     shrq $0x20, %r11
;;     xorq %rax, %rax
;;     testq %r11, %r11
;;     sete %r11b
;;     movq %rdi, %rbx
;;     addq -0x10(%rdi), %rbx
;;     leaq (%rdi,%rcx), %r9
;;     leaq 0x4(%r9,%r10), %r10
;;     subq %r10, %rbx
;;     notq %rbx
;;     shrq $0x3f, %rbx
;;     testb %r11b, %bl
;;     je L2
;;     xorq %rax, %rax
;;     pxor %xmm0, %xmm0
;;     movq %r8, %rcx
;;     andq $-0x4, %rcx
;;     shlq $0x2, %rcx
;;   L1:
;;     movdqu (%r9,%rax), %xmm1  ; traps: out of bounds memory access
;;     addq $0x10, %rax
;;     pmovzxdq %xmm1, %xmm2
;;     xorps %xmm3, %xmm3
;;     unpckhps %xmm3, %xmm1
;;     paddq %xmm1, %xmm2
;;     paddq %xmm2, %xmm0
;;     cmpq %rcx, %rax
;;     jl L1
;;     pextrq $0x0, %xmm0, %r9
;;     pextrq $0x1, %xmm0, %r10
;;     leaq (%r9,%r10), %rax
;;     andl $-0x4, %r8d
;;     leal (%rsi,%r8,4), %ecx
;;   L2:
;;     movl (%rdi,%rcx), %esi  ; traps: out of bounds memory access
;;     addl $0x4, %ecx
;;     addq %rsi, %rax
;;     cmpl %edx, %ecx
;;     jb L2
;;     movq (%rsp), %rbx
;;     addq $0x10, %rsp
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; sum:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x1, x2
;;     mov w0, w4
;;     add w6, w3, #0x4
;;     sub x7, x0, w6, uxtw
;;     add x0, x7, #0x3
;;     lsr x0, x0, #2
;;     mov x2, #0x0
;;     cmp x0, #0x10
;;     b.lo L2
;;     ldur x5, [x1, #-0x10]
;;     sub x2, x7, #0x1
;;     add x7, x7, #0x3
;;     and x7, x7, #0xfffffffffffffffc
;;     add x6, x7, w6, uxtw
;;     orr x2, x2, x6
;;     add x6, x7, w3, uxtw
;;     orr x2, x2, x6
;;     lsr x6, x2, #32
;;     mov x2, #0x0
;;     cmp x6, #0x0
;;     cset x6, eq
;;     add x8, x1, x5
;;     add x5, x1, w3, uxtw
;;     add x7, x5, x7
;;     add x7, x7, #0x4
;;     sub x7, x8, x7
;;     cmp x7, #0x0
;;     cset x7, ge
;;     and w6, w6, w7
;;     tst w6, #0xff
;;     b.eq L2
;;     mov x2, #0x0
;;     movi v0.16b, #0x0
;;     and x6, x0, #0xfffffffffffffffc
;;     lsl x6, x6, #2
;;   L1:
;;     ldr q1, [x5, x2]  ; traps: out of bounds memory access
;;     add x2, x2, #0x10
;;     ushll v2.2d, v1.2s, #0x0
;;     ushll2 v1.2d, v1.4s, #0x0
;;     add v1.2d, v2.2d, v1.2d
;;     add v0.2d, v0.2d, v1.2d
;;     cmp x2, x6
;;     b.lt L1
;;     mov x2, v0.d[0]
;;     mov x5, v0.d[1]
;;     add x2, x2, x5
;;     and w0, w0, #0xfffffffc
;;     add w3, w3, w0, lsl #2
;;   L2:
;;     ldr w0, [x1, w3, uxtw]  ; traps: out of bounds memory access
;;     add w3, w3, #0x4
;;     add x2, x2, x0
;;     cmp w3, w4
;;     b.lo L2
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
