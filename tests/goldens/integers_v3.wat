;; The same with what newer CPUs have.
;;! targets: x86_64
;;! options: --cpu x86-64-v3
(module
  (func $clz (export "clz") (param i32) (result i32) (i32.clz (local.get 0)))
  (func $ctz (export "ctz") (param i64) (result i64) (i64.ctz (local.get 0)))
  (func $popcnt (export "popcnt") (param i32) (result i32) (i32.popcnt (local.get 0)))
  (func $shift (export "shift") (param i32 i32) (result i32) (i32.shr_u (local.get 0) (local.get 1)))
  (func $andnot (export "andnot") (param i64 i64) (result i64)
    (i64.and (local.get 0) (i64.xor (local.get 1) (i64.const -1)))))

;;= x86_64
;; clz:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     lzcntl %esi, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; ctz:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     tzcntq %rsi, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; popcnt:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     popcntl %esi, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; shift:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     shrxl %edx, %esi, %eax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
;; andnot:
;;     pushq %rbp
;;     movq %rsp, %rbp
;;     andnq %rsi, %rdx, %rax
;;     movq %rbp, %rsp
;;     popq %rbp
;;     retq
