//! Code takes fewer bytes, on x86-64 only, and everything still happens where it did:
//! results, traps and their places, handlers, tables of branches, arguments and results
//! on the stack.

use precast_compiler::{OptLevel, Optimisation, Options, Report, compile_to, text_to_binary};
use precast_loader::{Linker, Store};

/// The machine that this is about, and others.
const X86_64: &str = "x86_64-unknown-linux-gnu";
const SHORTER: [Optimisation; 3] =
    [Optimisation::ShortBranches, Optimisation::ShortFrameAccesses, Optimisation::ShortEncodings];
const OTHERS: [&str; 2] = ["aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"];

/// Ten arguments and four results: some of each are on the stack, and so are those of a
/// tail call to whoever takes fewer.
const ON_THE_STACK: &str = r#"
    (type $many (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
      (result i32 i32 i32 i32)))
    (table funcref (elem $many))
    (func $many (type $many)
      (if (i32.and (local.get 9) (i32.const 1))
        (then (return_call $fewer (local.get 8) (local.get 0) (local.get 1)
          (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6))))
      (i32.add (local.get 0) (local.get 9)) (local.get 8)
      (i32.sub (local.get 7) (local.get 1)) (local.get 6))
    (func $fewer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32 i32 i32 i32)
      (local.get 7) (i32.mul (local.get 0) (local.get 6)) (local.get 1) (local.get 5))
    (func (export "run4") (param $n i32) (param $mode i32) (result i32)
      (local $a i32) (local $b i32)
      (local.set $a (call $throw (i32.add (i32.const 1)
      (i32.mul (local.get $mode) (i32.const 1536)))))
      (local.set $b (i32.rem_u (local.get $n) (i32.sub (local.get $mode) (i32.const 9))))
      (call_indirect (type $many) (local.get $n) (local.get $mode) (local.get $a)
        (local.get $b) (i32.const 5) (i32.const 6) (local.get $a) (local.get $b)
        (local.get $n) (i32.add (local.get $n) (local.get $mode)) (i32.const 0))
      (local.set $a (i32.add (local.get $a)))
      (local.set $b (i32.add (local.get $b)))
      (i32.xor (i32.mul (local.get $a) (local.get $n)))
      (i32.add (local.get $b)) (i32.add))"#;

/// A loop over a table of branches that are near and far, with a division that
/// traps, an access that does, and calls out of which exceptions come.
fn module() -> Vec<u8> {
    // More than a short branch leads over.
    let far = "(local.set $sum (i32.rotl (i32.mul (local.get $sum) (i32.const 0x9e3779b1))
        (i32.popcnt (local.get $sum))))"
        .repeat(16);
    let function = |number: usize| {
        format!(
            r#"(func (export "run{number}") (param $n i32) (param $mode i32) (result i32)
            (local $sum i32) (local $i i32) (local $f f64)
            (loop $next
              (block $done
                (block $far (block $c (block $b (block $a
                  (br_table $a $b $c $far $a $b $done $far
                    (i32.and (i32.xor (local.get $i) (local.get $mode)) (i32.const 7))))
                  ;; a
                  (local.set $sum (i32.add (local.get $sum)
                    (i32.div_s (local.get $n) (i32.sub (local.get $i) (i32.const 7{number})))))
                  (br $done))
                  ;; b
                  (local.set $sum (i32.add (local.get $sum)
                    (block $caught (result i32)
                      (try_table (result i32) (catch $e $caught)
                        (call $throw (i32.add (local.get $i)
                          (i32.shl (local.get $mode) (i32.const 13))))))))
                  (br $done))
                  ;; c
                  (local.set $f (f64.add (local.get $f) (f64.const 0.37)))
                  (local.set $sum (i32.xor (local.get $sum)
                    (i32.trunc_f64_s (f64.mul (local.get $f) (f64.const 45e7)))))
                  (br $done))
                {far})
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
            (local.get $sum))"#
        )
    };
    let functions: String = (0..4).map(function).collect();
    let text = format!(
        r#"(module (memory 1) (tag $e (param i32))
          {ON_THE_STACK}
          (func $throw (param i32) (result i32)
            (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 3)))
              (then (throw $e (local.get 0))))
            (i32.load offset=128 (local.get 0)))
          {functions})"#
    );
    text_to_binary(text.as_bytes()).expect("a module")
}

/// With all that makes code shorter, or without any of it.
fn options(opt_level: OptLevel, on: bool) -> Options {
    let disabled = if on { Default::default() } else { SHORTER.into() };
    Options { opt_level, disabled, ..Options::default() }
}

