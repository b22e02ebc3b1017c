//! A request server on tokio: each connection sends a line with the names of what it
//! buys, and a plugin says what that costs together. It asks the host for each price,
//! and waits; the thread that it ran on serves others meanwhile, and when the price is
//! known, whatever thread is free goes on with it. So a few threads serve thousands.
//!
//! A plugin that computes keeps its thread, like any code that does not wait: fuel and a
//! deadline end that.
//!
//! ```sh
//! cargo run -p precast-embed --example tokio 127.0.0.1:7777
//! ```

use precast_compiler::{Options, text_to_binary};
use precast_loader::{
    Caller, Error, FuncType, InstancePool, Limits, Linker, PooledStore, Result, Val, ValType,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The plugin: `room` is where a line goes, `total` adds the prices of its words.
const PLUGIN: &str = r#"(module
    (import "shop" "price" (func $price (param i32 i32) (result i32)))
    (memory (export "memory") 1 1)
    (func (export "room") (param i32) (result i32)
        (if (i32.gt_u (local.get 0) (i32.const 60000)) (then unreachable))
        (i32.const 1024))
    (func (export "total") (param $start i32) (param $length i32) (result i32)
        (local $end i32) (local $stop i32) (local $sum i32)
        (local.set $end (i32.add (local.get $start) (local.get $length)))
        (loop $words
            (local.set $stop (local.get $start))
            (block $found (loop $letters
                (br_if $found (i32.ge_u (local.get $stop) (local.get $end)))
                (br_if $found (i32.eq (i32.load8_u (local.get $stop)) (i32.const 32)))
                (local.set $stop (i32.add (local.get $stop) (i32.const 1)))
                (br $letters)))
            (if (i32.ne (local.get $start) (local.get $stop)) (then
                (local.set $sum (i32.add (local.get $sum) (call $price
                    (local.get $start) (i32.sub (local.get $stop) (local.get $start)))))))
            (local.set $start (i32.add (local.get $stop) (i32.const 1)))
            (br_if $words (i32.lt_u (local.get $start) (local.get $end))))
        (local.get $sum)))"#;

/// What a request may take, waiting included.
const TIME: Duration = Duration::from_secs(30);
const FUEL: u64 = 1_000_000;
/// Of stack: there may be many that wait.
const STACK: usize = 64 << 10;
/// Of address space: the plugin's memory cannot grow.
const RESERVATION: u64 = 64 << 10;

/// A server of one plugin, which adds prices.
pub struct Shop {
    plugins: InstancePool<()>,
}

impl Shop {
    /// Compiles the plugin and links it, once, with what gives the price of a name.
    pub fn new<F>(
        price: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Result<Self, Box<dyn std::error::Error>>
    where
        F: Future<Output = Result<i32>> + Send + 'static,
    {
        let options =
            Options { fuel: true, memory_reservation: Some(RESERVATION), ..Options::default() };
        let artifact = precast_embed::compile(&text_to_binary(PLUGIN.as_bytes())?, &options)?;
        let mut linker = Linker::new();
        let ty = FuncType { params: vec![ValType::I32; 2], results: vec![ValType::I32] };
        linker.func_async("shop", "price", ty, move |caller, params| {
            // The guest's memory is read now; the future waits without the guest.
            let price = name(caller, params).map(&price);
            async move { Ok(vec![Val::I32(price?.await?)]) }
        })?;
        let mut limits = Limits::default();
        (limits.stack_bytes, limits.fuel) = (STACK, Some(FUEL));
        let plugins = InstancePool::new(linker.instantiate_pre(&artifact)?, limits, 64)?;
        Ok(Self { plugins })
    }

    /// What a line costs.
    pub async fn answer(&self, line: &str) -> Result<i32> {
        let deadline =
            |store: &mut PooledStore<()>| store.set_deadline(Some(Instant::now() + TIME));
        let mut store = self.plugins.take_with((), deadline)?;
        let plugin = store.instance();
        let (length, missing) = (line.len() as u32, || Error::host("the plugin lacks an export"));
        let room = plugin.get_typed_func::<u32, u32>(&store, "room")?;
        let at = room.call(&mut store, length)?;
        let memory = plugin.get_memory(&store, "memory").ok_or_else(missing)?;
        memory.write(&mut store, at.into(), line.as_bytes())?;
        let total = plugin.get_func(&store, "total").ok_or_else(missing)?;
        let params = [Val::I32(at as i32), Val::I32(length as i32)];
        let results = total.call_async(&mut store, &params).await?;
        results[0].i32().ok_or_else(missing)
    }

    /// Answers whoever connects, all at the same time, for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let (connection, _) = listener.accept().await?;
            let server = self.clone();
            tokio::spawn(async move {
                if let Err(why) = server.one(connection).await {
                    eprintln!("{why}");
                }
            });
        }
    }

    async fn one(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let mut line = String::new();
        BufReader::new(&mut connection).read_line(&mut line).await?;
        let answer = match self.answer(line.trim_end()).await {
            Ok(total) => format!("{total}\n"),
            Err(error) => format!("failed: {}\n", reason(&error)),
        };
        connection.write_all(answer.as_bytes()).await
    }
}

/// The text that a guest gives by address and length.
fn name(mut caller: Caller<'_, ()>, params: &[Val]) -> Result<String> {
    let number = |at: usize| params[at].i32().unwrap_or(0) as u32;
    let wrong = || Error::host("no name is there");
    let memory = caller.get_memory("memory").ok_or_else(wrong)?;
    let data = memory.data(&caller);
    let bytes = data.get(number(0) as usize..).and_then(|from| from.get(..number(1) as usize));
    let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.map(str::to_owned).ok_or_else(wrong)
}

/// What the host's function said, or which limit was reached.
fn reason(error: &Error) -> String {
    match (error, error.limit()) {
        (_, Some(kind)) => format!("no {kind} left"),
        (Error::Host(failure), None) => failure.cause().to_string(),
        _ => "the plugin trapped".to_owned(),
    }
}

/// Prices as from a database that is far away.
#[allow(dead_code, reason = "the test has prices of its own")]
async fn price(name: String) -> Result<i32> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    match &*name {
        "apple" => Ok(3),
        "pear" => Ok(4),
        _ => Err(Error::host(format!("`{name}` is not sold here"))),
    }
}

#[allow(dead_code, reason = "the test has a listener of its own")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    let server = Arc::new(Shop::new(price)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async { server.serve(TcpListener::bind(address).await?).await })?;
    Ok(())
}
