//! A request server: each connection sends a line, which a plugin answers. Every
//! request has an instance of its own, out of a pool, with limits on its memory, its
//! time and its work, so none sees another's data or keeps another waiting for ever.
//!
//! ```sh
//! cargo run -p precast-embed --example server 127.0.0.1:7777
//! ```

use precast_compiler::{Options, text_to_binary};
use precast_loader::{InstancePool, Limits, Linker, Memory, PooledStore, Result};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// The plugin: `room` is where a line goes, `answer` writes over it and says how long
/// the answer is. A line that begins with `?` has it compute for ever.
const PLUGIN: &str = r#"(module
    (memory (export "memory") 1)
    (global $used (mut i32) (i32.const 0))
    (func (export "room") (param i32) (result i32)
        ;; Traps when it is used a second time: each request has a new instance.
        (if (global.get $used) (then unreachable))
        (global.set $used (i32.const 1))
        (if (i32.gt_u (local.get 0) (i32.const 60000)) (then unreachable))
        (i32.const 1024))
    (func (export "answer") (param $at i32) (param $length i32) (result i32)
        (local $i i32) (local $j i32) (local $c i32)
        (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 63)) (then (loop (br 0))))
        ;; Backwards.
        (local.set $j (i32.sub (local.get $length) (i32.const 1)))
        (block $done (loop $swap
            (br_if $done (i32.ge_s (local.get $i) (local.get $j)))
            (local.set $c (i32.load8_u (i32.add (local.get $at) (local.get $i))))
            (i32.store8 (i32.add (local.get $at) (local.get $i))
                (i32.load8_u (i32.add (local.get $at) (local.get $j))))
            (i32.store8 (i32.add (local.get $at) (local.get $j)) (local.get $c))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (local.set $j (i32.sub (local.get $j) (i32.const 1)))
            (br $swap)))
        (local.get $length)))"#;

/// What a request may take.
const TIME: Duration = Duration::from_secs(5);
const FUEL: u64 = 1_000_000;
const MEMORY: u64 = 10 << 20;

/// A server of one plugin.
pub struct Server {
    plugins: InstancePool<()>,
}

impl Server {
    /// Compiles the plugin and links it, once.
    pub fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let options = Options { fuel: true, ..Options::default() };
        let artifact = precast_embed::compile(&text_to_binary(PLUGIN.as_bytes())?, &options)?;
        let mut limits = Limits::default();
        (limits.memory_bytes, limits.fuel) = (MEMORY, Some(FUEL));
        let prepared = Linker::new().instantiate_pre(&artifact)?;
        Ok(Self { plugins: InstancePool::new(prepared, limits, 16)? })
    }

    /// Answers one connection.
    pub fn serve(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let mut line = String::new();
        BufReader::new(&connection).read_line(&mut line)?;
        let answer = self.answer(line.trim_end().as_bytes()).unwrap_or_else(|error| {
            let limit = error.limit().map(|kind| format!(": no {kind} left"));
            format!("failed{}", limit.unwrap_or_default()).into_bytes()
        });
        connection.write_all(&answer)?;
        connection.write_all(b"\n")
    }

    fn answer(&self, line: &[u8]) -> Result<Vec<u8>> {
        let deadline =
            |store: &mut PooledStore<()>| store.set_deadline(Some(Instant::now() + TIME));
        let mut store = self.plugins.take_with((), deadline)?;
        let plugin = store.instance();
        let room = plugin.get_typed_func::<u32, u32>(&store, "room")?;
        let answer = plugin.get_typed_func::<(u32, u32), u32>(&store, "answer")?;
        let at = room.call(&mut store, line.len() as u32)?;
        memory(&store)?.write(&mut store, at.into(), line)?;
        let length = answer.call(&mut store, (at, line.len() as u32))?;
        // What a plugin says of itself is not to be believed: not more than there was room for.
        let mut bytes = vec![0; length.min(line.len() as u32) as usize];
        memory(&store)?.read(&store, at.into(), &mut bytes)?;
        Ok(bytes)
    }
}

fn memory(store: &PooledStore<()>) -> Result<Memory> {
    let found = store.instance().get_memory(store, "memory");
    found.ok_or_else(|| precast_loader::Error::host("the plugin exports no memory"))
}

#[allow(dead_code, reason = "the test has a listener of its own")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    let (server, listener) = (Server::new()?, TcpListener::bind(address)?);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(4, usize::from) {
            scope.spawn(|| {
                listener.incoming().flatten().for_each(|connection| {
                    if let Err(why) = server.serve(connection) {
                        eprintln!("{why}");
                    }
                });
            });
        }
    });
    Ok(())
}
