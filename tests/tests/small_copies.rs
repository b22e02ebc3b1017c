//! Copies and fills of small constant lengths do what those of any length do:
//! where source and destination overlap, at the end of memory, and beyond it. Those of
//! lengths that only show when they run do what Rust's do, few bytes or many.

use precast_compiler::{MemoryModel, Optimisation, Options, text_to_binary, write_ir};
use precast_loader::{Linker, Memory, Store, TypedFunc};

/// Every length there are pieces for, and those around.
const LENGTHS: [u32; 23] =
    [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 64, 65, 100, 127, 128, 129];
const END: u32 = 65536;

/// A function for each length, of which the first two parameters are told, and
/// one that hashes all of memory. Memory is one page that cannot grow.
fn module(operator: &str) -> Vec<u8> {
    let byte = |at: u32| format!("\\{:02x}", at.wrapping_mul(0x9e37_79b1) >> 24);
    let (low, high): (String, String) =
        ((0..512).map(byte).collect(), (END - 512..END).map(byte).collect());
    let functions = LENGTHS.map(|length| {
        format!(
            r#"(func (export "of {length}") (param i32 i32) (result i32)
                ({operator} (local.get 0) (local.get 1) (i32.const {length})) (i32.const 0))"#
        )
    });
    let text = format!(
        r#"(module (memory 1 1) (data (i32.const 0) "{low}") (data (i32.const {}) "{high}")
            {}
            (func (export "hash") (result i32) (local i32 i32)
                (loop
                    (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 31))
                        (i32.load8_u (local.get 0))))
                    (br_if 0 (i32.lt_u
                        (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const {END}))))
                (local.get 1)))"#,
        END - 512,
        functions.concat()
    );
    text_to_binary(text.as_bytes()).unwrap()
}

fn options(on: bool) -> Options {
    let disabled = (!on).then_some(Optimisation::SmallCopies).into_iter().collect();
    Options { disabled, ..Options::default() }
}

/// For each length and pair of operands, whether it returned, and the memory after.
fn outcomes(wasm: &[u8], options: &Options, operands: &[(i32, i32)]) -> Vec<(u32, bool, i32)> {
    let artifact = precast_embed::compile(wasm, options).unwrap();
    let mut outcomes = Vec::new();
    for length in LENGTHS {
        let mut store = Store::new(());
        let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
        let run =
            instance.get_typed_func::<(i32, i32), i32>(&store, &format!("of {length}")).unwrap();
        let hash = instance.get_typed_func::<(), i32>(&store, "hash").unwrap();
        for operands in operands {
            let returned = run.call(&mut store, *operands).is_ok();
            outcomes.push((length, returned, hash.call(&mut store, ()).unwrap()));
        }
    }
    outcomes
}

/// Compares with the builtin, in both memory models.
fn same(operator: &str, operands: &[(i32, i32)]) {
    let wasm = module(operator);
    for memory_model in [MemoryModel::Guard, MemoryModel::Bounds] {
        let [on, off] = [true, false].map(|on| {
            let options = Options { memory_model, ..options(on) };
            outcomes(&wasm, &options, operands)
        });
        assert!(on.iter().any(|(_, returned, _)| *returned), "{operator}");
        assert!(on.iter().any(|(_, returned, _)| !*returned), "{operator}");
        assert_eq!(on, off, "{operator} {memory_model:?}");
    }
}

#[test]
fn copies_do_the_same() {
    let end = END as i32;
    let mut operands = vec![(0, 256), (256, 0), (100, 100), (101, 100), (100, 101), (7, 0)];
    for back in [0, 1, 2, 8, 15, 16, 17, 32, 64, 127, 128, 129] {
        // Either one ends at the end of memory, or beyond.
        operands.extend([(end - back, 3), (5, end - back), (end - back, end - back - 1)]);
    }
    operands.extend([(-1, 0), (0, -1), (i32::MIN, 0), (-64, -64), (0, i32::MAX)]);
    same("memory.copy", &operands);
}

#[test]
fn fills_do_the_same() {
    let end = END as i32;
    let mut operands = vec![(0, 0x1ff), (3, -1), (17, 0x80)];
    for back in [0, 1, 2, 8, 15, 16, 17, 32, 64, 127, 128, 129] {
        operands.push((end - back, back));
    }
    operands.extend([(-1, 7), (i32::MIN, 7), (-100, 7)]);
    same("memory.fill", &operands);
}

