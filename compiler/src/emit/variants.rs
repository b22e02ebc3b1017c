//! Further texts for CPUs with more features, in `.precast.variants`.
//!
//! A loader maps one of them in the place of `.text`. Functions lie at the same
//! offsets in each, so the module description, private tables, the function
//! table and symbols hold for each; sites and handlers, which stand inside of
//! functions, come with the text. Call-frame information is that of `.text`:
//! prologues have the same frame in each, but what a debugger finds of saved
//! registers inside of them may be off by a few bytes.

use super::address_tables;
use super::text::Addresses;
use super::writer::ImageWriter;
use crate::code::Text;
use crate::place::{LinkError, Placed};
use precast_artifact::module::Range;
use precast_artifact::note;

/// Where a text lies in its section, and its tables.
pub(super) struct PlacedText {
    text: Range,
    sites: Vec<u8>,
    handlers: Vec<u8>,
}

/// Lays out the section: each text but the baseline's at a page, followed by
/// its tables. Gives the section's size.
pub(super) fn place(placed: &Placed<'_>) -> (Vec<PlacedText>, u64) {
    let page_size = placed.target.page_size;
    let mut end = 0;
    let mut texts = Vec::new();
    for text in &placed.texts[1..] {
        let sites = address_tables::site_table(placed, text);
        let handlers = address_tables::handler_table(placed.blocks_of(text));
        let code = Range { offset: end, size: placed.layout.size.into() };
        end = tables_at(&code, page_size) + (sites.len() + handlers.len()) as u64;
        end = end.next_multiple_of(page_size);
        texts.push(PlacedText { text: code, sites, handlers });
    }
    (texts, end)
}

/// Where the tables after a text start: the rest of its last page is executable
/// too, and holds padding.
fn tables_at(text: &Range, page_size: u64) -> u64 {
    (text.offset + text.size).next_multiple_of(page_size)
}

/// What the note says of texts in a section that starts at `start`.
pub(super) fn describe(
    placed: &Placed<'_>,
    texts: &[PlacedText],
    start: u64,
) -> Vec<note::Variant> {
    let describe = |(text, at): (&Text, &PlacedText)| {
        let sites = start + tables_at(&at.text, placed.target.page_size);
        let [sites_size, handlers_size] = [&at.sites, &at.handlers].map(|table| table.len() as u64);
        note::Variant {
            cpu_features: text.cpu_features.clone(),
            text: Range { offset: start + at.text.offset, size: at.text.size },
            site_table: Range { offset: sites, size: sites_size },
            handler_table: Range { offset: sites + sites_size, size: handlers_size },
        }
    };
    placed.texts[1..].iter().zip(texts).map(describe).collect()
}

/// Writes the section.
pub(super) fn write(
    texts: impl Iterator<Item = Text>,
    placed: &[PlacedText],
    addresses: &Addresses<'_>,
    out: &mut ImageWriter<'_>,
    (padding, page_size): (u8, u64),
) -> Result<(), LinkError> {
    let start = out.at();
    for (text, placed) in texts.zip(placed) {
        out.pad_to(start + placed.text.offset, 0)?;
        // Code is patched for the place where `.text` is mapped, which this
        // text will have.
        let mut bytes = Vec::new();
        let mut code = ImageWriter::starting_at(&mut bytes, addresses.text);
        addresses.write(text, &mut code, padding)?;
        code.finish()?;
        out.write(&bytes)?;
        out.pad_to(start + tables_at(&placed.text, page_size), padding)?;
        out.write(&placed.sites)?;
        out.write(&placed.handlers)?;
    }
    Ok(())
}
