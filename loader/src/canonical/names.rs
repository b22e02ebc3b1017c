//! What things of a component are called.

use precast_artifact::component::{
    ComponentDescription, ComponentExport, ItemType, Leaf, ResourceTableType,
};
use precast_artifact::index::ResourceIndex;

/// What a resource type is called: as it is imported or exported, or by its
/// number.
pub(crate) fn resource(component: &ComponentDescription, resource: ResourceIndex) -> String {
    if let Some(leaf) = component.imported_resources.get(resource.index()) {
        return leaf_name(component, &component.leaves[leaf.index()]);
    }
    let is_it = |item: &ComponentExport| match item {
        ComponentExport::Type(ItemType::Resource(table)) => {
            let table = component.types.resource_tables[table.index()];
            matches!(table, ResourceTableType::Concrete { resource: found, .. } if found == resource)
        }
        _ => false,
    };
    let found = component.export_items.iter().position(is_it);
    let exported = found.and_then(|at| export_name(component, at));
    exported.unwrap_or_else(|| format!("resource-{resource}"))
}

/// The names that lead to an import: `wasi:io/streams@0.2.6/input-stream`.
pub(crate) fn leaf_name(component: &ComponentDescription, leaf: &Leaf) -> String {
    let import = &component.imports[leaf.import.index()].name;
    leaf.path.iter().fold(import.clone(), |name, part| format!("{name}/{part}"))
}

/// The names that lead to an export.
fn export_name(component: &ComponentDescription, at: usize) -> Option<String> {
    let own = component.exports.iter().find(|(_, item)| item.index() == at);
    if let Some((name, _)) = own {
        return Some(name.clone());
    }
    for (outer, item) in component.export_items.iter().enumerate() {
        let ComponentExport::Instance(exports) = item else { continue };
        if let Some((name, _)) = exports.iter().find(|(_, item)| item.index() == at) {
            return Some(match export_name(component, outer) {
                Some(outer) => format!("{outer}/{name}"),
                None => name.clone(),
            });
        }
    }
    None
}

/// The type of what a leaf leads to.
pub(crate) fn leaf_type(component: &ComponentDescription, leaf: &Leaf) -> Option<ItemType> {
    let import = component.imports[leaf.import.index()].ty;
    leaf.path.iter().try_fold(import, |at, name| match at {
        ItemType::Instance(instance) => {
            let exports = &component.types.instances[instance.index()].exports;
            exports.iter().find(|export| export.name == *name).map(|export| export.ty)
        }
        _ => None,
    })
}
