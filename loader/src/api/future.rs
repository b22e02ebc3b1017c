//! Calls as futures: guests that wait for futures of the host.
//!
//! ```text
//!   Func::call_async ── poll ──▶ guest runs ──▶ Linker::func_async function
//!          ▲                                       │ its future, kept in the store
//!          └────────── pending, or resumed ◀───────┘ polled by whoever polls the call
//! ```
//!
//! While such a future is pending the guest is [suspended](crate::Suspended), and
//! its thread free for others. The call can be polled on any thread, by any
//! executor: nothing here knows one. One that is dropped gives the guest up.

use crate::api::caller::Caller;
use crate::api::func;
use crate::api::suspend::{Progress, Suspended};
use crate::error::{Error, Result};
use crate::store::access::AsStore;
use crate::store::host::{HostFunc, HostFuture};
use crate::vm::handle::Func;
use crate::vm::types::FuncType;
use crate::vm::value::Val;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A call whose guest may wait; made by [`Func::call_async`].
#[must_use = "nothing happens before it is polled"]
pub struct CallFuture<'s, S> {
    store: &'s mut S,
    state: CallState,
}

enum CallState {
    /// Not polled yet.
    New(Func, Vec<Val>),
    /// The guest waits for the host's future.
    Waiting(Suspended, HostFuture),
    /// It has ended.
    Over,
}

impl Func {
    /// As [`Func::call`], but functions that
    /// [`Linker::func_async`](crate::Linker::func_async) made may be waited for.
    /// Nothing happens before the future is polled; when it is dropped, the guest
    /// never goes on.
    ///
    /// ```
    /// # use precast_loader::{Func, Result, Store, Val};
    /// async fn answer(store: &mut Store<()>, ask: Func) -> Result<i32> {
    ///     let results = ask.call_async(store, &[Val::I32(7)]).await?;
    ///     Ok(results[0].i32().unwrap_or(0))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Func::call`], when it is polled.
    pub fn call_async<'s, S: AsStore>(
        &self,
        store: &'s mut S,
        params: &[Val],
    ) -> CallFuture<'s, S> {
        CallFuture { store, state: CallState::New(*self, params.to_vec()) }
    }
}

impl Suspended {
    /// The future that the guest waits for, if it waits for one. Who takes it
    /// resumes the call with what it gives.
    pub fn take_future(&self, store: &mut impl AsStore) -> Option<HostFuture> {
        store.as_store_mut().core().awaited.take()
    }
}

impl<S: AsStore> Future for CallFuture<'_, S> {
    type Output = Result<Vec<Val>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut progress = match std::mem::replace(&mut this.state, CallState::Over) {
            CallState::New(func, params) => {
                this.forget();
                func.start(this.store, &params)
            }
            CallState::Waiting(call, future) => match this.wait(context, call, future) {
                Some(progress) => progress,
                None => return Poll::Pending,
            },
            CallState::Over => Err(Error::usage("a call was polled that has ended")),
        };
        loop {
            let call = match progress {
                Ok(Progress::Finished(results)) => return Poll::Ready(Ok(results)),
                Ok(Progress::Suspended(call)) => call,
                Err(error) => return Poll::Ready(Err(error)),
            };
            let Some(future) = call.take_future(this.store) else {
                let why = "a host function is pending without a future: see `Func::start`";
                return Poll::Ready(Err(Error::usage(why)));
            };
            match this.wait(context, call, future) {
                Some(next) => progress = next,
                None => return Poll::Pending,
            }
        }
    }
}

impl<S: AsStore> CallFuture<'_, S> {
    /// Drops a future that nobody waits for: its call could not be suspended.
    fn forget(&mut self) {
        self.store.as_store_mut().core().awaited = None;
    }

    /// Polls the host's future, and goes on with the guest if it is ready.
    fn wait(
        &mut self,
        context: &mut Context<'_>,
        call: Suspended,
        mut future: HostFuture,
    ) -> Option<Result<Progress>> {
        let polled = future.as_mut().poll(context);
        self.forget();
        match polled {
            Poll::Pending => {
                self.state = CallState::Waiting(call, future);
                None
            }
            Poll::Ready(Ok(results)) => Some(call.resume(self.store, Ok(&results))),
            Poll::Ready(Err(error)) => Some(call.resume(self.store, Err(error))),
        }
    }
}

/// A host function whose results a future gives.
pub(crate) fn awaited<T: 'static, F>(
    ty: FuncType,
    f: impl Fn(Caller<'_, T>, &[Val]) -> F + Send + Sync + 'static,
) -> Result<HostFunc>
where
    F: Future<Output = Result<Vec<Val>>> + Send + 'static,
{
    func::pending(ty, move |mut caller: Caller<'_, T>, params, _| {
        let future = f(caller.by_ref(), params);
        caller.as_store_mut().core().awaited = Some(Box::pin(future));
        Ok(Poll::Pending)
    })
}
