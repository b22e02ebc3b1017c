;; Has QuickJS, which is a library, evaluate a script: objects, closures, strings, arrays,
;; maps. The script gives how many of its answers are right.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "quickjs" "memory" (memory $quickjs 1))
  (import "quickjs" "wasm_malloc" (func $allocate (param i32) (result i32)))
  (import "quickjs" "qjs_init" (func $init (result i32)))
  (import "quickjs" "qjs_eval" (func $eval (param i32 i32 i32 i32) (result i32)))
  (import "quickjs" "qjs_is_exception" (func $is_exception (param i32) (result i32)))
  (import "quickjs" "qjs_get_float64" (func $number (param i32) (result f64)))
  (memory $own (export "memory") 1)
  (data (memory $own) (i32.const 0)
    "class Point { constructor(x, y) { this.x = x; this.y = y }"
    "  add(other) { return new Point(this.x + other.x, this.y + other.y) } }\0a"
    "function queens(n, row, columns, left, right) {"
    "  if (row === n) return 1;"
    "  let free = ~(columns | left | right) & ((1 << n) - 1), found = 0;"
    "  while (free) { const bit = free & -free; free ^= bit;"
    "    found += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1) }"
    "  return found }\0a"
    "let right = 0;\0a"
    "if (queens(9, 0, 0, 0, 0) === 352) right++;\0a"
    "let sum = new Point(0, 0);"
    "for (let n = 0; n < 200000; n++) sum = sum.add(new Point(n, -n));"
    "if (sum.x === 19999900000 && sum.y === -sum.x) right++;\0a"
    "const sieve = new Array(300001).fill(true);"
    "for (let n = 2; n * n < sieve.length; n++) if (sieve[n])"
    "  for (let m = n * n; m < sieve.length; m += n) sieve[m] = false;"
    "if (sieve.reduce((count, prime) => count + prime, -2) === 25997) right++;\0a"
    "const words = new Map();"
    "for (const word of 'the quick brown fox jumps over the lazy dog '.repeat(3000).split(' '))"
    "  words.set(word, (words.get(word) ?? 0) + 1);"
    "if (words.get('the') === 6000 && words.size === 9) right++;\0a"
    "const lines = Array.from({ length: 40000 }, (_, n) => `${n};${(n / 7).toFixed(3)}`);"
    "const last = lines.map(line => parseFloat(line.split(';')[1])).sort((a, b) => b - a)[0];"
    "if (last === 5714.143) right++;\0a"
    "const text = JSON.stringify(lines.map((line, at) => ({ at, line, half: at / 2 })));"
    "if (JSON.parse(text)[39999].half === 19999.5) right++;\0a"
    "right")
  (global $size i32 (i32.const 1440))

  (func (export "_start") (local $code i32) (local $value i32)
    (if (call $init) (then (call $exit (i32.const 2))))
    ;; A zero after the script, and an empty name.
    (local.set $code (call $allocate (i32.add (global.get $size) (i32.const 1))))
    (memory.copy $quickjs $own (local.get $code) (i32.const 0) (global.get $size))
    (i32.store8 $quickjs (i32.add (local.get $code) (global.get $size)) (i32.const 0))
    (local.set $value
      (call $eval (local.get $code) (global.get $size)
        (i32.add (local.get $code) (global.get $size)) (i32.const 0)))
    (if (call $is_exception (local.get $value)) (then (call $exit (i32.const 3))))
    (if (f64.ne (call $number (local.get $value)) (f64.const 6))
      (then (call $exit (i32.const 1))))))
