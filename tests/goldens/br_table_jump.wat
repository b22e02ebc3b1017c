;; Many targets, or few without the chain: a table of places to jump to.
;;! options: --disable br-table-chain
;;! show: ir
(module
  (func $few (export "few") (param i32) (result i32)
    (block (block (block (br_table 0 1 2 (local.get 0)))
      (return (i32.const 11))) (return (i32.const 12))) (i32.const 13)))

;;= ir
;; ; few (0)
;; function u0:0(i64, i32) -> i32 tail {
;;   block0(v0: i64, v1: i32):
;;     br_table v1, block2, [block4, block3]
;;   block4:
;;     v3 = iconst.i32 11
;;     return v3  ; v3 = 11
;;   block3:
;;     v4 = iconst.i32 12
;;     return v4  ; v4 = 12
;;   block2:
;;     v5 = iconst.i32 13
;;     jump block1(v5)  ; v5 = 13
;;   block1(v2: i32):
;;     return v2
;; }

;;= x86_64
;; few:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl $0x2, %edi
;;     movl %esi, %r8d
;;     cmpl %edi, %r8d
;;     cmovbl %r8d, %edi
;;     leaq L1(%rip), %rcx
;;     movslq (%rcx,%rdi,4), %rax
;;     addq %rax, %rcx
;;     jmpq *%rcx
;;   L1:
;;     .byte 16 00 00 00 0c 00 00 00
;;     .byte 20 00 00 00
;;     movl $0xc, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;     movl $0xb, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;     movl $0xd, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; few:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     cmp w3, #0x2
;;     mov x8, #0x2
;;     csel x8, x3, x8, lo
;;     adr x7, L1
;;     ldrsw x8, [x7, w8, uxtw #2]
;;     add x7, x7, x8
;;     br x7
;;   L1:
;;     .byte 18 00 00 00 0c 00 00 00
;;     .byte 24 00 00 00
;;     mov w2, #0xc
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;     mov w2, #0xb
;;     ldp x29, x30, [sp], #0x10
;;     ret
;;     mov w2, #0xd
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; few:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a2, a1
;;     slli t6, a2, 0x20
;;     srli t6, t6, 0x20
;;     li a0, 0x2
;;     bltu t6, a0, L1
;;     auipc a0, L4
;;     jr L4(a0)
;;   L1:
;;     auipc a1, 0x0
;;     slli a0, t6, 0x3
;;     add a1, a1, a0
;;     jr 0x10(a1)
;;     auipc a0, L3
;;     jr L3(a0)
;;     auipc a0, L2
;;     jr L2(a0)
;;   L2:
;;     li a0, 0xc
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L3:
;;     li a0, 0xb
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L4:
;;     li a0, 0xd
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
