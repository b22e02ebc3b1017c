//! The example of a server on tokio, as its users would use it: guests that wait keep
//! no thread.

#[allow(unreachable_pub, reason = "public for whoever copies it")]
#[path = "../../embed/examples/tokio.rs"]
mod server;

use precast_loader::{Error, Result};
use server::Shop;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

const WAIT: Duration = Duration::from_millis(100);

async fn price(name: String) -> Result<i32> {
    tokio::time::sleep(WAIT).await;
    match name.strip_prefix('x') {
        None => Ok(name.len() as i32),
        Some(rest) => Err(Error::host(format!("`{rest}` is not sold here"))),
    }
}

async fn ask(address: std::net::SocketAddr, line: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn requests_are_answered_while_others_wait() {
    const CLIENTS: u32 = 200;
    let runtime = two_threads();
    let start = Instant::now();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(Arc::new(Shop::new(price).unwrap()).serve(listener));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                tokio::spawn(async move {
                    let (line, expected) = match client % 4 {
                        0 => ("a xbc".to_owned(), "failed: `bc` is not sold here\n".to_owned()),
                        1 => ("a".repeat(60_001), "failed: the plugin trapped\n".to_owned()),
                        2 => (String::new(), "0\n".to_owned()),
                        _ => (
                            format!("a bc  {}", "d".repeat(client as usize)),
                            format!("{}\n", client + 3),
                        ),
                    };
                    assert_eq!(ask(address, &line).await, expected);
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        serving.abort();
    });
    // A quarter of them waits three times, another twice.
    let one_after_the_other = WAIT * (CLIENTS / 4 * 5);
    assert!(start.elapsed() < one_after_the_other / 4, "{:?}", start.elapsed());
}

/// All guests wait at the same time; then each goes on, on either thread.
#[test]
fn ten_thousand_guests_wait_on_two_threads() {
    const GUESTS: usize = 10_000;
    let (waiting, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let threads = Arc::new(Mutex::new(HashMap::<ThreadId, usize>::new()));
    let gated = {
        let (waiting, open, threads) = (waiting.clone(), open.clone(), threads.clone());
        move |name: String| {
            let (waiting, open, threads) = (waiting.clone(), open.clone(), threads.clone());
            async move {
                waiting.fetch_add(1, Relaxed);
                while !open.load(Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                *threads.lock().unwrap().entry(thread::current().id()).or_default() += 1;
                name.parse().map_err(Error::host)
            }
        }
    };
    let server = Arc::new(Shop::new(gated).unwrap());
    let runtime = two_threads();
    let guests: Vec<_> = (0..GUESTS)
        .map(|number| {
            let server = server.clone();
            runtime.spawn(async move { server.answer(&format!("{number} 1")).await.unwrap() })
        })
        .collect();
    let start = Instant::now();
    while waiting.load(Relaxed) < GUESTS {
        assert!(start.elapsed() < Duration::from_secs(25), "{} wait", waiting.load(Relaxed));
        thread::sleep(Duration::from_millis(5));
    }
    open.store(true, Relaxed);
    let totals = runtime.block_on(async {
        let mut totals = Vec::new();
        for guest in guests {
            totals.push(guest.await.unwrap() as usize);
        }
        totals
    });
    assert!(totals.into_iter().eq(1..=GUESTS));
    let threads = threads.lock().unwrap();
    assert!(threads.len() == 2, "{threads:?}");
}

/// Who hangs up while a guest waits, gives it up: its store is used again.
#[test]
fn a_request_that_is_given_up_leaves_nothing() {
    let server = Arc::new(Shop::new(price).unwrap());
    two_threads().block_on(async {
        for _ in 0..20 {
            let given_up = tokio::time::timeout(WAIT / 20, server.answer("a b c")).await;
            assert!(given_up.is_err(), "nobody waited");
        }
        assert_eq!(server.answer("ab cde").await.unwrap(), 5);
    });
}
