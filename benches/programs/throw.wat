;; Exceptions that are thrown through ten frames, and calls inside try_table
;; that throw nothing.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\0a\00\00\00thrown ok\n")
  (tag $tag (param i64))

  ;; Frames down to the throw.
  (func $down (param $frames i32) (param $value i64) (result i64)
    (if (i32.eqz (local.get $frames)) (then (throw $tag (local.get $value))))
    (i64.add
      (call $down (i32.sub (local.get $frames) (i32.const 1)) (local.get $value))
      (i64.const 1)))

  ;; What the exception carries.
  (func $caught (param $value i64) (result i64)
    (block $handler (result i64)
      (try_table (result i64) (catch $tag $handler)
        (call $down (i32.const 9) (local.get $value)))))

  (func (export "_start") (local $left i64) (local $sum i64)
    (local.set $left (i64.const 400000))
    (loop $again
      (local.set $sum (i64.add (local.get $sum) (call $caught (local.get $left))))
      (br_if $again
        (i32.eqz (i64.eqz (local.tee $left (i64.sub (local.get $left) (i64.const 1)))))))
    ;; 1 + 2 + ... + 400000
    (if (i64.ne (local.get $sum) (i64.const 80000200000)) (then unreachable))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))
