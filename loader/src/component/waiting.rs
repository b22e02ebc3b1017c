//! Functions of the host that are waited for: futures give their results, and the
//! component stands still until then.

use super::function::{HostFunction, ImportCall};
use crate::api::caller::Caller;
use crate::canonical::canon::{CallOptions, Canon};
use crate::canonical::containers::ComponentTypeList;
use crate::canonical::known::{Check, Known};
use crate::canonical::pass;
use crate::canonical::typed::{Lift, Lower};
use crate::error::Result;
use crate::store::access::{AsStore, StoreMut};
use crate::store::contents::StoreCore;
use crate::vm::raw::RawValue;
use precast_artifact::component::ComponentFuncType;
use precast_artifact::index::ComponentId;
use std::marker::PhantomData;
use std::pin::Pin;

/// A value that comes later, of a function of the host.
pub type Later<V> = Pin<Box<dyn Future<Output = V> + Send>>;

/// What a component waits for.
pub(super) type Awaited = Later<Result<Finish>>;

/// Gives a component the result that it waited for; the core results.
pub(super) type Finish = Box<dyn FnOnce(&mut StoreMut<'_, ()>) -> Result<Vec<RawValue>> + Send>;

/// A function of Rust types whose result a future gives.
pub(super) struct AwaitedHost<F, P, R, U> {
    f: F,
    types: PhantomData<fn(P) -> (R, U)>,
}

impl<F, P, R, U> AwaitedHost<F, P, R, U> {
    pub(super) fn new(f: F) -> Self {
        Self { f, types: PhantomData }
    }
}

impl<T, F, P, R, U> HostFunction<T> for AwaitedHost<F, P, R, U>
where
    F: Fn(Caller<'_, T>, P) -> U + Send + Sync,
    P: ComponentTypeList + Lift,
    R: ComponentTypeList + Lower + Send + 'static,
    U: Future<Output = Result<R>> + Send + 'static,
{
    fn call(
        &self,
        mut call: ImportCall<'_, T>,
        params: &[RawValue],
        results: &mut [RawValue],
    ) -> Result<()> {
        let given = pass::lift_params(&mut call.canon(), params)?;
        let future = (self.f)(Caller::new(call.store.as_store_mut(), None), given);
        let waiting = Waiting {
            component: call.component,
            options: call.options.clone(),
            at: params.last().copied(),
            results: results.len(),
        };
        let awaited: Awaited = Box::pin(async move {
            let result = future.await?;
            let finish: Finish = Box::new(move |store| waiting.finish(store, &result));
            Ok(finish)
        });
        call.store.core().awaited_import = Some(Box::new(awaited));
        Ok(())
    }

    fn check(&self, known: &Known<'_>, ty: &ComponentFuncType) -> Check {
        let check = pass::check_function::<P, R>(known, ty);
        check.map_err(|why| format!("a function of another type: {why}"))
    }

    fn is_awaited(&self) -> bool {
        true
    }
}

/// Who waits, and where the result goes.
struct Waiting {
    component: ComponentId,
    options: CallOptions,
    /// The last parameter: the address, of what does not fit into core results.
    at: Option<RawValue>,
    /// How many core results there are.
    results: usize,
}

impl Waiting {
    fn finish<R: Lower>(self, store: &mut StoreMut<'_, ()>, result: &R) -> Result<Vec<RawValue>> {
        let mut slots = vec![RawValue::default(); self.results];
        let mut canon = Canon::new(store.as_store_mut(), self.component, &self.options);
        pass::lower_result(&mut canon, result, self.at.as_slice(), &mut slots)?;
        canon.state().handles.exit()?;
        Ok(slots)
    }
}

/// What the component waits for whose call was suspended last.
pub(super) fn take(core: &mut StoreCore) -> Option<Awaited> {
    let awaited = core.awaited_import.take()?.downcast::<Awaited>();
    awaited.ok().map(|awaited| *awaited)
}
