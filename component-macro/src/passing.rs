//! Lifting and lowering.

use crate::shape::{Part, Shape};
use crate::types::{cases, implementation, root};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::DeriveInput;

/// `Lift`.
pub(crate) fn lift(shape: &Shape, input: &DeriveInput) -> TokenStream {
    let root = root();
    let [lift, load, read] = match shape {
        Shape::Record(parts) => lifted_record(parts),
        Shape::Variant(parts) | Shape::Enum(parts) => lifted_case(parts),
        Shape::Flags(parts) => lifted_flags(parts),
    };
    let tys = shape.types();
    let body = quote! {
        const PLAIN: bool = true #(&& <#tys as #root::Lift>::PLAIN)*;

        #[allow(unused_variables)]
        fn lift(
            canon: &mut #root::Canon<'_>,
            from: &mut #root::Flat<'_>,
        ) -> #root::Result<Self> {
            #lift
        }

        fn load(canon: &mut #root::Canon<'_>, at: u32) -> #root::Result<Self> {
            #load
        }

        #[allow(unused_variables)]
        fn from_bytes(bytes: &[u8]) -> #root::Result<Self> {
            #read
        }
    };
    implementation(shape, input, "Lift", &body)
}

/// `Lower`.
pub(crate) fn lower(shape: &Shape, input: &DeriveInput) -> TokenStream {
    let root = root();
    let (lower, store) = match shape {
        Shape::Record(parts) => lowered_record(parts),
        Shape::Variant(parts) | Shape::Enum(parts) => lowered_case(parts),
        Shape::Flags(parts) => lowered_flags(parts),
    };
    let body = quote! {
        #[allow(unused_variables)]
        fn lower(
            &self,
            canon: &mut #root::Canon<'_>,
            to: &mut #root::FlatTo<'_>,
        ) -> #root::Result<()> {
            #lower
        }

        fn store(&self, canon: &mut #root::Canon<'_>, at: u32) -> #root::Result<()> {
            #store
        }
    };
    implementation(shape, input, "Lower", &body)
}

