//! Functions of the host that give their results later, and components that wait.

use self::exports::test::waiting::clock::Guest;
use self::test::waiting::clock::Host;
use crate::guests::passes_on;
use precast_embed::component::{Component, ComponentLinker, Later, Value, bindgen};
use precast_loader::{Error, Result, Store, TrapCode};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

const WIT: &str = "
    package test:waiting;
    interface clock {
        say: func(text: string, times: u32) -> string;
        pass: func();
    }
    world waits { import clock; export clock; }";

bindgen!({
    inline: "
        package test:waiting;
        interface clock {
            say: func(text: string, times: u32) -> string;
            pass: func();
        }
        world waits { import clock; export clock; }",
    trappable: true,
    async: true,
});

/// Gives its results when it is open.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<AtomicBool>,
    asked: u32,
}

impl Gate {
    fn passed(&self) -> impl Future<Output = ()> + Send + use<> {
        let open = self.open.clone();
        std::future::poll_fn(move |_| match open.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
    }
}

impl Host for Gate {
    fn say(&mut self, text: String, times: u32) -> Later<Result<String>> {
        self.asked += 1;
        let passed = self.passed();
        Box::pin(async move {
            passed.await;
            match times {
                0 => Err(TrapCode::IntegerOverflow.into()),
                times => Ok(text.repeat(times as usize)),
            }
        })
    }

    fn pass(&mut self) -> Later<Result<()>> {
        let passed = self.passed();
        Box::pin(async move {
            passed.await;
            Ok(())
        })
    }
}

fn polled<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn world() -> Result<(Store<Gate>, Guest, Waits)> {
    static COMPONENT: LazyLock<Component> = LazyLock::new(|| passes_on(WIT));
    let mut linker = ComponentLinker::new();
    Waits::add_to_linker(&mut linker, |gate: &mut Gate| gate);
    let mut store = Store::new(Gate::default());
    let world = Waits::instantiate(&mut store, &COMPONENT, &linker)?;
    Ok((store, world.test_waiting_clock().clone(), world))
}

#[test]
fn components_wait_and_others_run_meanwhile() -> Result<()> {
    let (mut first, guest, _) = world()?;
    let (mut second, other, _) = world()?;
    let open = first.data().open.clone();
    let mut call = pin!(guest.call_say(&mut first, "ab", 1000));
    assert!(polled(call.as_mut()).is_pending());
    assert!(polled(call.as_mut()).is_pending());

    second.data().open.store(true, Ordering::Relaxed);
    let answer = polled(pin!(other.call_say(&mut second, "\u{2603}", 2)));
    assert!(matches!(answer, Poll::Ready(Ok(text)) if text == "\u{2603}\u{2603}"));
    assert!(matches!(polled(pin!(other.call_pass(&mut second))), Poll::Ready(Ok(()))));

    open.store(true, Ordering::Relaxed);
    let answer = polled(call.as_mut());
    assert!(matches!(answer, Poll::Ready(Ok(text)) if text == "ab".repeat(1000)));
    Ok(())
}

/// What is ready at once is given at once, again and again.
#[test]
fn nothing_is_waited_for_that_is_there() -> Result<()> {
    let (mut store, guest, _) = world()?;
    store.data().open.store(true, Ordering::Relaxed);
    for times in 1..4 {
        let answer = polled(pin!(guest.call_say(&mut store, "x", times)));
        assert!(matches!(answer, Poll::Ready(Ok(text)) if text.len() == times as usize));
    }
    assert_eq!(store.data().asked, 3);
    Ok(())
}

#[test]
fn what_fails_or_is_dropped_leaves_a_component_that_cannot_be_entered() -> Result<()> {
    let (mut store, guest, _) = world()?;
    store.data().open.store(true, Ordering::Relaxed);
    let Poll::Ready(Err(Error::Trap(trap))) = polled(pin!(guest.call_say(&mut store, "", 0)))
    else {
        panic!("no trap")
    };
    assert_eq!(trap.code(), TrapCode::IntegerOverflow);
    let again = polled(pin!(guest.call_pass(&mut store)));
    assert!(matches!(again, Poll::Ready(Err(Error::Trap(_)))));

    let (mut store, guest, _) = world()?;
    {
        let mut call = pin!(guest.call_pass(&mut store));
        assert!(polled(call.as_mut()).is_pending());
    }
    store.data().open.store(true, Ordering::Relaxed);
    let Poll::Ready(Err(Error::Trap(trap))) = polled(pin!(guest.call_pass(&mut store))) else {
        panic!("no trap")
    };
    assert_eq!(trap.code(), TrapCode::CannotEnterComponent);
    Ok(())
}

/// A call that cannot be suspended says so.
#[test]
fn who_calls_without_waiting_is_told() -> Result<()> {
    let component = passes_on(WIT);
    let mut linker = ComponentLinker::new();
    Waits::add_to_linker(&mut linker, |gate: &mut Gate| gate);
    let mut store = Store::new(Gate::default());
    let instance = linker.instantiate(&mut store, &component)?;
    let say = instance.get_func(&store, &["test:waiting/clock", "say"])?;
    let arguments = [Value::String("x".to_owned()), Value::U32(1)];
    let error = say.call(&mut store, &arguments).unwrap_err().to_string();
    assert!(error.contains("pending"), "{error}");
    Ok(())
}
