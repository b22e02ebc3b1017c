//! Comparison of Rust types with a component's: asked once, when something is
//! linked or looked up.

use crate::canonical::shape::Types;
use crate::canonical::text;
use precast_artifact::component::{ComponentVal, CompositeVal, ResourceTableType};
use precast_artifact::index::{ComponentInstanceIndex, ResourceIndex, ResourceTableIndex};
use std::any::TypeId;
use std::cell::RefCell;

/// What differs, if anything does.
pub type Check = Result<(), String>;

/// Compares a Rust type with one of a component.
pub type CheckFn = fn(&Known<'_>, ComponentVal) -> Check;

/// What is known of a component when Rust types are compared with its types.
pub struct Known<'k> {
    types: &'k Types,
    /// The Rust type of each resource type that is the host's.
    resources: &'k [Option<TypeId>],
    /// For exports: the instance that handles pass to and from.
    holder: Option<ComponentInstanceIndex>,
    marks: RefCell<Vec<ResourceMark>>,
}

/// A Rust type that stands for a resource type which a component defines.
pub(crate) type ResourceMark = (TypeId, ResourceIndex);

impl<'k> Known<'k> {
    /// What imports are compared with.
    pub(crate) fn imports(types: &'k Types, resources: &'k [Option<TypeId>]) -> Self {
        Self { types, resources, holder: None, marks: RefCell::default() }
    }

    /// What an export of this instance is compared with. `marks` are known
    /// already.
    pub(crate) fn exports(
        types: &'k Types,
        resources: &'k [Option<TypeId>],
        holder: ComponentInstanceIndex,
        marks: Vec<ResourceMark>,
    ) -> Self {
        Self { types, resources, holder: Some(holder), marks: RefCell::new(marks) }
    }

    /// Those that were found meanwhile too.
    pub(crate) fn into_marks(self) -> Vec<ResourceMark> {
        self.marks.into_inner()
    }

    /// The types of the component.
    pub(crate) fn types(&self) -> &Types {
        self.types
    }

    /// What a composite type is made of.
    pub fn composite(&self, ty: ComponentVal) -> Option<&CompositeVal> {
        self.types.composite(ty)
    }

    /// That a Rust type is of another kind than the component's.
    pub fn differs(&self, rust: &str, ty: ComponentVal) -> Check {
        let ty = text::value_type(self.types, ty);
        Err(format!("`{rust}` in Rust, `{ty}` in the component"))
    }

    /// Compares a type that is not made of others.
    pub(crate) fn simple(&self, ty: ComponentVal, expected: ComponentVal) -> Check {
        if ty == expected {
            return Ok(());
        }
        self.differs(&text::value_type(self.types, expected), ty)
    }

    /// Compares a record: names and types of its fields in order.
    pub fn record(&self, ty: ComponentVal, name: &str, expected: &[(&str, CheckFn)]) -> Check {
        let Some(CompositeVal::Record(fields)) = self.composite(ty) else {
            return self.differs(&format!("record {name}"), ty);
        };
        let names = fields.iter().map(|field| field.name.as_str());
        same_names("field", name, names, expected.iter().map(|(name, _)| *name))?;
        for (field, (_, check)) in fields.iter().zip(expected) {
            check(self, field.ty).map_err(inside("field", &field.name))?;
        }
        Ok(())
    }

    /// Compares a variant: names of its cases, in order, and what they carry.
    pub fn variant(
        &self,
        ty: ComponentVal,
        name: &str,
        expected: &[(&str, Option<CheckFn>)],
    ) -> Check {
        let Some(CompositeVal::Variant(cases)) = self.composite(ty) else {
            return self.differs(&format!("variant {name}"), ty);
        };
        let names = cases.iter().map(|case| case.name.as_str());
        same_names("case", name, names, expected.iter().map(|(name, _)| *name))?;
        for (case, (_, check)) in cases.iter().zip(expected) {
            self.carries(case.ty, *check).map_err(inside("case", &case.name))?;
        }
        Ok(())
    }

