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
;;     v32 = iconst.i64 4
;;     v33 = imul v27, v32  ; v32 = 4
;;     v34 = uextend.i64 v16
;;     v35 = iadd v34, v33
;;     v36 = bor v31, v35
;;     v37 = iadd.i64 v0, v34
;;     v38 = iconst.i64 32
;;     v39 = ushr v36, v38  ; v38 = 32
;;     v40 = iconst.i64 0
;;     v41 = icmp eq v39, v40  ; v40 = 0
;;     v42 = iconst.i64 2
;;     v43 = icmp uge v27, v42  ; v42 = 2
;;     v44 = load.i64 notrap aligned v0-16
;;     v45 = iadd.i64 v0, v44
;;     v46 = iadd v37, v33
;;     v47 = iconst.i64 4
;;     v48 = iadd v46, v47  ; v47 = 4
;;     v49 = isub v45, v48
;;     v50 = iconst.i64 0
;;     v51 = icmp sge v49, v50  ; v50 = 0
;;     v52 = band v41, v43
;;     v53 = band v52, v51
;;     brif v53, block6, block3(v15, v16)
;;   block6:
;;     v54 = iconst.i64 -2
;;     v55 = band.i64 v27, v54  ; v54 = -2
;;     v56 = iconst.i64 4
;;     v57 = imul v55, v56  ; v56 = 4
;;     v58 = iconst.i64 0
;;     v59 = iconst.i64 0
;;     v60 = splat.i64x2 v59  ; v59 = 0
;;     jump block7(v58, v60)  ; v58 = 0
;;   block7(v61: i64, v62: i64x2):
;;     v63 = iadd.i64 v37, v61
;;     v64 = uload32x2 user2 little region0 v63
;;     v65 = iadd v62, v64
;;     v66 = iconst.i64 8
;;     v67 = iadd v61, v66  ; v66 = 8
;;     v68 = icmp slt v67, v57
;;     brif v68, block7(v67, v65), block8
;;   block8:
;;     v69 = iconst.i64 -2
;;     v70 = band.i64 v27, v69  ; v69 = -2
;;     v71 = ireduce.i32 v70
;;     v72 = iconst.i32 4
;;     v73 = imul v71, v72  ; v72 = 4
;;     v74 = iadd.i32 v16, v73
;;     v75 = extractlane.i64x2 v65, 0
;;     v76 = iadd.i64 v15, v75
;;     v77 = extractlane.i64x2 v65, 1
;;     v78 = iadd v76, v77
;;     jump block3(v78, v74)
;;   block3(v5: i64, v6: i32):
;;     v7 = uextend.i64 v6
;;     v8 = iadd.i64 v0, v7
;;     v9 = uload32 user2 little region0 v8
;;     v10 = iadd v5, v9
;;     v11 = iconst.i32 4
;;     v12 = iadd v6, v11  ; v11 = 4
;;     v14 = icmp ult v12, v2
;;     brif v14, block3(v10, v12), block4
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
;;     movl %edx, %ecx
;;     leal 0x4(%rsi), %eax
;;     subq %rax, %rcx
;;     leaq -0x1(%rcx), %r10
;;     addq $0x3, %rcx
;;     movq %rcx, %r9
;;     andq $-0x4, %r9
;;     addq %r9, %rax
;;     orq %rax, %r10
;;     movl %esi, %r8d
;;     leaq (%r8,%r9), %rax
;;     orq %rax, %r10
;;     shrq $0x20, %r10
;;     xorq %rax, %rax
;;     testq %r10, %r10
;;     sete %r10b
;;     shrq $0x2, %rcx
;;     cmpq $0x2, %rcx
;;     setae %r11b
;;     andl %r11d, %r10d
;;     movq %rdi, %r11
;;     addq -0x10(%rdi), %r11
;;     addq %rdi, %r8
;;     leaq 0x4(%r8,%r9), %r9
;;     subq %r9, %r11
;;     notq %r11
;;     shrq $0x3f, %r11
;;     testb %r10b, %r11b
;;     je L2
;;     xorq %rax, %rax
;;     pxor %xmm0, %xmm0
;;     movq %rcx, %r9
;;     andq $-0x2, %r9
;;     shlq $0x2, %r9
;;   L1:
;;     pmovzxdq (%r8,%rax), %xmm1  ; traps: out of bounds memory access
;;     addq $0x8, %rax
;;     paddq %xmm1, %xmm0
;;     cmpq %r9, %rax
;;     jl L1
;;     pextrq $0x0, %xmm0, %rax
;;     pextrq $0x1, %xmm0, %r8
;;     addq %r8, %rax
;;     andl $-0x2, %ecx
;;     leal (%rsi,%rcx,4), %esi
;;   L2:
;;     movl %esi, %ecx
;;     movl (%rdi,%rcx), %ecx  ; traps: out of bounds memory access
;;     addl $0x4, %esi
;;     addq %rcx, %rax
;;     cmpl %edx, %esi
;;     jb L2
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; sum:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x1, [x2, #-0x10]
;;     mov x8, x2
;;     mov w0, w4
;;     add w2, w3, #0x4
;;     sub x0, x0, w2, uxtw
;;     sub x5, x0, #0x1
;;     add x0, x0, #0x3
;;     and x6, x0, #0xfffffffffffffffc
;;     add x2, x6, w2, uxtw
;;     orr x2, x5, x2
;;     add x5, x6, w3, uxtw
;;     orr x2, x2, x5
;;     lsr x5, x2, #32
;;     mov x2, #0x0
;;     cmp x5, #0x0
;;     cset x5, eq
;;     lsr x0, x0, #2
;;     cmp x0, #0x2
;;     cset x7, hs
;;     and w7, w5, w7
;;     mov x5, x8
;;     add x8, x5, x1
;;     add x1, x5, w3, uxtw
;;     add x6, x1, x6
;;     add x6, x6, #0x4
;;     sub x6, x8, x6
;;     cmp x6, #0x0
;;     cset x6, ge
;;     and w6, w7, w6
;;     tst w6, #0xff
;;     b.eq L2
;;     mov x2, #0x0
;;     movi v0.16b, #0x0
;;     and x6, x0, #0xfffffffffffffffe
;;     lsl x6, x6, #2
;;   L1:
;;     ldr d1, [x1, x2]  ; traps: out of bounds memory access
;;     ushll v1.2d, v1.2s, #0x0
;;     add x2, x2, #0x8
;;     add v0.2d, v0.2d, v1.2d
;;     cmp x2, x6
;;     b.lt L1
;;     mov x1, v0.d[0]
;;     mov x2, v0.d[1]
;;     add x2, x1, x2
;;     and w0, w0, #0xfffffffe
;;     add w3, w3, w0, lsl #2
;;   L2:
;;     ldr w0, [x5, w3, uxtw]  ; traps: out of bounds memory access
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
