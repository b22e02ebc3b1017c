;; "GREETING, FIRST LAST!", of what the host gives for a greeting.
(component
  (import "greeting" (func $greeting (result string)))
  (type $name-type (record (field "first" string) (field "last" string)))
  (import "name" (type $name (eq $name-type)))

  (core module $libc
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    ;; Nothing is ever freed; every place is aligned to eight bytes.
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (global.get $free)
      (global.set $free
        (i32.and (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7))
          (i32.const -8)))))
  (core instance $libc (instantiate $libc))
  (core func $greeting (canon lower (func $greeting)
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))

  (core module $main
    (import "libc" "memory" (memory 1))
    (import "host" "greeting" (func $greeting (param i32)))
    (data (i32.const 8) ", !")
    (global $end (mut i32) (i32.const 0))

    (func $append (param $at i32) (param $length i32)
      (memory.copy (global.get $end) (local.get $at) (local.get $length))
      (global.set $end (i32.add (global.get $end) (local.get $length))))

    (func (export "greet") (param $first i32) (param $first-length i32)
      (param $last i32) (param $last-length i32) (result i32)
      (call $greeting (i32.const 16))
      (global.set $end (i32.const 32768))
      (call $append (i32.load (i32.const 16)) (i32.load (i32.const 20)))
      (call $append (i32.const 8) (i32.const 2))
      (call $append (local.get $first) (local.get $first-length))
      (call $append (i32.const 9) (i32.const 1))
      (call $append (local.get $last) (local.get $last-length))
      (call $append (i32.const 10) (i32.const 1))
      (i32.store (i32.const 24) (i32.const 32768))
      (i32.store (i32.const 28) (i32.sub (global.get $end) (i32.const 32768)))
      (i32.const 24)))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "host" (instance (export "greeting" (func $greeting))))))

  (func (export "greet") (param "name" $name) (result string)
    (canon lift (core func $main "greet")
      (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))
