//! Functions that the core modules of a component import from the loader:
//! imports of the component, lowered; resources; and what adapters between
//! components need.

use super::function::{HostFunction, ImportCall};
use super::linker::{ComponentDefinition, Destructor};
use super::preview1::{self, Replacement};
use super::transcoding::Transcoding;
use crate::api::func;
use crate::artifact::image::Image;
use crate::canonical::canon::{CallOptions, Canon};
use crate::canonical::shape::Types;
use crate::canonical::state::ComponentState;
use crate::error::{Error, Result};
use crate::link::imports::Provided;
use crate::store::access::{AsStore, StoreMut};
use crate::store::host::HostFunc;
use crate::vm::raw::RawValue;
use crate::vm::value::Val;
use precast_artifact::component::{ComponentDescription, Step, TrampolineKind};
use precast_artifact::index::{
    ComponentFuncTypeIndex, ComponentId, ComponentInstanceIndex, InstanceIndex, LoweringIndex,
    ModuleIndex, OptionsIndex, ResourceTableIndex, TrampolineIndex,
};
use precast_artifact::trap::TrapCode;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

/// Most core parameters of a lowered function: what fits, and where the result
/// goes.
const MOST_PARAMS: usize = 17;

/// Trampolines of one component at one index in its store: whichever store it is,
/// so that one that was made serves the next instance too.
pub(super) struct Trampolines<T> {
    types: Arc<Types>,
    /// Index of the component in the store.
    pub(super) component: ComponentId,
    /// What each leaf is satisfied with.
    pub(super) leaves: Vec<ComponentDefinition<T>>,
    made: Box<[OnceLock<Arc<HostFunc>>]>,
    /// Of each core instance that an adapter serves, what serves it instead.
    adapted: Box<[OnceLock<Vec<Replacement>>]>,
}

impl<T: 'static> Trampolines<T> {
    /// None is made yet.
    pub(super) fn new(
        types: &Arc<Types>,
        component: ComponentId,
        leaves: Vec<ComponentDefinition<T>>,
    ) -> Self {
        let description = types.component();
        let made = description.trampolines.iter().map(|_| OnceLock::new()).collect();
        let adapted = description.adapted.iter().map(|_| OnceLock::new()).collect();
        Self { types: types.clone(), component, leaves, made, adapted }
    }

    /// The function of a trampoline.
    pub(super) fn get(&self, index: TrampolineIndex) -> Result<Arc<HostFunc>> {
        let made = &self.made[index.index()];
        if let Some(made) = made.get() {
            return Ok(made.clone());
        }
        let function = Arc::new(self.make(index)?);
        Ok(made.get_or_init(|| function).clone())
    }

    /// Gives a core instance that is about to be made what serves it instead of its
    /// adapter.
    pub(super) fn replace(
        &self,
        instance: InstanceIndex,
        (image, module): (&Image, ModuleIndex),
        provided: &mut [Provided],
    ) {
        let all = &self.types.component().adapted;
        let Some(at) = all.iter().position(|adapted| adapted.instance == instance) else { return };
        let find = || preview1::replacements(&all[at], &self.leaves, (image, module));
        for (import, function) in self.adapted[at].get_or_init(find) {
            provided[*import] = function.clone();
        }
    }

    /// Makes the function of a trampoline.
    fn make(&self, index: TrampolineIndex) -> Result<HostFunc> {
        let component = self.types.component();
        let trampoline = &component.trampolines[index.index()];
        let ty = trampoline.ty.map(|_| unreachable!("checked: these types refer to no others"));
        match trampoline.kind {
            TrampolineKind::LowerImport { lowering, ty: imported, options } => {
                let lowered = self.lower(lowering, imported, options)?;
                let (params, results) = (ty.params.len(), ty.results.len());
                let awaited = lowered.function.is_awaited();
                let run = move |store: StoreMut<'_, T>, slots: &mut [RawValue]| {
                    lowered.call(store, slots, params, results)
                };
                if awaited {
                    return func::raw_pending(ty, move |caller, slots| {
                        run(caller.as_store_mut(), slots).map(|()| Poll::Pending)
                    });
                }
                func::raw(ty, move |caller, slots| run(caller.as_store_mut(), slots))
            }
            TrampolineKind::ResourceDrop { instance, table } => {
                let destructor = self.destructor(table)?;
                let component = self.component;
                func::raw(ty, move |caller, slots| {
                    let mut store = caller.as_store_mut();
                    let handle = slots[0].u32();
                    let Some(rep) = drop_handle(&mut store, component, instance, table, handle)?
                    else {
                        return Ok(());
                    };
                    match &destructor {
                        Some(destructor) => destructor(store, rep),
                        None => destroy(&mut store.erased(), component, table, rep),
                    }
                })
            }
            kind => {
                let other = InternalTrampoline { component: self.component, kind };
                func::raw(ty, move |caller: &mut crate::api::caller::Caller<'_, T>, slots| {
                    other.run(&mut caller.as_store_mut().erased(), slots)
                })
            }
        }
    }

    /// An imported function, as a caller of these options sees it.
    fn lower(
        &self,
        lowering: LoweringIndex,
        ty: ComponentFuncTypeIndex,
        options: OptionsIndex,
    ) -> Result<Lowered<T>> {
        let leaf = self.types.component().steps.iter().find_map(|step| match step {
            Step::LowerImport { lowering: found, leaf } if *found == lowering => Some(*leaf),
            _ => None,
        });
        match leaf.map(|leaf| &self.leaves[leaf.index()]) {
            Some(ComponentDefinition::Function(function)) => Ok(Lowered {
                function: function.clone(),
                component: self.component,
                types: self.types.clone(),
                ty,
                options,
            }),
            _ => Err(Error::usage("a lowered import that is no function")),
        }
    }

    /// What drops resources of a type of the host.
    fn destructor(&self, table: ResourceTableIndex) -> Result<Option<Arc<Destructor<T>>>> {
        let component = self.types.component();
        let resource = resource_of(component, table)?;
        let leaf = component.imported_resources.get(resource);
        Ok(match leaf.map(|leaf| &self.leaves[leaf.index()]) {
            Some(ComponentDefinition::Resource(resource)) => Some(resource.drop.clone()),
            _ => None,
        })
    }
}

