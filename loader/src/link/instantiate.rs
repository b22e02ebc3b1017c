//! Making instances (core specification 4.5.4): resolve imports, build each
//! instance, run its initialisation plan, call its start function.
//!
//! # Safety
//!
//! The start function is called through a callee of the store at hand; its
//! type was found to need no slots.
#![allow(unsafe_code)]

use crate::api::externs;
use crate::api::func::{Callee, slots};
use crate::artifact::image::Image;
use crate::error::{Error, LinkProblem, Result};
use crate::link::builder::InstanceBuilder;
use crate::link::imports::{self, Provided};
use crate::link::initialise::initialise;
use crate::store::access::StoreMut;
use crate::store::contents::StoreCore;
use crate::vm::handle::Func;
use crate::vm::types;
use precast_artifact::index::{InstanceId, ModuleIndex};
use precast_artifact::module::InstancePlan;
use std::sync::Arc;

/// For each instance of an artifact, what satisfies each import; `None` for
/// those that come from other instances of the artifact.
pub(crate) type Imports = Vec<Vec<Option<Provided>>>;

/// Makes all instances of an artifact, whose imports were [found](resolve) and
/// checked; returns the last.
pub(crate) fn instantiate<T>(
    access: &mut StoreMut<'_, T>,
    image: &Arc<Image>,
    imports: &Imports,
) -> Result<InstanceId> {
    let mut made = Vec::with_capacity(imports.len());
    for (plan, imports) in image.description().instances.iter().zip(imports) {
        let linked = link(access.core(), image, plan, &made, imports)?;
        let imports = linked.as_ref().unwrap_or(imports).iter().flatten();
        let index = create(access.core(), image, plan.module, imports)?;
        made.push(index);
        complete(access, index)?;
    }
    made.pop().ok_or_else(is_component)
}

/// The artifact has no instances to be made here.
pub(crate) fn is_component() -> Error {
    Error::usage("the artifact is of a component, which a linker of core modules cannot make")
}

/// Makes one instance of a module of an artifact, with what satisfies each of
/// its imports, and runs its start function; its index.
pub(crate) fn instantiate_module<T>(
    access: &mut StoreMut<'_, T>,
    image: &Arc<Image>,
    module: ModuleIndex,
    provided: &[Provided],
) -> Result<InstanceId> {
    let core = access.core();
    let (described, info) = image.module(module);
    let checks = provided.iter().enumerate();
    let problems: Vec<LinkProblem> = checks
        .filter_map(|(index, item)| imports::check(core, described, info, index, Some(item)).err())
        .collect();
    if !problems.is_empty() {
        return Err(Error::Link(problems));
    }
    let index = create(core, image, module, provided.iter())?;
    complete(access, index)?;
    Ok(index)
}

/// Initialises an instance and runs its start function.
fn complete<T>(access: &mut StoreMut<'_, T>, index: InstanceId) -> Result<()> {
    initialise(access.core(), index)?;
    begin(access, index)
}

/// Runs the start function of an instance that is initialised.
pub(super) fn begin<T>(access: &mut StoreMut<'_, T>, index: InstanceId) -> Result<()> {
    note_for_debuggers(access.core(), index);
    start(access, index)
}

/// Says where the instance is, for debug information of globals.
fn note_for_debuggers(core: &StoreCore, index: InstanceId) {
    let guest = &core.instances[index.index()];
    let memory0 = guest.memories.first();
    let base = memory0.map_or(0, |memory0| core.memories[memory0.index()].base());
    let table0 = guest.tables.first().copied().flatten();
    let table0 = table0.map_or(0, |table0| core.tables[table0.index()].definition());
    guest.image.note_instance([base, guest.context.0, table0]);
}

