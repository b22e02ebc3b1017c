//! Filling the sections of the file, pass by pass.

use super::frames::Frames;
use super::image::Image;
use super::sections::{FileLayout, PerSection, Section, debug_addresses};
use super::symbols::SymbolTable;
use super::variants::{self, PlacedText};
use super::{address_tables, attributes, base, description, elf, inlined, relocate, start, tables};
use crate::debug_section::{DebugReloc, DebugSection};
use crate::place::{LinkError, MAX_DISTANCE, Machine, Placed, callees, digest};
use precast_artifact::abi::Versions;
use precast_artifact::container::DEBUG_CELL;
use precast_artifact::debug::bodies;
use precast_artifact::module::{Bounds, Description, Range};
use precast_artifact::note::{self, Note};
use sha2::{Digest as _, Sha256};

/// Bytes of the build id, as GNU ld makes it with `--build-id=sha1`.
pub(super) const BUILD_ID_SIZE: usize = 20;

/// Fields of the [note] that are copied.
#[derive(Default)]
pub(crate) struct Header {
    pub target: String,
    pub wasm_features: Vec<String>,
    pub options: Vec<String>,
    pub source_hash: [u8; 32],
    /// What made the source module, for `.comment`.
    pub producers: Vec<String>,
    /// The component that the modules are of.
    pub component: Option<ComponentSections>,
}

/// What an artifact holds of a component besides its core modules.
#[derive(Default)]
pub(crate) struct ComponentSections {
    /// The encoded [`ComponentDescription`](precast_artifact::component::ComponentDescription).
    pub description: Vec<u8>,
    /// Its interface as WIT.
    pub wit: String,
}

/// Debug information of what is placed.
#[derive(Default)]
pub(crate) struct DebugInfo {
    /// The sections; none without.
    pub sections: Vec<DebugSection>,
    /// Whether the image gets a [link base](base) of its own.
    pub own_base: bool,
}

/// Finds the place of every section in the file, and all bytes but those of
/// code.
pub(super) fn lay_out<'a>(
    mut placed: Placed<'a>,
    header: Header,
    debug: DebugInfo,
) -> Result<Image<'a>, LinkError> {
    let description = description::describe(&mut placed, header.component.is_some())?;
    let mut builder = ImageBuilder::new(placed, description, header, &debug);
    builder.fill_unplaced();
    builder.fill_debug(debug.sections);
    builder.place_sections()?;
    builder.fill_placed()?;
    builder.relocate_debug();
    builder.set_build_id();
    Ok(builder.finish())
}

/// The file, while its sections are filled.
struct ImageBuilder<'a> {
    placed: Placed<'a>,
    description: Description,
    note: Note,
    /// What made the source module.
    producers: Vec<String>,
    /// Virtual address of file offset zero.
    base: u64,
    frames: Frames,
    symbols: SymbolTable,
    variants: Vec<PlacedText>,
    /// Sizes of the modules' parts of [`Section::Functions`].
    function_tables: Vec<u64>,
    bytes: PerSection<Vec<u8>>,
    /// Sizes of all sections, also of those without bytes here.
    sizes: PerSection<u64>,
    debug_relocs: PerSection<Vec<DebugReloc>>,
    places: FileLayout,
    headers: Vec<u8>,
}

impl<'a> ImageBuilder<'a> {
    fn new(
        placed: Placed<'a>,
        description: Description,
        mut header: Header,
        debug: &DebugInfo,
    ) -> Self {
        let (variants, variants_size) = variants::place(&placed);
        let component = header.component.take();
        let producers = header.producers.clone();
        let note = unplaced_note(header, &placed, &variants);
        let base = match debug.own_base {
            true => base::link_base(placed.machine, &encode_note(&note)),
            false => 0,
        };
        let mut sizes = PerSection::default();
        sizes[Section::Cell] = if debug.sections.is_empty() { 0 } else { DEBUG_CELL };
        sizes[Section::Variants] = variants_size;
        let mut bytes = PerSection::default();
        if let Some(ComponentSections { description, wit }) = component {
            (bytes[Section::Component], bytes[Section::Wit]) = (description, wit.into_bytes());
        }
        Self {
            frames: Frames::new(placed.machine, placed.blocks()),
            symbols: SymbolTable::new(&placed, !debug.sections.is_empty()),
            places: FileLayout::new(&sizes, placed.target.page_size, base),
            placed,
            description,
            note,
            producers,
            base,
            variants,
            function_tables: Vec::new(),
            bytes,
            sizes,
            debug_relocs: PerSection::default(),
            headers: Vec::new(),
        }
    }

