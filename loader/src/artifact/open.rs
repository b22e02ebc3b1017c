//! Opening artifacts: mapping the file and checking that it fits this machine.
//!
//! Opening reads the ELF headers, the note and the module description, and
//! makes two mappings; nothing depends on the size of the code. An image with
//! a link base of its own is mapped there if that is free: it runs anywhere,
//! but what debuggers are told of it need not be copied there.
//!
//! # Safety
//!
//! Native code does whatever it says, so who opens it answers for it:
//! [`Artifact::open`] and its kin are unsafe, and safe where
//! [nobody else can have written the file](crate::sys::private). What
//! [`Artifact::linked`]'s caller promises is handed on to [`Linked::read`].
#![allow(unsafe_code)]

use crate::artifact::fit;
use crate::artifact::image::{Described, Image, Source, file_bytes};
use crate::artifact::info::{ExportType, ImportType, ModuleInfo};
use crate::artifact::linked::Linked;
use crate::artifact::trust::TrustedKeys;
use crate::error::{Error, Result};
use crate::sys::file::sealed;
use crate::sys::map::FileMapping;
use crate::sys::private;
use precast_artifact::component::ComponentDescription;
use precast_artifact::container::Container;
use precast_artifact::module::{Bounds, Description, Module, Range};
use precast_artifact::note::Note;
use std::fs::File;
use std::ops::Range as Span;
use std::path::Path;
use std::sync::Arc;

/// A compiled module, mapped and ready to be instantiated, any number of times
/// and on any thread. Clones share one mapping.
#[derive(Clone, Debug)]
pub struct Artifact {
    image: Arc<Image>,
}

