//! Commands of preview 1 whose adapter asks nobody but the host.
//!
//! An adapter is known by what it is connected to, not by a name. An instance
//! uses one if
//!
//! - whatever it imports from `wasi_snapshot_preview1` comes from one core
//!   instance, the adapter, under the same names, and it exports the memory that
//!   the adapter imports;
//! - the adapter is given nothing but that memory, functions of that instance,
//!   and functions of WASI 0.2 that the component imports, `wasi:filesystem`
//!   among them if paths are used: what the component does not ask of its host,
//!   it does not get this way either;
//! - no other instance is given anything of the adapter's.
//!
//! What such an adapter does for its functions cannot be told from preview 1
//! over the same WASI 0.2, except where it falls short of it: it ends with code
//! 1 for every code but 0, and has little room for paths and lists. An adapter that
//! asks WASI 0.2 for something else under the names of preview 1 cannot be told
//! either: [`Optimisation::DirectPreview1`](crate::Optimisation::DirectPreview1)
//! can be left out for such.

use super::shims::{self, CoreInstances, Made, is_item};
use crate::parse::Parsed;
use precast_artifact::component::{
    AdaptedPreview1, ComponentDescription, CoreItem, ResourceTableType, Step, TrampolineKind,
};
use precast_artifact::index::{InstanceIndex, LeafIndex, TrampolineIndex};
use precast_artifact::module::{EntityIndex, ImportKind};

/// First name of what is imported of preview 1.
const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// The instances that use preview 1 so.
pub(crate) fn preview1(
    component: &ComponentDescription,
    modules: &[Parsed<'_>],
) -> Vec<AdaptedPreview1> {
    let instances = CoreInstances::new(component, modules);
    let found = |(index, made)| adapted(component, &instances, index, made);
    instances.iter().filter_map(found).collect()
}

fn adapted(
    component: &ComponentDescription,
    instances: &CoreInstances<'_, '_>,
    index: InstanceIndex,
    made: Made<'_, '_>,
) -> Option<AdaptedPreview1> {
    let adapter = adapter_of(instances, made)?;
    let leaves = asked(component, instances, index, adapter)?;
    let others = instances.iter().filter(|(other, _)| *other != index);
    let shared = |(_, other): (InstanceIndex, Made<'_, '_>)| {
        let given = |item| is_of(instances.origin(item), adapter);
        // Who fills the shim's table is given functions that it only puts there.
        !other.module.bodies.is_empty() && other.arguments.iter().any(given)
    };
    let paths = |name: &str| {
        ["path_", "fd_prestat_", "fd_readdir"].iter().any(|start| name.starts_with(start))
    };
    let needs_files = imports(made).any(|(name, _)| paths(name));
    let has_files =
        leaves.iter().any(|leaf| name_of(component, *leaf).starts_with("wasi:filesystem/"));
    let sound = !others.into_iter().any(shared) && (has_files || !needs_files);
    sound.then_some(AdaptedPreview1 { instance: index, leaves })
}

/// What an instance imports of preview 1: names, and what it is given.
fn imports<'c>(made: Made<'c, '_>) -> impl Iterator<Item = (&'c str, &'c CoreItem)> {
    let all = made.module.imports.iter().zip(made.arguments);
    all.filter(|(import, _)| import.module == PREVIEW_1)
        .map(|(import, item)| (AdaptedPreview1::function(&import.name), item))
}

/// The instance that gives an instance preview 1.
fn adapter_of(instances: &CoreInstances<'_, '_>, made: Made<'_, '_>) -> Option<InstanceIndex> {
    let mut adapter = None;
    for (name, item) in imports(made) {
        let (of, function) = shims::function(instances.origin(item))?;
        let same = *adapter.get_or_insert(of) == of;
        let exports = &instances.get(of)?.module.exports;
        let is_it = |item: EntityIndex| item == EntityIndex::Function(function);
        let named = exports.iter().any(|export| export.name == name && is_it(export.item));
        (same && named).then_some(())?;
    }
    adapter
}

/// What of WASI 0.2 an adapter asks the host; none if it asks anybody else.
fn asked(
    component: &ComponentDescription,
    instances: &CoreInstances<'_, '_>,
    user: InstanceIndex,
    adapter: InstanceIndex,
) -> Option<Vec<LeafIndex>> {
    let Made { module, arguments } = instances.get(adapter)?;
    let exports = &instances.get(user)?.module.exports;
    let memory = exports.iter().find(|export| export.name == "memory")?.item;
    let mut leaves = Vec::new();
    for (import, item) in module.imports.iter().zip(arguments) {
        match (import.kind, instances.origin(item)) {
            (ImportKind::Memory, item) if is_item(item, user, memory) => {}
            (ImportKind::Function(_), CoreItem::Trampoline(trampoline)) => {
                leaves.push(leaf(component, *trampoline)?);
            }
            (ImportKind::Function(_), item) if is_of(item, user) => {}
            _ => return None,
        }
    }
    leaves.sort_unstable();
    leaves.dedup();
    let wasi = |leaf: &LeafIndex| {
        let name = name_of(component, *leaf);
        name.starts_with("wasi:") && name.contains("@0.2.")
    };
    leaves.iter().all(wasi).then_some(leaves)
}

/// What the component imports that a trampoline stands for.
fn leaf(component: &ComponentDescription, trampoline: TrampolineIndex) -> Option<LeafIndex> {
    match component.trampolines[trampoline.index()].kind {
        TrampolineKind::LowerImport { lowering, .. } => {
            component.steps.iter().find_map(|step| match step {
                Step::LowerImport { lowering: found, leaf } if *found == lowering => Some(*leaf),
                _ => None,
            })
        }
        TrampolineKind::ResourceDrop { table, .. } => {
            match component.types.resource_tables[table.index()] {
                ResourceTableType::Concrete { resource, .. } => {
                    component.imported_resources.get(resource.index()).copied()
                }
                ResourceTableType::Abstract(_) => None,
            }
        }
        _ => None,
    }
}

/// The import that something imported is of.
fn name_of(component: &ComponentDescription, leaf: LeafIndex) -> &str {
    let leaf = &component.leaves[leaf.index()];
    &component.imports[leaf.import.index()].name
}

/// Whether an item is a function of an instance.
fn is_of(item: &CoreItem, instance: InstanceIndex) -> bool {
    shims::function(item).is_some_and(|(of, _)| of == instance)
}
