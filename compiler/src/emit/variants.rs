//! Further texts for CPUs with more features, in `.precast.variants`.
//!
//! A loader maps one of them in the place of `.text`, so every function must
//! start at the same offset in each: in all variants a function takes as many
//! bytes as in the one where it has most. Then the module description, private
//! tables, the function table and symbols hold for each; sites and handlers,
//! which stand inside of functions, come with the text. Call-frame information
//! is that of `.text`: prologues have the same frame in each, but what a
//! debugger finds of saved registers inside of them may be off by a few bytes.

use super::LinkInput;
use super::error::LinkError;
use super::fold::{self, Digest};
use super::names::Names;
use super::output::Output;
use super::search;
use super::text::{Addresses, Text};
use crate::function::CompiledFunction;
use crate::link::input::Variant;
use precast_artifact::module::Range;
use precast_artifact::note;
use sha2::{Digest as _, Sha256};

/// Fills up each function and stub with padding to its largest size.
pub(super) fn equalise(input: &mut LinkInput<'_>, padding: u8) {
    if input.variants.is_empty() {
        return;
    }
    for index in 0..input.functions.len() {
        let variants = input.variants.iter_mut().map(|variant| &mut variant.functions[index]);
        let all = [&mut input.functions[index]].into_iter().chain(variants);
        fill(all.filter_map(Option::as_mut).collect(), padding);
    }
    for index in 0..input.stubs.len() {
        let variants = input.variants.iter_mut().map(|variant| &mut variant.stubs[index].function);
        fill([&mut input.stubs[index].function].into_iter().chain(variants).collect(), padding);
    }
}

fn fill(mut all: Vec<&mut CompiledFunction>, padding: u8) {
    let size = all.iter().map(|function| function.code.len()).max().unwrap_or(0);
    let alignment = all.iter().map(|function| function.alignment).max().unwrap_or(1);
    for function in &mut all {
        let mut code = std::mem::take(&mut function.code).into_vec();
        code.resize(size, padding);
        (function.code, function.alignment) = (code.into(), alignment);
    }
}

/// Makes digests differ where variants do: functions are the same when all
/// their variants are. These must call the very same functions.
pub(super) fn distinguish(digests: &mut [Option<Digest>], variants: &[Variant]) {
    for variant in variants {
        for (digest, function) in digests.iter_mut().zip(&variant.functions) {
            let (Some(digest), Some(function)) = (digest, function) else { continue };
            let mut hash = Sha256::new_with_prefix(*digest);
            hash.update(fold::digest(function));
            fold::callees(function).for_each(|callee| hash.update(callee.to_le_bytes()));
            *digest = hash.finalize().into();
        }
    }
}

/// Where a variant lies in its section, and its tables.
pub(super) struct Placed {
    text: Range,
    sites: Vec<u8>,
    handlers: Vec<u8>,
}

/// Lays out the section: each text at a page, its tables behind it. Gives the
/// section's size.
pub(super) fn place(variants: &[Variant], text: &Text, page_size: u64) -> (Vec<Placed>, u64) {
    let mut end = 0;
    let mut placed = Vec::new();
    for variant in variants {
        let blocks = || text.blocks(&variant.functions, &variant.stubs);
        let sites = search::site_table(blocks());
        let handlers = search::handler_table(blocks());
        let code = Range { offset: end, size: text.size.into() };
        end = tables_at(&code, page_size) + (sites.len() + handlers.len()) as u64;
        end = end.next_multiple_of(page_size);
        placed.push(Placed { text: code, sites, handlers });
    }
    (placed, end)
}

/// Where the tables behind a text start: the rest of its last page is
/// executable too, and holds padding.
fn tables_at(text: &Range, page_size: u64) -> u64 {
    (text.offset + text.size).next_multiple_of(page_size)
}

/// What the note says of variants in a section that starts at `start`.
pub(super) fn describe(
    variants: &[Variant],
    placed: &[Placed],
    start: u64,
    page_size: u64,
) -> Vec<note::Variant> {
    let describe = |(variant, placed): (&Variant, &Placed)| {
        let sites = start + tables_at(&placed.text, page_size);
        let [sites_size, handlers_size] =
            [&placed.sites, &placed.handlers].map(|table| table.len() as u64);
        note::Variant {
            cpu_features: variant.cpu_features.clone(),
            text: Range { offset: start + placed.text.offset, size: placed.text.size },
            site_table: Range { offset: sites, size: sites_size },
            handler_table: Range { offset: sites + sites_size, size: handlers_size },
        }
    };
    variants.iter().zip(placed).map(describe).collect()
}

/// Writes the section.
pub(super) fn write(
    variants: Vec<Variant>,
    placed: &[Placed],
    text: &Text,
    addresses: &Addresses<'_>,
    names: &Names<'_>,
    out: &mut Output<'_>,
    (padding, page_size): (u8, u64),
) -> Result<(), LinkError> {
    let start = out.at();
    for (variant, placed) in variants.into_iter().zip(placed) {
        out.pad_to(start + placed.text.offset, 0)?;
        // Code is patched for the place where `.text` is mapped, which this
        // text will have.
        let mut bytes = Vec::new();
        let mut code = Output::starting_at(&mut bytes, addresses.text);
        text.write(variant.functions, variant.stubs, addresses, names, &mut code, padding)?;
        code.finish()?;
        out.write(&bytes)?;
        out.pad_to(start + tables_at(&placed.text, page_size), padding)?;
        out.write(&placed.sites)?;
        out.write(&placed.handlers)?;
    }
    Ok(())
}
