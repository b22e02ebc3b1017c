;; Without precise stores a store is one instruction everywhere.
;;! targets: riscv64
;;! options: --precise-stores false
(module (memory 1)
  (func $store (export "store") (param i32 i64) (i64.store offset=8 (local.get 0) (local.get 1))))

;;= riscv64
;; store:
;;     addi sp, sp, -0x10
;;     sd ra, 0x8(sp)
;;     sd s0, 0x0(sp)
;;     mv s0, sp
;;     slli a1, a1, 0x20
;;     srli a1, a1, 0x20
;;     add a0, a0, a1
;;     sd a2, 0x8(a0)  ; traps: out of bounds memory access
;;     ld ra, 0x8(sp)
;;     ld s0, 0x0(sp)
;;     addi sp, sp, 0x10
;;     ret
