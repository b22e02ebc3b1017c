//! A component's artifact, and what it imports and exports.

use crate::artifact::image::Image;
use crate::artifact::open::Artifact;
use crate::canonical::shape::Types;
use crate::canonical::{names, text};
use crate::error::{Error, Result};
use precast_artifact::component::{ComponentDescription, ComponentExport, ItemType, VersionedName};
use precast_artifact::index::ComponentExportIndex;
use std::sync::Arc;

/// A component that was compiled, ready to be instantiated, any number of times
/// and on any thread.
#[derive(Clone, Debug)]
pub struct Component {
    artifact: Artifact,
    types: Arc<Types>,
}

/// A function, type or core module that a component imports or exports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComponentItem {
    /// The names that lead to it, through instances.
    pub path: Vec<String>,
    /// What it is, as WIT writes it.
    pub ty: String,
}

/// What leads to an export: its name, or the names of instances and then its
/// own.
pub trait ExportPath {
    /// The names, the outermost first.
    fn names(&self) -> &[&str];
}

impl ExportPath for &str {
    fn names(&self) -> &[&str] {
        std::slice::from_ref(self)
    }
}

impl ExportPath for &[&str] {
    fn names(&self) -> &[&str] {
        self
    }
}

impl ExportPath for &Vec<&str> {
    fn names(&self) -> &[&str] {
        self
    }
}

impl<const N: usize> ExportPath for &[&str; N] {
    fn names(&self) -> &[&str] {
        *self
    }
}

impl ComponentItem {
    /// Whether it is a function.
    pub fn is_function(&self) -> bool {
        self.ty.starts_with("func(")
    }
}

impl Component {
    /// The component of an artifact.
    ///
    /// # Errors
    ///
    /// The artifact is of a core module.
    pub fn new(artifact: Artifact) -> Result<Self> {
        let component = artifact.image().component().cloned();
        let why = "the artifact is of a core module, not of a component";
        let component = component.ok_or_else(|| Error::usage(why))?;
        Ok(Self { types: Arc::new(Types::new(component)), artifact })
    }

    /// Whether an artifact is of a component.
    pub fn is(artifact: &Artifact) -> bool {
        artifact.image().component().is_some()
    }

    /// What it uses of its imports.
    pub fn imports(&self) -> Vec<ComponentItem> {
        let component = self.description();
        let leaves = component.leaves.iter().map(|leaf| {
            let import = component.imports[leaf.import.index()].name.clone();
            let ty = names::leaf_type(component, leaf);
            let ty = ty.map(|ty| text::item_type(&self.types, ty)).unwrap_or_default();
            ComponentItem { path: [&[import], &leaf.path[..]].concat(), ty }
        });
        leaves.collect()
    }

    /// What it exports, and what the instances export that it exports.
    pub fn exports(&self) -> Vec<ComponentItem> {
        let mut found = Vec::new();
        self.collect(&self.description().exports, &mut Vec::new(), &mut found);
        found
    }

    fn collect(
        &self,
        exports: &[(String, ComponentExportIndex)],
        path: &mut Vec<String>,
        found: &mut Vec<ComponentItem>,
    ) {
        let component = self.description();
        for (name, item) in exports {
            path.push(name.clone());
            let ty = match &component.export_items[item.index()] {
                ComponentExport::Function { ty, .. } => {
                    text::item_type(&self.types, ItemType::Function(*ty))
                }
                ComponentExport::Module { ty, .. } | ComponentExport::ImportedModule { ty, .. } => {
                    text::item_type(&self.types, ItemType::Module(*ty))
                }
                ComponentExport::Type(ty) => text::item_type(&self.types, *ty),
                ComponentExport::Instance(exports) => {
                    self.collect(exports, path, found);
                    path.pop();
                    continue;
                }
            };
            found.push(ComponentItem { path: path.clone(), ty });
            path.pop();
        }
    }

    pub(super) fn types(&self) -> &Arc<Types> {
        &self.types
    }

    pub(super) fn image(&self) -> &Arc<Image> {
        self.artifact.image()
    }

    pub(super) fn description(&self) -> &ComponentDescription {
        self.types.component()
    }
}

/// The export at the end of a path. The first name may be of another version
/// that is compatible.
pub(super) fn export(
    component: &ComponentDescription,
    path: &[&str],
) -> Option<ComponentExportIndex> {
    let (first, rest) = path.split_first()?;
    let exact = component.exports.iter().find(|(name, _)| name == first);
    let compatible = || {
        let track = VersionedName::parse(first)?.track;
        let same = |name: &str| VersionedName::parse(name).is_some_and(|it| it.track == track);
        component.exports.iter().find(|(name, _)| same(name))
    };
    let (_, found) = exact.or_else(compatible)?;
    rest.iter().try_fold(*found, |at, name| match &component.export_items[at.index()] {
        ComponentExport::Instance(exports) => {
            exports.iter().find(|(known, _)| known == name).map(|(_, item)| *item)
        }
        _ => None,
    })
}
