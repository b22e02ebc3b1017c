//! Placing compiled functions and everything around them into the ELF image.
//!
//! Linking is serial and depends on nothing but its input, so equal inputs
//! give equal bytes. The layout of the whole file is known before its first
//! byte is written; text is patched function by function on the way out, so
//! memory never holds it twice.
//!
//! | module | does |
//! |-|-|
//! | [`input`] | what is linked |
//! | [`names`] | what it is called |
//! | [`machine`] | what differs between machines |
//! | [`fold`] | finds identical functions |
//! | [`mod@place`] | where a piece of code lies |
//! | [`text`] | places code, and writes it |
//! | [`veneers`] | carries calls further than they reach |
//! | [`relocate`] | applies relocations inside code |
//! | [`tables`] | private tables and context template |
//! | [`search`] | functions, sites and handlers by address |
//! | [`frames`] | `.eh_frame` and its search table |
//! | [`symbols`] | `.symtab` |
//! | [`attributes`] | `.riscv.attributes` |
//! | [`description`] | places in the module description |
//! | [`sections`] | the sections and where they lie |
//! | [`base`] | the address that an image with debug information is linked at |
//! | [`variants`] | further texts for CPUs with more features |
//! | [`elf`] | the headers around them |
//! | [`image`] | the artifact, laid out, and how it is written |
//! | [`relocatable`] | the same as a relocatable object |
//! | [`elf_relocs`] | what relocations are called there |
//! | [`mod@relink`] | makes the artifact of such an object |
//! | [`output`] | the file, as it is written |

mod attributes;
mod base;
mod description;
mod elf;
mod elf_relocs;
mod error;
mod fold;
mod frames;
mod image;
mod input;
mod machine;
mod names;
mod output;
mod place;
mod relink;
mod relocatable;
mod relocate;
mod search;
mod sections;
mod symbols;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod variants;
mod veneers;

pub(crate) use error::LinkError;
pub(crate) use input::{
    DebugBase, DebugReloc, DebugSection, Header, LinkInput, LinkTarget, MemoryContents,
    PrivateEntry, Stub, StubKind, Variant,
};
pub(crate) use relink::relink;

use crate::function::CompiledFunction;
use frames::Frames;
use image::Image;
use machine::Machine;
use names::Names;
use precast_artifact::abi::Versions;
use precast_artifact::container::DEBUG_CELL;
use precast_artifact::index::ModuleIndex;
use precast_artifact::module::{Bounds, Description, InstancePlan, Module, Range};
use precast_artifact::note::{self, Note};
use precast_artifact::{bodies, formatters};
use sections::{PerSection, Places, Section};
use sha2::{Digest as _, Sha256};
use std::io::Write;
use symbols::SymbolTable;
use tables::Tables;
use text::{MAX_DISTANCE, Text};

/// What was linked.
#[derive(Clone, Debug)]
pub(crate) struct LinkSummary {
    /// Name and size in bytes of every section, in file order.
    pub sections: Vec<(&'static str, u64)>,
    /// Size of the file in bytes.
    pub size: u64,
    /// Number of own functions, folded ones included.
    pub functions: usize,
    /// Number of functions that share the code of another.
    pub folded: usize,
}

/// Bytes of the build id, as GNU ld makes it with `--build-id=sha1`.
const BUILD_ID_SIZE: usize = 20;

/// Where in `.text` each own function will lie, when nothing is folded.
pub(crate) fn code_places(
    target: &LinkTarget,
    imported: u32,
    functions: &[Option<CompiledFunction>],
    stubs: &[Stub],
) -> Result<Vec<Option<std::ops::Range<u32>>>, LinkError> {
    let reach = Machine::new(target.machine)?.call_reach();
    let classes = fold::unfolded(functions.len());
    let text = Text::place(imported, functions, &classes, stubs, reach)?;
    let range = |place: text::Place| place.start..place.start + place.size;
    Ok(text.functions.into_iter().map(|place| place.map(range)).collect())
}

/// Links an artifact and writes its image to `out`, from front to back.
pub(crate) fn link(input: LinkInput<'_>, out: &mut dyn Write) -> Result<LinkSummary, LinkError> {
    let machine = Machine::new(input.target.machine)?;
    lay_out(machine, machine.call_reach(), input)?.write(out)
}

/// As [`link`], but writes a relocatable object that a system linker can make
/// part of a program, with a descriptor of this name.
pub(crate) fn link_to_object(
    input: LinkInput<'_>,
    descriptor: &str,
    out: &mut dyn Write,
) -> Result<LinkSummary, LinkError> {
    let machine = Machine::new(input.target.machine)?;
    let image = lay_out(machine, machine.call_reach(), input)?;
    relocatable::write(image, descriptor, out)
}

/// Finds the place of everything, for a machine whose calls reach less than
/// `reach` bytes, and all bytes but those of code.
fn lay_out(
    machine: Machine,
    reach: Option<u64>,
    mut input: LinkInput<'_>,
) -> Result<Image<'_>, LinkError> {
    let page_size = input.target.page_size;
    let names = Names {
        imported: input.module.imported_functions(),
        functions: std::mem::take(&mut input.names),
        stubs: input.stubs.iter().map(|stub| stub.kind).collect(),
    };
    input.memory.retain(|contents| !contents.bytes.is_empty());
    variants::equalise(&mut input, machine.padding());

