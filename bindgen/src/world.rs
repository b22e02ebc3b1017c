//! The modules, and the struct of the world.

use crate::exports::Exported;
use crate::imports::Imported;
use crate::names;
use crate::place::{Side, Source, docs, root};
use crate::values::Written;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::collections::BTreeMap;
use wit_parser::{Function, InterfaceId, TypeId, WorldItem, WorldKey};

/// Modules in modules, by name, and what stands in them.
#[derive(Default)]
struct Modules {
    items: TokenStream,
    inner: BTreeMap<String, Modules>,
}

impl Modules {
    fn at(&mut self, path: &[Ident]) -> &mut Self {
        path.iter().fold(self, |at, name| at.inner.entry(name.to_string()).or_default())
    }

    fn write(&self) -> TokenStream {
        let items = &self.items;
        let inner = self.inner.iter().map(|(name, modules)| {
            let (name, body) = (Ident::new(name, Span::call_site()), modules.write());
            quote!(#[allow(missing_docs, dead_code, clippy::all)] pub mod #name { #body })
        });
        quote!(#items #(#inner)*)
    }
}

/// All of it.
pub(crate) fn write(source: &Source<'_>) -> Written {
    let mut modules = Modules::default();
    for (key, item) in &source.world.imports {
        if let WorldItem::Interface { id, .. } = item {
            modules.at(&source.modules(Side::Import, *id)).items = imported(source, key, *id)?;
        }
    }
    for (key, item) in &source.world.exports {
        if let WorldItem::Interface { id, .. } = item {
            modules.at(&source.modules(Side::Export, *id)).items = exported(source, key, *id)?;
        }
    }
    modules.items = world(source)?;
    Ok(modules.write())
}

fn types(source: &Source<'_>, side: Side, id: InterfaceId) -> Result<Vec<TokenStream>, String> {
    let place = source.inside(side, id);
    source.resolve.interfaces[id].types.values().map(|ty| place.definition(*ty)).collect()
}

fn interface<'w>(source: &'w Source<'_>, key: &WorldKey, id: InterfaceId) -> Imported<'w> {
    let interface = &source.resolve.interfaces[id];
    Imported {
        place: source.inside(Side::Import, id),
        key: Some(source.key(key)),
        name: Ident::new("Host", Span::call_site()),
        functions: interface.functions.values().collect(),
        types: interface.types.values().copied().collect(),
    }
}

fn imported(source: &Source<'_>, key: &WorldKey, id: InterfaceId) -> Written {
    let types = types(source, Side::Import, id)?;
    let all = interface(source, key, id);
    if all.is_empty() {
        return Ok(quote!(#(#types)*));
    }
    let (traits, add) = (all.traits()?, all.add_to_linker()?);
    Ok(quote!(#(#types)* #traits #add))
}

fn exported(source: &Source<'_>, key: &WorldKey, id: InterfaceId) -> Written {
    let definitions = types(source, Side::Export, id)?;
    let interface = &source.resolve.interfaces[id];
    let all = Exported {
        place: source.inside(Side::Export, id),
        key: Some(source.key(key)),
        functions: interface.functions.values().collect(),
    };
    let types: Vec<TypeId> = interface.types.values().copied().collect();
    let guest = all.guest(&types)?;
    Ok(quote!(#(#definitions)* #guest))
}

fn functions<'w>(items: impl Iterator<Item = &'w WorldItem>) -> Vec<&'w Function> {
    let function = |item: &'w WorldItem| match item {
        WorldItem::Function(function) => Some(function),
        _ => None,
    };
    items.filter_map(function).collect()
}

/// What is imported beside interfaces.
fn own_imports<'w>(source: &'w Source<'_>) -> Imported<'w> {
    let items = source.world.imports.values();
    let ty = |item: &WorldItem| match item {
        WorldItem::Type { id, .. } => Some(*id),
        _ => None,
    };
    Imported {
        place: source.root(Side::Import),
        key: None,
        name: Ident::new(&format!("{}Imports", names::ty(&source.world.name)), Span::call_site()),
        functions: functions(items.clone()),
        types: items.filter_map(ty).collect(),
    }
}

fn world(source: &Source<'_>) -> Written {
    let root = root();
    let name = names::ty(&source.world.name);
    let own = own_imports(source);
    let definitions = own.types.iter().map(|ty| own.place.definition(*ty));
    let definitions = definitions.collect::<Result<Vec<_>, _>>()?;
    let traits = if own.is_empty() { TokenStream::new() } else { own.traits()? };
    let add = add_to_linker(source, &own)?;
    let called = Exported {
        place: source.root(Side::Export),
        key: None,
        functions: functions(source.world.exports.values()),
    };
    let (fields, values, methods) = (called.fields()?, called.values(), called.methods(None)?);
    let (guest_fields, guest_values, accessors) = guests(source);
    let docs = docs(&source.world.docs, &format!("An instance of world `{}`.", source.world.name));
    Ok(quote! {
        #(#definitions)*
        #traits

        #docs
        #[derive(Clone)]
        #[allow(dead_code, clippy::all)]
        pub struct #name { #fields #guest_fields }

        #[allow(dead_code, unused_variables, clippy::all)]
        impl #name {
            /// Makes an instance of a component.
            ///
            /// # Errors
            ///
            /// As `ComponentLinker::instantiate`; an export is missing, or of
            /// another type.
            pub fn instantiate<T: 'static>(
                store: &mut impl #root::derived::AsStore<Data = T>,
                component: &#root::Component,
                linker: &#root::ComponentLinker<T>,
            ) -> #root::derived::Result<Self> {
                let instance = linker.instantiate(store, component)?;
                Self::new(store, &instance)
            }

            /// What an instance exports.
            ///
            /// # Errors
            ///
            /// An export is missing, or of another type.
            pub fn new(
                store: &mut impl #root::derived::AsStore,
                instance: &#root::ComponentInstance,
            ) -> #root::derived::Result<Self> {
                Ok(Self { #values #guest_values })
            }

            #add
            #methods
            #accessors
        }
    })
}

/// What defines all imports.
fn add_to_linker(source: &Source<'_>, own: &Imported<'_>) -> Written {
    let root = root();
    let (mut bounds, mut calls) = (Vec::new(), Vec::new());
    for (key, item) in &source.world.imports {
        let WorldItem::Interface { id, .. } = item else { continue };
        if !interface(source, key, *id).is_empty() {
            let path = source.modules(Side::Import, *id);
            bounds.push(quote!(#(#path::)* Host));
            calls.push(quote!(#(#path::)* add_to_linker::<T, H>(linker, get);));
        }
    }
    if !own.is_empty() {
        let (name, definitions) = (&own.name, own.definitions()?);
        bounds.push(quote!(#name));
        calls.push(definitions);
    }
    if bounds.is_empty() {
        return Ok(TokenStream::new());
    }
    Ok(quote! {
        /// Defines all imports of the world. `get` finds the host in the data of
        /// its store.
        pub fn add_to_linker<T: 'static, H: #(#bounds +)* 'static>(
            linker: &mut #root::ComponentLinker<T>,
            get: impl Fn(&mut T) -> &mut H + Copy + Send + Sync + 'static,
        ) {
            #(#calls)*
        }
    })
}

/// Fields, values and accessors of the interfaces that are exported.
fn guests(source: &Source<'_>) -> (TokenStream, TokenStream, TokenStream) {
    let (mut fields, mut values, mut accessors) = (Vec::new(), Vec::new(), Vec::new());
    for item in source.world.exports.values() {
        let WorldItem::Interface { id, .. } = item else { continue };
        let path = source.modules(Side::Export, *id);
        let name: Vec<String> = path[1..].iter().map(Ident::to_string).collect();
        let accessor = names::value(&name.join("-"));
        let field = names::prefixed("interface_", &name.join("-"));
        fields.push(quote!(#field: #(#path::)* Guest,));
        values.push(quote!(#field: #(#path::)* Guest::new(store, instance)?,));
        accessors.push(quote! {
            /// The functions of an interface that is exported.
            pub fn #accessor(&self) -> &#(#path::)* Guest {
                &self.#field
            }
        });
    }
    (quote!(#(#fields)*), quote!(#(#values)*), quote!(#(#accessors)*))
}
