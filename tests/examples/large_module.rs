//! Writes a module with much code whose calls lead far:
//!
//! ```sh
//! cargo run -p precast-tests --example large_module -- large.wasm 140
//! ```
//!
//! The number says how many MiB of aarch64 code it will have, about. Functions
//! call each other from the first to the last, the second, the last but one and
//! so on, so half of all calls cross more than half of the code. Prints what
//! `run` returns for 1. `trap` does the same, but traps in the innermost.

use std::io::Write;

/// Operations in a function; each takes an 8-byte constant, five instructions.
const OPERATIONS: u64 = 4000;
/// Bytes of aarch64 code of one operation.
const CODE_SIZE: u64 = 20;

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, size] = &args[..] else { panic!("usage: large_module FILE MIB") };
    let size: u64 = size.parse().expect("a number of MiB");
    let functions = (size << 20).div_ceil(OPERATIONS * CODE_SIZE) as u32;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    file.write_all(&module(functions))?;
    file.flush()?;
    println!("{}", run(functions, 1));
    Ok(())
}

/// Order of calls: from the ends inwards. The last one calls nobody.
fn callee(function: u32, functions: u32) -> Option<u32> {
    let mirrored = functions - 1 - function;
    match function < mirrored {
        true => Some(mirrored),
        // The one after the mirror image, while that is before this one.
        false => Some(mirrored + 1).filter(|next| *next < function),
    }
}

fn constants(function: u32) -> impl Iterator<Item = i64> {
    let mut state = u64::from(function) + 1;
    (0..OPERATIONS).map(move |_| {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as i64
    })
}

/// What the module computes.
fn run(functions: u32, value: i64) -> i64 {
    let mut order = vec![0];
    while let Some(next) = callee(order[order.len() - 1], functions) {
        order.push(next);
    }
    assert_eq!(order.len() as u32, functions, "every function is called");
    let mut value = value;
    for function in &order {
        for (index, constant) in constants(*function).enumerate() {
            value = match index % 2 {
                0 => value.wrapping_add(constant),
                _ => value ^ constant,
            };
        }
    }
    for function in order.iter().rev().skip(1) {
        value = value.wrapping_mul(i64::from(*function) * 2 + 3);
    }
    value
}

fn module(functions: u32) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    // (i64) -> (i64)
    section(&mut bytes, 1, &[1, 0x60, 1, 0x7e, 1, 0x7e]);
    let mut declared = leb((functions + 1).into());
    declared.extend(std::iter::repeat_n(0, functions as usize + 1));
    section(&mut bytes, 3, &declared);
    // A mutable i32: whether to trap.
    section(&mut bytes, 6, &[1, 0x7f, 1, 0x41, 0, 0x0b]);
    let mut exports = vec![2, 3];
    exports.extend(b"run\0\0\x04trap\0");
    exports.extend(leb(functions.into()));
    section(&mut bytes, 7, &exports);
    let mut code = leb((functions + 1).into());
    for function in 0..functions {
        let body = body(function, functions);
        code.extend(leb(body.len() as u64));
        code.extend(body);
    }
    // i32.const 1; global.set 0; local.get 0; call 0; end
    code.extend([10, 0, 0x41, 1, 0x24, 0, 0x20, 0, 0x10, 0, 0x0b]);
    section(&mut bytes, 10, &code);
    bytes
}

fn body(function: u32, functions: u32) -> Vec<u8> {
    // No locals; local.get 0.
    let mut body = vec![0, 0x20, 0];
    for (index, constant) in constants(function).enumerate() {
        body.push(0x42);
        signed_leb(&mut body, constant);
        body.push(if index % 2 == 0 { 0x7c } else { 0x85 });
    }
    match callee(function, functions) {
        Some(callee) => {
            // call; i64.const; i64.mul
            body.push(0x10);
            body.extend(leb(callee.into()));
            body.push(0x42);
            signed_leb(&mut body, i64::from(function) * 2 + 3);
            body.push(0x7e);
        }
        // global.get 0; if; unreachable; end
        None => body.extend([0x23, 0, 0x04, 0x40, 0x00, 0x0b]),
    }
    body.push(0x0b);
    body
}

fn section(bytes: &mut Vec<u8>, number: u8, contents: &[u8]) {
    bytes.push(number);
    bytes.extend(leb(contents.len() as u64));
    bytes.extend_from_slice(contents);
}

fn leb(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn signed_leb(bytes: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if value == if byte & 0x40 == 0 { 0 } else { -1 } {
            return bytes.push(byte);
        }
        bytes.push(byte | 0x80);
    }
}
