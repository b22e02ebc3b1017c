;; 64-bit memories: the index is compared with the reservation, and masked.
;;! show: ir
(module (memory i64 1)
  (func $load (export "load") (param i64) (result i32) (i32.load offset=8 (local.get 0)))
  (func $store (export "store") (param i64 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func $size (export "size") (result i64) (memory.size))
  (func $grow (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))

;;= ir
;; ; load (0)
;; function u0:0(i64, i64) -> i32 tail {
;;   block0(v0: i64, v1: i64):
;;     v3 = iconst.i64 0x0010_0000_fff4
;;     v4 = icmp ugt v1, v3  ; v3 = 0x0010_0000_fff4
;;     v5 = iconst.i64 0x000f_ffff_fff8
;;     v6 = select_spectre_guard v4, v5, v1  ; v5 = 0x000f_ffff_fff8
;;     v7 = iadd v0, v6
;;     v8 = load.i32 user2 little region0 v7+8
;;     jump block1(v8)
;;   block1(v2: i32):
;;     return v2
;; }
;; ; store (1)
;; function u0:0(i64, i64, i32) tail {
;;   block0(v0: i64, v1: i64, v2: i32):
;;     v3 = iconst.i64 0x0010_0000_ffff
;;     v4 = icmp ugt v1, v3  ; v3 = 0x0010_0000_ffff
;;     v5 = iconst.i64 0x0010_0000_0000
;;     v6 = select_spectre_guard v4, v5, v1  ; v5 = 0x0010_0000_0000
;;     v7 = iadd v0, v6
;;     istore8 user2 little region0 v2, v7
;;     jump block1
;;   block1:
;;     return
;; }
;; ; size (2)
;; function u0:0(i64) -> i64 tail {
;;   block0(v0: i64):
;;     v2 = load.i64 notrap aligned region3 v0-16
;;     v3 = iconst.i64 16
;;     v4 = ushr v2, v3  ; v3 = 16
;;     jump block1(v4)
;;   block1(v1: i64):
;;     return v1
;; }
;; ; grow (3)
;; function u0:0(i64, i64) -> i64 tail {
;;     sig0 = (i64, i64, i64) -> i64 system_v
;;   block0(v0: i64, v1: i64):
;;     v3 = iconst.i64 0
;;     v4 = load.i64 notrap aligned readonly can_move v0-32
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = call_indirect sig0, v5(v0, v3, v1)  ; v3 = 0
;;     jump block1(v6)
;;   block1(v2: i64):
;;     return v2
;; }

;;= x86_64
;; load:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movabsq $0xffffffff8, %r8
;;     cmpq L1(%rip), %rsi
;;     cmovaq %r8, %rsi
;;     movl 0x8(%rdi,%rsi), %eax  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     .byte f4 ff 00 00 10 00 00 00
;; store:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movabsq $0x1000000000, %r8
;;     cmpq L1(%rip), %rsi
;;     cmovaq %r8, %rsi
;;     movb %dl, (%rdi,%rsi)  ; traps: out of bounds memory access
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;;   L1:
;;     .byte ff ff 00 00 10 00 00 00
;; size:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq -0x10(%rdi), %rax
;;     shrq $0x10, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; grow:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     movq %rsi, %rdx
;;     movq -0x20(%rdi), %r8
;;     movq 0x8(%r8), %r8
;;     xorq %rsi, %rsi
;;     callq *%r8
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq

;;= aarch64
;; load:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x8, #0xfff4
;;     movk x8, #0x10, lsl #32
;;     mov x9, #0xffffffff8
;;     cmp x3, x8
;;     csel x9, x9, x3, hi
;;     add x9, x2, x9
;;     ldr w2, [x9, #0x8]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; store:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     mov x7, #0xffff
;;     movk x7, #0x10, lsl #32
;;     mov x8, #0x1000000000
;;     cmp x3, x7
;;     csel x8, x8, x3, hi
;;     strb w4, [x2, x8]  ; traps: out of bounds memory access
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; size:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x3, [x2, #-0x10]
;;     lsr x2, x3, #16
;;     ldp x29, x30, [sp], #0x10
;;     ret
;; grow:
;;     stp x29, x30, [sp, #-0x10]!
;;     mov x29, sp
;;     ldur x6, [x2, #-0x20]
;;     ldr x6, [x6, #0x8]
;;     mov x1, #0x0
;;     mov x0, x2
;;     mov x2, x3
;;     blr x6
;;     mov x2, x0
;;     ldp x29, x30, [sp], #0x10
;;     ret

;;= riscv64
;; load:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     auipc a2, L1
;;     ld a2, L1(a2)
;;     sltu a2, a2, a1
;;     auipc a3, L2
;;     ld a3, L2(a3)
;;     neg a4, a2
;;     and a2, a4, a3
;;     not a3, a4
;;     and a4, a1, a3
;;     or a1, a2, a4
;;     add a2, a0, a1
;;     lw a0, 0x8(a2)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L1:
;;     .byte f4 ff 00 00 10 00 00 00
;;   L2:
;;     .byte f8 ff ff ff 0f 00 00 00
;; store:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     auipc a3, L1
;;     ld a3, L1(a3)
;;     sltu a3, a3, a1
;;     lui a4, 0x1
;;     slli a4, a4, 0x18
;;     neg a5, a3
;;     and a3, a5, a4
;;     not a4, a5
;;     and a5, a1, a4
;;     or a1, a3, a5
;;     add a3, a0, a1
;;     sb a2, 0x0(a3)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;;   L1:
;;     .byte ff ff 00 00 10 00 00 00
;; size:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     ld a0, -0x10(a0)
;;     srli a0, a0, 0x10
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; grow:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     mv a4, a1
;;     ld a2, -0x20(a0)
;;     ld a3, 0x8(a2)
;;     li a1, 0x0
;;     mv a2, a4
;;     jalr a3
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
