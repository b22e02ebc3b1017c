//! The examples of hosts in `embed/examples`, as their users would use them.

#[allow(unreachable_pub, reason = "public for whoever copies it")]
#[path = "../../embed/examples/batch.rs"]
mod batch;
#[allow(unreachable_pub, reason = "public for whoever copies it")]
#[path = "../../embed/examples/server.rs"]
mod server;

use precast_compiler::{Options, text_to_binary};
use precast_loader::TrapCode;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

#[test]
fn a_request_server() {
    let server = server::Server::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ask = |line: &str| {
        let mut connection = TcpStream::connect(address).unwrap();
        writeln!(connection, "{line}").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    };
    const CLIENTS: usize = 4;
    const REQUESTS: usize = 25;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (server, listener) = (&server, &listener);
            scope.spawn(move || {
                let requests = listener.incoming().take(CLIENTS * REQUESTS / 2);
                requests.for_each(|connection| server.serve(connection.unwrap()).unwrap());
            });
        }
        for client in 0..CLIENTS {
            scope.spawn(move || {
                for request in 0..REQUESTS {
                    let expected = match request % 5 {
                        0 => {
                            assert_eq!(ask("?spin"), "failed: no units of fuel left\n");
                            continue;
                        }
                        1 => {
                            assert_eq!(ask(&"x".repeat(60001)), "failed\n");
                            continue;
                        }
                        _ => format!("{client} {request}"),
                    };
                    let reversed: String = expected.chars().rev().collect();
                    assert_eq!(ask(&expected), reversed + "\n");
                }
            });
        }
    });
}

/// Copies its input to its output; traps where that begins with `!`, and ends with
/// code 7 where it is empty.
const COPY: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read"
        (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (i64.store (i32.const 0) (i64.const 0x800000000040))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (if (i32.eqz (i32.load (i32.const 8))) (then (call $exit (i32.const 7))))
        (if (i32.eq (i32.load8_u (i32.const 64)) (i32.const 33)) (then unreachable))
        (i32.store (i32.const 4) (i32.load (i32.const 8)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

#[test]
fn a_batch_tool() {
    let wasm = text_to_binary(COPY.as_bytes()).unwrap();
    let program = precast_embed::compile(&wasm, &Options::default()).unwrap();
    let inputs: Vec<Vec<u8>> = (0..60)
        .map(|number| match number % 3 {
            0 => Vec::new(),
            1 => format!("!{number}").into_bytes(),
            _ => format!("input {number}").into_bytes(),
        })
        .collect();
    let outcomes = batch::run(&program, &inputs, 4).unwrap();
    assert_eq!(outcomes.len(), inputs.len());
    for (number, (input, outcome)) in inputs.iter().zip(outcomes).enumerate() {
        match number % 3 {
            0 => assert_eq!(outcome.result.unwrap(), 7),
            1 => assert_eq!(outcome.result.unwrap_err().trap_code(), Some(TrapCode::Unreachable)),
            _ => {
                assert_eq!(outcome.result.unwrap(), 0);
                assert_eq!(&outcome.output, input);
            }
        }
    }
}
