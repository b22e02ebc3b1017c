;; An imported global that may change is reached through its address.
(module (import "env" "m" (global $m (mut i32))) (import "env" "c" (global $c i32))
  (func $set (export "set") (param i32) (global.set $m (local.get 0)))
  (func $get (export "get") (result i32) (i32.add (global.get $m) (global.get $c))))

;;= x86_64
;; set:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x48(%rdi), %rdi
;;     movl %esi, (%rdi)
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; get:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x48(%rdi), %rsi
;;     movl (%rsi), %esi
;;     movq -0x50(%rdi), %rdi
;;     movl (%rdi), %edi
;;     leal (%rsi,%rdi), %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; set:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x4, [x2, #-0x48]
;;     str w3, [x4]
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; get:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x6, [x2, #-0x48]
;;     ldr w6, [x6]
;;     ldur x7, [x2, #-0x50]
;;     ldr w7, [x7]
;;     add w2, w6, w7
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; set:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a0, -0x48(a0)
;;     sw a1, 0x0(a0)
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; get:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a1, -0x48(a0)
;;     lw a1, 0x0(a1)
;;     ld a0, -0x50(a0)
;;     lw a0, 0x0(a0)
;;     addw a0, a0, a1
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