/// Finds what satisfies imports, by asking `provide`. Items of stores are checked
/// if it is known which store it will be.
///
/// # Errors
///
/// Every problem there is.
pub(crate) fn resolve<'p>(
    core: Option<&StoreCore>,
    image: &Image,
    provide: &dyn Fn(&str, &str) -> Option<&'p Provided>,
) -> Result<Imports> {
    let mut problems = Vec::new();
    let mut instances = Vec::new();
    for plan in &image.description().instances {
        let (module, info) = image.module(plan.module);
        let mut found = Vec::with_capacity(module.imports.len());
        for (index, import) in module.imports.iter().enumerate() {
            if plan.links.iter().any(|link| link.import.index() == index) {
                found.push(None);
                continue;
            }
            let provided = provide(&import.module, &import.name);
            let checked = match (core, provided) {
                (Some(core), _) => imports::check(core, module, info, index, provided),
                (None, None) => Err(imports::problem(module, info, index, None)),
                (None, Some(Provided::Host(func))) => {
                    imports::check_host(module, info, index, func)
                }
                (None, Some(Provided::Item(_))) => Ok(()),
            };
            problems.extend(checked.err());
            found.push(provided.cloned());
        }
        instances.push(found);
    }
    match problems.is_empty() {
        true => Ok(instances),
        false => Err(Error::Link(problems)),
    }
}

/// Checks the items of stores among imports that were found before it was known
/// which store it would be.
///
/// # Errors
///
/// Every problem there is.
pub(crate) fn check_items(core: &StoreCore, image: &Image, found: &Imports) -> Result<()> {
    let mut problems = Vec::new();
    for (plan, found) in image.description().instances.iter().zip(found) {
        let (module, info) = image.module(plan.module);
        for (index, found) in found.iter().enumerate() {
            if let Some(Provided::Item(_)) = found {
                problems.extend(imports::check(core, module, info, index, found.as_ref()).err());
            }
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Link(problems)),
    }
}

/// The imports of an instance with those filled in that earlier instances
/// satisfy, if there are any.
fn link(
    core: &StoreCore,
    image: &Image,
    plan: &InstancePlan,
    made: &[InstanceId],
    found: &[Option<Provided>],
) -> Result<Option<Vec<Option<Provided>>>> {
    if plan.links.is_empty() {
        return Ok(None);
    }
    let mut found = found.to_vec();
    let (module, info) = image.module(plan.module);
    let mut problems: Vec<LinkProblem> = Vec::new();
    for link in &plan.links {
        let item = externs::export(core, made[link.instance.index()], &link.export);
        let provided = item.map(Provided::Item);
        let import = link.import.index();
        problems.extend(imports::check(core, module, info, import, provided.as_ref()).err());
        found[import] = provided;
    }
    match problems.is_empty() {
        true => Ok(Some(found)),
        false => Err(Error::Link(problems)),
    }
}

/// Makes an instance whose plan has not run yet.
pub(super) fn create<'i>(
    core: &mut StoreCore,
    image: &Arc<Image>,
    module: ModuleIndex,
    imports: impl Iterator<Item = &'i Provided>,
) -> Result<InstanceId> {
    core.allow_instance()?;
    core.allow_image(image)?;
    let (memories, tables) = (core.memories.len(), core.tables.len());
    let (globals, types) = (core.global_count, core.type_count);
    let (described, info) = image.module(module);
    let defined = described.globals.iter().filter(|global| !global.imported);
    let made = core
        .allow_globals(defined.count() as u64)
        .and_then(|()| core.allow_types(info.type_ids.len() as u64))
        .and_then(|()| InstanceBuilder::new(core, image, module))
        .and_then(|builder| builder.build(core, imports));
    if made.is_err() {
        // Nothing refers to them yet.
        core.memories.truncate(memories);
        core.tables.truncate(tables);
        (core.global_count, core.type_count) = (globals, types);
    }
    made
}

/// Calls the start function, if there is one.
fn start<T>(access: &mut StoreMut<'_, T>, index: InstanceId) -> Result<()> {
    let core = access.core();
    let guest = &core.instances[index.index()];
    let Some(start) = guest.module().0.start else { return Ok(()) };
    let func = Func { store: core.id, record: guest.record(start) };
    if slots(&types::get(func.type_in(core.id)?)) != 0 {
        return Err(Error::damaged(None, "the start function has parameters or results"));
    }
    let callee = Callee::find(core, func)?;
    // SAFETY: of this store; its type needs no slots.
    unsafe { callee.call(access, &mut []) }
}