    /// Compares the names of an enum.
    pub fn enumeration(&self, ty: ComponentVal, name: &str, expected: &[&str]) -> Check {
        match self.composite(ty) {
            Some(CompositeVal::Enum(names)) => {
                same_names("case", name, names.iter().map(String::as_str), expected.iter().copied())
            }
            _ => self.differs(&format!("enum {name}"), ty),
        }
    }

    /// Compares the names of flags.
    pub fn flags(&self, ty: ComponentVal, name: &str, expected: &[&str]) -> Check {
        match self.composite(ty) {
            Some(CompositeVal::Flags(names)) => {
                same_names("flag", name, names.iter().map(String::as_str), expected.iter().copied())
            }
            _ => self.differs(&format!("flags {name}"), ty),
        }
    }

    /// Compares what a case carries, or a function gives.
    pub(crate) fn carries(&self, ty: Option<ComponentVal>, expected: Option<CheckFn>) -> Check {
        match (ty, expected) {
            (Some(ty), Some(check)) => check(self, ty),
            (None, None) => Ok(()),
            (Some(ty), None) => self.differs("()", ty),
            (None, Some(_)) => Err("a value in Rust, none in the component".to_owned()),
        }
    }

    /// Compares a resource type with a Rust type that is the host's.
    pub(crate) fn host_resource(&self, table: ResourceTableIndex, ty: TypeId, rust: &str) -> Check {
        let found = self.resource(table).and_then(|resource| self.resources.get(resource.index()));
        match found == Some(&Some(ty)) {
            true => Ok(()),
            false => self.differs(rust, ComponentVal::Own(table)),
        }
    }

    /// Has a Rust type stand for a resource type that the component defines.
    pub(crate) fn guest_resource(
        &self,
        table: ResourceTableIndex,
        ty: TypeId,
        rust: &str,
    ) -> Check {
        let own = |resource: &ResourceIndex| self.resources.get(resource.index()).is_none();
        let Some(resource) = self.resource(table).filter(own) else {
            return self.differs(rust, ComponentVal::Own(table));
        };
        let mut marks = self.marks.borrow_mut();
        match marks.iter().find(|(known, _)| *known == ty) {
            Some((_, known)) if *known == resource => Ok(()),
            Some(_) => Err(format!(
                "`{rust}` in Rust stands for another resource already: a type of its own is \
                 needed for `{}`",
                text::resource(self.types, table)
            )),
            None => {
                marks.push((ty, resource));
                Ok(())
            }
        }
    }

    /// The resource type of a table, if those who call have its handles.
    fn resource(&self, table: ResourceTableIndex) -> Option<ResourceIndex> {
        match self.types.component().types.resource_tables[table.index()] {
            ResourceTableType::Concrete { resource, instance } => {
                self.holder.is_none_or(|holder| holder == instance).then_some(resource)
            }
            ResourceTableType::Abstract(_) => None,
        }
    }
}

/// Says where what differs stands.
pub(crate) fn inside(what: &str, name: &str) -> impl FnOnce(String) -> String {
    move |why| format!("{what} `{name}`: {why}")
}

/// Compares names in order, and says which is the first that differs.
fn same_names<'n>(
    what: &str,
    name: &str,
    mut names: impl Iterator<Item = &'n str>,
    mut expected: impl Iterator<Item = &'n str>,
) -> Check {
    loop {
        match (names.next(), expected.next()) {
            (None, None) => return Ok(()),
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => {
                return Err(format!(
                    "{what} `{other}` of {name} in Rust, `{one}` in the component"
                ));
            }
            (Some(one), None) => {
                return Err(format!("{name} in Rust lacks the component's {what} `{one}`"));
            }
            (None, Some(other)) => {
                return Err(format!("{what} `{other}` of {name} is not in the component"));
            }
        }
    }
}
