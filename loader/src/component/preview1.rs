//! Preview 1 for commands in components: the loader's own, where an adapter in the
//! component would only bring the same about with the loader's own WASI 0.2.

use super::linker::ComponentDefinition;
use crate::artifact::image::Image;
use crate::link::imports::Provided;
use crate::wasi::MODULE;
use crate::wasi::preview2::functions::RESOURCES;
use precast_artifact::component::Component;
use precast_artifact::index::{InstanceIndex, ModuleIndex};
use precast_artifact::module::ImportKind;
use std::sync::Arc;

/// Gives a core instance that is about to be made, of a module with these
/// imports, preview 1 instead of its adapter's, if that is the same.
pub(super) fn replace<T: 'static>(
    component: &Component,
    leaves: &[ComponentDefinition<T>],
    instance: InstanceIndex,
    (image, module): (&Image, ModuleIndex),
    provided: &mut [Provided],
) {
    let adapted = component.adapted.iter().find(|adapted| adapted.instance == instance);
    let Some(adapted) = adapted else { return };
    let mut asked = adapted.leaves.iter().map(|leaf| &leaves[leaf.index()]);
    let function = asked.clone().find_map(|definition| match definition {
        ComponentDefinition::Function(function) => Some(function),
        _ => None,
    });
    let Some(function) = function.filter(|_| asked.all(is_own)) else { return };
    let (module, info) = image.module(module);
    let own = |import: &precast_artifact::module::Import| {
        let ImportKind::Function(ty) = import.kind else { return None };
        let found = function.preview1(&import.name)?;
        (found.ty == info.type_ids[ty.index()]).then(|| Provided::Host(Arc::new(found)))
    };
    let imports = module.imports.iter().enumerate().filter(|(_, it)| it.module == MODULE);
    let all: Option<Vec<_>> = imports.map(|(at, import)| Some((at, own(import)?))).collect();
    // All or none: an adapter has descriptors of its own.
    for (at, function) in all.into_iter().flatten() {
        provided[at] = function;
    }
}

/// Whether something is of the WASI that the loader defines itself.
fn is_own<T>(definition: &ComponentDefinition<T>) -> bool {
    match definition {
        // Every function of preview 1 would do.
        ComponentDefinition::Function(function) => function.preview1("proc_exit").is_some(),
        ComponentDefinition::Resource(resource) => {
            RESOURCES.iter().any(|known| (known.ty)() == resource.ty)
        }
        ComponentDefinition::Module(_) | ComponentDefinition::Instance(_) => false,
    }
}