    // What is shared, and where all code lies within `.text`.
    let mut digests = fold::digests(&input.functions);
    variants::distinguish(&mut digests, &input.variants);
    let classes = match input.fold {
        true => fold::classes(&input.functions, &digests, names.imported),
        false => fold::unfolded(input.functions.len()),
    };
    let text = Text::place(names.imported, &input.functions, &classes, &input.stubs, reach)?;
    let (functions, folded) = drop_folded(&mut input.functions, &classes);
    for variant in &mut input.variants {
        drop_folded(&mut variant.functions, &classes);
    }
    let blocks = || text.blocks(&input.functions, &input.stubs);

    // What depends on that alone.
    let tables = Tables::place(&input.private_tables, &input.context);
    let frames = Frames::new(machine, blocks());
    let unwind_entries = frames.entries().to_vec();
    let symbols =
        SymbolTable::new(machine, &names, &text, &tables, blocks(), !input.debug.is_empty());
    let comment = comment(&input.header.producers);
    let mut note = unplaced_note(input.header, page_size);
    let (placed, variants_size) = variants::place(&input.variants, &text, page_size);
    note.variants = variants::describe(&input.variants, &placed, 0, page_size);
    let mut bytes = PerSection::<Vec<u8>>::default();
    bytes[Section::Note] = encode_note(&note);
    let base = match input.own_base {
        true => base::link_base(machine, &bytes[Section::Note]),
        false => 0,
    };
    bytes[Section::BuildId] = build_id_note(&[0; BUILD_ID_SIZE]);
    bytes[Section::Functions] = search::function_table(&text, &input.functions);
    bytes[Section::Sites] = search::site_table(blocks());
    bytes[Section::Handlers] = search::handler_table(blocks());
    bytes[Section::Bodies] = bodies::encode(input.bodies.iter().copied());
    bytes[Section::Comment] = comment;
    bytes[Section::Shstrtab] = elf::section_names();
    if machine == Machine::Riscv64 {
        bytes[Section::Attributes] = attributes::encode(&note.cpu_features);
    }
    let debug = std::mem::take(&mut input.debug);
    let with_debug = !debug.is_empty();
    let mut relocs = PerSection::<Vec<DebugReloc>>::default();
    for section in debug {
        let Some(place) = Section::debug(section.name) else {
            unreachable!("no debug section is called {}", section.name)
        };
        (bytes[place], relocs[place]) = (section.bytes, section.relocs);
    }
    if with_debug {
        bytes[Section::Addresses] = sections::debug_addresses(|section| {
            let addresses = relocs[section].iter().filter(|reloc| reloc.base.is_address());
            addresses.map(|reloc| reloc.offset).collect()
        });
        bytes[Section::GdbScripts] = formatters::gdb_section().into();
        bytes[Section::LldbSummaries] = formatters::lldb_section();
    }

    // Where everything lies in the file.
    let mut sizes = bytes.map(|bytes| bytes.len() as u64);
    sizes[Section::Cell] = if with_debug { DEBUG_CELL } else { 0 };
    sizes[Section::Tables] = tables.size;
    sizes[Section::Data] = input.data.iter().map(|segment| segment.len() as u64).sum();
    sizes[Section::EhFrameHdr] = frames.header_size();
    sizes[Section::EhFrame] = frames.size();
    sizes[Section::Text] = text.size.into();
    sizes[Section::Variants] = variants_size;
    let run_size = |contents| description::run_size(contents, page_size);
    sizes[Section::Memory] = input.memory.iter().map(run_size).sum();
    sizes[Section::Symtab] = symbols.size();
    sizes[Section::Strtab] = symbols.strings().len() as u64;
    let mut module = input.module;
    description::set_code(&mut module, &text, &names, input.relocs)?;
    let (mut description, places) = place(module, sizes, page_size, base, |module, places| {
        description::set_places(module, places, &tables, &input.data, &input.memory);
    });
    let code = places[Section::Text];
    if code.offset + code.size > MAX_DISTANCE {
        return Err(LinkError::TooLarge(code.offset + code.size));
    }
    let bounds = Bounds { image: places.image_size, text: code };
    debug_assert_eq!(description.check(&bounds), Ok(()));

