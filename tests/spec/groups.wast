;; Recursion groups of function types: types are equal by their place in equal
;; groups, between modules too, and calls through tables tell them apart.

(module $a
  (rec (type $f (func (param (ref null $g)) (result i32))) (type $g (func (param (ref null $f)))))
  (type $plain (func (result i32)))
  (rec (type $one (func (result i32))) (type $two (func (result i32))))
  (func (export "f") (type $f) (i32.const 1))
  (func $plain (export "plain") (type $plain) (i32.const 2))
  (func $one (export "one") (type $one) (i32.const 3))
  (func $two (export "two") (type $two) (i32.const 4))
  (table (export "table") 3 funcref)
  (elem (i32.const 0) func $plain $one $two)
  (tag (export "tag") (type $tag))
  (rec (type $tag (func (param i32))) (type (func (param i32))))
  (func (export "as plain") (param i32) (result i32)
    (call_indirect (type $plain) (local.get 0)))
  (func (export "as one") (param i32) (result i32)
    (call_indirect (type $one) (local.get 0))))
(register "a")

(assert_return (invoke "as plain" (i32.const 0)) (i32.const 2))
(assert_trap (invoke "as plain" (i32.const 1)) "indirect call type mismatch")
(assert_return (invoke "as one" (i32.const 1)) (i32.const 3))
(assert_trap (invoke "as one" (i32.const 2)) "indirect call type mismatch")
(assert_trap (invoke "as one" (i32.const 0)) "indirect call type mismatch")

;; The same groups elsewhere in the module, under other names.
(module
  (type (func (param f64)))
  (rec (type $x (func (result i32))) (type $y (func (result i32))))
  (rec (type $p (func (param (ref null $q)) (result i32))) (type $q (func (param (ref null $p)))))
  (import "a" "f" (func $f (type $p)))
  (import "a" "two" (func $two (type $y)))
  (import "a" "table" (table 3 funcref))
  (rec (type $tag (func (param i32))) (type (func (param i32))))
  (import "a" "tag" (tag (type $tag)))
  (func (export "f") (result i32) (call $f (ref.null $q)))
  (func (export "two") (result i32) (call $two))
  (func (export "through") (param i32) (result i32)
    (call_indirect (type $y) (local.get 0))))

(assert_return (invoke "f") (i32.const 1))
(assert_return (invoke "two") (i32.const 4))
(assert_return (invoke "through" (i32.const 2)) (i32.const 4))
(assert_trap (invoke "through" (i32.const 1)) "indirect call type mismatch")

(assert_unlinkable
  (module
    (rec (type (func (result i32))) (type $y (func (result i32))))
    (import "a" "one" (func (type $y))))
  "incompatible import type")

(assert_unlinkable
  (module (import "a" "one" (func (result i32))))
  "incompatible import type")

(assert_unlinkable
  (module
    (rec (type (func (param i32))) (type $tag (func (param i32))))
    (import "a" "tag" (tag (type $tag))))
  "incompatible import type")

(assert_invalid
  (module (rec (type $a (func)) (type $b (func)))
    (func $f (type $a)) (elem declare func $f)
    (func (result (ref $b)) (ref.func $f)))
  "type mismatch")