    /// Sections that do not depend on where others lie.
    fn fill_unplaced(&mut self) {
        let Self { placed, bytes, .. } = self;
        for module in placed.names.functions().modules() {
            let table = address_tables::function_table(placed, module);
            self.function_tables.push(table.len() as u64);
            bytes[Section::Functions].extend(table);
        }
        // Of the length that they will have.
        bytes[Section::Note] = encode_note(&self.note);
        bytes[Section::BuildId] = build_id_note(&[0; BUILD_ID_SIZE]);
        bytes[Section::Sites] = address_tables::site_table(placed, &placed.texts[0]);
        (bytes[Section::Inlined], bytes[Section::InlinedNames]) = inlined::sections(placed);
        bytes[Section::Handlers] = address_tables::handler_table(placed.blocks());
        let bodies = placed.modules.iter().map(|module| &module.bodies[..]);
        bytes[Section::Bodies] = bodies::encode(bodies);
        bytes[Section::Start] = start::code(placed.machine);
        bytes[Section::StartData] = start::data();
        bytes[Section::Comment] = comment(&self.producers);
        bytes[Section::Shstrtab] = elf::section_names();
        if placed.machine == Machine::Riscv64 {
            bytes[Section::Attributes] = attributes::encode(&self.note.cpu_features);
        }
    }

    /// Debug information, and what goes with it.
    fn fill_debug(&mut self, sections: Vec<DebugSection>) {
        if sections.is_empty() {
            return;
        }
        let Self { bytes, debug_relocs, .. } = self;
        for section in sections {
            let Some(place) = Section::debug(section.name) else {
                unreachable!("no debug section is called {}", section.name)
            };
            (bytes[place], debug_relocs[place]) = (section.bytes, section.relocs);
        }
        bytes[Section::Addresses] = debug_addresses(|section| {
            let addresses = debug_relocs[section].iter().filter(|reloc| reloc.base.is_address());
            addresses.map(|reloc| reloc.offset).collect()
        });
        bytes[Section::GdbScripts] = precast_debuggers::gdb_section().into();
        bytes[Section::LldbSummaries] = precast_debuggers::lldb_section();
    }

    /// Where everything lies in the file.
    fn place_sections(&mut self) -> Result<(), LinkError> {
        let Self { placed, bytes, frames, symbols, sizes, .. } = self;
        let page_size = placed.target.page_size;
        for (size, bytes) in sizes.iter_mut().zip(bytes.iter()) {
            *size += bytes.len() as u64;
        }
        let modules = &placed.modules;
        let data = modules.iter().flat_map(|module| &module.data);
        let memory = modules.iter().flat_map(|module| &module.memory);
        sizes[Section::Tables] = placed.tables.size;
        sizes[Section::Data] = data.map(|segment| segment.len() as u64).sum();
        sizes[Section::EhFrameHdr] = frames.header_size();
        sizes[Section::EhFrame] = frames.size();
        sizes[Section::Text] = placed.layout.size.into();
        sizes[Section::Memory] = memory.map(|pages| description::run_size(pages, page_size)).sum();
        sizes[Section::Symtab] = symbols.size();
        sizes[Section::Strtab] = symbols.strings().len() as u64;
        self.place_description();
        let code = self.places[Section::Text];
        let end = code.offset + code.size;
        if end > MAX_DISTANCE {
            return Err(LinkError::TooLarge(end));
        }
        let bounds = Bounds {
            image: self.places.image_size,
            text: code,
            component: self.places[Section::Component].size != 0,
        };
        debug_assert_eq!(self.description.check(&bounds), Ok(()));
        Ok(())
    }

