//! Types where they are used.

use crate::place::{Place, Side, root};
use proc_macro2::TokenStream;
use quote::quote;
use wit_parser::{Handle, Type, TypeDefKind, TypeId};

/// Tokens, or why there are none.
pub(crate) type Written = Result<TokenStream, String>;

impl Place<'_> {
    /// The Rust type for a value that is owned.
    pub(crate) fn owned(&self, ty: &Type) -> Written {
        let of = |ty: &Type| self.owned(ty);
        match ty {
            Type::Id(id) if self.source.resolve.types[*id].name.is_some() => Ok(self.path(*id)),
            Type::Id(id) => self.composite(&self.source.resolve.types[*id].kind, &of),
            simple => primitive(simple),
        }
    }

    /// The Rust type for a parameter of what is called: references where that
    /// saves a copy.
    pub(crate) fn borrowed(&self, ty: &Type) -> Written {
        let of = |ty: &Type| self.borrowed(ty);
        let Type::Id(id) = ty else {
            return match ty {
                Type::String => Ok(quote!(&str)),
                simple => primitive(simple),
            };
        };
        let kind = &self.source.resolve.types[self.source.dealias(*id)].kind;
        match kind {
            TypeDefKind::Type(simple) => self.borrowed(simple),
            TypeDefKind::List(element) => {
                let element = self.owned(element)?;
                Ok(quote!(&[#element]))
            }
            TypeDefKind::Record(_) | TypeDefKind::Variant(_) => {
                let path = self.path(*id);
                Ok(quote!(&#path))
            }
            TypeDefKind::Enum(_) | TypeDefKind::Flags(_) => Ok(self.path(*id)),
            kind => self.composite(kind, &of),
        }
    }

    /// The Rust type for a type that is made of others, in the form of each that
    /// `of` gives.
    pub(crate) fn composite(&self, kind: &TypeDefKind, of: &dyn Fn(&Type) -> Written) -> Written {
        let unit = |ty: &Option<Type>| ty.as_ref().map_or_else(|| Ok(quote!(())), of);
        Ok(match kind {
            TypeDefKind::Type(ty) => of(ty)?,
            TypeDefKind::Option(ty) => {
                let ty = of(ty)?;
                quote!(::core::option::Option<#ty>)
            }
            TypeDefKind::Result(result) => {
                let (ok, err) = (unit(&result.ok)?, unit(&result.err)?);
                quote!(::core::result::Result<#ok, #err>)
            }
            TypeDefKind::Tuple(tuple) => {
                let tys = tuple.types.iter().map(of).collect::<Result<Vec<_>, _>>()?;
                quote!((#(#tys,)*))
            }
            TypeDefKind::List(ty) => {
                let ty = self.owned(ty)?;
                quote!(::std::vec::Vec<#ty>)
            }
            TypeDefKind::FixedLengthList(ty, count) => {
                let (ty, count) = (self.owned(ty)?, *count as usize);
                quote!([#ty; #count])
            }
            TypeDefKind::Map(key, value) => {
                let (key, value) = (self.owned(key)?, self.owned(value)?);
                quote!(::std::collections::BTreeMap<#key, #value>)
            }
            TypeDefKind::Handle(handle) => self.handle(*handle),
            other => return Err(format!("a {} has no form in Rust here", other.as_str())),
        })
    }

    fn handle(&self, handle: Handle) -> TokenStream {
        let root = root();
        let (Handle::Own(id) | Handle::Borrow(id)) = handle;
        let path = self.path(id);
        match (handle, self.defines(id)) {
            (Handle::Own(_), false) => quote!(#root::Own<#path>),
            (Handle::Borrow(_), false) => quote!(#root::Borrow<#path>),
            (Handle::Own(_), true) => quote!(#root::GuestOwn<#path>),
            (Handle::Borrow(_), true) => quote!(#root::GuestBorrow<#path>),
        }
    }

    /// Whether it is the component that defines a resource.
    pub(crate) fn defines(&self, resource: TypeId) -> bool {
        let owner = self.source.owner(self.source.dealias(resource));
        owner.is_some_and(|interface| self.side_of(interface) == Side::Export)
    }

    /// Whether a value of this type has a part that `wanted` finds.
    pub(crate) fn holds(&self, ty: &Type, wanted: &dyn Fn(&TypeDefKind) -> bool) -> bool {
        let Type::Id(id) = ty else { return false };
        let kind = &self.source.resolve.types[*id].kind;
        let of = |ty: &Type| self.holds(ty, wanted);
        let any = |ty: &Option<Type>| ty.as_ref().is_some_and(of);
        wanted(kind)
            || match kind {
                TypeDefKind::Type(ty)
                | TypeDefKind::Option(ty)
                | TypeDefKind::List(ty)
                | TypeDefKind::FixedLengthList(ty, _) => of(ty),
                TypeDefKind::Map(key, value) => of(key) || of(value),
                TypeDefKind::Record(record) => record.fields.iter().any(|field| of(&field.ty)),
                TypeDefKind::Variant(variant) => variant.cases.iter().any(|case| any(&case.ty)),
                TypeDefKind::Tuple(tuple) => tuple.types.iter().any(of),
                TypeDefKind::Result(result) => any(&result.ok) || any(&result.err),
                _ => false,
            }
    }
}

fn primitive(ty: &Type) -> Written {
    Ok(match ty {
        Type::Bool => quote!(bool),
        Type::U8 => quote!(u8),
        Type::U16 => quote!(u16),
        Type::U32 => quote!(u32),
        Type::U64 => quote!(u64),
        Type::S8 => quote!(i8),
        Type::S16 => quote!(i16),
        Type::S32 => quote!(i32),
        Type::S64 => quote!(i64),
        Type::F32 => quote!(f32),
        Type::F64 => quote!(f64),
        Type::Char => quote!(char),
        Type::String => quote!(::std::string::String),
        Type::ErrorContext => return Err("an error-context has no form in Rust here".to_owned()),
        Type::Id(_) => unreachable!("callers know these"),
    })
}
