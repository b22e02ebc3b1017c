//! Opening artifacts: mapping the file and checking that it fits this machine.
//!
//! Opening reads the ELF headers, the note and the module description, and
//! makes two mappings; nothing depends on the size of the code. An image with
//! a link base of its own is mapped there if that is free: it runs anywhere,
//! but what debuggers are told of it need not be copied there.
//!
//! # Safety
//!
//! [`Artifact::linked`] hands what its caller promises on to [`Linked::read`].
//! [`Image::at`] follows the address that an image registered itself with,
//! which stays good until the image is gone.
#![allow(unsafe_code)]

use crate::artifact::fit;
use crate::artifact::info::{ExportType, ImportType, ModuleInfo};
use crate::artifact::linked::{self, Linked};
use crate::artifact::registry::{self, Registration};
use crate::artifact::symbol_file::{self, Registered};
use crate::error::{Error, Result};
use crate::sys::debugger::carry_gdb_script;
use crate::sys::file::sealed;
use crate::sys::map::FileMapping;
use precast_artifact::container::{CELL_WORDS, Container, symbols_at};
use precast_artifact::index::{CodeOffset, ModuleIndex};
use precast_artifact::module::{Bounds, Description, MemoryRun, Module, Range};
use precast_artifact::note::Note;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::ptr::with_exposed_provenance;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// A compiled module, mapped and ready to be instantiated, any number of times
/// and on any thread. Clones share one mapping.
#[derive(Clone, Debug)]
pub struct Artifact {
    image: Arc<Image>,
}

/// What an [`Artifact`] shares.
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
    note: Note,
    description: Description,
    modules: Vec<ModuleInfo>,
}

/// Where the bytes of an image lie.
#[derive(Debug)]
enum Source {
    /// In a mapped file.
    File(FileMapping, File),
    /// In this program.
    Linked(Linked),
}

/// Where the initial contents of memory come from.
#[derive(Debug)]
pub(crate) enum Contents<'i> {
    /// To be mapped from this offset of a file.
    Mapped(&'i File, u64),
    /// To be copied.
    Copied(&'i [u8]),
}

impl Artifact {
    /// Opens an artifact file. It must not be written to while it is open;
    /// replacing it by renaming another one over it is fine.
    ///
    /// The debug file that a stripped artifact names is opened too, where there
    /// is one, for debuggers to find.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no artifact, is damaged, or does not fit
    /// this machine or this loader.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file =
            File::open(path).map_err(Error::system(format!("cannot open `{}`", path.display())))?;
        Self::new(file, Some(path))
    }

    /// Opens an artifact from an open file; as [`Artifact::open`].
    ///
    /// # Errors
    ///
    /// As [`Artifact::open`].
    pub fn from_file(file: File) -> Result<Self> {
        Self::new(file, None)
    }

    /// Opens an artifact that lies in memory. The bytes are copied to a sealed
    /// memory file, and what is checked and mapped is the copy.
    ///
    /// # Errors
    ///
    /// As [`Artifact::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let file = sealed(bytes).map_err(Error::system("cannot copy the artifact"))?;
        Self::new(file, None)
    }

    fn new(file: File, path: Option<&Path>) -> Result<Self> {
        let what = || match path {
            Some(path) => format!("cannot map `{}`", path.display()),
            None => "cannot map the artifact".to_owned(),
        };
        let len = file.metadata().map_err(Error::system(what()))?.len() as usize;
        let mut mapping = FileMapping::new(&file, len).map_err(Error::system(what()))?;
        let open_error = |cause| Error::Open(path.map(Path::to_owned), cause);
        let container = Container::open(mapping.bytes()).map_err(open_error)?;
        let (note, link_base) = (container.note, container.base);
        let variant = fit::choose(container.machine, &note)?.cloned();
        let mut description = describe(file_bytes(&mapping, note.module), &note, path)?;
        let text_in_file = match (&variant, &mut description.modules[..]) {
            (None, _) => note.text.offset,
            (Some(variant), [module]) => {
                module.site_table = variant.site_table;
                module.handler_table = variant.handler_table;
                variant.text.offset
            }
            _ => return Err(Error::damaged(path, "variants of the text of several modules")),
        };
        fit::check_memories(&description).map_err(|why| Error::damaged(path, why))?;
        let bytes = |range: Range| file_bytes(&mapping, range);
        let modules = derive(&description, bytes, path)?;
        if link_base != 0 {
            let (base, below) = (link_base as usize, note.page_size as usize);
            mapping = FileMapping::at(base, below, &file, len).map_err(Error::system(what()))?;
        }
        let (offset, size) = (note.text.offset as usize, note.text.size as usize);
        mapping
            .make_text(offset, size, &file, text_in_file)
            .map_err(|e| fit::text_error(what(), e))?;
        let text = mapping.base() + offset;
        let path = path.map(Path::to_owned);
        let source = Source::File(mapping, file);
        let artifact = Self::register(Image {
            registration: OnceLock::new(),
            symbol_file: OnceLock::new(),
            source,
            text,
            path,
            note,
            description,
            modules,
        });
        artifact.image.tell_debuggers(link_base);
        Ok(artifact)
    }

    /// Opens an image that is linked into this program: an object that the
    /// compiler has written (`--emit obj`) is part of it, and its one global
    /// symbol is at `descriptor`. Nothing is mapped; the code is the program's.
    ///
    /// # Errors
    ///
    /// As [`Artifact::open`].
    ///
    /// # Safety
    ///
    /// `descriptor` is the address of such a symbol. The program or library
    /// that the object was linked into stays loaded as long as the process
    /// lives.
    pub unsafe fn linked(descriptor: *const u8) -> Result<Self> {
        // SAFETY: as the caller promises.
        let (note, linked) =
            unsafe { Linked::read(descriptor) }.map_err(|cause| Error::Open(None, cause))?;
        fit::check_features(&note.cpu_features)?;
        let module = linked.bytes(note.module);
        let module = module.ok_or_else(|| Error::damaged(None, "no module description"))?;
        let description = describe(module, &note, None)?;
        fit::check_reservations(&description).map_err(|why| Error::damaged(None, why))?;
        let complete = |module: &Module| linked.check(module);
        let checked = description.modules.iter().try_for_each(complete);
        checked.map_err(|why| Error::damaged(None, why))?;
        let modules = derive(&description, |range| linked.bytes(range).unwrap_or_default(), None)?;
        Ok(Self::register(Image {
            registration: OnceLock::new(),
            symbol_file: OnceLock::new(),
            text: linked.address(note.text.offset),
            source: Source::Linked(linked),
            path: None,
            note,
            description,
            modules,
        }))
    }

    /// Makes the image known to who looks for the owner of code.
    fn register(image: Image) -> Self {
        let image = Arc::new(image);
        let (text, size) = (image.text, image.note.text.size as usize);
        let address = (&raw const *image).expose_provenance();
        let _ = image.registration.set(registry::register(text, text + size, address));
        carry_gdb_script();
        Self { image }
    }

    /// The artifact's target triple.
    pub fn target(&self) -> &str {
        &self.image.note.target
    }

    /// What the host must provide, in order of declaration.
    pub fn imports(&self) -> Vec<ImportType> {
        let image = &self.image;
        let mut imports = Vec::new();
        for plan in &image.description.instances {
            let info = &image.modules[plan.module.index()];
            let module = &image.description.modules[plan.module.index()];
            for (index, import) in module.imports.iter().enumerate() {
                if plan.links.iter().all(|link| link.import.index() != index) {
                    imports.push(ImportType {
                        module: import.module.clone(),
                        name: import.name.clone(),
                        ty: info.import_type(module, index),
                    });
                }
            }
        }
        imports
    }

    /// What an instance will export, in order of declaration.
    pub fn exports(&self) -> Vec<ExportType> {
        let (module, info) = self.image.main_module();
        let describe = |export: &precast_artifact::module::Export| ExportType {
            name: export.name.clone(),
            ty: info.extern_type(module, export.item),
        };
        module.exports.iter().map(describe).collect()
    }

    pub(crate) fn image(&self) -> &Arc<Image> {
        &self.image
    }
}

