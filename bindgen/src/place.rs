//! The world, and where in its bindings something stands.

use crate::names;
use crate::options::Options;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::collections::HashSet;
use wit_parser::{
    Docs, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, World, WorldId, WorldItem,
    WorldKey,
};

/// The world that bindings are written for.
pub(crate) struct Source<'w> {
    pub(crate) resolve: &'w Resolve,
    pub(crate) world: &'w World,
    pub(crate) options: &'w Options,
    exported: HashSet<InterfaceId>,
}

/// Which way an interface goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Import,
    Export,
}

/// A place in the bindings, from which names are looked for.
#[derive(Clone, Copy)]
pub(crate) struct Place<'w> {
    pub(crate) source: &'w Source<'w>,
    pub(crate) side: Side,
    /// How many modules it is in.
    depth: usize,
}

impl<'w> Source<'w> {
    pub(crate) fn new(resolve: &'w Resolve, world: WorldId, options: &'w Options) -> Self {
        let world = &resolve.worlds[world];
        let interface = |item: &WorldItem| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        };
        let exported = world.exports.values().filter_map(interface).collect();
        Self { resolve, world, options, exported }
    }

    /// Outside of all modules.
    pub(crate) fn root(&'w self, side: Side) -> Place<'w> {
        Place { source: self, side, depth: 0 }
    }

    /// Inside the modules of an interface.
    pub(crate) fn inside(&'w self, side: Side, interface: InterfaceId) -> Place<'w> {
        Place { source: self, side, depth: self.modules(side, interface).len() }
    }

    /// The modules that an interface stands in.
    pub(crate) fn modules(&self, side: Side, id: InterfaceId) -> Vec<Ident> {
        let mut modules = Vec::new();
        if side == Side::Export {
            modules.push(Ident::new("exports", Span::call_site()));
        }
        let interface = &self.resolve.interfaces[id];
        match (&interface.name, interface.package) {
            (Some(name), Some(package)) => {
                let package = &self.resolve.packages[package].name;
                modules.push(names::value(&package.namespace));
                let same = self.resolve.package_names.keys().filter(|other| {
                    (&other.namespace, &other.name) == (&package.namespace, &package.name)
                });
                modules.push(match (&package.version, same.count() > 1) {
                    (Some(version), true) => names::value(&format!("{}-{version}", package.name)),
                    _ => names::value(&package.name),
                });
                modules.push(names::value(name));
            }
            _ => modules.extend(self.key_of(side, id).map(names::value)),
        }
        modules
    }

    /// The name that a world gives to an interface which has none.
    fn key_of(&self, side: Side, id: InterfaceId) -> Option<&str> {
        let items = match side {
            Side::Import => &self.world.imports,
            Side::Export => &self.world.exports,
        };
        items.iter().find_map(|(key, item)| match (key, item) {
            (WorldKey::Name(name), WorldItem::Interface { id: found, .. }) if *found == id => {
                Some(name.as_str())
            }
            _ => None,
        })
    }

    /// The name of an item as a component has it.
    pub(crate) fn key(&self, key: &WorldKey) -> String {
        self.resolve.name_world_key(key)
    }

    /// A type without the aliases that lead to it.
    pub(crate) fn dealias(&self, mut id: TypeId) -> TypeId {
        while let TypeDefKind::Type(Type::Id(next)) = &self.resolve.types[id].kind {
            id = *next;
        }
        id
    }

    /// Where a type with a name was defined, if in an interface.
    pub(crate) fn owner(&self, id: TypeId) -> Option<InterfaceId> {
        match self.resolve.types[id].owner {
            TypeOwner::Interface(interface) => Some(interface),
            TypeOwner::World(_) | TypeOwner::None => None,
        }
    }

    /// The Rust type that was given for a resource of the host.
    pub(crate) fn given_type(&self, id: TypeId) -> Option<&TokenStream> {
        let name = self.resolve.types[id].name.as_deref()?;
        let interface = self.owner(id)?;
        let full = format!("{}/{name}", self.resolve.id_of(interface)?);
        let bare = match full.split_once('@') {
            Some((before, after)) => {
                format!("{before}/{}", after.split_once('/').map_or("", |(_, name)| name))
            }
            None => full.clone(),
        };
        self.options.with.get(&full).or_else(|| self.options.with.get(&bare))
    }
}

impl Place<'_> {
    /// Which side an interface is on, seen from here: what an export uses is
    /// exported if it can be.
    pub(crate) fn side_of(&self, interface: InterfaceId) -> Side {
        let exported = self.source.exported.contains(&interface);
        if self.side == Side::Export && exported { Side::Export } else { Side::Import }
    }

    /// The path to a type with a name.
    pub(crate) fn path(&self, id: TypeId) -> TokenStream {
        let name = self.source.resolve.types[id].name.as_deref().unwrap_or_default();
        let name = names::ty(name);
        let modules = match self.source.owner(id) {
            Some(interface) => self.source.modules(self.side_of(interface), interface),
            None => Vec::new(),
        };
        self.reached(&quote!(#(#modules::)* #name))
    }

    /// A path that is good where the bindings stand, from here; one that begins
    /// with `crate` or `::` is so everywhere.
    pub(crate) fn reached(&self, path: &TokenStream) -> TokenStream {
        let start = path.clone().into_iter().next().map(|token| token.to_string());
        if start.is_some_and(|start| start == "crate" || start == ":") {
            return path.clone();
        }
        let up = (0..self.depth).map(|_| quote!(super::));
        quote!(#(#up)* #path)
    }
}

/// Where what is written finds what it needs.
pub(crate) fn root() -> TokenStream {
    quote!(::precast_embed::component)
}

/// Documentation as it stands in WIT.
pub(crate) fn docs(docs: &Docs, otherwise: &str) -> TokenStream {
    let text = docs.contents.as_deref().unwrap_or(otherwise).trim();
    quote!(#[doc = #text])
}
