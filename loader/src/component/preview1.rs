//! Preview 1 for commands in components: the loader's own, where an adapter in the
//! component would only bring the same about with the loader's own WASI 0.2.

use super::linker::ComponentDefinition;
use crate::artifact::image::Image;
use crate::link::imports::Provided;
use crate::wasi::MODULE;
use crate::wasi::preview2::functions::RESOURCES;
use precast_artifact::component::AdaptedPreview1;
use precast_artifact::index::ModuleIndex;
use precast_artifact::module::ImportKind;
use std::sync::Arc;

/// Where an import of a core module stands, and what satisfies it.
pub(super) type Replacement = (usize, Provided);

/// What gives a core instance of a component, of a module with these imports,
/// preview 1 instead of its adapter's: nothing, if that is not the same.
pub(super) fn replacements<T: 'static>(
    adapted: &AdaptedPreview1,
    leaves: &[ComponentDefinition<T>],
    (image, module): (&Image, ModuleIndex),
) -> Vec<Replacement> {
    let mut asked = adapted.leaves.iter().map(|leaf| &leaves[leaf.index()]);
    let function = asked.clone().find_map(|definition| match definition {
        ComponentDefinition::Function(function) => Some(function),
        _ => None,
    });
    let Some(function) = function.filter(|_| asked.all(is_own)) else { return Vec::new() };
    let (module, info) = image.module(module);
    let own = |import: &precast_artifact::module::Import| {
        let ImportKind::Function(ty) = import.kind else { return None };
        let found = function.preview1(AdaptedPreview1::function(&import.name))?;
        (found.ty == info.type_ids[ty.index()]).then(|| Provided::Host(Arc::new(found)))
    };
    let imports = module.imports.iter().enumerate().filter(|(_, it)| it.module == MODULE);
    // All or none: an adapter has descriptors of its own.
    let all: Option<Vec<_>> = imports.map(|(at, import)| Some((at, own(import)?))).collect();
    all.unwrap_or_default()
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