fn file_bytes(mapping: &FileMapping, range: Range) -> &[u8] {
    &mapping.bytes()[range.offset as usize..][..range.size as usize]
}

fn derive<'b>(
    description: &Description,
    bytes: impl Fn(Range) -> &'b [u8],
    path: Option<&Path>,
) -> Result<Vec<ModuleInfo>> {
    let info = |module| ModuleInfo::new(module, &bytes).map_err(|why| Error::damaged(path, why));
    description.modules.iter().map(info).collect()
}

fn describe(bytes: &[u8], note: &Note, path: Option<&Path>) -> Result<Description> {
    let description = Description::decode(bytes).map_err(|why| Error::damaged(path, why))?;
    let bounds = Bounds { image: note.image_size, text: note.text };
    description.check(&bounds).map_err(|why| Error::damaged(path, why))?;
    Ok(description)
}

impl Image {
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
    pub(crate) fn contents(&self, run: &MemoryRun) -> Contents<'_> {
        match &self.source {
            Source::File(_, file) => Contents::Mapped(file, run.image.offset),
            Source::Linked(_) => Contents::Copied(self.bytes(run.image)),
        }
    }

    /// Tells debuggers of the image if it has, or had, debug information: it
    /// has a link base of its own then.
    fn tell_debuggers(&self, link_base: u64) {
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

    /// A module and what was derived from it.
    pub(crate) fn module(&self, index: ModuleIndex) -> (&Module, &ModuleInfo) {
        (&self.description.modules[index.index()], &self.modules[index.index()])
    }

    /// The module of the last instance.
    fn main_module(&self) -> (&Module, &ModuleInfo) {
        let plan = self.description.instances.last().expect("checked: there is an instance");
        self.module(plan.module)
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

    /// What reports call a module.
    pub(crate) fn module_name(&self, module: &Module) -> Option<String> {
        let file_name = || Some(self.path.as_ref()?.file_name()?.to_string_lossy().into_owned());
        module.name.clone().or_else(file_name)
    }
}
