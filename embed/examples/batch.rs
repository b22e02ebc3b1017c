//! A batch tool: runs a WASI program over many inputs, some at a time, each with its
//! bytes as standard input and its standard output kept. One that fails does not stop
//! the others.
//!
//! ```sh
//! cargo run -p precast-embed --example batch program.wasm inputs/*
//! ```

use precast_compiler::Options;
use precast_loader::wasi::{Bytes, Capture, Input, Output, WasiCtx, WasiCtxBuilder};
use precast_loader::{Artifact, Error, InstancePool, Limits, Linker, Result, run_command};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What a run has written, and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// Standard output.
    pub output: Vec<u8>,
    /// The exit code, or why there is none.
    pub result: Result<i32>,
}

/// What each run may take.
const TIME: Duration = Duration::from_secs(10);
const MEMORY: u64 = 256 << 20;
const OUTPUT: u64 = 10 << 20;

/// Runs the program over each input, on so many threads. Outcomes are in the order of
/// the inputs.
pub fn run(program: &Artifact, inputs: &[Vec<u8>], threads: usize) -> Result<Vec<Outcome>> {
    let mut linker = Linker::new();
    linker.add_wasi(|wasi: &mut WasiCtx| wasi);
    let mut limits = Limits::default();
    limits.memory_bytes = MEMORY;
    let pool = InstancePool::new(linker.instantiate_pre(program)?, limits, threads)?;
    let (left, done) = (Mutex::new(inputs.iter().enumerate()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some((index, input)) = left.lock().expect("no run panics").next() else {
                        break;
                    };
                    let outcome = one(&pool, input);
                    done.lock().expect("no run panics").push((index, outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no run panics");
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, outcome)| outcome).collect())
}

fn one(pool: &InstancePool<WasiCtx>, input: &[u8]) -> Outcome {
    let capture = Capture::default();
    let wasi = WasiCtxBuilder::new()
        .arg("program")
        .stdin(Input::Bytes(Bytes::new(input)))
        .stdout(Output::Capture(capture.clone()))
        .max_output(OUTPUT)
        .build();
    let result = pool
        .take_with(wasi, |store| store.set_deadline(Some(Instant::now() + TIME)))
        .and_then(|mut store| {
            let instance = store.instance();
            run_command(&mut store, &instance)
        });
    Outcome { output: capture.take(), result }
}

#[allow(dead_code, reason = "the test has inputs of its own")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("which program?")?;
    let artifact = precast_embed::compile(&std::fs::read(program)?, &Options::default())?;
    let names: Vec<String> = arguments.collect();
    let inputs = names.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let threads = std::thread::available_parallelism().map_or(4, usize::from);
    for (name, Outcome { output, result }) in names.iter().zip(run(&artifact, &inputs, threads)?) {
        println!("{name}: {} bytes, {}", output.len(), ending(&result));
    }
    Ok(())
}

#[allow(dead_code, reason = "as `main`")]
fn ending(result: &Result<i32, Error>) -> String {
    match result {
        Ok(code) => format!("exit code {code}"),
        Err(error) => error.to_string(),
    }
}
