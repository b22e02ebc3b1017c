//! Modules that are made to be costly: what the compilers take for each, and how
//! large its artifact becomes. A compiler is stopped at limits of processor time
//! and of memory.

use crate::child;
use crate::measures::Bench;
use crate::table::ResultTable;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// A module: what it is, and its text.
struct Costly {
    name: &'static str,
    text: fn() -> String,
}

const MODULES: [Costly; 18] = [
    Costly { name: "16,000 nested `if`s", text: || nested_ifs(16_000) },
    Costly { name: "20,000 nested loops that leave the outermost", text: nested_loops },
    Costly { name: "the sum of 200,000 loads", text: sum_of_loads },
    Costly { name: "a `br_table` of 1,048,320 targets", text: one_table },
    Costly { name: "15 `br_table`s of 17,500 targets with 1,000 results", text: tables_of_results },
    Costly { name: "65,536 bytes of data, each in a page of its own", text: spread_data },
    Costly { name: "65,536 types", text: types },
    Costly { name: "2,000 calls with 1,000 results", text: results },
    Costly { name: "50,000 locals, all alive", text: locals },
    Costly { name: "100 memories of no pages", text: memories },
    Costly { name: "100,000 exports", text: exports },
    Costly { name: "1,000,000 functions of one instruction", text: functions },
    Costly { name: "one function of 7 MB", text: long_function },
    Costly { name: "1,000 nested `try_table`s with a call in each", text: try_tables },
    Costly { name: "names of 20 MB", text: names },
    Costly { name: "300,000 blocks, one after the other", text: blocks },
    Costly { name: "300,000 calls in one function", text: calls },
    Costly { name: "100,000 mutable globals", text: globals },
];

fn nested_ifs(depth: usize) -> String {
    let step = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))";
    let open = format!("local.get 0 if {step} ").repeat(depth);
    function("(param i32) (result i32)", &format!("{open} {} local.get 0", "end ".repeat(depth)))
}

fn nested_loops() -> String {
    let depth = 20_000;
    let mut body = "block ".to_owned();
    for level in 0..depth {
        let _ = write!(body, "loop local.get 0 br_if {} ", level + 1);
    }
    body.push_str(&"end ".repeat(depth + 1));
    function("(param i32)", &body)
}

fn sum_of_loads() -> String {
    let load = |index| format!("(i32.load offset={} (local.get 0)) ", 4 * index);
    let loads: String = (0..200_000).map(load).collect();
    let body = loads + &"i32.add ".repeat(199_999);
    format!("(memory 13) {}", function("(param i32) (result i32)", &body))
}

fn one_table() -> String {
    let targets = "0 1 2 3 4 5 6 7 ".repeat(131_040);
    let ends: String = (0..8).map(|n| format!(") (return (i32.const {n}))")).collect();
    let body = format!("{} (br_table {targets} (local.get 0)) {ends}", "(block ".repeat(8));
    function("(param i32) (result i32)", &body)
}

fn tables_of_results() -> String {
    let block = format!(
        "(block (result {}) {} (br_table {} (local.get 0))) {} (local.set 0) ",
        "i32 ".repeat(1000),
        "(local.get 0) ".repeat(1000),
        "0 ".repeat(17_500),
        "i32.add ".repeat(999)
    );
    function("(param i32) (result i32)", &format!("{} (local.get 0)", block.repeat(15)))
}

fn spread_data() -> String {
    let segment = |page: u64| format!("(data (i32.const {}) \"\\09\")", page << 16);
    format!("(memory 65536) {}", (0..65_536).map(segment).collect::<String>())
}

/// Types that all differ, by which of their sixteen parameters are wide.
fn types() -> String {
    let ty = |number: u32| {
        let params: String =
            (0..16).map(|bit| if number >> bit & 1 == 1 { "i64 " } else { "i32 " }).collect();
        format!("(type (func (param {params})))")
    };
    (0..65_536).map(ty).collect()
}

fn results() -> String {
    let types = "i32 ".repeat(1000);
    let many = format!("(func $many (result {types}) {})", "(i32.const 1) ".repeat(1000));
    let call = format!("(call $many) {} (local.set 0) ", "i32.add ".repeat(999));
    format!("{many} {}", function("(local i32)", &call.repeat(2000)))
}

fn locals() -> String {
    let count = 50_000;
    let mut body = String::new();
    for index in 0..count {
        let _ = write!(body, "(local.set {index} (i32.load offset={} (i32.const 0))) ", 4 * index);
    }
    for index in 0..count {
        let _ = write!(body, "(i32.store offset={} (i32.const 4) (local.get {index})) ", 4 * index);
    }
    format!("(memory 4) {}", function(&format!("(local {})", "i32 ".repeat(count)), &body))
}

fn memories() -> String {
    "(memory 0) ".repeat(100)
}

fn exports() -> String {
    let export = |index| format!("(export \"export number {index}\" (func 0)) ");
    "(func) ".to_owned() + &(0..100_000).map(export).collect::<String>()
}

fn functions() -> String {
    "(func nop) ".repeat(1_000_000)
}

fn long_function() -> String {
    let step = "(local.set 0 (i32.add (local.get 0) (i32.mul (local.get 0) (i32.const 7)))) ";
    function("(param i32) (result i32)", &(step.repeat(690_000) + "(local.get 0)"))
}