impl Artifact {
    /// Opens an artifact file.
    ///
    /// The debug file that a stripped artifact names is opened too, where there
    /// is one, for debuggers to find.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no artifact, is damaged, or does not fit
    /// this machine or this loader.
    ///
    /// # Safety
    ///
    /// The file is what the Precast compiler has written: its code runs as any
    /// other of this process. It is not written to while it is open; replacing
    /// it by renaming another one over it is fine.
    ///
    /// Safe roads are [`Artifact::open_owned`], [`Artifact::open_signed`], and `compile` of the crate
    /// `precast-embed` for what is compiled in this process.
    ///
    /// ```compile_fail,E0133
    /// precast_loader::Artifact::open("from/anywhere.cwasm");
    /// ```
    pub unsafe fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file =
            File::open(path).map_err(Error::system(format!("cannot open `{}`", path.display())))?;
        Self::new(file, None, Some(path))
    }

    /// As [`Artifact::open`], of a file that nobody but the user of this
    /// process and the superuser can have written or can replace: it and every
    /// folder on the way to it belong to one of the two, and nobody else may
    /// write to them. Whoever could plant an artifact there can run programs as
    /// this user already.
    ///
    /// # Errors
    ///
    /// As [`Artifact::open`], and [`Error::Untrusted`] with what anybody else
    /// could write to.
    pub fn open_owned(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = private::open(path)
            .map_err(Error::system(format!("cannot open `{}`", path.display())))?
            .map_err(|why| Error::Untrusted(path.to_owned(), why))?;
        Self::new(file, None, Some(path))
    }

    /// As [`Artifact::open`], of a file that the owner of one of these keys has
    /// signed; see [`TrustedKeys`]. The file is read once: what is checked is the copy
    /// that is mapped.
    ///
    /// # Errors
    ///
    /// As [`Artifact::open`], and [`Error::Unsigned`] with what is wrong.
    pub fn open_signed(path: impl AsRef<Path>, keys: &TrustedKeys) -> Result<Self> {
        let path = path.as_ref();
        let bytes = keys.read_signed(path)?;
        let file = sealed(&bytes).map_err(Error::system("cannot copy the artifact"))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let opened = Self::new(file, None, None).map_err(|error| match error {
            Error::Open(None, cause) => Error::Open(Some(path.to_owned()), cause),
            other => other,
        });
        Ok(opened?.with_title(name))
    }

    /// Opens an artifact from an open file; as [`Artifact::open`].
    ///
    /// # Errors
    ///
    /// As [`Artifact::open`].
    ///
    /// # Safety
    ///
    /// As [`Artifact::open`].
    ///
    /// ```compile_fail,E0133
    /// # let file = std::fs::File::open("from/anywhere.cwasm").unwrap();
    /// precast_loader::Artifact::from_file(file);
    /// ```
    pub unsafe fn from_file(file: File) -> Result<Self> {
        Self::new(file, None, None)
    }

    /// Opens an artifact that is part of an open file, these bytes of it; as
    /// [`Artifact::open`]. The part begins at a multiple of 64 KiB, as an
    /// executable with an artifact in it has it.
    ///
    /// # Errors
    ///
    /// As [`Artifact::open`].
    ///
    /// # Safety
    ///
    /// As [`Artifact::open`].
    ///
    /// ```compile_fail,E0133
    /// # let file = std::fs::File::open("from/anywhere").unwrap();
    /// precast_loader::Artifact::from_part(file, 65536..131072);
    /// ```
    pub unsafe fn from_part(file: File, part: Span<u64>) -> Result<Self> {
        Self::new(file, Some(part), None)
    }

    /// Opens an artifact that lies in memory. The bytes are copied to a sealed
    /// memory file, and what is checked and mapped is the copy.
    ///
    /// # Errors
    ///
    /// As [`Artifact::open`].
    ///
    /// # Safety
    ///
    /// The bytes are what the Precast compiler has written.
    ///
    /// ```compile_fail,E0133
    /// precast_loader::Artifact::from_bytes(b"from anywhere");
    /// ```
    pub unsafe fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let file = sealed(bytes).map_err(Error::system("cannot copy the artifact"))?;
        Self::new(file, None, None)
    }

    /// Opens a file, or a part of it.
    fn new(file: File, part: Option<Span<u64>>, path: Option<&Path>) -> Result<Self> {
        let what = || match path {
            Some(path) => format!("cannot map `{}`", path.display()),
            None => "cannot map the artifact".to_owned(),
        };
        let size = file.metadata().map_err(Error::system(what()))?.len();
        let Span { start, end } = part.unwrap_or(0..size);
        let len = end.checked_sub(start).filter(|_| end <= size);
        let len = len.ok_or_else(|| Error::damaged(path, "it ends before the artifact"))? as usize;
        let mut mapping = FileMapping::new(&file, start, len).map_err(Error::system(what()))?;
        let open_error = |cause| Error::Open(path.map(Path::to_owned), cause);
        let container = Container::open(mapping.bytes()).map_err(open_error)?;
        let (note, link_base) = (container.note, container.base);
        let variant = fit::choose(container.machine, &note)?.cloned();
        let mut described = describe(|range| Some(file_bytes(&mapping, range)), &note, path)?;
        let description = &mut described.description;
        let text_in_file = match (&variant, &mut description.modules[..]) {
            (None, _) => note.text.offset,
            (Some(variant), [module]) => {
                module.site_table = variant.site_table;
                module.handler_table = variant.handler_table;
                variant.text.offset
            }
            _ => return Err(Error::damaged(path, "variants of the text of several modules")),
        };
        fit::check_memories(description).map_err(|why| Error::damaged(path, why))?;
        let bytes = |range: Range| file_bytes(&mapping, range);
        let modules = derive(description, bytes, path)?;
        if link_base != 0 {
            let (base, below) = (link_base as usize, note.page_size as usize);
            mapping =
                FileMapping::at(base, below, &file, start, len).map_err(Error::system(what()))?;
        }
        let (offset, size) = (note.text.offset as usize, note.text.size as usize);
        mapping
            .make_text(offset, size, &file, text_in_file)
            .map_err(|e| fit::text_error(what(), e))?;
        let text = mapping.base() + offset;
        let path = path.map(Path::to_owned);
        let source = Source::File(mapping, file);
        let image = Image::new(source, text, path, note, described, modules);
        image.tell_debuggers(link_base);
        Ok(Self { image })
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
        let described = describe(|range| linked.bytes(range), &note, None)?;
        let description = &described.description;
        fit::check_reservations(description).map_err(|why| Error::damaged(None, why))?;
        let complete = |module: &Module| linked.check(module);
        let checked = description.modules.iter().try_for_each(complete);
        checked.map_err(|why| Error::damaged(None, why))?;
        let modules = derive(description, |range| linked.bytes(range).unwrap_or_default(), None)?;
        let text = linked.address(note.text.offset);
        let source = Source::Linked(linked);
        Ok(Self { image: Image::new(source, text, None, note, described, modules) })
    }

    /// Has reports call a module that has no name by this one instead of the
    /// artifact's file name. The first title that an artifact is given counts.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        self.image.set_title(title.into());
        self
    }

    /// The build id, which an artifact shares with its debug file.
    pub fn build_id(&self) -> Option<&[u8]> {
        precast_artifact::debug::debug_file::build_id(self.image.file_bytes())
    }

    /// The artifact's target triple.
    pub fn target(&self) -> &str {
        self.image.target()
    }

    /// Whether its code counts its work, so that fuel can limit that.
    pub fn counts_fuel(&self) -> bool {
        self.image.counts_fuel()
    }

    /// What the host must provide, in order of declaration: of a module. What a
    /// component imports and exports, its
    /// [`Component`](crate::component::Component) says.
    pub fn imports(&self) -> Vec<ImportType> {
        let image = &self.image;
        let mut imports = Vec::new();
        for plan in &image.description().instances {
            let (module, info) = image.module(plan.module);
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
        let Some((module, info)) = self.image.main_module() else { return Vec::new() };
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

fn derive<'b>(
    description: &Description,
    bytes: impl Fn(Range) -> &'b [u8],
    path: Option<&Path>,
) -> Result<Vec<ModuleInfo>> {
    let info = |module| ModuleInfo::new(module, &bytes).map_err(|why| Error::damaged(path, why));
    description.modules.iter().map(info).collect()
}

/// Decodes and checks what an artifact says of itself.
fn describe<'b>(
    bytes: impl Fn(Range) -> Option<&'b [u8]>,
    note: &Note,
    path: Option<&Path>,
) -> Result<Described> {
    let damaged = |why: String| Error::damaged(path, why);
    let module = bytes(note.module).ok_or_else(|| damaged("no module description".to_owned()))?;
    let description = Description::decode(module).map_err(|why| damaged(why.to_string()))?;
    let is_component = note.component.size != 0;
    let bounds = Bounds { image: note.image_size, text: note.text, component: is_component };
    description.check(&bounds).map_err(|why| damaged(why.to_string()))?;
    if !is_component {
        return Ok(Described { description, component: None });
    }
    let component = bytes(note.component).ok_or_else(|| damaged("no component".to_owned()))?;
    let component =
        ComponentDescription::decode(component).map_err(|why| damaged(why.to_string()))?;
    component.check(&description).map_err(damaged)?;
    Ok(Described { description, component: Some(Arc::new(component)) })
}
