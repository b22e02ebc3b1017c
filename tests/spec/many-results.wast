;; More results than any machine has registers for, through every kind of call.

(module $callee
  (type $many (func (param i32) (result
    i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 v128
    i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 v128
    i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 externref)))
  (func $many (export "many") (type $many)
    (local $i i32) (local $n f32) (local $v v128)
    (local.set $i (local.get 0))
    (local.set $n (f32.convert_i32_s (local.get 0)))
    (local.set $v (i32x4.splat (local.get 0)))
    (local.get $i) (i64.const 1) (local.get $n) (f64.const 3) (local.get $v)
    (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8) (v128.const i32x4 9 9 9 9)
    (local.get $i) (i64.const 11) (local.get $n) (f64.const 13) (local.get $v)
    (i32.const 15) (i64.const 16) (f32.const 17) (f64.const 18) (v128.const i32x4 19 19 19 19)
    (local.get $i) (i64.const 21) (local.get $n) (f64.const 23) (local.get $v)
    (i32.const 25) (i64.const 26) (f32.const 27) (f64.const 28) (v128.const i32x4 29 29 29 29)
    (local.get $i) (i64.const 31) (local.get $n) (f64.const 33) (local.get $v)
    (i32.const 35) (i64.const 36) (f32.const 37) (f64.const 38) (v128.const i32x4 39 39 39 39)
    (local.get $i) (i64.const 41) (local.get $n) (f64.const 43) (ref.null extern)))
(register "callee" $callee)

(module
  (type $many (func (param i32) (result
    i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 v128
    i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 v128
    i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 externref)))
  (import "callee" "many" (func $import (type $many)))
  (table funcref (elem $import $here))
  (func $here (type $many) (return_call $import (local.get 0)))
  (func (export "direct") (type $many) (call $import (local.get 0)))
  (func (export "indirect") (type $many) (call_indirect (type $many) (local.get 0) (i32.const 0)))
  (func (export "tail") (type $many) (return_call $here (local.get 0)))
  (func (export "indirect tail") (type $many)
    (return_call_indirect (type $many) (local.get 0) (i32.const 1)))
  (func (export "block") (type $many)
    (block (result
        i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 v128
        i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 v128
        i32 i64 f32 f64 v128 i32 i64 f32 f64 v128 i32 i64 f32 f64 externref)
      (br 0 (call $here (local.get 0))))))

(assert_return (invoke "direct" (i32.const 100))
  (i32.const 100) (i64.const 1) (f32.const 100) (f64.const 3) (v128.const i32x4 100 100 100 100)
  (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8) (v128.const i32x4 9 9 9 9)
  (i32.const 100) (i64.const 11) (f32.const 100) (f64.const 13) (v128.const i32x4 100 100 100 100)
  (i32.const 15) (i64.const 16) (f32.const 17) (f64.const 18) (v128.const i32x4 19 19 19 19)
  (i32.const 100) (i64.const 21) (f32.const 100) (f64.const 23) (v128.const i32x4 100 100 100 100)
  (i32.const 25) (i64.const 26) (f32.const 27) (f64.const 28) (v128.const i32x4 29 29 29 29)
  (i32.const 100) (i64.const 31) (f32.const 100) (f64.const 33) (v128.const i32x4 100 100 100 100)
  (i32.const 35) (i64.const 36) (f32.const 37) (f64.const 38) (v128.const i32x4 39 39 39 39)
  (i32.const 100) (i64.const 41) (f32.const 100) (f64.const 43) (ref.null extern))

