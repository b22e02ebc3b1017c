//! Instances of components, and calls of what they export.

use super::entry::Entry;
use super::opened::{ExportPath, export};
use super::types::ValueType;
use crate::canonical::canon::{Canon, Flat};
use crate::canonical::owned::GuestOwn;
use crate::canonical::shape::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Types};
use crate::canonical::state::ComponentState;
use crate::canonical::text;
use crate::canonical::value::{Resource, Value};
use crate::canonical::{lift, lower};
use crate::error::{Error, Result};
use crate::store::access::AsStore;
use crate::sys::signals;
use crate::vm::handle::StoreId;
use crate::vm::raw::RawValue;
use precast_artifact::component::{ComponentExport, ComponentFuncType, ItemType};
use precast_artifact::index::{ComponentExportIndex, ComponentFuncTypeIndex, ComponentId};
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

impl ComponentInstance {
    /// The exported function at the end of a path: its name alone, or that of
    /// an exported instance before it. Of the first name, another version will
    /// do that is compatible.
    ///
    /// # Errors
    ///
    /// There is no such function; the instance is of another store.
    pub fn get_func(&self, store: &impl AsStore, path: impl ExportPath) -> Result<ComponentFunc> {
        let path = path.names();
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
        let entry = Entry::new(&mut access, self.component, self.item)?;
        let call = Call { types: entry.types(&mut access), ty: entry.ty() };
        let given = arguments.len();
        let ty = call.ty();
        if given != ty.params.len() {
            let ty = text::function_type(&call.types, ty);
            return Err(Error::usage(format!("{given} arguments given to a {ty}")));
        }
        signals::recheck_signal_stack();
        entry.call(
            &mut access,
            |canon, slots| {
                let flat = call.lower(canon, arguments)?;
                slots[..flat.len()].copy_from_slice(&flat);
                Ok(())
            },
            |canon, slots| call.lift(canon, slots),
        )
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

    /// The store it is of, its component there, and which export it is.
    pub(super) fn place(&self) -> (StoreId, ComponentId, ComponentExportIndex) {
        (self.store, self.component, self.item)
    }
}

/// A call with values.
struct Call {
    types: Arc<Types>,
    ty: ComponentFuncTypeIndex,
}

impl Call {
    fn ty(&self) -> &ComponentFuncType {
        &self.types.component().types.functions[self.ty.index()]
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

impl<M> GuestOwn<M> {
    /// Drops the resource: as [`Resource::drop`].
    ///
    /// # Errors
    ///
    /// As [`Resource::drop`].
    pub fn drop(self, store: &mut impl AsStore) -> Result<()> {
        self.resource().drop(store)
    }
}
