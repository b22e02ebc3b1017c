;; A store across the end of memory traps, and writes none of its bytes.

(module
    (memory (export "memory") 1)
    (func (export "i16") (param i32) (i32.store16 (local.get 0) (i32.const -1)))
    (func (export "i32") (param i32) (i32.store (local.get 0) (i32.const -1)))
    (func (export "i64") (param i32) (i64.store (local.get 0) (i64.const -1)))
    (func (export "f64") (param i32) (f64.store (local.get 0) (f64.const nan)))
    (func (export "v128") (param i32)
        (v128.store (local.get 0) (i32x4.splat (i32.const -1))))
    (func (export "lane") (param i32)
        (v128.store32_lane 0 (local.get 0) (i32x4.splat (i32.const -1))))
    (func (export "far") (param i32)
        (i64.store offset=0x7ffffffa (local.get 0) (i64.const -1)))
    (func (export "last") (result i64) (i64.load (i32.const 65528))))

(assert_trap (invoke "i16" (i32.const 65535)) "out of bounds memory access")
(assert_trap (invoke "i32" (i32.const 65533)) "out of bounds memory access")
(assert_trap (invoke "i32" (i32.const 65535)) "out of bounds memory access")
(assert_trap (invoke "i64" (i32.const 65529)) "out of bounds memory access")
(assert_trap (invoke "i64" (i32.const 65535)) "out of bounds memory access")
(assert_trap (invoke "f64" (i32.const 65532)) "out of bounds memory access")
(assert_trap (invoke "v128" (i32.const 65521)) "out of bounds memory access")
(assert_trap (invoke "v128" (i32.const 65535)) "out of bounds memory access")
(assert_trap (invoke "lane" (i32.const 65534)) "out of bounds memory access")
(assert_trap (invoke "far" (i32.const -1)) "out of bounds memory access")
(assert_return (invoke "last") (i64.const 0))

;; The same where it ends where memory does.
(assert_return (invoke "i16" (i32.const 65534)))
(assert_return (invoke "last") (i64.const 0xffff000000000000))
(assert_return (invoke "v128" (i32.const 65520)))
(assert_return (invoke "last") (i64.const -1))
