//! What each import of a component is satisfied with: looked up and compared
//! before anything is made, with every problem there is.
//!
//! Only what a component uses has to be there: of an instance that it imports,
//! the functions that it calls and the resources that it holds.

use super::linker::{ComponentDefinition, ComponentLinker};
use super::opened::Component;
use crate::canonical::known::Known;
use crate::canonical::{names, text};
use crate::error::{Error, LinkProblem, Result};
use precast_artifact::component::{ComponentDescription, ItemType, Leaf};
use std::any::TypeId;

/// For each leaf, what it is satisfied with.
pub(super) fn resolve<T: 'static>(
    linker: &ComponentLinker<T>,
    component: &Component,
) -> Result<Vec<ComponentDefinition<T>>> {
    let description = component.description();
    let found: Vec<Option<&ComponentDefinition<T>>> = description
        .leaves
        .iter()
        .map(|leaf| {
            let import = &description.imports[leaf.import.index()];
            linker.find(linker.name_for(import)?, &leaf.path)
        })
        .collect();
    let resources = resources(description, &found);
    let known = Known::imports(component.types(), &resources);
    let mut problems = Vec::new();
    let mut satisfied = Vec::with_capacity(found.len());
    for (leaf, found) in description.leaves.iter().zip(found) {
        match check(linker, &known, leaf, found) {
            Ok(definition) => satisfied.push(definition.clone()),
            Err(problem) => problems.push(problem),
        }
    }
    match problems.is_empty() {
        true => Ok(satisfied),
        false => Err(Error::Link(problems)),
    }
}

/// The Rust type of each imported resource type.
fn resources<T>(
    component: &ComponentDescription,
    found: &[Option<&ComponentDefinition<T>>],
) -> Vec<Option<TypeId>> {
    let of = |leaf: usize| match found[leaf] {
        Some(ComponentDefinition::Resource(resource)) => Some(resource.ty),
        _ => None,
    };
    component.imported_resources.iter().map(|leaf| of(leaf.index())).collect()
}

/// Compares what was found with what the component means.
fn check<'d, T: 'static>(
    linker: &ComponentLinker<T>,
    known: &Known<'_>,
    leaf: &Leaf,
    found: Option<&'d ComponentDefinition<T>>,
) -> Result<&'d ComponentDefinition<T>, LinkProblem> {
    let component = known.types().component();
    let import = &component.imports[leaf.import.index()];
    let ty = names::leaf_type(component, leaf);
    let problem = |found: Option<String>| LinkProblem {
        module: import.name.clone(),
        name: leaf.path.join("/"),
        needs: ty.map(|ty| text::item_type(known.types(), ty)).unwrap_or_default(),
        found,
    };
    let Some(found) = found else {
        let other =
            linker.name_for(import).map(|name| format!("`{name}`, which has nothing so called"));
        return Err(problem(other));
    };
    let other_kind = || Err(problem(Some(format!("a {}", found.kind()))));
    match (found, ty) {
        (ComponentDefinition::Function(function), Some(ItemType::Function(index))) => {
            let ty = &component.types.functions[index.index()];
            function.check(known, ty).map_err(|why| problem(Some(why)))?;
        }
        (ComponentDefinition::Resource(_), Some(ItemType::Resource(_)))
        | (ComponentDefinition::Module(_), Some(ItemType::Module(_))) => {}
        _ => return other_kind(),
    }
    Ok(found)
}
