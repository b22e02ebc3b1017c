;; A small plugin: what `--only embedding` calls and makes instances of.
(module
    (import "host" "log" (func $log (param i32) (result i32)))
    (memory (export "memory") 16)
    (data (i32.const 8) "contents")
    (table 8 funcref)
    (elem (i32.const 0) $log $add)
    (global $count (mut i32) (i32.const 0))

    (func $add (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1)))

    ;; Calls the host so many times.
    (func (export "logs") (param i32) (result i32) (local i32)
        (loop
            (local.set 1 (i32.add (local.get 1) (call $log (local.get 0))))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1))

    ;; Writes to so many pages of 4 KiB.
    (func (export "touch") (param i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (loop
            (i32.store (i32.shl (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 12))
                (global.get $count))
            (br_if 0 (local.get 0)))))
