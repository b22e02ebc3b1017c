//! Macros for components, which `precast-embed` gives on under
//! `precast_embed::component`; what they write names that crate.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | what is derived from | `shape` | records, variants, enums and flags as Rust has them |
//! | what is written | `types`, `passing` | the type and its comparison; lifting and lowering |
//! | bindings | `world` | what stands in `bindgen!` |

mod passing;
mod shape;
mod types;
mod world;

use proc_macro::TokenStream;
use shape::Shape;
use syn::{DeriveInput, parse_macro_input};

/// Makes a Rust type stand for a type of components.
///
/// | Rust | component |
/// |-|-|
/// | a struct with named fields | `record` |
/// | the same, with `#[component(flags)]`, all of type `bool` | `flags` |
/// | an enum of which no case carries anything | `enum`; with `#[component(variant)]`, `variant` |
/// | an enum with cases that carry one value or none | `variant` |
///
/// Names are those of the Rust type as WIT writes them, `last_name` as
/// `last-name`, unless `#[component(name = "...")]` stands at a field or case.
#[proc_macro_derive(ComponentType, attributes(component))]
pub fn derive_component_type(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), types::component_type)
}

/// Makes values of a type that can be taken from a component. The type is also a
/// `ComponentType`, and all that it is made of can be taken.
#[proc_macro_derive(Lift, attributes(component))]
pub fn derive_lift(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), passing::lift)
}

/// Makes values of a type that can be given to a component. The type is also a
/// `ComponentType`, and all that it is made of can be given.
#[proc_macro_derive(Lower, attributes(component))]
pub fn derive_lower(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), passing::lower)
}

/// Writes bindings for a world of WIT: a struct with functions that a component
/// exports, traits for what it imports, and types; `precast-bindgen` says which.
///
/// | option | for |
/// |-|-|
/// | `path: "wit"` | the file or folder of the WIT, from the package that is compiled |
/// | `inline: "..."` | WIT as text, instead |
/// | `world: "name"` | the world, if there is more than one |
/// | `with: { "a:b/c/resource": Type }` | a Rust type for a resource of the host |
/// | `trappable: true` | functions of the host may fail, which ends the call |
/// | `async: true` | functions of the host give their results as `Later`, and exports are waited for |
///
/// `bindgen!("world" in "path")` says the two that are most common.
#[proc_macro]
pub fn bindgen(input: TokenStream) -> TokenStream {
    world::bindings(parse_macro_input!(input as world::WorldOptions)).into()
}

/// Writes what a type derives, or what is wrong with it.
fn expand(
    input: DeriveInput,
    write: fn(&Shape, &DeriveInput) -> proc_macro2::TokenStream,
) -> TokenStream {
    match Shape::of(&input) {
        Ok(shape) => write(&shape, &input).into(),
        Err(why) => why.into_compile_error().into(),
    }
}
