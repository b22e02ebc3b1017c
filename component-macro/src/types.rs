//! The type: its size, and its comparison with a component's.

use crate::shape::{Part, Shape};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_quote};

/// Where what is written finds its parts.
pub(crate) fn root() -> TokenStream {
    quote!(::precast_embed::component::derived)
}

/// An implementation of a trait for a type, whose parts all have the trait.
pub(crate) fn implementation(
    shape: &Shape,
    input: &DeriveInput,
    name: &str,
    body: &TokenStream,
) -> TokenStream {
    let root = root();
    let ident = &input.ident;
    let name = syn::Ident::new(name, proc_macro2::Span::call_site());
    let mut generics = input.generics.clone();
    if generics.type_params().next().is_some() {
        let bounds = generics.make_where_clause();
        for ty in shape.types() {
            bounds.predicates.push(parse_quote!(#ty: #root::#name));
        }
    }
    let (params, arguments, bounds) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(clippy::all)]
        impl #params #root::#name for #ident #arguments #bounds { #body }
    }
}

/// `ComponentType`.
pub(crate) fn component_type(shape: &Shape, input: &DeriveInput) -> TokenStream {
    let root = root();
    let name = input.ident.to_string();
    let (layout, check) = match shape {
        Shape::Record(parts) => (in_order(parts), record(&name, parts)),
        Shape::Variant(parts) => (in_cases(parts), variant(&name, parts)),
        Shape::Enum(parts) => {
            let names = parts.iter().map(|part| &part.name);
            (in_cases(parts), quote!(known.enumeration(ty, #name, &[#(#names),*])))
        }
        Shape::Flags(parts) => {
            let names = parts.iter().map(|part| &part.name);
            (bits(parts.len()), quote!(known.flags(ty, #name, &[#(#names),*])))
        }
    };
    let body = quote! {
        #layout

        fn check(known: &#root::Known<'_>, ty: #root::ComponentVal) -> #root::Check {
            #check
        }
    };
    implementation(shape, input, "ComponentType", &body)
}

fn in_order(parts: &[Part]) -> TokenStream {
    let root = root();
    let tys = parts.iter().filter_map(|part| part.ty.as_ref());
    let layout = quote!(#root::InOrder::NONE #(.and::<#tys>())*);
    quote! {
        const SIZE: u32 = #layout.total();
        const ALIGN: u32 = #layout.align;
        const FLAT: usize = #layout.flat;
    }
}

/// What is common to the cases, as a constant expression.
pub(crate) fn cases(parts: &[Part]) -> TokenStream {
    let root = root();
    let count = parts.len();
    let tys: Vec<_> = parts.iter().filter_map(|part| part.ty.as_ref()).collect();
    quote! {
        #root::InCases::new(
            #count,
            #root::most(&[#(<#tys as #root::ComponentType>::SIZE),*]),
            #root::most(&[1, #(<#tys as #root::ComponentType>::ALIGN),*]),
        )
    }
}

fn in_cases(parts: &[Part]) -> TokenStream {
    let root = root();
    let layout = cases(parts);
    let tys = parts.iter().filter_map(|part| part.ty.as_ref());
    quote! {
        const SIZE: u32 = #layout.size;
        const ALIGN: u32 = #layout.align;
        const FLAT: usize =
            1 + #root::most(&[#(<#tys as #root::ComponentType>::FLAT as u32),*]) as usize;
    }
}

fn bits(count: usize) -> TokenStream {
    let root = root();
    quote! {
        const SIZE: u32 = #root::flags(#count).0;
        const ALIGN: u32 = match #root::flags(#count).0 { 0 => 1, 1 => 1, 2 => 2, _ => 4 };
        const FLAT: usize = #root::flags(#count).1;
    }
}

fn record(name: &str, parts: &[Part]) -> TokenStream {
    let root = root();
    let fields = parts.iter().map(|Part { name, ty, .. }| {
        quote!((#name, <#ty as #root::ComponentType>::check as #root::CheckFn))
    });
    quote!(known.record(ty, #name, &[#(#fields),*]))
}

fn variant(name: &str, parts: &[Part]) -> TokenStream {
    let root = root();
    let cases = parts.iter().map(|Part { name, ty, .. }| match ty {
        Some(ty) => quote!((#name, #root::carried::<#ty>())),
        None => quote!((#name, ::core::option::Option::None)),
    });
    quote!(known.variant(ty, #name, &[#(#cases),*]))
}