(assert_return (invoke "indirect" (i32.const 101))
  (i32.const 101) (i64.const 1) (f32.const 101) (f64.const 3) (v128.const i32x4 101 101 101 101)
  (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8) (v128.const i32x4 9 9 9 9)
  (i32.const 101) (i64.const 11) (f32.const 101) (f64.const 13) (v128.const i32x4 101 101 101 101)
  (i32.const 15) (i64.const 16) (f32.const 17) (f64.const 18) (v128.const i32x4 19 19 19 19)
  (i32.const 101) (i64.const 21) (f32.const 101) (f64.const 23) (v128.const i32x4 101 101 101 101)
  (i32.const 25) (i64.const 26) (f32.const 27) (f64.const 28) (v128.const i32x4 29 29 29 29)
  (i32.const 101) (i64.const 31) (f32.const 101) (f64.const 33) (v128.const i32x4 101 101 101 101)
  (i32.const 35) (i64.const 36) (f32.const 37) (f64.const 38) (v128.const i32x4 39 39 39 39)
  (i32.const 101) (i64.const 41) (f32.const 101) (f64.const 43) (ref.null extern))

(assert_return (invoke "tail" (i32.const 102))
  (i32.const 102) (i64.const 1) (f32.const 102) (f64.const 3) (v128.const i32x4 102 102 102 102)
  (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8) (v128.const i32x4 9 9 9 9)
  (i32.const 102) (i64.const 11) (f32.const 102) (f64.const 13) (v128.const i32x4 102 102 102 102)
  (i32.const 15) (i64.const 16) (f32.const 17) (f64.const 18) (v128.const i32x4 19 19 19 19)
  (i32.const 102) (i64.const 21) (f32.const 102) (f64.const 23) (v128.const i32x4 102 102 102 102)
  (i32.const 25) (i64.const 26) (f32.const 27) (f64.const 28) (v128.const i32x4 29 29 29 29)
  (i32.const 102) (i64.const 31) (f32.const 102) (f64.const 33) (v128.const i32x4 102 102 102 102)
  (i32.const 35) (i64.const 36) (f32.const 37) (f64.const 38) (v128.const i32x4 39 39 39 39)
  (i32.const 102) (i64.const 41) (f32.const 102) (f64.const 43) (ref.null extern))

(assert_return (invoke "indirect tail" (i32.const 103))
  (i32.const 103) (i64.const 1) (f32.const 103) (f64.const 3) (v128.const i32x4 103 103 103 103)
  (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8) (v128.const i32x4 9 9 9 9)
  (i32.const 103) (i64.const 11) (f32.const 103) (f64.const 13) (v128.const i32x4 103 103 103 103)
  (i32.const 15) (i64.const 16) (f32.const 17) (f64.const 18) (v128.const i32x4 19 19 19 19)
  (i32.const 103) (i64.const 21) (f32.const 103) (f64.const 23) (v128.const i32x4 103 103 103 103)
  (i32.const 25) (i64.const 26) (f32.const 27) (f64.const 28) (v128.const i32x4 29 29 29 29)
  (i32.const 103) (i64.const 31) (f32.const 103) (f64.const 33) (v128.const i32x4 103 103 103 103)
  (i32.const 35) (i64.const 36) (f32.const 37) (f64.const 38) (v128.const i32x4 39 39 39 39)
  (i32.const 103) (i64.const 41) (f32.const 103) (f64.const 43) (ref.null extern))

(assert_return (invoke "block" (i32.const 104))
  (i32.const 104) (i64.const 1) (f32.const 104) (f64.const 3) (v128.const i32x4 104 104 104 104)
  (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8) (v128.const i32x4 9 9 9 9)
  (i32.const 104) (i64.const 11) (f32.const 104) (f64.const 13) (v128.const i32x4 104 104 104 104)
  (i32.const 15) (i64.const 16) (f32.const 17) (f64.const 18) (v128.const i32x4 19 19 19 19)
  (i32.const 104) (i64.const 21) (f32.const 104) (f64.const 23) (v128.const i32x4 104 104 104 104)
  (i32.const 25) (i64.const 26) (f32.const 27) (f64.const 28) (v128.const i32x4 29 29 29 29)
  (i32.const 104) (i64.const 31) (f32.const 104) (f64.const 33) (v128.const i32x4 104 104 104 104)
  (i32.const 35) (i64.const 36) (f32.const 37) (f64.const 38) (v128.const i32x4 39 39 39 39)
  (i32.const 104) (i64.const 41) (f32.const 104) (f64.const 43) (ref.null extern))