/// From core values, from memory, and from bytes.
fn lifted_record(parts: &[Part]) -> [TokenStream; 3] {
    let root = root();
    let idents: Vec<_> = parts.iter().map(|part| &part.ident).collect();
    let tys: Vec<_> = parts.iter().map(|part| &part.ty).collect();
    let lift = quote! {
        Ok(Self { #(#idents: <#tys as #root::Lift>::lift(canon, from)?,)* })
    };
    let load = quote! {
        let mut places = #root::Places::new(at);
        Ok(Self { #(#idents: <#tys as #root::Lift>::load(canon, places.of::<#tys>())?,)* })
    };
    let read = quote! {
        let mut places = #root::Places::new(0);
        Ok(Self {
            #(#idents: <#tys as #root::Lift>::from_bytes(places.bytes_of::<#tys>(bytes))?,)*
        })
    };
    [lift, load, read]
}

fn lowered_record(parts: &[Part]) -> (TokenStream, TokenStream) {
    let root = root();
    let idents: Vec<_> = parts.iter().map(|part| &part.ident).collect();
    let tys: Vec<_> = parts.iter().map(|part| &part.ty).collect();
    let lower = quote! {
        #(<#tys as #root::Lower>::lower(&self.#idents, canon, to)?;)*
        Ok(())
    };
    let store = quote! {
        let mut places = #root::Places::new(at);
        #(<#tys as #root::Lower>::store(&self.#idents, canon, places.of::<#tys>())?;)*
        Ok(())
    };
    (lower, store)
}

/// As [`lifted_record`].
fn lifted_case(parts: &[Part]) -> [TokenStream; 3] {
    let root = root();
    let layout = cases(parts);
    let arms = |carried: &dyn Fn(&syn::Type) -> TokenStream| {
        let arms = parts.iter().enumerate().map(|(number, Part { ident, ty, .. })| {
            let number = number as u32;
            match ty {
                Some(ty) => {
                    let carried = carried(ty);
                    quote!(#number => Ok(Self::#ident(<#ty as #root::Lift>::#carried?)),)
                }
                None => quote!(#number => Ok(Self::#ident),),
            }
        });
        quote! {
            #(#arms)*
            _ => Err(#root::TrapCode::InvalidDiscriminant.into()),
        }
    };
    let lifts = arms(&|_| quote!(lift(canon, &mut own)));
    let loads = arms(&|_| quote!(load(canon, payload)));
    let reads = arms(&|ty| {
        let size = quote!(<#ty as #root::ComponentType>::SIZE);
        quote!(from_bytes(#root::part(bytes, layout.payload, #size)))
    });
    let lift = quote! {
        let mut own = from.part(<Self as #root::ComponentType>::FLAT);
        match own.u32() { #lifts }
    };
    let load = quote! {
        let layout = const { #layout };
        #[allow(unused_variables)]
        let payload = at.wrapping_add(layout.payload);
        match canon.load(at, layout.number)? as u32 { #loads }
    };
    let read = quote! {
        let layout = const { #layout };
        match #root::number(#root::part(bytes, 0, layout.number)) { #reads }
    };
    [lift, load, read]
}

fn lowered_case(parts: &[Part]) -> (TokenStream, TokenStream) {
    let root = root();
    let layout = cases(parts);
    let arms = |put_number: &dyn Fn(u32) -> TokenStream, carried: TokenStream| {
        let arms = parts.iter().enumerate().map(|(number, Part { ident, ty, .. })| {
            let put = put_number(number as u32);
            match ty {
                Some(ty) => quote! {
                    Self::#ident(value) => { #put; <#ty as #root::Lower>::#carried?; }
                },
                None => quote!(Self::#ident => { #put; }),
            }
        });
        quote!(match self { #(#arms)* })
    };
    let lowers = arms(&|number| quote!(to.push(#number)), quote!(lower(value, canon, to)));
    let put = |number: u32| {
        let number = u64::from(number);
        quote!(canon.store_number(at, layout.number, #number)?)
    };
    let stores = arms(&put, quote!(store(value, canon, payload)));
    let lower = quote! {
        let end = to.len() + <Self as #root::ComponentType>::FLAT;
        #lowers
        to.fill(end);
        Ok(())
    };
    let store = quote! {
        let layout = const { #layout };
        #[allow(unused_variables)]
        let payload = at.wrapping_add(layout.payload);
        #stores
        Ok(())
    };
    (lower, store)
}

/// Words of 32 flags; their names, and the number of bytes of each in memory.
fn words(parts: &[Part]) -> (Vec<syn::Ident>, u32) {
    let names = (0..parts.len().div_ceil(32)).map(|word| format_ident!("word{word}")).collect();
    let bytes = match parts.len() {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    };
    (names, bytes)
}

/// As [`lifted_record`].
fn lifted_flags(parts: &[Part]) -> [TokenStream; 3] {
    let (words, bytes) = words(parts);
    let fields = parts.iter().enumerate().map(|(index, Part { ident, .. })| {
        let (word, bit) = (&words[index / 32], (index % 32) as u32);
        quote!(#ident: #word >> #bit & 1 != 0,)
    });
    let all = quote!(Ok(Self { #(#fields)* }));
    let lift = quote! {
        #(let #words = from.u32();)*
        #all
    };
    let offsets: Vec<_> = (0..words.len()).map(|word| word as u32 * 4).collect();
    let load = quote! {
        #(let #words = canon.load(at.wrapping_add(#offsets), #bytes)? as u32;)*
        #all
    };
    let root = root();
    let read = quote! {
        #(let #words = #root::number(#root::part(bytes, #offsets, #bytes));)*
        #all
    };
    [lift, load, read]
}

fn lowered_flags(parts: &[Part]) -> (TokenStream, TokenStream) {
    let (words, bytes) = words(parts);
    let values: Vec<TokenStream> = (0..words.len())
        .map(|word| {
            let bits = parts.iter().skip(word * 32).take(32).enumerate();
            let bits = bits.map(|(bit, Part { ident, .. })| {
                let bit = bit as u32;
                quote!(| u32::from(self.#ident) << #bit)
            });
            quote!(0 #(#bits)*)
        })
        .collect();
    let lower = quote! {
        #(to.push(#values);)*
        Ok(())
    };
    let offsets = (0..words.len()).map(|word| word as u32 * 4);
    let store = quote! {
        #(canon.store_number(at.wrapping_add(#offsets), #bytes, u64::from(#values))?;)*
        Ok(())
    };
    (lower, store)
}
