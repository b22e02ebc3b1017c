//! Imports that nobody provides, of components that are to run as far as they do
//! without them.

use super::function::Dynamic;
use super::linker::{ComponentDefinition, ComponentLinker};
use super::opened::Component;
use crate::api::caller::Caller;
use crate::canonical::names;
use crate::error::{Error, UnknownImport};
use precast_artifact::component::{ComponentImport, ItemType, Leaf};
use std::sync::Arc;

/// What every resource type is of that nobody provides. There are none of them.
enum Unknown {}

impl<T: 'static> ComponentLinker<T> {
    /// Defines every function that a component imports and that is not defined
    /// yet, as one that fails with an [`UnknownImport`] when it is called; and every
    /// resource type, of which there never is a resource.
    pub fn define_unknown_functions(&mut self, component: &Component) -> &mut Self {
        let description = component.description();
        for leaf in &description.leaves {
            let import = &description.imports[leaf.import.index()];
            let Some(path) = self.unknown(import, leaf) else { continue };
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            match names::leaf_type(description, leaf) {
                Some(ItemType::Function(_)) => {
                    let (module, name) = (import.name.clone(), leaf.path.join("/"));
                    let unknown = UnknownImport { module, name };
                    let fail = move |_: Caller<'_, T>, _: &[_]| Err(Error::host(unknown.clone()));
                    self.define(&path, ComponentDefinition::Function(Arc::new(Dynamic(fail))));
                }
                Some(ItemType::Resource(_)) => {
                    self.resource::<Unknown>(&path, |_, _| Ok(()));
                }
                _ => {}
            }
        }
        self
    }

    /// Under which names something can be defined that satisfies a leaf, if nothing
    /// is there.
    fn unknown(&self, import: &ComponentImport, leaf: &Leaf) -> Option<Vec<String>> {
        let root = self.name_for(import).unwrap_or(&import.name);
        let blocked = (0..=leaf.path.len()).any(|depth| {
            let found = self.find(root, &leaf.path[..depth]);
            let passes = matches!(found, None | Some(ComponentDefinition::Instance(_)));
            !passes || (depth == leaf.path.len() && found.is_some())
        });
        let names = [root.to_owned()].into_iter().chain(leaf.path.iter().cloned());
        (!blocked).then(|| names.collect())
    }
}
