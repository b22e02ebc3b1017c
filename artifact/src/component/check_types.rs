//! Proof of the types: every index in range, no type in itself, none too deep.

use super::MAX_TYPE_DEPTH;
use super::description::ComponentDescription;
use super::types::{ComponentTypes, ComponentVal, CompositeVal, ItemType, ResourceTableType};
use crate::module::Check;
use crate::types::{FuncType, HeapType, RefType, ValType};

/// The number counts one of `count`.
pub(super) fn below(what: &str, number: u32, count: usize) -> Check {
    match (number as usize) < count {
        true => Ok(()),
        false => Err(format!("{what} {number}, but there are {count}")),
    }
}

impl ComponentDescription {
    /// Checks all types.
    pub(super) fn check_types(&self) -> Check {
        let types = &self.types;
        let mut depths = Vec::with_capacity(types.values.len());
        for (index, value) in types.values.iter().enumerate() {
            let depth =
                types.depth(value, &depths).map_err(|why| format!("type {index}: {why}"))?;
            if depth > MAX_TYPE_DEPTH {
                return Err(format!("type {index} is nested more than {MAX_TYPE_DEPTH} deep"));
            }
            depths.push(depth);
        }
        for function in &types.functions {
            let params = function.params.iter().map(|field| field.ty);
            params.chain(function.result).try_for_each(|ty| types.check_value(ty))?;
        }
        for (index, instance) in types.instances.iter().enumerate() {
            in_order("an instance type's exports", instance.exports.iter().map(|item| &item.name))?;
            let mut exports = instance.exports.iter();
            exports.try_for_each(|item| types.check_item(item.ty, index))?;
        }
        for table in &types.resource_tables {
            if let ResourceTableType::Concrete { resource, instance } = *table {
                below("resource", resource.get(), self.resource_count())?;
                below("component instance", instance.get(), self.component_instances as usize)?;
            }
        }
        Ok(())
    }

    /// Number of resource types, imported and defined.
    pub fn resource_count(&self) -> usize {
        self.imported_resources.len() + self.resources.len()
    }

    /// An item of any type there is.
    pub(super) fn check_item(&self, ty: ItemType) -> Check {
        self.types.check_item(ty, self.types.instances.len())
    }
}

impl ComponentTypes {
    /// How deep a type is nested that stands after those of these depths.
    fn depth(&self, value: &CompositeVal, depths: &[u32]) -> Result<u32, String> {
        let of = |ty: ComponentVal| match ty {
            ComponentVal::Composite(index) => {
                let depth = depths.get(index.index()).copied();
                depth.ok_or_else(|| format!("refers to type {index}, which is no earlier one"))
            }
            _ => self.check_value(ty).map(|()| 0),
        };
        let deepest = |types: &mut dyn Iterator<Item = ComponentVal>| {
            let mut deepest = 0;
            for ty in types {
                deepest = of(ty)?.max(deepest);
            }
            Ok(deepest)
        };
        let inner = match value {
            CompositeVal::Record(fields) => deepest(&mut fields.iter().map(|field| field.ty)),
            CompositeVal::Variant(cases) => deepest(&mut cases.iter().filter_map(|case| case.ty)),
            CompositeVal::List(ty) | CompositeVal::FixedList(ty, _) | CompositeVal::Option(ty) => {
                of(*ty)
            }
            CompositeVal::Map(key, value) => deepest(&mut [*key, *value].into_iter()),
            CompositeVal::Tuple(types) => deepest(&mut types.iter().copied()),
            CompositeVal::Flags(_) | CompositeVal::Enum(_) => Ok(0),
            CompositeVal::Result { ok, err } => deepest(&mut ok.iter().chain(err).copied()),
        };
        let counted = match value {
            CompositeVal::Variant(cases) if cases.is_empty() => Err("a variant without cases"),
            CompositeVal::Enum(names) if names.is_empty() => Err("an enum without cases"),
            CompositeVal::Flags(names) if names.len() > 32 => Err("more than 32 flags"),
            _ => Ok(()),
        };
        counted?;
        inner.map(|depth| depth + 1)
    }

    fn check_value(&self, ty: ComponentVal) -> Check {
        match ty {
            ComponentVal::Composite(index) => below("type", index.get(), self.values.len()),
            ComponentVal::Own(table) | ComponentVal::Borrow(table) => {
                below("resource table", table.get(), self.resource_tables.len())
            }
            _ => Ok(()),
        }
    }

    /// An item whose instance type, if it is one, is among the first `instances`.
    fn check_item(&self, ty: ItemType, instances: usize) -> Check {
        match ty {
            ItemType::Function(ty) => below("function type", ty.get(), self.functions.len()),
            ItemType::Instance(ty) => below("instance type", ty.get(), instances),
            ItemType::Module(ty) => below("core module type", ty.get(), self.modules.len()),
            ItemType::Value(ty) => self.check_value(ty),
            ItemType::Resource(table) => {
                below("resource table", table.get(), self.resource_tables.len())
            }
            ItemType::Component => Ok(()),
        }
    }
}

/// Names stand in order, none twice.
pub(super) fn in_order<'n>(what: &str, names: impl Iterator<Item = &'n String>) -> Check {
    let mut last: Option<&String> = None;
    for name in names {
        if last.is_some_and(|last| last >= name) {
            return Err(format!("{what} are not in order: `{name}`"));
        }
        last = Some(name);
    }
    Ok(())
}

/// A core function type that refers to no types of a module.
pub(super) fn check_core(ty: &FuncType) -> Check {
    let concrete =
        |ty: &ValType| matches!(ty, ValType::Ref(RefType { heap: HeapType::Concrete(_), .. }));
    match ty.params.iter().chain(&ty.results).any(concrete) {
        true => Err("a core function's type refers to another type".to_owned()),
        false => Ok(()),
    }
}