    /// Places all sections, the module description among them, whose size is
    /// found here: it holds the offsets of what comes after it, in numbers of
    /// variable size.
    fn place_description(&mut self) {
        // A larger estimate gives larger offsets and no smaller encoding, so this
        // ends; nearly always in the third round.
        loop {
            let places = FileLayout::new(&self.sizes, self.placed.target.page_size, self.base);
            let Self { description, placed, function_tables, .. } = self;
            description::set_places(description, placed, &places, function_tables);
            let size = description.encode().len() as u64;
            if size == self.sizes[Section::Module] {
                self.places = places;
                return;
            }
            self.sizes[Section::Module] = size;
        }
    }

    /// Sections that say where others lie.
    fn fill_placed(&mut self) -> Result<(), LinkError> {
        let Self { placed, places, bytes, note, .. } = self;
        let code = places[Section::Text];
        note.image_size = places.image_size;
        note.text = code;
        note.module = places[Section::Module];
        if places[Section::Component].size != 0 {
            note.component = places[Section::Component];
        }
        if places[Section::Inlined].size != 0 {
            note.inlined = places[Section::Inlined];
        }
        let start = places[Section::Variants].offset;
        note.variants = variants::describe(placed, &self.variants, start);
        bytes[Section::Note] = encode_note(note);
        bytes[Section::Module] = self.description.encode();
        bytes[Section::Tables] =
            tables::encode(placed, code.offset - places[Section::Tables].offset)?;
        let [header, section] = [Section::EhFrameHdr, Section::EhFrame].map(|s| places[s].offset);
        (bytes[Section::EhFrameHdr], bytes[Section::EhFrame]) =
            self.frames.encode(header, section, code.offset);
        bytes[Section::Symtab] = self.symbols.encode(places);
        self.headers = elf::headers(&placed.target, places);
        Ok(())
    }

    /// Addresses in debug information.
    fn relocate_debug(&mut self) {
        let (text, cell) = (self.places.address(Section::Text), self.places.cell());
        for (bytes, relocs) in self.bytes.iter_mut().zip(self.debug_relocs.iter()) {
            relocate::debug(bytes, relocs, text, cell);
        }
    }

    /// The build id comes early in the file, so it cannot be the hash of its
    /// bytes. It covers what they follow from: code before it is patched, and
    /// all that decides how it is placed and patched.
    fn set_build_id(&mut self) {
        let Self { placed, bytes, .. } = self;
        let mut hash = Sha256::new_with_prefix(&self.headers);
        bytes.iter().for_each(|bytes| hash.update(bytes));
        hash.update(self.symbols.strings());
        placed.digests.iter().flatten().for_each(|digest| hash.update(digest));
        placed.texts.iter().flat_map(|text| &text.stubs).for_each(|stub| {
            hash.update(digest(&stub.function));
        });
        let callees = placed.blocks().flat_map(|(_, function)| callees(function));
        let callees = callees.flat_map(|(_, callee)| callee.get().to_le_bytes());
        hash.update(callees.collect::<Vec<u8>>());
        let modules = &placed.modules;
        modules.iter().flat_map(|module| &module.data).for_each(|segment| hash.update(segment));
        modules.iter().flat_map(|module| &module.memory).for_each(|pages| {
            hash.update(&pages.bytes);
        });
        bytes[Section::BuildId] = build_id_note(&hash.finalize()[..BUILD_ID_SIZE]);
    }

    fn finish(self) -> Image<'a> {
        Image {
            unwind_entries: self.frames.entries().to_vec(),
            placed: self.placed,
            note: self.note,
            modules: self.description.modules,
            places: self.places,
            headers: self.headers,
            bytes: self.bytes,
            debug_relocs: self.debug_relocs,
            symbols: self.symbols,
            variants: self.variants,
        }
    }
}

/// The note, but for the places. Its size does not depend on them.
fn unplaced_note(header: Header, placed: &Placed<'_>, variants: &[PlacedText]) -> Note {
    Note {
        versions: Versions::CURRENT,
        compiler: env!("CARGO_PKG_VERSION").to_owned(),
        target: header.target,
        cpu_features: placed.texts[0].cpu_features.clone(),
        wasm_features: header.wasm_features,
        options: header.options,
        source_hash: header.source_hash,
        page_size: placed.target.page_size,
        image_size: 0,
        text: Range::default(),
        module: Range::default(),
        component: Range::default(),
        inlined: Range::default(),
        variants: variants::describe(placed, variants, 0),
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
