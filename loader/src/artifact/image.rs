//! Images: the code and descriptions of an artifact, where they lie in memory.
//!
//! # Safety
//!
//! [`Image::at`] follows the address that an image registered itself with,
//! which stays good until the image is gone.
#![allow(unsafe_code)]

use crate::artifact::info::ModuleInfo;
use crate::artifact::linked::{self, Linked};
use crate::artifact::registry::{self, Registration};
use crate::artifact::symbol_file::{self, Registered};
use crate::sys::debugger::carry_gdb_script;
use crate::sys::map::FileMapping;
use crate::sys::spare::Owner;
use precast_artifact::component::ComponentDescription;
use precast_artifact::container::{CELL_WORDS, symbols_at};
use precast_artifact::index::{CodeOffset, ModuleIndex};
use precast_artifact::module::{Description, MemoryRun, Module, Range};
use precast_artifact::note::Note;
use std::fs::File;
use std::path::PathBuf;
use std::ptr::with_exposed_provenance;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// What an [`Artifact`](crate::Artifact) shares.
#[derive(Debug)]
pub(crate) struct Image {
    /// First, so that the text leaves the registry before it is unmapped.
    registration: OnceLock<Registration>,
    /// Likewise. Only of images with debug information.
    symbol_file: OnceLock<Registered>,
    source: Source,
    /// Address of `.text`.
    text: usize,
    path: Option<PathBuf>,
    /// What reports call the file, if not by its name.
    title: OnceLock<String>,
    note: Note,
    description: Description,
    modules: Vec<ModuleInfo>,
    component: Option<Arc<ComponentDescription>>,
    /// Whoever the memories of its instances are at home with.
    pub(crate) memories: Owner,
}

/// What an artifact says of itself, decoded and checked.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) description: Description,
    pub(super) component: Option<Arc<ComponentDescription>>,
}

/// Where the bytes of an image lie.
#[derive(Debug)]
pub(super) enum Source {
    /// In a mapped file.
    File(FileMapping, File),
    /// In this program.
    Linked(Linked),
}

