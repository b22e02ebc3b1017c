//! Branches that reach take two bytes, on x86-64 only, and everything still happens
//! where it did: results, traps and their places, handlers, tables of branches.

use precast_compiler::{OptLevel, Optimisation, Options, Report, compile_to, text_to_binary};
use precast_loader::{Linker, Store};

/// The machine that this is about, and others.
const X86_64: &str = "x86_64-unknown-linux-gnu";
const OTHERS: [&str; 2] = ["aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"];

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
          (func $throw (param i32) (result i32)
            (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 3)))
              (then (throw $e (local.get 0))))
            (i32.load offset=128 (local.get 0)))
          {functions})"#
    );
    text_to_binary(text.as_bytes()).expect("a module")
}

fn options(opt_level: OptLevel, on: bool) -> Options {
    let disabled = (!on).then_some(Optimisation::ShortBranches).into_iter().collect();
    Options { opt_level, disabled, ..Options::default() }
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
    let calls = calls.flat_map(|call| (0..4).map(move |number| (number, call)));
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
        assert!(short.1.short_branches > 10, "{level:?}");
    }
}

#[test]
fn they_are_counted_where_there_are_some() {
    let wasm = module();
    let count = |options| compiled(&wasm, X86_64, options).1.short_branches;
    assert!(count(Options::default()) > 10);
    assert!(count(Options { debug_info: true, ..Options::default() }) > 10);
    assert_eq!(count(options(OptLevel::None, true)), 0);
    assert_eq!(count(options(OptLevel::Speed, false)), 0);
}

#[test]
fn other_machines_stay_as_they_are() {
    let wasm = module();
    for target in OTHERS {
        let [with, without] =
            [true, false].map(|on| compiled(&wasm, target, options(OptLevel::Speed, on)));
        assert_eq!((with.0, with.1.short_branches), (without.0, 0), "{target}");
    }
}
