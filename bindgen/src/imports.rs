//! What a world imports: traits that the host implements.

use crate::functions::{own_name, resource};
use crate::names;
use crate::place::{Place, docs, root};
use crate::values::Written;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use wit_parser::{Function, TypeDefKind, TypeId};

/// Functions that are imported together.
pub(crate) struct Imported<'w> {
    pub(crate) place: Place<'w>,
    /// The name that a component has for where they are; none at the root.
    pub(crate) key: Option<String>,
    /// The trait.
    pub(crate) name: Ident,
    pub(crate) functions: Vec<&'w Function>,
    pub(crate) types: Vec<TypeId>,
}

impl Imported<'_> {
    /// Whether there is nothing for a host to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.resources().next().is_none()
    }

    /// Resources that are defined here.
    fn resources(&self) -> impl Iterator<Item = TypeId> {
        let resolve = self.place.source.resolve;
        let types = self.types.iter().copied();
        types.filter(move |id| matches!(resolve.types[*id].kind, TypeDefKind::Resource))
    }

    /// The traits.
    pub(crate) fn traits(&self) -> Written {
        let root = root();
        let name = &self.name;
        let methods = self.methods(None)?;
        let mut above = Vec::new();
        let mut traits = Vec::new();
        for id in self.resources() {
            let of = self.resource_trait(id);
            let methods = self.methods(Some(id))?;
            let ty = self.place.path(id);
            traits.push(quote! {
                /// What is done with a resource of the host.
                #[allow(clippy::all)]
                pub trait #of {
                    #methods
                    /// The component has dropped it.
                    ///
                    /// # Errors
                    ///
                    /// They end the call into the component.
                    fn drop(&mut self, it: #root::Own<#ty>) -> #root::derived::Result<()>;
                }
            });
            above.push(of);
        }
        let bounds = (!above.is_empty()).then(|| quote!(: #(#above)+*));
        Ok(quote! {
            #(#traits)*

            /// What the host provides.
            #[allow(clippy::all)]
            pub trait #name #bounds { #methods }
        })
    }

    fn resource_trait(&self, id: TypeId) -> Ident {
        let name = self.place.source.resolve.types[id].name.as_deref().unwrap_or_default();
        Ident::new(&format!("Host{}", names::ty(name)), Span::call_site())
    }

    /// Functions of a resource, or of none, as a trait has them.
    fn methods(&self, of: Option<TypeId>) -> Written {
        let root = root();
        let functions = self.functions.iter().filter(|function| resource(function) == of);
        let methods = functions.map(|function| {
            let signature = self.place.signature(function)?;
            let name = names::value(own_name(function));
            let (params, tys, output) = (&signature.names, &signature.owned, signature.output());
            let docs = docs(&function.docs, &format!("`{}`.", function.name));
            let params = params.iter().map(not_self);
            let output = match self.place.source.options.trappable {
                true => quote!(#root::derived::Result<#output>),
                false => output,
            };
            let output = match self.place.source.options.asynchronous {
                true => quote!(#root::Later<#output>),
                false => output,
            };
            Ok(quote!(#docs fn #name(&mut self, #(#params: #tys),*) -> #output;))
        });
        let methods = methods.collect::<Result<Vec<TokenStream>, String>>()?;
        Ok(quote!(#(#methods)*))
    }

    /// What defines all of it for components.
    pub(crate) fn definitions(&self) -> Written {
        let root = root();
        let mut all = Vec::new();
        for id in self.resources() {
            let written = self.place.source.resolve.types[id].name.as_deref().unwrap_or_default();
            let (of, ty) = (self.resource_trait(id), self.place.path(id));
            let path = self.key.iter().map(String::as_str).chain([written]);
            all.push(quote! {
                linker.resource::<#ty>(&[#(#path),*], move |mut store, rep| {
                    #of::drop(get(store.data_mut()), #root::Own::new(rep))
                });
            });
        }
        for function in &self.functions {
            all.push(self.definition(function)?);
        }
        Ok(quote!(#(#all)*))
    }

    fn definition(&self, function: &Function) -> Written {
        let signature = self.place.signature(function)?;
        let of = resource(function).map_or_else(|| self.name.clone(), |id| self.resource_trait(id));
        let name = names::value(own_name(function));
        let (params, tys) = (&signature.names, &signature.owned);
        let results = signature.results();
        let path = self.key.iter().map(String::as_str).chain([function.name.as_str()]);
        let params: Vec<Ident> = params.iter().map(not_self).collect();
        let may_fail = self.place.source.options.trappable.then(|| quote!(?));
        let root = root();
        let call = quote!(#of::#name(get(caller.data_mut()), #(#params),*));
        if self.place.source.options.asynchronous {
            let ok = quote!(#root::derived::Result::<#results>::Ok);
            let give = match signature.result {
                Some(_) => quote!(#ok((later.await #may_fail,))),
                None => quote!({ later.await #may_fail; #ok(()) }),
            };
            return Ok(quote! {
                linker.func_wrap_async::<(#(#tys,)*), #results, _>(
                    &[#(#path),*],
                    move |mut caller: #root::derived::Caller<'_, T>, (#(#params,)*)| {
                        let later = #call;
                        async move { #give }
                    },
                );
            });
        }
        let give = match signature.result {
            Some(_) => quote!(Ok((#call #may_fail,))),
            None => quote!({ #call #may_fail; Ok(()) }),
        };
        Ok(quote! {
            linker.func_wrap::<(#(#tys,)*), #results>(
                &[#(#path),*],
                move |mut caller: #root::derived::Caller<'_, T>, (#(#params,)*)| #give,
            );
        })
    }

    /// `add_to_linker` of an interface.
    pub(crate) fn add_to_linker(&self) -> Written {
        let root = root();
        let name = &self.name;
        let definitions = self.definitions()?;
        Ok(quote! {
            /// Defines all of it for components. `get` finds the host in the
            /// data of its store.
            pub fn add_to_linker<T: 'static, H: #name + 'static>(
                linker: &mut #root::ComponentLinker<T>,
                get: impl Fn(&mut T) -> &mut H + Copy + Send + Sync + 'static,
            ) {
                #definitions
            }
        })
    }
}

/// The receiver of a method is a handle; `self` is the host.
fn not_self(name: &Ident) -> Ident {
    if name == "self_" { Ident::new("it", Span::call_site()) } else { name.clone() }
}
