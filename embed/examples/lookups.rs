//! Times look-ups by address: exceptions and traps through many frames while
//! many artifacts are open, and the names of a trap's frames in a module of many
//! functions.
//!
//! ```sh
//! ulimit -n 20000; cargo run --release -p precast-embed --example lookups
//! ```

use precast_compiler::{Options, text_to_binary};
use precast_embed::compile;
use precast_loader::{Artifact, Limits, Linker, Store, TypedFunc};
use std::error::Error;
use std::time::{Duration, Instant};

/// Artifacts that are open besides the one that runs.
const OPEN: usize = 5000;
/// Frames between the throw and its handler.
const FRAMES: i32 = 200_000;
/// Functions of the large module.
const FUNCTIONS: usize = 100_000;

/// Calls itself as often as it is told, then throws or traps.
const DEEP: &str = "(module (tag $e)
    (func $deep (param i32) (param i32)
        (if (local.get 0)
            (then (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))
            (else (if (local.get 1) (then (throw $e)) (else unreachable)))))
    (func (export \"throw\") (param i32)
        (block $caught (try_table (catch $e $caught) (call $deep (local.get 0) (i32.const 1)))))
    (func (export \"trap\") (param i32) (call $deep (local.get 0) (i32.const 0))))";

fn main() -> Result<(), Box<dyn Error>> {
    let deep = compiled(DEEP)?;
    println!("artifacts open, throw through {FRAMES} frames, trap in {FRAMES} frames");
    let mut others = Vec::new();
    for open in [0, OPEN] {
        while others.len() < open {
            others.push(compiled("(module (func (export \"f\")))")?);
        }
        let (mut store, throw) = export(&deep, "throw")?;
        let thrown = best(|| throw.call(&mut store, FRAMES).map_err(Into::into))?;
        let (mut store, trap) = export(&deep, "trap")?;
        let trapped = best(|| match trap.call(&mut store, FRAMES) {
            Ok(()) => Err("no trap".into()),
            Err(_) => Ok(()),
        })?;
        println!("{open:>6} {thrown:>12.2?} {trapped:>12.2?}");
    }
    let functions: String = (0..FUNCTIONS).map(|index| format!("(func $f{index} nop) ")).collect();
    let module =
        format!("(module {functions} (func $last (export \"f\") (param i32) unreachable))");
    let (mut store, last) = export(&compiled(&module)?, "f")?;
    let named = best(|| match last.call(&mut store, 0) {
        Err(error) if error.to_string().contains("last") => Ok(()),
        _ => Err("the trap names no function".into()),
    })?;
    println!("a trap with its name among {FUNCTIONS} functions: {named:.2?}");
    Ok(())
}

fn compiled(text: &str) -> Result<Artifact, Box<dyn Error>> {
    let options = Options { threads: Some(1), ..Options::default() };
    Ok(compile(&text_to_binary(text.as_bytes())?, &options)?)
}

type Call = TypedFunc<i32, ()>;

/// A store with an instance, and one of its exports.
fn export(artifact: &Artifact, name: &str) -> Result<(Store<()>, Call), Box<dyn Error>> {
    let mut limits = Limits::default();
    limits.stack_bytes = 256 << 20;
    let mut store = Store::with_limits((), limits);
    let instance = Linker::new().instantiate(&mut store, artifact)?;
    let func = instance.get_typed_func(&store, name)?;
    Ok((store, func))
}

/// The shortest of several runs.
fn best(mut run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}
