//! What a world exports: functions that the host calls.

use crate::functions::{own_name, resource};
use crate::names;
use crate::place::{Place, docs, root};
use crate::values::Written;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use wit_parser::{Function, TypeDefKind, TypeId};

/// Functions that are exported together.
pub(crate) struct Exported<'w> {
    pub(crate) place: Place<'w>,
    /// The name that a component has for where they are; none at the root.
    pub(crate) key: Option<String>,
    pub(crate) functions: Vec<&'w Function>,
}

impl Exported<'_> {
    /// Fields that hold the functions.
    pub(crate) fn fields(&self) -> Written {
        let root = root();
        let fields = self.functions.iter().map(|function| {
            let signature = self.place.signature(function)?;
            let (name, tys, results) = (field(function), &signature.owned, signature.results());
            Ok(quote!(#name: #root::TypedComponentFunc<(#(#tys,)*), #results>,))
        });
        let fields = fields.collect::<Result<Vec<TokenStream>, String>>()?;
        Ok(quote!(#(#fields)*))
    }

    /// The same, looked up.
    pub(crate) fn values(&self) -> TokenStream {
        let values = self.functions.iter().map(|function| {
            let (name, path) = (field(function), function.name.as_str());
            let path = self.key.iter().map(String::as_str).chain([path]);
            quote!(#name: instance.get_typed_func(store, &[#(#path),*])?,)
        });
        quote!(#(#values)*)
    }

    /// Methods that call those of a resource, or of none.
    pub(crate) fn methods(&self, of: Option<TypeId>) -> Written {
        let functions = self.functions.iter().filter(|function| resource(function) == of);
        let methods = functions.map(|function| self.method(function));
        let methods = methods.collect::<Result<Vec<TokenStream>, String>>()?;
        Ok(quote!(#(#methods)*))
    }

    fn method(&self, function: &Function) -> Written {
        let root = root();
        let signature = self.place.signature(function)?;
        let (params, tys, output) = (&signature.names, &signature.borrowed, signature.output());
        let (called, name) = (field(function), names::prefixed("call_", own_name(function)));
        let docs = docs(&function.docs, &format!("`{}`.", function.name));
        let funcs = resource(function).map(|_| quote!(guest.));
        let unpack = signature.result.as_ref().map(|_| quote!(.map(|(result,)| result)));
        let given = quote!((#(#params,)*));
        let (is_async, call) = match self.place.source.options.asynchronous {
            true => (Some(quote!(async)), quote!(call_async_with(store, #given).await)),
            false => (None, quote!(call_with(store, &#given))),
        };
        Ok(quote! {
            #docs
            ///
            /// # Errors
            ///
            /// As `ComponentFunc::call`.
            pub #is_async fn #name(
                &self,
                store: &mut impl #root::derived::AsStore,
                #(#params: #tys),*
            ) -> #root::derived::Result<#output> {
                self.#funcs #called.#call #unpack
            }
        })
    }

    /// The struct of an interface, and those of its resources.
    pub(crate) fn guest(&self, types: &[TypeId]) -> Written {
        let root = root();
        let (fields, values, methods) = (self.fields()?, self.values(), self.methods(None)?);
        let resolve = self.place.source.resolve;
        let (mut accessors, mut resources) = (Vec::new(), Vec::new());
        let is_resource = |id: &&TypeId| matches!(resolve.types[**id].kind, TypeDefKind::Resource);
        for id in types.iter().filter(is_resource) {
            let written = resolve.types[*id].name.as_deref().unwrap_or_default();
            let name = Ident::new(&format!("Guest{}", names::ty(written)), Span::call_site());
            let (accessor, methods) = (names::value(written), self.methods(Some(*id))?);
            accessors.push(quote! {
                /// What can be done with a resource.
                pub fn #accessor(&self) -> #name<'_> {
                    #name { guest: self }
                }
            });
            resources.push(quote! {
                /// Functions of a resource that the component defines.
                #[allow(dead_code)]
                pub struct #name<'g> { guest: &'g Guest }
                impl #name<'_> { #methods }
            });
        }
        Ok(quote! {
            /// The functions, of an instance of a component.
            #[derive(Clone)]
            pub struct Guest { #fields }

            #[allow(unused_variables, clippy::all)]
            impl Guest {
                /// Looks the functions up.
                ///
                /// # Errors
                ///
                /// One is missing, or of another type.
                pub fn new(
                    store: &mut impl #root::derived::AsStore,
                    instance: &#root::ComponentInstance,
                ) -> #root::derived::Result<Self> {
                    Ok(Self { #values })
                }

                #(#accessors)*
                #methods
            }

            #(#resources)*
        })
    }
}

/// The field of a function.
fn field(function: &Function) -> Ident {
    let name: String =
        function.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    names::prefixed("func_", &name)
}
