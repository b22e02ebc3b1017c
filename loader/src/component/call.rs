//! Instances of components, and calls of what they export.

use super::instance::{core_function, instantiate};
use super::linker::ComponentLinker;
use super::opened::{Component, export};
use super::types::ValueType;
use crate::canonical::canon::{CallOptions, Canon, Flat};
use crate::canonical::shape::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Types};
use crate::canonical::state::{ComponentState, Status};
use crate::canonical::text;
use crate::canonical::value::{Resource, Value};
use crate::canonical::{lift, lower};
use crate::error::{Error, Result};
use crate::store::access::{AsStore, StoreMut};
use crate::vm::handle::{Func, StoreId};
use crate::vm::raw::RawValue;
use precast_artifact::component::{ComponentExport, ComponentFuncType, ItemType};
use precast_artifact::index::{
    ComponentExportIndex, ComponentFuncTypeIndex, ComponentId, OptionsIndex,
};
use precast_artifact::trap::TrapCode;
use std::sync::Arc;

/// An instance of a component. A handle: it can be copied, and is good as long
/// as its store lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentInstance {
    pub(super) store: StoreId,
    pub(super) index: ComponentId,
}

/// An exported function of an instance of a component. A handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentFunc {
    store: StoreId,
    component: ComponentId,
    item: ComponentExportIndex,
}

impl<T: 'static> ComponentLinker<T> {
    /// Makes an instance of a component.
    ///
    /// # Errors
    ///
    /// [`Error::Link`] with everything that is imported and
    /// not provided, or of another type;
    /// [`Error::Limit`]; traps and errors of the
    /// initialisation.
    pub fn instantiate(
        &self,
        store: &mut impl AsStore<Data = T>,
        component: &Component,
    ) -> Result<ComponentInstance> {
        let mut access = store.as_store_mut();
        let index = instantiate(&mut access, component, self)?;
        Ok(ComponentInstance { store: access.core().id, index })
    }
}

impl ComponentInstance {
    /// The exported function at the end of a path: its name alone, or that of
    /// an exported instance before it. Of the first name, another version will
    /// do that is compatible.
    ///
    /// # Errors
    ///
    /// There is no such function; the instance is of another store.
    pub fn get_func(&self, store: &impl AsStore, path: &[&str]) -> Result<ComponentFunc> {
        let core = store.as_store().core();
        core.owns(self.store)?;
        let component = ComponentState::peek(core, self.index).types.component();
        let found = export(component, path);
        let is_function = |item: &ComponentExportIndex| {
            matches!(component.export_items[item.index()], ComponentExport::Function { .. })
        };
        let item = found.filter(is_function).ok_or_else(|| {
            Error::usage(format!("the component exports no function `{}`", path.join("/")))
        })?;
        Ok(ComponentFunc { store: self.store, component: self.index, item })
    }
}

impl ComponentFunc {
    /// Calls the function.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] when number or types of the arguments are not the
    /// function's; [`Error::Trap`]; whatever a host function that was called
    /// returned. After an error other than one of the arguments, the component
    /// cannot be entered any more.
    pub fn call(&self, store: &mut impl AsStore, arguments: &[Value]) -> Result<Option<Value>> {
        let mut access = store.as_store_mut();
        access.core().owns(self.store)?;
        let mut access = access.erased();
        let call = self.prepare(&mut access)?;
        let given = arguments.len();
        let ty = call.ty();
        if given != ty.params.len() {
            let ty = text::function_type(&call.types, ty);
            return Err(Error::usage(format!("{given} arguments given to a {ty}")));
        }
        let state = ComponentState::of(access.core(), self.component);
        if state.status != Status::Ready {
            return Err(TrapCode::CannotEnterComponent.into());
        }
        state.status = Status::Running;
        let result = call.run(&mut access, arguments);
        let usable = matches!(result, Ok(_) | Err(Stopped::Before(_)));
        let state = ComponentState::of(access.core(), self.component);
        state.status = if usable { Status::Ready } else { Status::Poisoned };
        result.map_err(|stopped| match stopped {
            Stopped::Before(error) | Stopped::Inside(error) => error,
        })
    }

    /// Its type, as WIT writes it.
    ///
    /// # Panics
    ///
    /// If the function is of another store.
    pub fn ty(&self, store: &impl AsStore) -> String {
        let (types, ty) = self.types(store);
        text::item_type(types, ItemType::Function(ty))
    }

    /// Names and types of its parameters.
    ///
    /// # Panics
    ///
    /// If the function is of another store.
    pub fn params(&self, store: &impl AsStore) -> Vec<(String, ValueType)> {
        let (types, ty) = self.types(store);
        let param = |param: &precast_artifact::component::Field| {
            (param.name.clone(), ValueType::new(types, param.ty))
        };
        types.component().types.functions[ty.index()].params.iter().map(param).collect()
    }

    /// The type of its result.
    ///
    /// # Panics
    ///
    /// If the function is of another store.
    pub fn result(&self, store: &impl AsStore) -> Option<ValueType> {
        let (types, ty) = self.types(store);
        let result = types.component().types.functions[ty.index()].result;
        result.map(|result| ValueType::new(types, result))
    }

