;; A store across the end of memory writes nothing before it traps: where the
;; machine may store piece by piece, the last byte is touched first.
;;! targets: riscv64
(module (memory 1)
  (func $store (export "store") (param i32 i64) (i64.store offset=8 (local.get 0) (local.get 1)))
  (func $byte (export "byte") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))

;;= riscv64
;; store:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     lbu a1, 0xf(a0)  ; traps: out of bounds memory access
;;     sd a2, 0x8(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
;; byte:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     sb a2, 0x0(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