#[test]
fn small_lengths_are_no_calls_and_others_are() {
    for target in ["x86_64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"] {
        let calls = |on, operator| {
            let options = Options { target: Some(target.to_owned()), ..options(on) };
            let mut ir = Vec::new();
            write_ir(&module(operator), &options, &mut ir).unwrap();
            String::from_utf8(ir).unwrap().matches("call_indirect").count()
        };
        let longer = if target.starts_with("x86") { 1 } else { 5 };
        for operator in ["memory.copy", "memory.fill"] {
            // None is a call as well: its address has to be in bounds.
            assert_eq!(calls(true, operator), 1 + longer, "{operator}, {target}");
            assert_eq!(calls(false, operator), LENGTHS.len(), "{operator}, {target}");
        }
    }
}

/// Copies and fills in memory 0, or 1, of a module; `more` comes first in it.
fn of_any_length(more: &str, memory: u32) -> String {
    format!(
        r#"(module {more}
            (func (export "copy") (param i32 i32 i32)
                (memory.copy {memory} {memory} (local.get 0) (local.get 1) (local.get 2)))
            (func (export "fill") (param i32 i32 i32)
                (memory.fill {memory} (local.get 0) (local.get 1) (local.get 2))))"#
    )
}

type Mover = TypedFunc<(i32, i32, i32), ()>;

/// Compares what the functions do with what Rust does, at all lengths up to some.
fn as_in_rust(store: &mut Store<()>, memory: Memory, copy: Mover, fill: Mover) {
    let end = memory.data(store).len() as u32;
    let before: Vec<u8> = (0..end).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect();
    let check = |store: &mut Store<()>, run: &Mover, operands: [u32; 3], copies: bool| {
        memory.data_mut(store).copy_from_slice(&before);
        let mut expected = before.clone();
        let [to, from, length] = operands.map(|operand| operand as usize);
        let fits = |at: usize| at + length <= end as usize;
        let fine = fits(to) && (!copies || fits(from));
        match (fine, copies) {
            (true, true) => expected.copy_within(from..from + length, to),
            (true, false) => expected[to..to + length].fill(from as u8),
            (false, _) => {}
        }
        let [one, two, three] = operands.map(|operand| operand as i32);
        let result = run.call(store, (one, two, three));
        assert_eq!(result.is_ok(), fine, "{operands:?} of {end}");
        assert!(memory.data(store) == expected, "{operands:?} of {end}");
    };
    for length in 0..140 {
        let last = end - length;
        for (to, from) in [(9, 500), (500, 9), (64, 63), (63, 64), (7, 7 + length), (last, last)] {
            check(store, &copy, [to, from, length], true);
        }
        for (to, from) in [(last + 1, 0), (0, last + 1), (u32::MAX, 0), (0, u32::MAX - 15)] {
            check(store, &copy, [to, from, length], true);
        }
        for to in [0, 11, last, last + 1, u32::MAX - 15] {
            check(store, &fill, [to, 0x1a5, length], false);
        }
    }
    check(store, &copy, [0, 1, u32::MAX], true);
    check(store, &fill, [1, 1, u32::MAX], false);
}

#[test]
fn few_bytes_are_moved_as_in_rust() {
    let compile = |text: &str, memory_model| {
        let wasm = text_to_binary(text.as_bytes()).unwrap();
        let options = Options { memory_model, ..Options::default() };
        precast_embed::compile(&wasm, &options).unwrap()
    };
    let memories = r#"(memory (export "m") 1 2) (memory (export "n") 1 2)"#;
    for memory_model in [MemoryModel::Guard, MemoryModel::Bounds] {
        for (number, name) in [(0, "m"), (1, "n")] {
            let artifact = compile(&of_any_length(memories, number), memory_model);
            let mut store = Store::new(());
            let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
            let memory = instance.get_memory(&store, name).unwrap();
            let run = |name| instance.get_typed_func(&store, name).unwrap();
            let (copy, fill) = (run("copy"), run("fill"));
            as_in_rust(&mut store, memory, copy, fill);
        }
    }
    // Another's memory, which grows after it was imported.
    let library = compile(r#"(module (memory (export "memory") 1 2))"#, MemoryModel::Guard);
    let import = r#"(import "library" "memory" (memory 1 2))"#;
    let artifact = compile(&of_any_length(import, 0), MemoryModel::Guard);
    let mut store = Store::new(());
    let mut linker = Linker::<()>::new();
    let library = linker.instantiate(&mut store, &library).unwrap();
    let memory = library.get_memory(&store, "memory").unwrap();
    linker.define("library", "memory", memory);
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    for _ in 0..2 {
        let run = |name| instance.get_typed_func(&store, name).unwrap();
        let (copy, fill) = (run("copy"), run("fill"));
        as_in_rust(&mut store, memory, copy, fill);
        memory.grow(&mut store, 1).ok();
    }
}