    fn types<'s>(&self, store: &'s impl AsStore) -> (&'s Types, ComponentFuncTypeIndex) {
        let core = store.as_store().core();
        core.assert_owns(self.store);
        let types = &ComponentState::peek(core, self.component).types;
        match &types.component().export_items[self.item.index()] {
            ComponentExport::Function { ty, .. } => (types, *ty),
            _ => unreachable!("a function was found"),
        }
    }

    fn prepare(&self, store: &mut StoreMut<'_, ()>) -> Result<Call> {
        let types = ComponentState::of(store.core(), self.component).types.clone();
        let item = &types.component().export_items[self.item.index()];
        let ComponentExport::Function { ty, function, options: index } = item else {
            unreachable!("a function was found")
        };
        let core = core_function(store, self.component, function)?;
        let state = ComponentState::of(store.core(), self.component);
        let options = CallOptions::of(state, *index)?;
        let (ty, index) = (*ty, *index);
        Ok(Call { component: self.component, types, ty, core, options, index })
    }
}

/// A call of an exported function.
struct Call {
    component: ComponentId,
    types: Arc<Types>,
    ty: ComponentFuncTypeIndex,
    core: Func,
    options: CallOptions,
    index: OptionsIndex,
}

/// Where a call ended.
enum Stopped {
    /// Before the component ran: the arguments do not fit.
    Before(Error),
    /// In the component, or with what it gave.
    Inside(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Inside(error)
    }
}

impl Call {
    fn ty(&self) -> &ComponentFuncType {
        &self.types.component().types.functions[self.ty.index()]
    }

    fn run(
        &self,
        store: &mut StoreMut<'_, ()>,
        arguments: &[Value],
    ) -> Result<Option<Value>, Stopped> {
        ComponentState::of(store.core(), self.component).handles.enter();
        let mut canon = Canon::new(store.as_store_mut(), self.component, self.options.clone());
        let mut slots = self.lower(&mut canon, arguments).map_err(|error| match error {
            Error::Usage(why) => Stopped::Before(Error::Usage(why)),
            other => Stopped::Inside(other),
        })?;
        let core_type = &self.types.component().options[self.index.index()].core_type;
        let (params, results) = (core_type.params.len(), core_type.results.len());
        slots.resize(params.max(results).max(1), RawValue::default());
        self.core.call_numbers(canon.store(), &mut slots)?;
        let value = self.lift(&mut canon, &slots)?;
        self.post_return(&mut canon, slots, results)?;
        let state = ComponentState::of(canon.store().core(), self.component);
        state.handles.exit().map_err(Error::from)?;
        Ok(value)
    }

    fn lower(&self, canon: &mut Canon<'_>, arguments: &[Value]) -> Result<Vec<RawValue>> {
        let params = &self.ty().params;
        let tys = params.iter().map(|param| param.ty);
        let mut slots = Vec::with_capacity(MAX_FLAT_PARAMS);
        match self.types.flat_count(tys.clone(), MAX_FLAT_PARAMS) {
            Some(_) => {
                for (param, value) in params.iter().zip(arguments) {
                    lower::flat(canon, &self.types, param.ty, value, &mut slots)
                        .map_err(|error| in_parameter(error, &param.name))?;
                }
            }
            None => {
                let (size, align) = self.types.tuple(tys.clone());
                let at = canon.allocate(size, align)?;
                lower::in_order(canon, &self.types, tys.zip(arguments), at)?;
                slots.push(at.into());
            }
        }
        Ok(slots)
    }

    fn lift(&self, canon: &mut Canon<'_>, slots: &[RawValue]) -> Result<Option<Value>> {
        let Some(ty) = self.ty().result else { return Ok(None) };
        let mut from = Flat::new(slots);
        if self.types.flat_count([ty], MAX_FLAT_RESULTS).is_some() {
            return lift::flat(canon, &self.types, ty, &mut from).map(Some);
        }
        let at = from.u32();
        canon.check(at, self.types.size(ty), self.types.align(ty))?;
        lift::load(canon, &self.types, ty, at).map(Some)
    }

    /// Tells the component that its results have been read.
    fn post_return(
        &self,
        canon: &mut Canon<'_>,
        mut slots: Vec<RawValue>,
        results: usize,
    ) -> Result<()> {
        let options = &self.types.component().options[self.index.index()];
        let Some(slot) = options.post_return else { return Ok(()) };
        let function = canon.state().post_returns[slot.index()];
        slots.truncate(results.max(1));
        canon.inside(|canon| function.call_numbers(canon.store(), &mut slots))
    }
}

fn in_parameter(error: Error, name: &str) -> Error {
    match error {
        Error::Usage(why) => Error::Usage(format!("parameter `{name}`: {why}")),
        other => other,
    }
}

impl Resource {
    /// Drops a resource that the host holds as its own: its component's
    /// destructor is called.
    ///
    /// # Errors
    ///
    /// It was given away or dropped before, is borrowed, or of another store;
    /// what the destructor fails with.
    pub fn drop(self, store: &mut impl AsStore) -> Result<()> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.owns(self.store)?;
        let state = ComponentState::of(core, self.component);
        let why = "a resource was dropped that the host does not hold as its own";
        let held = state.held.get(self).filter(|held| held.own);
        let held = held.ok_or_else(|| Error::usage(why))?;
        state.held.take(self);
        match state.resources[held.resource.index()].destructor {
            Some(destructor) => {
                destructor.call_numbers(&mut access.erased(), &mut [held.rep.into()])
            }
            None => Ok(()),
        }
    }
}
