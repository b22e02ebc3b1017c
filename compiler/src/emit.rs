//! What is placed, as a file: an artifact, or a relocatable object of the same.
//!
//! The layout of the whole file is known before its first byte is written; text
//! is patched function by function on the way out, so memory never holds it
//! twice.
//!
//! | rank | modules |
//! |-|-|
//! | the file | [`sections`], [`elf`], [`writer`] |
//! | contents of sections | [`attributes`], [`base`], [`frames`], [`start`], [`inlined`], [`address_tables`], [`symbols`], [`relocate`], [`text`], [`tables`], [`description`], [`variants`] |
//! | the artifact: sections filled, and written | [`summary`], [`image`], [`layout`] |
//! | the same as an object, and back | [`elf_relocs`], [`object_text`], [`relocatable`], [`mod@relink`] |

mod address_tables;
mod attributes;
mod base;
mod description;
mod elf;
mod elf_relocs;
mod frames;
mod image;
mod inlined;
mod layout;
mod object_text;
mod relink;
mod relocatable;
mod relocate;
mod sections;
mod start;
mod summary;
mod symbols;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod variants;
mod writer;

use crate::place::{LinkError, Placed};
pub(crate) use layout::{ComponentSections, DebugInfo, Header};
pub(crate) use relink::relink;
use std::io::Write;
pub(crate) use summary::EmitSummary;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Output<'n> {
    /// An artifact.
    Artifact,
    /// A relocatable object that a system linker can make part of a program.
    Object {
        /// What C names begin with; `<name>_image` is its one global symbol.
        name: &'n str,
    },
}

/// Writes what is placed to `out`, from front to back.
pub(crate) fn emit(
    placed: Placed<'_>,
    header: Header,
    debug: DebugInfo,
    output: Output<'_>,
    out: &mut dyn Write,
) -> Result<EmitSummary, LinkError> {
    let image = layout::lay_out(placed, header, debug)?;
    match output {
        Output::Artifact => image.write(out),
        Output::Object { name } => relocatable::write(image, &image_name(name), out),
    }
}

/// Symbol of the image of a module that is called `name` in C.
pub(crate) fn image_name(name: &str) -> String {
    c_name(name, "image")
}

/// What C calls something of the module that is called `name`. Names that
/// begin with `precast_` are those of `precast.h`; another one ends in a `_`.
pub(crate) fn c_name(name: &str, of: &str) -> String {
    let c_name = format!("{name}_{of}");
    if c_name.starts_with("precast_") { c_name + "_" } else { c_name }
}