    // What depends on places.
    note.image_size = places.image_size;
    note.text = code;
    note.module = places[Section::Module];
    let start = places[Section::Variants].offset;
    note.variants = variants::describe(&input.variants, &placed, start, page_size);
    bytes[Section::Note] = encode_note(&note);
    bytes[Section::Module] = description.encode();
    let to_text = code.offset - places[Section::Tables].offset;
    bytes[Section::Tables] =
        tables.encode(&input.private_tables, &input.context, to_text, &text, &names)?;
    let [header, section] = [Section::EhFrameHdr, Section::EhFrame].map(|s| places[s].offset);
    (bytes[Section::EhFrameHdr], bytes[Section::EhFrame]) =
        frames.finish(header, section, code.offset);
    bytes[Section::Symtab] = symbols.encode(&places);
    for (bytes, relocs) in bytes.iter_mut().zip(relocs.iter()) {
        relocate::debug(bytes, relocs, places.address(Section::Text), places.cell());
    }
    let headers = elf::headers(&input.target, &places);

    // The build id comes early in the file, so it cannot be the hash of its
    // bytes. It covers what they follow from: code before it is patched, and
    // all that decides how it is placed and patched.
    let mut hash = Sha256::new_with_prefix(&headers);
    bytes.iter().for_each(|bytes| hash.update(bytes));
    hash.update(symbols.strings());
    digests.iter().flatten().for_each(|digest| hash.update(digest));
    input.stubs.iter().for_each(|stub| hash.update(fold::digest(&stub.function)));
    input.variants.iter().flat_map(|variant| &variant.stubs).for_each(|stub| {
        hash.update(fold::digest(&stub.function));
    });
    let callees = blocks().flat_map(|(_, function)| fold::callees(function));
    hash.update(callees.flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    input.data.iter().for_each(|segment| hash.update(segment));
    input.memory.iter().for_each(|contents| hash.update(&contents.bytes));
    bytes[Section::BuildId] = build_id_note(&hash.finalize()[..BUILD_ID_SIZE]);

    Ok(Image {
        machine,
        target: input.target,
        names,
        text,
        tables,
        private_tables: input.private_tables,
        note,
        module: description.modules.swap_remove(0),
        places,
        headers,
        bytes,
        debug_relocs: relocs,
        symbols,
        unwind_entries,
        functions: input.functions,
        stubs: input.stubs,
        data: input.data,
        memory: input.memory,
        counts: (functions, folded),
        variants: input.variants,
        placed_variants: placed,
    })
}

/// Places sections of these sizes, but for the module description, whose size
/// is found here: it holds the offsets of what comes after it, in numbers of
/// variable size.
fn place(
    module: Module,
    mut sizes: PerSection<u64>,
    page_size: u64,
    base: u64,
    set_places: impl Fn(&mut Module, &Places),
) -> (Description, Places) {
    let instance = InstancePlan { module: ModuleIndex::new(0), links: Vec::new() };
    let mut description = Description { modules: vec![module], instances: vec![instance] };
    // A larger estimate gives larger offsets and no smaller encoding, so this
    // ends; nearly always in the third round.
    loop {
        let places = Places::new(&sizes, page_size, base);
        set_places(&mut description.modules[0], &places);
        let size = description.encode().len() as u64;
        if size == sizes[Section::Module] {
            return (description, places);
        }
        sizes[Section::Module] = size;
    }
}

/// Frees the code of folded functions. Returns the number of functions before,
/// and of those that were folded.
fn drop_folded(functions: &mut [Option<CompiledFunction>], classes: &[u32]) -> (usize, usize) {
    let before = functions.iter().flatten().count();
    for ((function, class), index) in functions.iter_mut().zip(classes).zip(0..) {
        if *class != index {
            *function = None;
        }
    }
    (before, before - functions.iter().flatten().count())
}

/// The note, but for the places. Its size does not depend on them.
fn unplaced_note(header: Header, page_size: u64) -> Note {
    Note {
        versions: Versions::CURRENT,
        compiler: env!("CARGO_PKG_VERSION").to_owned(),
        target: header.target,
        cpu_features: header.cpu_features,
        wasm_features: header.wasm_features,
        options: header.options,
        source_hash: header.source_hash,
        page_size,
        image_size: 0,
        text: Range::default(),
        module: Range::default(),
        variants: Vec::new(),
    }
}

fn encode_note(note: &Note) -> Vec<u8> {
    elf::note(note::OWNER, note::TYPE, &note.encode())
}

/// `.comment`: what made the artifact, and what made its source, as strings
/// that end with zero.
fn comment(producers: &[String]) -> Vec<u8> {
    let ours = concat!("precast ", env!("CARGO_PKG_VERSION"));
    let lines = std::iter::once(ours).chain(producers.iter().map(String::as_str));
    lines.flat_map(|line| line.bytes().chain([0])).collect()
}

fn build_id_note(id: &[u8]) -> Vec<u8> {
    elf::note(b"GNU\0", object::elf::NT_GNU_BUILD_ID, id)
}
