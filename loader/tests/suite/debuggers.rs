//! gdb and lldb unwind from a host function through builtin stub, guest and
//! entry stub to the caller, on stacks that lie apart.
//!
//! The debuggee is this test binary, running one test that is ignored
//! otherwise. The guest's image is a file that the debugger is told of.

use crate::I32;
use crate::code::Code;
use crate::mock::Mock;
use precast_artifact::index::FuncIndex;
use precast_loader::{Caller, Linker, Store};
use std::path::{Path, PathBuf};
use std::process::Command;

const FILE: &str = "PRECAST_TEST_ARTIFACT";

/// Where the debugger stops.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn precast_test_stop(x: i32) -> i32 {
    std::hint::black_box(x)
}

fn artifact(path: &Path) {
    let mut m = Mock::new("debuggee");
    let ty = m.ty(&[I32], &[I32]);
    m.import_func("env", "stop", ty);
    m.func("guest_inner", ty, |layout| {
        let slot = layout.import(FuncIndex::new(0));
        Code::framed(|c| c.call_import(slot))
    });
    // `guest_inner` takes 21 bytes and this starts at the next multiple of 16.
    m.func("guest_outer", ty, |_| Code::framed(|c| c.call_relative(-32)));
    std::fs::write(path, m.build()).unwrap();
}

#[test]
#[ignore = "what the debuggers debug"]
fn debuggee() {
    let path = std::env::var_os(FILE).expect("set by the other tests");
    let artifact = crate::opened_file(path).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "stop", |mut caller: Caller<'_, u32>, x: i32| {
        *caller.data_mut() += 1;
        if x == 0 {
            return Ok(precast_test_stop(x));
        }
        let outer = caller.get_export("guest_outer").and_then(|e| e.func()).unwrap();
        outer.typed::<i32, i32>(&caller)?.call(&mut caller, x - 1)
    });
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let outer = instance.get_typed_func::<i32, i32>(&store, "guest_outer").unwrap();
    assert_eq!(outer.call(&mut store, 1).unwrap(), 0);
}

/// The first of these tools that is there.
fn find<'t>(tools: &[&'t str]) -> Option<&'t str> {
    let there = |tool: &&&str| Command::new(tool).arg("--version").output().is_ok();
    tools.iter().find(there).copied()
}

/// Runs a debugger on the debuggee; its output, or `None` if it is missing.
fn run(tools: &[&str], args: &dyn Fn(&Path, &Path) -> Vec<String>) -> Option<String> {
    let Some(tool) = find(tools) else {
        let tool = tools[0];
        assert!(std::env::var_os("CI").is_none(), "{tool} is missing");
        skipped(&format!("skipped: loader debuggers needs {tool}: apt-get install {tool}\n"));
        return None;
    };
    let name = format!("precast-{tool}-{}.cwasm", std::process::id());
    let file: PathBuf = std::env::temp_dir().join(name);
    artifact(&file);
    let binary = std::env::current_exe().unwrap();
    let mut command = Command::new(tool);
    command.args(args(&binary, &file)).env(FILE, &file).env_remove("LD_LIBRARY_PATH");
    let output = command.output().unwrap();
    std::fs::remove_file(&file).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text + &String::from_utf8_lossy(&output.stderr))
}

/// Notes a skipped test where `tests/run` looks for it.
fn skipped(line: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(list) = std::env::var_os("PRECAST_SKIPPED") {
        let list = std::fs::File::options().create(true).append(true).open(list);
        list.and_then(|mut list| list.write_all(line.as_bytes())).unwrap();
    }
}

/// Checks for the frames that matter, in the order in which they must appear.
/// gdb calls signal frames, which the two stubs are, by no other name.
fn assert_chain(output: &str, builtin: &str, enter: &str) {
    let call = ["host_call", builtin, "guest_inner", "guest_outer", enter];
    let chain = ["precast_test_stop"].into_iter().chain(call).chain(["invoke"]).chain(call);
    let mut lines = output.lines().filter(|line| line.trim_start().starts_with(['#', 'f', '*']));
    for name in chain.chain(["debuggee"]) {
        assert!(lines.any(|line| line.contains(name)), "no `{name}` in its place:\n{output}");
    }
}

const ARGS: [&str; 4] = ["debuggers::debuggee", "--exact", "--ignored", "--nocapture"];

#[test]
fn gdb_unwinds_through_guests() {
    // The image's base: the mapping of the file at offset zero.
    let load = "python\n\
        import re, os\n\
        maps = gdb.execute('info proc mappings', to_string=True)\n\
        rows = [row.split() for row in maps.splitlines() if os.environ['PRECAST_TEST_ARTIFACT'] in row]\n\
        gdb.execute('add-symbol-file %s -o %s' % (os.environ['PRECAST_TEST_ARTIFACT'], rows[0][0]))\n\
        end";
    let script = std::env::temp_dir().join(format!("precast-{}.gdb", std::process::id()));
    let commands = format!(
        "set confirm off\nset debuginfod enabled off\nset breakpoint pending on\n\
         break precast_test_stop\nrun\n{load}\nbacktrace\nkill\nquit\n"
    );
    std::fs::write(&script, commands).unwrap();
    let output = run(&["gdb"], &|binary, _| {
        let mut args = vec!["-batch".into(), "-nx".into(), "-x".into()];
        args.extend([script.display().to_string(), "--args".into(), binary.display().to_string()]);
        args.extend(ARGS.map(String::from));
        args
    });
    std::fs::remove_file(&script).unwrap();
    let signal_frame = "<signal handler called>";
    output.iter().for_each(|output| assert_chain(output, signal_frame, signal_frame));
}

#[test]
fn lldb_unwinds_through_guests() {
    let load = "script exec(\"import os\\np=lldb.process\\nt=lldb.target\\n\
        f=os.environ['PRECAST_TEST_ARTIFACT']\\n\
        m=t.AddModule(f, None, None)\\n\
        b=min(int(l.split('-')[0],16) for l in open('/proc/%d/maps' % p.GetProcessID()) if f in l)\\n\
        t.SetModuleLoadAddress(m, b)\\n\")";
    let output = run(&["lldb-22", "lldb-21", "lldb-20", "lldb-19"], &|binary, _| {
        let mut args: Vec<String> = vec!["--batch".into(), "--no-lldbinit".into()];
        for command in [
            "settings set target.disable-aslr false",
            "breakpoint set -n precast_test_stop",
            "run",
            load,
            "thread backtrace",
            "process kill",
        ] {
            args.extend(["-o".into(), command.into()]);
        }
        args.extend(["--".into(), binary.display().to_string()]);
        args.extend(ARGS.map(String::from));
        args
    });
    let stubs = ["_builtin", "precast_loader_enter"];
    output.iter().for_each(|output| assert_chain(output, stubs[0], stubs[1]));
}
