//! Types with names.

use crate::names;
use crate::place::{Place, Side, docs, root};
use crate::values::Written;
use proc_macro2::TokenStream;
use quote::quote;
use wit_parser::{Case, Handle, Type, TypeDefKind, TypeId};

impl Place<'_> {
    /// The definition of a type.
    pub(crate) fn definition(&self, id: TypeId) -> Written {
        let def = &self.source.resolve.types[id];
        let written = def.name.as_deref().unwrap_or_default();
        let name = names::ty(written);
        let docs = docs(&def.docs, &format!("`{written}`."));
        let body = match &def.kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().map(|field| {
                    let (docs, attribute) = part(&field.docs, &field.name);
                    let (ident, ty) = (names::value(&field.name), self.owned(&field.ty)?);
                    Ok(quote!(#docs #attribute pub #ident: #ty,))
                });
                let fields = fields.collect::<Result<Vec<_>, String>>()?;
                let derives = self.derives(id, false);
                quote!(#derives #[component(record)] pub struct #name { #(#fields)* })
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| self.case(case));
                let cases = cases.collect::<Result<Vec<_>, String>>()?;
                let derives = self.derives(id, false);
                quote!(#derives #[component(variant)] pub enum #name { #(#cases)* })
            }
            TypeDefKind::Enum(all) => {
                let cases = all.cases.iter().map(|case| {
                    let (docs, attribute) = part(&case.docs, &case.name);
                    let ident = names::ty(&case.name);
                    quote!(#docs #attribute #ident,)
                });
                let derives = self.derives(id, true);
                quote!(#derives #[component(enum)] pub enum #name { #(#cases)* })
            }
            TypeDefKind::Flags(all) => {
                let flags = all.flags.iter().map(|flag| {
                    let (docs, attribute) = part(&flag.docs, &flag.name);
                    let ident = names::value(&flag.name);
                    quote!(#docs #attribute pub #ident: bool,)
                });
                let derives = self.derives(id, true);
                quote!(#derives #[derive(Default)] #[component(flags)] pub struct #name {
                    #(#flags)*
                })
            }
            TypeDefKind::Resource => match self.source.given_type(id) {
                Some(given) if self.side == Side::Import => {
                    let given = self.reached(given);
                    quote!(pub type #name = #given;)
                }
                _ => quote!(#[derive(Debug)] pub enum #name {}),
            },
            other => {
                let ty = self.composite(other, &|ty: &Type| self.owned(ty))?;
                quote!(pub type #name = #ty;)
            }
        };
        Ok(quote!(#docs #[allow(dead_code, clippy::all)] #body))
    }

    /// A case of a variant.
    fn case(&self, case: &Case) -> Written {
        let (docs, attribute) = part(&case.docs, &case.name);
        let carried = case.ty.as_ref().map(|ty| self.owned(ty)).transpose()?;
        let (ident, carried) = (names::ty(&case.name), carried.map(|ty| quote!((#ty))));
        Ok(quote!(#docs #attribute #ident #carried,))
    }

    /// What a type derives: all that its parts allow.
    fn derives(&self, id: TypeId, small: bool) -> TokenStream {
        let root = root();
        let ty = Type::Id(id);
        let handle = |kind: &TypeDefKind| matches!(kind, TypeDefKind::Handle(_));
        let lent = |kind: &TypeDefKind| match kind {
            TypeDefKind::Handle(Handle::Borrow(resource)) => self.defines(*resource),
            _ => false,
        };
        let lift = (!self.holds(&ty, &lent)).then(|| quote!(#root::Lift,));
        let plain = (!self.holds(&ty, &handle)).then(|| quote!(Clone, PartialEq,));
        let copied = small.then(|| quote!(Copy, Eq,));
        quote!(#[derive(Debug, #plain #copied #lift #root::ComponentType, #root::Lower)])
    }
}

/// What stands before a field or case.
fn part(of: &wit_parser::Docs, name: &str) -> (TokenStream, TokenStream) {
    (docs(of, &format!("`{name}`.")), quote!(#[component(name = #name)]))
}
