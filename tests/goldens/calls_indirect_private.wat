;; A private table holds type ids and offsets of code: no record is loaded, and
;; the id is an immediate. Few entries have the type: their bodies stand behind
;; comparisons of the index, and the table is left for its traps.
;;! show: ir
(module (type $t (func (param i32) (result i32)))
  (table 4 funcref) (elem (i32.const 1) $one $two)
  (func $one (type $t) (local.get 0))
  (func $two (type $t) (i32.add (local.get 0) (i32.const 2)))
  (func $calls (export "calls") (param i32 i32) (result i32)
    (call_indirect (type $t) (local.get 0) (local.get 1))))

;;= ir
;; ; one (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     jump block1(v1)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; two (1)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 2
;;     v4 = iadd v1, v3  ; v3 = 2
;;     jump block1(v4)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; calls (2)
;; function u0:0(i64, i32, i32) -> i32 tail {
;;     gv0 = symbol colocated userextname0
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v5 = iconst.i32 1
;;     v6 = icmp eq v2, v5  ; v5 = 1
;;     brif v6, block3, block4
;;   block3:
;;     jump block5(v1)
;;   block5(v7: i32):
;;     jump block2(v7)
;;   block4:
;;     v8 = iconst.i32 2
;;     v9 = icmp.i32 eq v2, v8  ; v8 = 2
;;     brif v9, block6, block7
;;   block6:
;;     v11 = iconst.i32 2
;;     v12 = iadd.i32 v1, v11  ; v11 = 2
;;     jump block8(v12)
;;   block8(v10: i32):
;;     jump block2(v10)
;;   block7 cold:
;;     v13 = symbol_value.i64 gv0
;;     v14 = iconst.i32 4
;;     v15 = icmp.i32 uge v2, v14  ; v14 = 4
;;     v16 = iconst.i64 4
;;     v17 = uextend.i64 v2
;;     v18 = select_spectre_guard v15, v16, v17  ; v16 = 4
;;     v19 = iconst.i64 3
;;     v20 = ishl v18, v19  ; v19 = 3
;;     v21 = iadd v13, v20
;;     v22 = load.i32 notrap aligned readonly can_move v21
;;     v23 = iconst.i32 1
;;     v24 = icmp eq v22, v23  ; v23 = 1
;;     brif v24, block10, block9
;;   block9 cold:
;;     v25 = iconst.i32 4
;;     v26 = icmp.i32 uge v2, v25  ; v25 = 4
;;     trapnz v26, user3
;;     trapz.i32 v22, user4
;;     trap user5
;;   block10:
;;     v27 = sload32.i64 notrap aligned readonly can_move v21+4
;;     v28 = iadd.i64 v13, v27
;;     trap user5
;;   block2(v4: i32):
;;     jump block1(v4)
;;   block1(v3: i32):
;;     return v3
;; }

;;= x86_64
;; one:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; two:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     leal 0x2(%rsi), %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; calls:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     cmpl $0x1, %edx
;;     je L1
;;     cmpl $0x2, %edx
;;     jne L2
;;     addl $0x2, %esi
;;   L1:
;;     movq %rsi, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L2:
;;     leaq <precast_table[0]>(%rip), %rax
;;     movl $0x4, %esi
;;     movl %edx, %ecx
;;     cmpl $0x4, %edx
;;     cmovaeq %rsi, %rcx
;;     movl (%rax,%rcx,8), %esi
;;     cmpl $0x1, %esi
;;     je L3
;;     cmpl $0x4, %edx
;;     jae L4
;;     testl %esi, %esi
;;     je L5
;;     ud2  ; traps: indirect call type mismatch
;;   L3:
;;     movslq 0x4(%rax,%rcx,8), %rax
;;     ud2  ; traps: indirect call type mismatch
;;   L4:
;;     ud2  ; traps: undefined element: out of bounds table access
;;   L5:
;;     ud2  ; traps: uninitialized element

;;= aarch64
;; one:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x2, x3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; two:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     add w2, w3, #0x2
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; calls:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cmp w4, #0x1
;;     b.eq L1
;;     cmp w4, #0x2
;;     b.ne L2
;;     add w3, w3, #0x2
;;   L1:
;;     mov x2, x3
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L2:
;;     adrp x0, <precast_table[0]>
;;     add x0, x0, #<precast_table[0]>
;;     mov x1, #0x4
;;     mov w2, w4
;;     cmp w4, #0x4
;;     csel x1, x1, x2, hs
;;     lsl x2, x1, #3
;;     add x1, x0, x1, lsl #3
;;     ldr w0, [x0, x2]
;;     cmp w0, #0x1
;;     b.eq L3
;;     cmp w4, #0x4
;;     b.hs L4
;;     cbz w0, L5
;;     udf #0xc11f  ; traps: indirect call type mismatch
;;   L3:
;;     ldrsw x0, [x1, #0x4]
;;     udf #0xc11f  ; traps: indirect call type mismatch
;;   L4:
;;     udf #0xc11f  ; traps: undefined element: out of bounds table access
;;   L5:
;;     udf #0xc11f  ; traps: uninitialized element

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
;; two:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addiw a0, a1, 0x2
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; calls:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     li a0, 0x1
;;     sext.w a3, a2
;;     sext.w a0, a0
;;     beq a3, a0, L1
;;     li a0, 0x2
;;     sext.w a3, a2
;;     sext.w a0, a0
;;     bne a3, a0, L2
;;     addiw a1, a1, 0x2
;;   L1:
;;     mv a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L2:
;;     auipc a1, <precast_table[0]>
;;     addi a1, a1, <precast_table[0]>
;;     li a0, 0x4
;;     slli a3, a2, 0x20
;;     srli a3, a3, 0x20
;;     sltiu a3, a3, 0x4
;;     xori a3, a3, 0x1
;;     li a4, 0x4
;;     slli a5, a2, 0x20
;;     srli a5, a5, 0x20
;;     neg t0, a3
;;     and a3, t0, a4
;;     not a4, t0
;;     and a4, a4, a5
;;     or a3, a3, a4
;;     slli a3, a3, 0x3
;;     add a3, a3, a1
;;     lw a1, 0x0(a3)
;;     li a4, 0x1
;;     sext.w a5, a1
;;     sext.w a4, a4
;;     beq a5, a4, L5
;;     slli a2, a2, 0x20
;;     srli a2, a2, 0x20
;;     slli a0, a0, 0x20
;;     srli a0, a0, 0x20
;;     bltu a2, a0, L3
;;     unimp  ; traps: undefined element: out of bounds table access
;;   L3:
;;     sext.w a0, a1
;;     bnez a0, L4
;;     unimp  ; traps: uninitialized element
;;   L4:
;;     unimp  ; traps: indirect call type mismatch
;;   L5:
;;     lw a0, 0x4(a3)
;;     unimp  ; traps: indirect call type mismatch