fn resource_of(component: &ComponentDescription, table: ResourceTableIndex) -> Result<usize> {
    use precast_artifact::component::ResourceTableType;
    match component.types.resource_tables[table.index()] {
        ResourceTableType::Concrete { resource, .. } => Ok(resource.index()),
        ResourceTableType::Abstract(_) => Err(Error::usage("a resource type without handles")),
    }
}

/// An imported function with the options of who calls it.
struct Lowered<T> {
    function: Arc<dyn HostFunction<T>>,
    component: ComponentId,
    types: Arc<Types>,
    ty: ComponentFuncTypeIndex,
    options: OptionsIndex,
}

impl<T: 'static> Lowered<T> {
    fn call(
        &self,
        mut store: StoreMut<'_, T>,
        slots: &mut [RawValue],
        params: usize,
        results: usize,
    ) -> Result<()> {
        let component = self.component;
        // What they refer to is of the store.
        let options = &CallOptions::of(ComponentState::of(store.core(), component), self.options)?;
        Canon::new(store.erased(), component, options).check_may_leave()?;
        ComponentState::of(store.core(), component).handles.enter();
        let mut given = [RawValue::default(); MOST_PARAMS];
        let given = &mut given[..params.min(MOST_PARAMS)];
        given.copy_from_slice(&slots[..given.len()]);
        let (inner, types) = (store.as_store_mut(), &*self.types);
        let call = ImportCall { store: inner, component, options, types, ty: self.ty };
        self.function.call(call, given, &mut slots[..results])?;
        // Then that is for who gives the result.
        if self.function.is_awaited() {
            return Ok(());
        }
        Ok(ComponentState::of(store.core(), component).handles.exit()?)
    }
}

/// Drops a handle; the representation of what is to be destroyed.
fn drop_handle<T>(
    store: &mut StoreMut<'_, T>,
    component: ComponentId,
    instance: ComponentInstanceIndex,
    table: ResourceTableIndex,
    handle: u32,
) -> Result<Option<u32>> {
    may_leave(&mut store.erased(), component, instance)?;
    let state = ComponentState::of(store.core(), component);
    let (resource, _) = state.table(table)?;
    Ok(state.handles.drop(instance, resource, handle)?)
}

