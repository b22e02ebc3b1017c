//! Making an instance of a component: its steps, in order.

use super::linker::ComponentDefinition;
use super::opened::Component;
use super::trampolines::Trampolines;
use crate::api::externs::{self, Extern};
use crate::artifact::image::Image;
use crate::canonical::handles::Handles;
use crate::canonical::state::{ComponentState, HeldResources, ResourceState, ResourceType, Status};
use crate::error::{Error, Result};
use crate::link::imports::Provided;
use crate::link::instantiate::instantiate_module;
use crate::store::access::StoreMut;
use crate::vm::handle::{Func, Global, Memory};
use crate::vm::types::{GlobalType, ValType};
use crate::vm::value::Val;
use precast_artifact::component::{CoreItem, CoreRef, NamedArgument, Step};
use precast_artifact::index::{ComponentId, InstanceIndex, LeafIndex, ModuleIndex, ResourceIndex};
use std::sync::Arc;

/// Makes an instance of a component; its index in the store.
pub(super) fn instantiate<T: 'static>(
    store: &mut StoreMut<'_, T>,
    component: &Component,
    trampolines: &Trampolines<T>,
) -> Result<ComponentId> {
    let index = ComponentId::from_index(store.core().components.len());
    if trampolines.component != index {
        let leaves = trampolines.leaves.clone();
        let others = Trampolines::new(component.types(), index, leaves);
        return instantiate(store, component, &others);
    }
    let state = new_state(store, component, &trampolines.leaves, index)?;
    store.core().components.push(Box::new(state));
    let description = component.description();
    let mut making = Making { store, image: component.image(), index, trampolines };
    let done = description.steps.iter().try_for_each(|step| making.step(step));
    let status = if done.is_ok() { Status::Ready } else { Status::Poisoned };
    ComponentState::of(store.core(), index).status = status;
    done.map(|()| index)
}

/// The state of an instance of which nothing is made yet.
fn new_state<T>(
    store: &mut StoreMut<'_, T>,
    component: &Component,
    leaves: &[ComponentDefinition<T>],
    index: ComponentId,
) -> Result<ComponentState> {
    let description = component.description();
    let ty = GlobalType { value: ValType::I32, mutable: true };
    let flags = (0..description.component_instances)
        .map(|_| Global::new(store, ty, Val::I32(1)))
        .collect::<Result<Vec<_>>>()?;
    let imported = description.imported_resources.iter().map(|leaf| match &leaves[leaf.index()] {
        ComponentDefinition::Resource(resource) => ResourceType::Host(resource.ty),
        _ => unreachable!("checked: what satisfies a resource is one"),
    });
    let mut resources: Vec<ResourceState> = Vec::new();
    for (number, ty) in imported.enumerate() {
        let same = resources.iter().position(|known| known.ty == ty);
        let canonical = ResourceIndex::from_index(same.unwrap_or(number));
        resources.push(ResourceState { ty, canonical, owner: None, destructor: None });
    }
    for owner in &description.resources {
        let canonical = ResourceIndex::from_index(resources.len());
        let ty = ResourceType::Guest(index, canonical);
        resources.push(ResourceState { ty, canonical, owner: Some(*owner), destructor: None });
    }
    Ok(ComponentState {
        types: component.types().clone(),
        status: Status::Running,
        handles: Handles::new(description.component_instances),
        held: HeldResources::default(),
        flags,
        resources,
        marks: Vec::new(),
        core_instances: Vec::new(),
        memories: Vec::new(),
        reallocs: Vec::new(),
        post_returns: Vec::new(),
    })
}

/// An instance in the making.
struct Making<'m, 's, T> {
    store: &'m mut StoreMut<'s, T>,
    image: &'m Arc<Image>,
    index: ComponentId,
    trampolines: &'m Trampolines<T>,
}

