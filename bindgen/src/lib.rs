//! Rust bindings for a world of WIT, for hosts of components: what the macro
//! `precast_embed::component::bindgen!` writes.
//!
//! | in WIT | in Rust |
//! |-|-|
//! | world | a struct: `instantiate`, `add_to_linker`, `call_...` for functions it exports |
//! | imported interface | a module with a trait `Host`, which the host implements, and `add_to_linker` |
//! | exported interface | a module under `exports` with a struct `Guest` of functions |
//! | resource that is imported | a type, and a trait `Host...` for what is done with it |
//! | resource that is exported | a type that stands for it, and a struct `Guest...` of functions |
//! | record, variant, enum, flags | a type that derives `ComponentType`, `Lift`, `Lower` |
//! | any other type with a name | an alias |
//!
//! With [`Options::asynchronous`], functions of the host give `Later` values, and those
//! of components are `async`.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | what is asked for | `options` | where the WIT is, and how bindings are written |
//! | names | `names` | names as Rust writes them |
//! | the world | `place` | the world, and where in the bindings something stands |
//! | types | `values`, `types` | types where they are used; types with names |
//! | functions | `functions` | parameters and results |
//! | interfaces | `imports`, `exports` | what the host provides; what it calls |
//! | all of it | `world` | modules, and the struct of the world |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod exports;
mod functions;
mod imports;
mod names;
mod options;
mod place;
mod types;
mod values;
mod world;

pub use options::{Options, WitSource};
use proc_macro2::TokenStream;
use std::path::PathBuf;
use wit_parser::Resolve;

/// Bindings, and what they were made from.
#[derive(Debug)]
pub struct Bindings {
    /// Items of Rust.
    pub items: TokenStream,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// Writes bindings.
///
/// # Errors
///
/// What is wrong with the WIT, or has no form in Rust here.
pub fn generate(options: &Options) -> Result<Bindings, String> {
    let mut resolve = Resolve::default();
    let mut files = Vec::new();
    let package = match &options.source {
        WitSource::Path(path) => {
            let (package, read) = resolve.push_path(path).map_err(|why| format!("{why:#}"))?;
            files.extend(read.paths().map(PathBuf::from));
            package
        }
        WitSource::Text(text) => {
            resolve.push_str("inline.wit", text).map_err(|why| format!("{why:#}"))?
        }
    };
    let world = resolve.select_world(&[package], options.world.as_deref());
    let world = world.map_err(|why| format!("{why:#}"))?;
    let source = place::Source::new(&resolve, world, options);
    Ok(Bindings { items: world::write(&source)?, files })
}
