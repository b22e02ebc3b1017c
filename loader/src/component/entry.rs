//! The way into a component, for calls with values and with Rust types.

use super::instance::core_function;
use crate::api::func::NumbersFunc;
use crate::canonical::canon::{CallOptions, Canon};
use crate::canonical::shape::{MAX_FLAT_PARAMS, Types};
use crate::canonical::state::{ComponentState, Status};
use crate::error::{Error, Result};
use crate::store::access::{AsStore, StoreMut};
use crate::store::contents::StoreCore;
use crate::vm::raw::RawValue;
use precast_artifact::component::ComponentExport;
use precast_artifact::index::{ComponentExportIndex, ComponentFuncTypeIndex, ComponentId};
use precast_artifact::trap::TrapCode;
use std::sync::Arc;

/// An exported function, ready to be called.
#[derive(Clone)]
pub(super) struct Entry {
    component: ComponentId,
    ty: ComponentFuncTypeIndex,
    core: NumbersFunc,
    /// Told when the results have been read; gets them.
    post_return: Option<NumbersFunc>,
    options: CallOptions,
}

impl Entry {
    /// The way to an export that is a function.
    pub(super) fn new(
        store: &mut StoreMut<'_, ()>,
        component: ComponentId,
        item: ComponentExportIndex,
    ) -> Result<Self> {
        let types = ComponentState::of(store.core(), component).types.clone();
        let item = &types.component().export_items[item.index()];
        let ComponentExport::Function { ty, function, options: index } = item else {
            unreachable!("a function was found")
        };
        let core = core_function(store, component, function)?.numbers(store)?;
        let state = ComponentState::of(store.core(), component);
        let options = CallOptions::of(state, *index)?;
        let post_return = types.component().options[index.index()].post_return;
        let post_return = post_return.map(|slot| state.post_returns[slot.index()]);
        let post_return = post_return.map(|function| function.numbers(store)).transpose()?;
        Ok(Self { component, ty: *ty, core, post_return, options })
    }

    /// Its type.
    pub(super) fn ty(&self) -> ComponentFuncTypeIndex {
        self.ty
    }

    /// How values pass.
    pub(super) fn options(&self) -> &CallOptions {
        &self.options
    }

    /// The types of its component.
    pub(super) fn types(&self, store: &mut StoreMut<'_, ()>) -> Arc<Types> {
        ComponentState::of(store.core(), self.component).types.clone()
    }

    /// Calls it: `lower` fills the parameters in, `lift` reads the result.
    ///
    /// # Errors
    ///
    /// The component runs already, or cannot be entered any more;
    /// [`Error::Usage`] of `lower`, which changes nothing; all others, after
    /// which it cannot be entered any more.
    pub(super) fn call<R>(
        &self,
        store: &mut StoreMut<'_, ()>,
        lower: impl FnOnce(&mut Canon<'_>, &mut [RawValue]) -> Result<()>,
        lift: impl FnOnce(&mut Canon<'_>, &[RawValue]) -> Result<R>,
    ) -> Result<R> {
        let mut slots = [RawValue::default(); MAX_FLAT_PARAMS];
        self.begin(store, &mut slots, lower)?;
        let called = self.core.call(store, &mut slots);
        self.end(store, called, &mut slots, lift)
    }

    /// Enters the component: `lower` fills the parameters in.
    ///
    /// # Errors
    ///
    /// As [`Entry::call`].
    #[inline]
    pub(super) fn begin(
        &self,
        store: &mut StoreMut<'_, ()>,
        slots: &mut [RawValue],
        lower: impl FnOnce(&mut Canon<'_>, &mut [RawValue]) -> Result<()>,
    ) -> Result<()> {
        let state = ComponentState::of(store.core(), self.component);
        if state.status != Status::Ready {
            return Err(TrapCode::CannotEnterComponent.into());
        }
        state.status = Status::Running;
        state.handles.enter();
        let mut canon = Canon::new(store.as_store_mut(), self.component, &self.options);
        lower(&mut canon, slots).inspect_err(|error| {
            let state = canon.state();
            state.status = match error {
                Error::Usage(_) => {
                    state.handles.abandon();
                    Status::Ready
                }
                _ => Status::Poisoned,
            };
        })
    }

    /// Leaves the component when its function has been called: `lift` reads the
    /// result.
    ///
    /// # Errors
    ///
    /// As [`Entry::call`].
    #[inline]
    pub(super) fn end<R>(
        &self,
        store: &mut StoreMut<'_, ()>,
        called: Result<()>,
        slots: &mut [RawValue],
        lift: impl FnOnce(&mut Canon<'_>, &[RawValue]) -> Result<R>,
    ) -> Result<R> {
        let mut canon = Canon::new(store.as_store_mut(), self.component, &self.options);
        let result = called.and_then(|()| self.finish(&mut canon, slots, lift));
        canon.state().status = if result.is_ok() { Status::Ready } else { Status::Poisoned };
        result
    }

    /// The core function behind it.
    pub(super) fn core(&self) -> &NumbersFunc {
        &self.core
    }

    /// The component never goes on with a call: it cannot be entered any more.
    pub(super) fn poison(&self, core: &mut StoreCore) {
        ComponentState::of(core, self.component).status = Status::Poisoned;
    }

    fn finish<R>(
        &self,
        canon: &mut Canon<'_>,
        slots: &mut [RawValue],
        lift: impl FnOnce(&mut Canon<'_>, &[RawValue]) -> Result<R>,
    ) -> Result<R> {
        let result = lift(canon, slots)?;
        if let Some(post_return) = &self.post_return {
            canon.inside(|canon| post_return.call(canon.store(), slots))?;
        }
        canon.state().handles.exit()?;
        Ok(result)
    }
}