/// Where the initial contents of memory come from.
#[derive(Debug)]
pub(crate) enum InitialContents<'i> {
    /// To be mapped from this offset of a file.
    Mapped(&'i File, u64),
    /// To be copied.
    Copied(&'i [u8]),
}

/// Bytes of a range of a file that was checked to lie in it.
pub(super) fn file_bytes(mapping: &FileMapping, range: Range) -> &[u8] {
    &mapping.bytes()[range.offset as usize..][..range.size as usize]
}

impl Image {
    /// An image whose text is at an address. Who looks for the owner of code
    /// finds it from now on.
    pub(super) fn new(
        source: Source,
        text: usize,
        path: Option<PathBuf>,
        note: Note,
        description: Described,
        modules: Vec<ModuleInfo>,
    ) -> Arc<Self> {
        let (registration, symbol_file) = (OnceLock::new(), OnceLock::new());
        let title = OnceLock::new();
        let Described { description, component } = description;
        let image = Self {
            registration,
            symbol_file,
            source,
            text,
            path,
            title,
            note,
            description,
            modules,
            component,
            memories: Owner::new(),
        };
        let image = Arc::new(image);
        let end = text + image.note.text.size as usize;
        let address = (&raw const *image).expose_provenance();
        let _ = image.registration.set(registry::register(text, end, address));
        carry_gdb_script();
        image
    }

    /// The target triple.
    pub(super) fn target(&self) -> &str {
        &self.note.target
    }

    /// What was inlined where, see [`precast_artifact::debug::inlined`].
    pub(crate) fn inlined(&self) -> &[u8] {
        self.bytes(self.note.inlined)
    }

    /// Whether the code counts its work.
    pub(crate) fn counts_fuel(&self) -> bool {
        self.note.counts_fuel()
    }

    /// The image whose text holds `pc`. Takes no lock and allocates nothing, so
    /// the signal handler may ask.
    ///
    /// # Safety
    ///
    /// If `pc` is in an image's text, then a guest stands there or returns
    /// there, and does neither go on nor end during `'a`: its store keeps the
    /// image.
    pub(crate) unsafe fn at<'a>(pc: usize) -> Option<&'a Self> {
        let image = registry::find(pc)?;
        // SAFETY: images are registered with their address and leave the
        // registry before they are freed; the caller says that this one stays.
        Some(unsafe { &*with_exposed_provenance(image) })
    }

    /// Address of an offset in the image.
    pub(crate) fn address(&self, offset: u64) -> usize {
        match &self.source {
            Source::File(mapping, _) => mapping.base() + offset as usize,
            Source::Linked(linked) => linked.address(offset),
        }
    }

    /// The bytes of a range that was checked when the image was opened.
    pub(crate) fn bytes(&self, range: Range) -> &[u8] {
        match &self.source {
            Source::File(mapping, _) => file_bytes(mapping, range),
            Source::Linked(linked) => linked.bytes(range).unwrap_or_default(),
        }
    }

    /// Names of the functions at an offset in the image: several where
    /// identical ones share their code. For reports: reads a whole symbol
    /// table.
    pub(crate) fn names_at(&self, offset: u64) -> Vec<String> {
        match &self.source {
            Source::File(mapping, _) => {
                let names = symbols_at(mapping.bytes(), offset).into_iter();
                names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
            }
            Source::Linked(linked) => linked::names_at(linked.address(offset)),
        }
    }

    /// The whole file, also what is not part of the image; empty for one that
    /// is linked into this program.
    pub(crate) fn file_bytes(&self) -> &[u8] {
        match &self.source {
            Source::File(mapping, _) => mapping.bytes(),
            Source::Linked(_) => &[],
        }
    }

    /// Where initial contents of memory come from.
    pub(crate) fn contents(&self, run: &MemoryRun) -> InitialContents<'_> {
        match &self.source {
            Source::File(mapping, file) => {
                InitialContents::Mapped(file, mapping.start() + run.image.offset)
            }
            Source::Linked(_) => InitialContents::Copied(self.bytes(run.image)),
        }
    }

    /// Tells debuggers of the image if it has, or had, debug information: it
    /// has a link base of its own then.
    pub(super) fn tell_debuggers(&self, link_base: u64) {
        if let (Source::File(mapping, file), 1..) = (&self.source, link_base) {
            let path = self.path.as_deref();
            if let Some(file) = symbol_file::register(mapping, file, path, link_base) {
                let _ = self.symbol_file.set(file);
            }
        }
    }

    /// Notes the newest instance where debug information looks for it, see
    /// [`DEBUG_CELL`](precast_artifact::container::DEBUG_CELL).
    pub(crate) fn note_instance(&self, values: [usize; CELL_WORDS]) {
        let words = match &self.source {
            Source::File(mapping, _) => mapping.words_below(),
            Source::Linked(linked) => linked.cell(),
        };
        for (word, value) in words.iter().zip(values) {
            word.store(value as u64, Ordering::Relaxed);
        }
    }

    /// The description.
    pub(crate) fn description(&self) -> &Description {
        &self.description
    }

    /// The component, if it is one's artifact.
    pub(crate) fn component(&self) -> Option<&Arc<ComponentDescription>> {
        self.component.as_ref()
    }

    /// A module and what was derived from it.
    pub(crate) fn module(&self, index: ModuleIndex) -> (&Module, &ModuleInfo) {
        (&self.description.modules[index.index()], &self.modules[index.index()])
    }

    /// The module of the last instance; none if it is a component's artifact.
    pub(super) fn main_module(&self) -> Option<(&Module, &ModuleInfo)> {
        let plan = self.description.instances.last()?;
        Some(self.module(plan.module))
    }

    /// Address of a module's code at an offset.
    pub(crate) fn code(&self, module: &Module, offset: CodeOffset) -> usize {
        self.text + (module.text.offset - self.note.text.offset) as usize + offset.index()
    }

    /// The module whose code holds `pc`, and the offset in it.
    pub(crate) fn locate(&self, pc: usize) -> Option<(&Module, CodeOffset)> {
        let offset = (pc.checked_sub(self.text)? as u64).checked_add(self.note.text.offset)?;
        let module = self
            .description
            .modules
            .iter()
            .find(|m| offset >= m.text.offset && offset - m.text.offset < m.text.size.max(1))?;
        Some((module, CodeOffset::new((offset - module.text.offset) as u32)))
    }

    /// Which of the artifact's texts a module runs: zero is the baseline's.
    pub(crate) fn text_number(&self, module: &Module) -> usize {
        let variants = self.note.variants.iter();
        let at = variants.map(|variant| variant.site_table).position(|t| t == module.site_table);
        at.map_or(0, |variant| variant + 1)
    }

    /// What reports call a module.
    pub(crate) fn module_name(&self, module: &Module) -> Option<String> {
        let file_name = || Some(self.path.as_ref()?.file_name()?.to_string_lossy().into_owned());
        let title = || self.title.get().cloned();
        module.name.clone().or_else(title).or_else(file_name)
    }

    /// Sets what reports call the file; the first one to do so counts.
    pub(super) fn set_title(&self, title: String) {
        let _ = self.title.set(title);
    }
}
