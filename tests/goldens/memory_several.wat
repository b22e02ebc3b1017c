;; Only memory 0 lies at the context; the base of others is loaded.
(module (memory 1) (memory 1)
  (func $first (export "first") (param i32) (result i32) (i32.load 0 (local.get 0)))
  (func $second (export "second") (param i32) (result i32) (i32.load 1 (local.get 0)))
  (func $copy (export "copy") (param i32 i32 i32) (memory.copy 0 1 (local.get 0) (local.get 1) (local.get 2))))

;;= x86_64
;; first:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movl %esi, %esi
;;     movl (%rdi,%rsi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; second:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %r8
;;     movq -0x50(%rdi), %rsi
;;     movq %r8, %rdi
;;     movl %edi, %edi
;;     movl (%rsi,%rdi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; copy:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rcx, %r8
;;     movq %rdx, %rcx
;;     movq %rsi, %rax
;;     movq -0x20(%rdi), %r11
;;     movq 0x10(%r11), %r11
;;     movl $0x1, %esi
;;     movl %eax, %edx
;;     movq %rcx, %rax
;;     movl %eax, %ecx
;;     movq %r8, %rax
;;     movl %eax, %r8d
;;     callq *%r11
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; first:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldr w2, [x2, w3, uxtw]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; second:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x4, [x2, #-0x50]
;;     ldr w2, [x4, w3, uxtw]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; copy:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x11, [x2, #-0x20]
;;     mov x0, x2
;;     ldr x11, [x11, #0x10]
;;     mov x1, #0x1
;;     mov w2, w3
;;     mov w3, w4
;;     mov w4, w5
;;     blr x11
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; first:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lw a0, 0x0(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; second:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a0, -0x50(a0)
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lw a0, 0x0(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; copy:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     addi sp, sp, -0x10
;;     sd s2, 0x8(sp)
;;     mv a7, a2
;;     mv s2, a3
;;     ld a4, -0x20(a0)
;;     ld a6, 0x10(a4)
;;     li a5, 0x1
;;     slli a3, a1, 0x20
;;     srli a2, a3, 0x20
;;     mv a1, a7
;;     slli a3, a1, 0x20
;;     srli a3, a3, 0x20
;;     mv a1, s2
;;     slli a4, a1, 0x20
;;     srli a4, a4, 0x20
;;     mv a1, a5
;;     jalr a6
;;     ld s2, 0x8(sp)
;;     addi sp, sp, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
