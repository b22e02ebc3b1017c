;; A private table holds type ids and offsets of code: no record is loaded, and
;; the id is an immediate.
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
;;     sig0 = (i64, i32) -> i32 tail
;;   block0(v0: i64, v1: i32, v2: i32):
;;     v4 = symbol_value.i64 gv0
;;     v5 = iconst.i32 4
;;     v6 = icmp uge v2, v5  ; v5 = 4
;;     v7 = iconst.i64 4
;;     v8 = uextend.i64 v2
;;     v9 = select_spectre_guard v6, v7, v8  ; v7 = 4
;;     v10 = iconst.i64 3
;;     v11 = ishl v9, v10  ; v10 = 3
;;     v12 = iadd v4, v11
;;     v13 = load.i32 notrap aligned readonly can_move v12
;;     v14 = iconst.i32 1
;;     v15 = icmp eq v13, v14  ; v14 = 1
;;     brif v15, block3, block2
;;   block2 cold:
;;     v16 = iconst.i32 4
;;     v17 = icmp.i32 uge v2, v16  ; v16 = 4
;;     trapnz v17, user3
;;     trapz.i32 v13, user4
;;     trap user5
;;   block3:
;;     v18 = sload32.i64 notrap aligned readonly can_move v12+4
;;     v19 = iadd.i64 v4, v18
;;     v20 = call_indirect sig0, v19(v0, v1)
;;     jump block1(v20)
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
;;     leaq <precast_table[0]>(%rip), %r11
;;     movl $0x4, %eax
;;     movl %edx, %r10d
;;     cmpl $0x4, %edx
;;     cmovaeq %rax, %r10
;;     movl (%r11,%r10,8), %eax
;;     cmpl $0x1, %eax
;;     jne L1
;;     movslq 0x4(%r11,%r10,8), %rax
;;     addq %r11, %rax
;;     callq *%rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     cmpl $0x4, %edx
;;     jae L2
;;     testl %eax, %eax
;;     je L3
;;     ud2  ; traps: indirect call type mismatch
;;   L2:
;;     ud2  ; traps: undefined element: out of bounds table access
;;   L3:
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
;;     adrp x13, <precast_table[0]>
;;     add x13, x13, #<precast_table[0]>
;;     mov x14, #0x4
;;     mov w15, w4
;;     cmp w4, #0x4
;;     csel x14, x14, x15, hs
;;     lsl x0, x14, #3
;;     add x15, x13, x14, lsl #3
;;     ldr w14, [x13, x0]
;;     cmp w14, #0x1
;;     b.ne L1
;;     ldrsw x0, [x15, #0x4]
;;     add x0, x13, x0
;;     blr x0
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;   L1:
;;     cmp w4, #0x4
;;     b.hs L2
;;     cbz w14, L3
;;     udf #0xc11f  ; traps: indirect call type mismatch
;;   L2:
;;     udf #0xc11f  ; traps: undefined element: out of bounds table access
;;   L3:
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
;;     addi sp, sp, -0x10
;;     sd s11, 0x8(sp)
;;     auipc a4, <precast_table[0]>
;;     addi a4, a4, <precast_table[0]>
;;     li a3, 0x4
;;     slli a5, a2, 0x20
;;     srli a5, a5, 0x20
;;     sltiu a5, a5, 0x4
;;     xori a5, a5, 0x1
;;     li t0, 0x4
;;     slli t1, a2, 0x20
;;     srli t1, t1, 0x20
;;     neg s11, a5
;;     and a5, s11, t0
;;     not t0, s11
;;     and t0, t1, t0
;;     or a5, a5, t0
;;     slli a5, a5, 0x3
;;     add t0, a4, a5
;;     lw a5, 0x0(t0)
;;     li t1, 0x1
;;     sext.w t2, a5
;;     sext.w t1, t1
;;     bne t2, t1, L1
;;     lw a2, 0x4(t0)
;;     add a2, a2, a4
;;     jalr a2
;;     ld s11, 0x8(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L1:
;;     slli a0, a2, 0x20
;;     srli a0, a0, 0x20
;;     slli a1, a3, 0x20
;;     srli a1, a1, 0x20
;;     bltu a0, a1, L2
;;     unimp  ; traps: undefined element: out of bounds table access
;;   L2:
;;     sext.w a0, a5
;;     bnez a0, L3
;;     unimp  ; traps: uninitialized element
;;   L3:
;;     unimp  ; traps: indirect call type mismatch