impl<T: 'static> Making<'_, '_, T> {
    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Instantiate { module, arguments, .. } => {
                let provided = arguments.iter().map(|item| self.provide(item));
                let mut provided = provided.collect::<Result<Vec<_>>>()?;
                let image = self.image.clone();
                self.replace(&image, *module, &mut provided);
                self.make(&image, *module, &provided)?;
            }
            Step::InstantiateImport { leaf, arguments, .. } => {
                self.instantiate_import(*leaf, arguments)?;
            }
            // The trampolines know their function already; no table is read.
            Step::LowerImport { .. } | Step::Table { .. } => {}
            Step::Memory { from, .. } => {
                let memory = self.memory(from)?;
                self.state().memories.push(memory);
            }
            Step::Realloc { from, .. } => {
                let realloc = self.function(from)?.typed(self.store)?;
                self.state().reallocs.push(realloc);
            }
            Step::PostReturn { from, .. } => {
                let function = self.function(from)?;
                self.state().post_returns.push(function);
            }
            Step::Resource { resource, destructor, .. } => {
                let destructor = destructor.as_ref().map(|from| self.function(from)).transpose()?;
                self.state().resources[resource.index()].destructor = destructor;
            }
        }
        Ok(())
    }

    fn state(&mut self) -> &mut ComponentState {
        ComponentState::of(self.store.core(), self.index)
    }

    fn replace(&mut self, image: &Image, module: ModuleIndex, provided: &mut [Provided]) {
        let next = InstanceIndex::from_index(self.state().core_instances.len());
        self.trampolines.replace(next, (image, module), provided);
    }

    fn make(&mut self, image: &Arc<Image>, module: ModuleIndex, all: &[Provided]) -> Result<()> {
        let instance = instantiate_module(self.store, image, module, all)?;
        self.state().core_instances.push(instance);
        Ok(())
    }

    /// What satisfies an import of a core module.
    fn provide(&mut self, item: &CoreItem) -> Result<Provided> {
        Ok(match item {
            CoreItem::Export(from) => Provided::Item(self.export(from)?),
            CoreItem::Flags(instance) => {
                let flags = self.state().flags[instance.index()];
                Provided::Item(flags.into())
            }
            CoreItem::Trampoline(index) => Provided::Host(self.trampolines.get(*index)?),
        })
    }

    fn function(&mut self, item: &CoreItem) -> Result<Func> {
        match self.provide(item)? {
            Provided::Host(func) => Ok(Func::from_host(self.store.core(), func)),
            Provided::Item(Extern::Func(func)) => Ok(func),
            Provided::Item(_) => Err(Error::damaged(None, "no function where one is needed")),
        }
    }

    fn memory(&mut self, from: &CoreRef) -> Result<Memory> {
        match self.export(from)? {
            Extern::Memory(memory) => Ok(memory),
            _ => Err(Error::damaged(None, "no memory where one is needed")),
        }
    }

    fn export(&mut self, from: &CoreRef) -> Result<Extern> {
        let index = self.index;
        let core = self.store.core();
        let instance = |core: &mut _, at: usize| ComponentState::of(core, index).core_instances[at];
        match from {
            CoreRef::Index { instance: made, item } => {
                let made = instance(core, made.index());
                Ok(externs::item(core, made, *item))
            }
            CoreRef::Name { instance: made, name } => {
                let made = instance(core, made.index());
                let found = externs::export(core, made, name);
                found.ok_or_else(|| Error::usage(format!("an imported module lacks `{name}`")))
            }
        }
    }

    /// Makes an instance of a core module that the component imports.
    fn instantiate_import(&mut self, leaf: LeafIndex, named: &[NamedArgument]) -> Result<()> {
        let ComponentDefinition::Module(artifact) = self.trampolines.leaves[leaf.index()].clone()
        else {
            return Err(Error::usage("an imported core module that is none"));
        };
        let image = artifact.image();
        let module = image.description().instances.last().map(|plan| plan.module);
        let why = "the artifact for an imported core module is of a component";
        let module = module.ok_or_else(|| Error::usage(why))?;
        let mut provided = Vec::new();
        for import in &image.module(module).0.imports {
            let is_it = |argument: &&NamedArgument| {
                (&argument.module, &argument.name) == (&import.module, &import.name)
            };
            let argument = named.iter().find(is_it).ok_or_else(|| {
                let (first, second) = (&import.module, &import.name);
                Error::usage(format!("an imported core module needs `{first}` `{second}`"))
            })?;
            provided.push(self.provide(&argument.item)?);
        }
        self.make(image, module, &provided)
    }
}

/// A core item of an instance of a component that was made.
pub(super) fn core_function(
    store: &mut StoreMut<'_, ()>,
    component: ComponentId,
    item: &CoreItem,
) -> Result<Func> {
    let none = || Error::usage("this export is provided by the loader and cannot be called");
    let CoreItem::Export(from) = item else { return Err(none()) };
    let core = store.core();
    let (CoreRef::Index { instance, .. } | CoreRef::Name { instance, .. }) = from;
    let made = ComponentState::of(core, component).core_instances[instance.get() as usize];
    let found = match from {
        CoreRef::Index { item, .. } => Some(externs::item(core, made, *item)),
        CoreRef::Name { name, .. } => externs::export(core, made, name),
    };
    found.and_then(Extern::func).ok_or_else(none)
}