/// How many branches, accesses of frames and other instructions became shorter.
fn counts(report: &Report) -> [u64; 3] {
    [report.short_branches, report.short_frame_accesses, report.short_encodings]
}

/// Compiles for a machine, and gives the size of the code with what was done.
fn compiled(wasm: &[u8], target: &str, options: Options) -> (u64, Report) {
    let options = Options { target: Some(target.to_owned()), ..options };
    let report = compile_to(wasm, &options, &mut std::io::sink(), &()).expect("an artifact");
    let text = report.sections.iter().find(|(name, _)| *name == ".text").expect("code").1;
    (text, report)
}

/// What calls give, and where they trap.
fn results(wasm: &[u8], options: &Options) -> Vec<String> {
    let artifact = precast_embed::compile(wasm, options).expect("an artifact");
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).expect("an instance");
    let calls = (0..130).step_by(7).flat_map(|n| (0..16).map(move |mode| (n, mode)));
    let calls = calls.flat_map(|call| (0..5).map(move |number| (number, call)));
    let mut result = |(number, call): (u32, _)| {
        let run = instance.get_typed_func::<(i32, i32), i32>(&store, &format!("run{number}"));
        format!("{:?}", run.expect("a function").call(&mut store, call))
    };
    calls.map(&mut result).collect()
}

#[test]
fn code_is_smaller_and_does_the_same() {
    let wasm = module();
    for level in [OptLevel::Less, OptLevel::Speed, OptLevel::Aggressive, OptLevel::Size] {
        let [long, short] = [false, true].map(|on| options(level, on));
        let found = results(&wasm, &short);
        assert_eq!(found, results(&wasm, &long), "{level:?}");
        assert!(found.iter().any(|result| result.starts_with("Ok")), "{found:?}");
        for trap in ["IntegerDivisionByZero", "MemoryOutOfBounds", "IntegerOverflow"] {
            assert!(found.iter().any(|result| result.contains(trap)), "{trap}");
        }
        let [long, short] = [long, short].map(|options| compiled(&wasm, X86_64, options));
        // Most functions here begin at lines: not all that is saved can be seen.
        assert!(short.0 < long.0, "{level:?}: {} beside {}", short.0, long.0);
        let [branches, accesses, _] = counts(&short.1);
        assert!(branches > 10 && accesses > 10, "{level:?}: {:?}", counts(&short.1));
    }
}

#[test]
fn each_is_counted_where_it_is_on() {
    let wasm = module();
    let count = |options| counts(&compiled(&wasm, X86_64, options).1);
    let all = count(Options::default());
    assert!(all.iter().all(|count| *count > 0), "{all:?}");
    assert!(count(Options { debug_info: true, ..Options::default() })[0] > 10);
    assert_eq!(count(options(OptLevel::None, true)), [0; 3]);
    for (index, off) in SHORTER.into_iter().enumerate() {
        let disabled = [off].into();
        let found = count(Options { disabled, ..Options::default() });
        for (other, count) in found.into_iter().enumerate() {
            assert_eq!(count == 0, other == index, "{off}: {found:?}");
        }
    }
}

#[test]
fn other_machines_stay_as_they_are() {
    let wasm = module();
    for target in OTHERS {
        let [with, without] =
            [true, false].map(|on| compiled(&wasm, target, options(OptLevel::Speed, on)));
        assert_eq!((with.0, counts(&with.1)), (without.0, [0; 3]), "{target}");
    }
}

/// At -Os nothing lies between functions, whatever the machine fetches at once.
#[test]
fn small_functions_lie_close() {
    let number = |number: usize| 1000 + number * 1000;
    let function =
        |at: usize| format!("(func (export \"f{at}\") (result i32) (i32.const {}))", number(at));
    let functions: String = (0..64).map(function).collect();
    let wasm = text_to_binary(format!("(module {functions})").as_bytes()).expect("a module");
    let size = |target: &str, opt_level| {
        compiled(&wasm, target, Options { opt_level, ..Options::default() }).0
    };
    for target in [X86_64, OTHERS[0], OTHERS[1]] {
        let (fast, small) = (size(target, OptLevel::Speed), size(target, OptLevel::Size));
        // None of them fills whole blocks of 16 bytes.
        assert!(small + 64 * 2 <= fast, "{target}: {small} beside {fast}");
    }
    let options = Options { opt_level: OptLevel::Size, ..Options::default() };
    let artifact = precast_embed::compile(&wasm, &options).expect("an artifact");
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).expect("an instance");
    for at in 0..64 {
        let function = instance.get_typed_func::<(), i32>(&store, &format!("f{at}"));
        let result = function.expect("a function").call(&mut store, ());
        assert_eq!(result.expect("a number"), number(at) as i32);
    }
}