fn try_tables() -> String {
    let depth = 1000;
    let open = "(block $caught (result i32) (try_table (catch 0 $caught) (call 0 (i32.const 1)) ";
    let close = ") (i32.const 0)) (drop) ";
    let body = open.repeat(depth) + &close.repeat(depth);
    let callee = "(tag (param i32)) (func (param i32) (throw 0 (local.get 0))) ";
    format!("{callee} {}", function("", &body))
}

fn names() -> String {
    let long = "n".repeat(200);
    (0..100_000).map(|index| format!("(func ${long}{index} nop) ")).collect()
}

fn blocks() -> String {
    let block =
        "(block (br_if 0 (local.get 0)) (local.set 0 (i32.add (local.get 0) (i32.const 1)))) ";
    function("(param i32) (result i32)", &(block.repeat(300_000) + "(local.get 0)"))
}

fn calls() -> String {
    let step = "(local.set 0 (call 0 (local.get 0))) ";
    let body = step.repeat(300_000) + "(local.get 0)";
    let callee = "(func (param i32) (result i32) (local.get 0)) ";
    format!("{callee} {}", function("(param i32) (result i32)", &body))
}

fn globals() -> String {
    let global = "(global (mut i64) (i64.const 1)) ".repeat(100_000);
    let set = |index| format!("(global.set {index} (i64.const 2)) ");
    let body: String = (0..100_000).map(set).collect();
    format!("{global} {}", function("", &body))
}

fn function(signature: &str, body: &str) -> String {
    format!("(func (export \"f\") {signature} {body})")
}

/// Writes a module, by its number: in a process of its own, whose memory then
/// counts for nothing.
pub(crate) fn write(path: &Path, number: usize) -> Result<(), String> {
    let costly = MODULES.get(number).ok_or("no module of this number")?;
    let binary = wat::parse_str(format!("(module {})", (costly.text)()));
    let binary = binary.map_err(|why| format!("{}: {why}", costly.name))?;
    std::fs::write(path, binary).map_err(|why| format!("{}: {why}", path.display()))
}

/// Seconds of processor time and KiB of address space after which a compiler is
/// stopped. Neither of the two reserves much more than it uses.
const LIMITS: &str = "ulimit -t 300; ulimit -v 12582912; exec \"$@\"";

impl Bench<'_> {
    /// Compiles each module with both, on one thread, and prints a table.
    pub(crate) fn costly(&self, only: &[String]) -> Result<(), String> {
        let columns = ["module", "bytes", "Precast", "wasmtime", "time", "memory", "artifact"];
        ResultTable::start(columns.map(str::to_owned).to_vec());
        let wasm = self.scratch.join("costly.wasm");
        let out = self.scratch.join("costly.cwasm");
        let this = std::env::current_exe().map_err(|why| why.to_string())?;
        for (number, Costly { name, .. }) in MODULES.iter().enumerate() {
            if !only.is_empty() && !only.contains(&number.to_string()) {
                continue;
            }
            let mut make = Command::new(&this);
            child::run(make.arg("worker-costly").arg(&wasm).arg(number.to_string()))?;
            let size = bytes(&wasm)?;
            let mut ours = self.precast_compile(&["--jobs", "1", "-o"]);
            let ours = CompileCost::of(ours.arg(&out).arg(&wasm), &out)?;
            let mut theirs = self.their_compile(&wasm, &out);
            theirs.args(["-C", "parallel-compilation=n", "-W", "exceptions=y"]);
            let theirs = CompileCost::of(&theirs, &out)?;
            println!("| {name} | {size} | {ours} | {theirs} | {} |", ours.beside(&theirs));
        }
        Ok(())
    }
}

fn bytes(path: &Path) -> Result<u64, String> {
    let meta = std::fs::metadata(path).map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(meta.len())
}

/// What a compilation took: seconds, and bytes of memory and of the artifact.
/// None when it was stopped.
struct CompileCost(Option<(f64, u64, u64)>);

impl CompileCost {
    /// Runs a compiler within the limits.
    fn of(command: &Command, out: &Path) -> Result<Self, String> {
        let mut limited = Command::new("sh");
        limited.args(["-c", LIMITS, "sh"]).arg(command.get_program()).args(command.get_args());
        let Ok(usage) = child::run(&mut limited) else { return Ok(Self(None)) };
        let size = bytes(out)?;
        std::fs::remove_file(out).map_err(|why| why.to_string())?;
        Ok(Self(Some((usage.cpu.as_secs_f64(), usage.peak, size))))
    }

    /// Shares of another's time, memory and artifact.
    fn beside(&self, other: &Self) -> String {
        let (Some(ours), Some(theirs)) = (self.0, other.0) else { return "- | - | -".to_owned() };
        let share = |ours: f64, theirs: f64| format!("{:.2}", ours / theirs);
        [
            share(ours.0, theirs.0),
            share(ours.1 as f64, theirs.1 as f64),
            share(ours.2 as f64, theirs.2 as f64),
        ]
        .join(" | ")
    }
}

impl std::fmt::Display for CompileCost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        match self.0 {
            None => f.write_str("stopped"),
            Some((seconds, memory, artifact)) => {
                write!(f, "{seconds:.2} s, {:.0} MiB, {:.1} MiB", mib(memory), mib(artifact))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ones_are_modules() {
        for text in [nested_ifs(3), memories(), try_tables(), results()] {
            wat::parse_str(format!("(module {text})")).expect("a module");
        }
    }
}
