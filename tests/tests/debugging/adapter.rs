//! An editor's debug adapter.

use crate::session::module;
use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, need, scratch};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[test]
fn a_launch_file_for_editors() {
    let folder = scratch();
    let module = fixture("programs/hello.wasm");
    let write = || {
        let mut command = precast();
        command.current_dir(folder.path()).args(["debug", "--vscode", "-q"]).arg(&module);
        run(&mut command).succeeds().prints(".vscode/launch.json: Debug hello.wasm\n");
    };
    write();
    write();
    let text = std::fs::read_to_string(folder.path().join(".vscode/launch.json")).expect("written");
    let launch: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let configurations = launch["configurations"].as_array().expect("a list");
    assert_eq!(configurations.len(), 1);
    assert_eq!(configurations[0]["type"], "lldb-dap");
    assert_eq!(configurations[0]["args"][0], "run");
    let setup = configurations[0]["initCommands"].to_string();
    assert!(setup.contains("plugin.jit-loader.gdb.enable on") && setup.contains("precast_lldb.py"));
}

/// A conversation in the Debug Adapter Protocol.
struct Adapter {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    sequence: u64,
}

impl Adapter {
    fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the adapter starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, out, sequence: 0 }
    }

    fn send(&mut self, request: &str, arguments: serde_json::Value) {
        self.sequence += 1;
        let message = serde_json::json!({
            "seq": self.sequence, "type": "request", "command": request, "arguments": arguments,
        });
        let message = message.to_string();
        let to = self.child.stdin.as_mut().expect("a pipe");
        write!(to, "Content-Length: {}\r\n\r\n{message}", message.len()).expect("it listens");
        to.flush().expect("it listens");
    }

    /// The next message that is wanted.
    fn wait(&mut self, wanted: &dyn Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                let read = self.out.read_line(&mut line).expect("the adapter's output");
                assert_ne!(read, 0, "the adapter ended");
                match line.trim().strip_prefix("Content-Length: ") {
                    Some(number) => length = number.parse().expect("a length"),
                    None if line.trim().is_empty() => break,
                    None => {}
                }
            }
            let mut body = vec![0; length];
            std::io::Read::read_exact(&mut self.out, &mut body).expect("a whole message");
            let message: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_ne!(message["event"], "terminated", "the guest ended");
            if wanted(&message) {
                return message;
            }
        }
    }

    fn ask(&mut self, request: &str, arguments: serde_json::Value) -> serde_json::Value {
        self.send(request, arguments);
        let answer = self.wait(&|m| m["type"] == "response" && m["command"] == request);
        assert_eq!(answer["success"], true, "{answer}");
        answer["body"].clone()
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_debug_adapter_shows_a_structure() {
    need!("clang-19");
    let dap = need!("lldb-dap");
    let folder = scratch();
    let module = module(folder.path(), "structs.c");
    let mut command = precast();
    command.current_dir(folder.path()).args(["debug", "--vscode", "-q"]).arg(&module);
    run(&mut command).succeeds();
    let launch = std::fs::read_to_string(folder.path().join(".vscode/launch.json"));
    let launch: serde_json::Value = serde_json::from_str(&launch.expect("written")).expect("JSON");
    let mut configuration = launch["configurations"][0].clone();
    configuration["cwd"] = folder.path().display().to_string().into();

    let mut adapter = Adapter::start(&dap);
    adapter.ask("initialize", serde_json::json!({ "adapterID": "lldb-dap" }));
    adapter.send("launch", configuration);
    adapter.wait(&|m| m["event"] == "initialized");
    let source = fixture("debug/structs.c").display().to_string();
    let breakpoint = serde_json::json!({
        "source": { "path": source }, "breakpoints": [{ "line": 28 }],
    });
    adapter.ask("setBreakpoints", breakpoint);
    adapter.send("configurationDone", serde_json::json!({}));
    let stopped = adapter.wait(&|m| m["event"] == "stopped");
    assert_eq!(stopped["body"]["reason"], "breakpoint", "{stopped}");
    let thread = stopped["body"]["threadId"].clone();
    let frames = adapter.ask("stackTrace", serde_json::json!({ "threadId": thread }));
    let frame = &frames["stackFrames"][0];
    assert_eq!(frame["name"], "move", "{frames}");
    assert_eq!(frame["line"], 28, "{frames}");
    let scopes = adapter.ask("scopes", serde_json::json!({ "frameId": frame["id"] }));
    let mut variables = |reference: &serde_json::Value| {
        let asked = serde_json::json!({ "variablesReference": reference });
        adapter.ask("variables", asked)["variables"].as_array().expect("a list").clone()
    };
    let named = |variables: &[serde_json::Value], name: &str| {
        let found = variables.iter().find(|variable| variable["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {variables:?}")).clone()
    };
    let locals = variables(&scopes["scopes"][0]["variablesReference"]);
    let pointer = variables(&named(&locals, "b")["variablesReference"]);
    let body = variables(&named(&pointer, "*b")["variablesReference"]);
    let speed = variables(&named(&body, "speed")["variablesReference"]);
    assert_eq!(named(&speed, "y")["value"], "0.5");
}