/// Calls the destructor of a resource that a component defines.
pub(super) fn destroy(
    store: &mut StoreMut<'_, ()>,
    component: ComponentId,
    table: ResourceTableIndex,
    rep: u32,
) -> Result<()> {
    let state = ComponentState::of(store.core(), component);
    let (resource, _) = state.table(table)?;
    match state.resources[resource.index()].destructor {
        Some(destructor) => destructor.call_numbers(store, &mut [rep.into()]),
        None => Ok(()),
    }
}

/// Fails if a component instance may not be left now.
fn may_leave(
    store: &mut StoreMut<'_, ()>,
    component: ComponentId,
    instance: ComponentInstanceIndex,
) -> Result<()> {
    let flags = ComponentState::of(store.core(), component).flags[instance.index()];
    match flags.get(store) {
        Val::I32(flags) if flags & 1 != 0 => Ok(()),
        _ => Err(TrapCode::CannotLeaveComponent.into()),
    }
}

/// What needs nothing of the host.
#[derive(Clone, Copy)]
struct InternalTrampoline {
    component: ComponentId,
    kind: TrampolineKind,
}

impl InternalTrampoline {
    fn run(self, store: &mut StoreMut<'_, ()>, slots: &mut [RawValue]) -> Result<()> {
        let component = self.component;
        match self.kind {
            TrampolineKind::ResourceNew { instance, table } => {
                may_leave(store, component, instance)?;
                let state = ComponentState::of(store.core(), component);
                let (resource, _) = state.table(table)?;
                slots[0] = state.handles.new_own(instance, resource, slots[0].u32())?.into();
            }
            TrampolineKind::ResourceRep { instance, table } => {
                let state = ComponentState::of(store.core(), component);
                let (resource, _) = state.table(table)?;
                slots[0] = state.handles.rep(instance, resource, slots[0].u32())?.into();
            }
            TrampolineKind::TransferOwn | TrampolineKind::TransferBorrow => {
                let own = self.kind == TrampolineKind::TransferOwn;
                let [handle, from, to] = [0, 1, 2].map(|index| slots[index].u32());
                let state = ComponentState::of(store.core(), component);
                slots[0] = transfer(state, own, handle, from, to)?.into();
            }
            TrampolineKind::EnterCall => {
                ComponentState::of(store.core(), component).handles.enter();
            }
            TrampolineKind::ExitCall => {
                ComponentState::of(store.core(), component).handles.exit()?;
            }
            TrampolineKind::Trap => {
                let number = slots[0].u32();
                let state = ComponentState::of(store.core(), component);
                let codes = &state.types.component().trap_codes;
                let code = codes.iter().find(|(known, _)| *known == number);
                return Err(code.map_or(TrapCode::AdapterFault, |(_, code)| *code).into());
            }
            TrampolineKind::Transcode { op, from, from64, to, to64 } => {
                let transcoding = Transcoding { op, from: (from, from64), to: (to, to64) };
                transcoding.run(store, component, slots)?;
            }
            TrampolineKind::LowerImport { .. } | TrampolineKind::ResourceDrop { .. } => {
                unreachable!("these need the host")
            }
        }
        Ok(())
    }
}

/// Moves or lends a handle from one table to another.
fn transfer(state: &mut ComponentState, own: bool, handle: u32, from: u32, to: u32) -> Result<u32> {
    let (resource, holder) = state.table(ResourceTableIndex::new(from))?;
    let (target, receiver) = state.table(ResourceTableIndex::new(to))?;
    if own {
        let rep = state.handles.take_own(holder, resource, handle)?;
        return Ok(state.handles.new_own(receiver, target, rep)?);
    }
    let rep = state.handles.lend(holder, resource, handle)?;
    match state.resources[target.index()].owner == Some(receiver) {
        true => Ok(rep),
        false => Ok(state.handles.new_borrow(receiver, target, rep)?),
    }
}
