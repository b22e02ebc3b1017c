//! Calls as futures, with an executor of a few lines.

use crate::calls::caller;
use crate::ints;
use precast_loader::{Error, Instance, Limits, Linker, Result, Store, TrapCode, Val};
use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::ThreadId;

/// Closed at first; who waits is woken when it opens.
#[derive(Default)]
struct Gate(Mutex<(bool, Vec<Waker>)>);

impl Gate {
    fn open(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        state.1.drain(..).for_each(Waker::wake);
    }

    fn waiting(&self) -> usize {
        self.0.lock().unwrap().1.len()
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        match state.0 {
            true => Poll::Ready(()),
            false => {
                state.1.push(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Imports `env.f`, which gives its parameter back when the gate is open, and
/// fails for 13; `call` passes on to it.
fn linker(gate: &Arc<Gate>) -> Linker<()> {
    let (gate, mut linker) = (gate.clone(), Linker::new());
    let made = linker.func_async("env", "f", ints(1, 1), move |_caller, params| {
        let (gate, x) = (gate.clone(), params[0]);
        async move {
            std::future::poll_fn(|context| gate.poll(context)).await;
            match x.i32() {
                Some(13) => Err(TrapCode::IntegerOverflow.into()),
                _ => Ok(vec![x]),
            }
        }
    });
    made.unwrap();
    linker
}

fn world(linker: &Linker<()>) -> (Store<()>, Instance) {
    let mut limits = Limits::default();
    limits.stack_bytes = 64 << 10;
    let mut store = Store::with_limits((), limits);
    let artifact = crate::opened(&caller().build()).unwrap();
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    (store, instance)
}

async fn call(store: &mut Store<()>, instance: Instance, x: i32) -> Result<i32> {
    let func = instance.get_func(store, "call").unwrap();
    let results = func.call_async(store, &[Val::I32(x)]).await?;
    Ok(results[0].i32().unwrap())
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_guest_waits_for_a_future() {
    let gate = Arc::new(Gate::default());
    let (mut store, instance) = world(&linker(&gate));
    {
        let mut waiting = Box::pin(call(&mut store, instance, 5));
        assert!(poll_once(waiting.as_mut()).is_pending());
        assert!(poll_once(waiting.as_mut()).is_pending());
        gate.open();
        let Poll::Ready(Ok(5)) = poll_once(waiting.as_mut()) else { panic!("not ready") };
    }
    let Poll::Ready(Ok(6)) = poll_once(Box::pin(call(&mut store, instance, 6)).as_mut()) else {
        panic!("not ready at once");
    };
    let Poll::Ready(Err(error)) = poll_once(Box::pin(call(&mut store, instance, 13)).as_mut())
    else {
        panic!("no error");
    };
    assert_eq!(error.trap_code(), Some(TrapCode::IntegerOverflow));
    let func = instance.get_func(&store, "call").unwrap();
    let plain = func.call(&mut store, &[Val::I32(1)]);
    assert!(matches!(plain, Err(Error::Usage(_))), "{plain:?}");
}

#[test]
fn a_call_that_is_dropped_gives_its_guest_up() {
    let gate = Arc::new(Gate::default());
    let (mut store, instance) = world(&linker(&gate));
    for x in 0..50 {
        assert!(poll_once(Box::pin(call(&mut store, instance, x)).as_mut()).is_pending());
    }
    gate.open();
    let Poll::Ready(Ok(7)) = poll_once(Box::pin(call(&mut store, instance, 7)).as_mut()) else {
        panic!("not ready");
    };
}

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Jobs that can go on, and how many there are at all.
#[derive(Default)]
struct Executor {
    ready: Mutex<VecDeque<Arc<Task>>>,
    more: Condvar,
    left: AtomicUsize,
}

struct Task {
    job: Mutex<Option<Job>>,
    executor: Arc<Executor>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let executor = self.executor.clone();
        executor.ready.lock().unwrap().push_back(self);
        executor.more.notify_one();
    }
}

impl Executor {
    fn spawn(self: &Arc<Self>, job: Job) {
        self.left.fetch_add(1, Ordering::Relaxed);
        Arc::new(Task { job: Mutex::new(Some(job)), executor: self.clone() }).wake();
    }

    fn work(&self) {
        loop {
            let mut ready = self.ready.lock().unwrap();
            let task = loop {
                if self.left.load(Ordering::Acquire) == 0 {
                    return;
                }
                match ready.pop_front() {
                    Some(task) => break task,
                    None => ready = self.more.wait(ready).unwrap(),
                }
            };
            drop(ready);
            let mut job = task.job.lock().unwrap();
            let waker = Waker::from(task.clone());
            if job.as_mut().unwrap().as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                *job = None;
                self.left.fetch_sub(1, Ordering::Release);
                self.more.notify_all();
            }
        }
    }
}

/// All wait at the same time; then each goes on, on either thread.
#[test]
fn ten_thousand_guests_wait_on_two_threads() {
    const GUESTS: usize = 10_000;
    let (gate, executor) = (Arc::new(Gate::default()), Arc::new(Executor::default()));
    let (sum, moved) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let linker = linker(&gate);
    for x in 100..100 + GUESTS {
        let (linker, sum, moved) = (linker.clone(), sum.clone(), moved.clone());
        executor.spawn(Box::pin(async move {
            let (mut store, instance) = world(&linker);
            let mut threads: HashSet<ThreadId> = [std::thread::current().id()].into();
            let result = call(&mut store, instance, x as i32).await.unwrap();
            threads.insert(std::thread::current().id());
            moved.fetch_add(threads.len() - 1, Ordering::Relaxed);
            sum.fetch_add(result as usize - 100, Ordering::Relaxed);
        }));
    }
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| executor.work());
        }
        while gate.waiting() < GUESTS {
            std::thread::yield_now();
        }
        gate.open();
    });
    assert_eq!(sum.load(Ordering::Relaxed), GUESTS * (GUESTS - 1) / 2);
    assert!(moved.load(Ordering::Relaxed) > 0, "every guest stayed on its thread");
}
