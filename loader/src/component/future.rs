//! Calls of components as futures: components that wait for futures of the host.
//!
//! ```text
//!   call_async ── poll ──▶ component runs ──▶ function of func_wrap_async
//!       ▲                                        │ its future, kept in the store
//!       └──── pending, or lowered and resumed ◀──┘ polled by whoever polls the call
//! ```
//!
//! While such a future is pending, the component is suspended and cannot be
//! entered; others of its store can. One that is dropped before its end gives the
//! component up.

use super::entry::Entry;
use super::typed::TypedComponentFunc;
use super::waiting::{self, Awaited};
use crate::api::suspend::{NumbersProgress, Suspended};
use crate::canonical::pass;
use crate::canonical::shape::MAX_FLAT_PARAMS;
use crate::canonical::typed::{Lift, Lower};
use crate::error::{Error, Result};
use crate::store::access::AsStore;
use crate::sys::signals;
use crate::vm::handle::StoreId;
use crate::vm::raw::RawValue;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A call whose component may wait; made by [`TypedComponentFunc::call_async`].
#[must_use = "nothing happens before it is polled"]
pub struct ComponentCallFuture<'s, S: AsStore, P, R> {
    store: &'s mut S,
    id: StoreId,
    entry: Entry,
    state: ComponentCallState<P>,
    result: PhantomData<fn() -> R>,
}

enum ComponentCallState<P> {
    /// Not polled yet.
    New(P),
    /// The component waits for the host's future.
    Waiting(Suspended, Awaited),
    /// It has ended.
    Over,
}

/// Nothing in it is pinned in place.
impl<S: AsStore, P, R> Unpin for ComponentCallFuture<'_, S, P, R> {}

impl<P, R> TypedComponentFunc<P, R> {
    /// As [`TypedComponentFunc::call`], but functions that
    /// [`ComponentLinker::func_wrap_async`](super::ComponentLinker::func_wrap_async)
    /// made may be waited for. Nothing happens before the future is polled; when it
    /// is dropped before its end, the component cannot be entered any more.
    ///
    /// ```
    /// # use precast_loader::component::TypedComponentFunc;
    /// # use precast_loader::{Result, Store};
    /// async fn shout(store: &mut Store<()>, f: TypedComponentFunc<(String,), (String,)>) -> Result<String> {
    ///     let (loud,) = f.call_async(store, ("hello".to_owned(),)).await?;
    ///     Ok(loud)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`TypedComponentFunc::call`], when it is polled.
    pub fn call_async<'s, S: AsStore>(
        &self,
        store: &'s mut S,
        params: P,
    ) -> ComponentCallFuture<'s, S, P, R> {
        self.call_async_with(store, params)
    }

    /// As [`TypedComponentFunc::call_with`].
    #[doc(hidden)]
    pub fn call_async_with<'s, S: AsStore, Q>(
        &self,
        store: &'s mut S,
        params: Q,
    ) -> ComponentCallFuture<'s, S, Q, R> {
        let (id, entry) = self.way();
        let state = ComponentCallState::New(params);
        ComponentCallFuture { store, id, entry, state, result: PhantomData }
    }
}

impl<S: AsStore, P: Lower, R: Lift> Future for ComponentCallFuture<'_, S, P, R> {
    type Output = Result<R>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut progress = match std::mem::replace(&mut this.state, ComponentCallState::Over) {
            ComponentCallState::New(params) => match this.start(&params) {
                Ok(progress) => progress,
                Err(error) => return Poll::Ready(Err(error)),
            },
            ComponentCallState::Waiting(call, awaited) => match this.wait(context, call, awaited) {
                Some(progress) => progress,
                None => return Poll::Pending,
            },
            ComponentCallState::Over => {
                return Poll::Ready(Err(Error::usage("a call was polled that has ended")));
            }
        };
        loop {
            let call = match progress {
                Ok(NumbersProgress::Finished(mut slots)) => {
                    return Poll::Ready(this.end(Ok(()), &mut slots));
                }
                Err(error) => return Poll::Ready(this.end(Err(error), &mut [])),
                Ok(NumbersProgress::Suspended(call)) => call,
            };
            let Some(awaited) = waiting::take(this.store.as_store_mut().core()) else {
                let why = "a host function is pending that is none of the component's imports";
                return Poll::Ready(this.end(Err(Error::usage(why)), &mut []));
            };
            match this.wait(context, call, awaited) {
                Some(next) => progress = next,
                None => return Poll::Pending,
            }
        }
    }
}

impl<S: AsStore, P, R> ComponentCallFuture<'_, S, P, R> {
    /// Polls the host's future, and goes on with the component if it is ready.
    fn wait(
        &mut self,
        context: &mut Context<'_>,
        call: Suspended,
        mut awaited: Awaited,
    ) -> Option<Result<NumbersProgress>> {
        match awaited.as_mut().poll(context) {
            Poll::Pending => {
                self.state = ComponentCallState::Waiting(call, awaited);
                None
            }
            Poll::Ready(finish) => {
                let mut access = self.store.as_store_mut();
                let mut access = access.erased();
                let results = finish.and_then(|finish| finish(&mut access));
                Some(call.resume_numbers(&mut access, results))
            }
        }
    }
}

impl<S: AsStore, P: Lower, R: Lift> ComponentCallFuture<'_, S, P, R> {
    /// Enters the component, and runs it; an error outside if it was not entered.
    fn start(&mut self, params: &P) -> Result<Result<NumbersProgress>> {
        let mut access = self.store.as_store_mut();
        access.core().owns(self.id)?;
        // Of a call that could not be suspended.
        access.core().awaited_import = None;
        let mut access = access.erased();
        let mut slots = vec![RawValue::default(); MAX_FLAT_PARAMS];
        self.entry.begin(&mut access, &mut slots, |canon, slots| {
            pass::lower_params(canon, params, slots)
        })?;
        signals::recheck_signal_stack();
        Ok(self.entry.core().start(&mut access, slots))
    }

    fn end(&mut self, called: Result<()>, slots: &mut [RawValue]) -> Result<R> {
        let mut access = self.store.as_store_mut();
        self.entry.end(&mut access.erased(), called, slots, |canon, slots| {
            pass::lift_result(canon, slots)
        })
    }
}

impl<S: AsStore, P, R> Drop for ComponentCallFuture<'_, S, P, R> {
    fn drop(&mut self) {
        if let ComponentCallState::Waiting(..) = self.state {
            self.entry.poison(self.store.as_store_mut().core());
        }
    }
}
