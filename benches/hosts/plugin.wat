;; What embedding.c and go/ call: it is called, calls the host, and has a memory with data.
(module
    (import "host" "log" (func $log (param i32) (result i32)))
    (memory (export "memory") 16)
    (data (i32.const 8) "contents")
    (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1)))
    (func (export "logs") (param i32) (result i32) (local i32)
        (loop
            (local.set 1 (i32.add (local.get 1) (call $log (local.get 0))))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))
