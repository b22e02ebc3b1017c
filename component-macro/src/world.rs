//! What stands in `bindgen!`.

use precast_bindgen::{Options, WitSource};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitBool, LitStr, Result, Token, braced};

/// The bindings, and a note for the compiler of the files they are made from.
pub(crate) fn bindings(world: WorldOptions) -> TokenStream {
    match precast_bindgen::generate(&world.0) {
        Ok(bindings) => {
            let items = bindings.items;
            let files = bindings.files.iter().map(|file| file.display().to_string());
            quote!(#items #(const _: &[u8] = include_bytes!(#files);)*)
        }
        Err(why) => Error::new(Span::call_site(), why).into_compile_error(),
    }
}

/// `"world" in "path"`, or options in braces, or nothing.
pub(crate) struct WorldOptions(Options);

impl Parse for WorldOptions {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Options {
            source: WitSource::Path(resolved("wit")),
            world: None,
            with: HashMap::new(),
            trappable: false,
            asynchronous: false,
        };
        if input.peek(LitStr) {
            options.world = Some(input.parse::<LitStr>()?.value());
            if input.parse::<Option<Token![in]>>()?.is_some() {
                options.source = path(input)?;
            }
        } else if !input.is_empty() {
            let inner;
            braced!(inner in input);
            while !inner.is_empty() {
                option(&inner, &mut options)?;
                if !inner.is_empty() {
                    inner.parse::<Token![,]>()?;
                }
            }
        }
        Ok(Self(options))
    }
}

fn option(input: ParseStream<'_>, options: &mut Options) -> Result<()> {
    let name = input.call(Ident::parse_any)?;
    input.parse::<Token![:]>()?;
    match name.to_string().as_str() {
        "path" => options.source = path(input)?,
        "inline" => options.source = WitSource::Text(input.parse::<LitStr>()?.value()),
        "world" => options.world = Some(input.parse::<LitStr>()?.value()),
        "trappable" => options.trappable = input.parse::<LitBool>()?.value(),
        "async" => options.asynchronous = input.parse::<LitBool>()?.value(),
        "with" => {
            let inner;
            braced!(inner in input);
            while !inner.is_empty() {
                let resource = inner.parse::<LitStr>()?.value();
                inner.parse::<Token![:]>()?;
                let ty = inner.parse::<syn::Path>()?;
                options.with.insert(resource, quote!(#ty));
                if !inner.is_empty() {
                    inner.parse::<Token![,]>()?;
                }
            }
        }
        _ => {
            let why = "`path`, `inline`, `world`, `with`, `trappable` or `async` can stand here";
            return Err(Error::new(name.span(), why));
        }
    }
    Ok(())
}

fn path(input: ParseStream<'_>) -> Result<WitSource> {
    Ok(WitSource::Path(resolved(&input.parse::<LitStr>()?.value())))
}

/// Paths are those from the package that is compiled.
fn resolved(path: &str) -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    Path::new(&package).join(path)
}
