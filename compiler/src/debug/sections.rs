//! Where a module's DWARF is: in its own sections, in a module beside it
//! (`external_debug_info`, tool conventions), and in files of split DWARF
//! (DWARF 5 section 7.3.2).

use crate::debug_files::DebugFiles;
use gimli::{EndianSlice, LittleEndian, SectionId};
use std::collections::BTreeMap;
use wasmparser::{BinaryReader, Parser, Payload};

/// A range of bytes of the input.
pub(super) type Bytes<'a> = EndianSlice<'a, LittleEndian>;
pub(super) type Dwarf<'a> = gimli::Dwarf<Bytes<'a>>;

/// DWARF sections by name.
#[derive(Clone, Default)]
pub(super) struct WasmSections<'a>(BTreeMap<&'a str, &'a [u8]>);

impl<'a> WasmSections<'a> {
    fn section(&self, name: &str) -> Bytes<'a> {
        EndianSlice::new(self.0.get(name).copied().unwrap_or_default(), LittleEndian)
    }

    /// As those of a module.
    pub(super) fn dwarf(&self) -> Dwarf<'a> {
        let load = |id: SectionId| Ok::<_, gimli::Error>(self.section(id.name()));
        Dwarf::load(load).expect("loading does not fail")
    }

    /// As those of a file of split DWARF, of which `main` holds the rest.
    pub(super) fn split(&self, main: &Dwarf<'a>) -> Dwarf<'a> {
        let mut dwarf = Dwarf::load(self.split_section()).expect("loading does not fail");
        dwarf.make_dwo(main);
        dwarf
    }

    /// As those of a package.
    pub(super) fn package(&self) -> gimli::Result<gimli::DwarfPackage<Bytes<'a>>> {
        gimli::DwarfPackage::load(self.split_section(), EndianSlice::new(&[], LittleEndian))
    }

    fn split_section(&self) -> impl Fn(SectionId) -> gimli::Result<Bytes<'a>> {
        |id| Ok(id.dwo_name().map_or(self.section(""), |name| self.section(name)))
    }

    /// Bytes of all sections.
    pub(super) fn size(&self) -> usize {
        self.0.values().map(|bytes| bytes.len()).sum()
    }
}

/// All DWARF of a module.
#[derive(Clone, Default)]
pub(crate) struct InputSections<'a> {
    /// The module's own, or those of the module beside it.
    pub(super) main: WasmSections<'a>,
    pub(super) package: Option<WasmSections<'a>>,
    /// Split DWARF by path; `None` for what cannot be read.
    pub(super) objects: BTreeMap<&'a str, Option<WasmSections<'a>>>,
    /// What was left out.
    pub(super) warnings: Vec<String>,
}

impl<'a> InputSections<'a> {
    /// The sections of a module.
    pub(crate) fn new<B: AsRef<[u8]>>(sections: &'a [(&'a str, B)]) -> Self {
        let sections = sections.iter().map(|(name, bytes)| (*name, bytes.as_ref()));
        Self { main: WasmSections(sections.collect()), ..Self::default() }
    }

    /// Adds what is beside the module `wasm`.
    pub(crate) fn with_files(mut self, wasm: &'a [u8], files: &'a DebugFiles) -> Self {
        if self.is_empty()
            && let Some(own) = container(wasm)
            && let Some(name) = own.external
        {
            match beside(name, &own, files) {
                Ok(sections) => self.main = sections,
                Err(why) => self.warnings.push(format!("debug information: {why}")),
            }
        }
        if let Some(package) = &files.package {
            self.package = container(package).map(|package| package.sections);
            if self.package.is_none() {
                let why = "the package of split DWARF is no WebAssembly file";
                self.warnings.push(format!("debug information: {why}"));
            }
        }
        let objects = files.objects.iter();
        let read = |bytes| container(bytes).map(|object| object.sections);
        self.objects = objects.map(|(path, bytes)| (path.as_str(), read(bytes))).collect();
        self
    }

    /// Whether there is anything to convert.
    pub(crate) fn is_empty(&self) -> bool {
        !self.main.0.contains_key(".debug_info")
    }

    /// What was left out, in plain words.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Bytes of all split DWARF.
    pub(super) fn split_size(&self) -> usize {
        let objects = self.objects.values().flatten().map(WasmSections::size);
        self.package.as_ref().map_or(0, WasmSections::size) + objects.sum::<usize>()
    }
}

/// What a WebAssembly file has for debuggers: a module, an object or a package.
pub(super) struct DebugInput<'a> {
    pub sections: WasmSections<'a>,
    /// Name of the file that has the debug information in its place.
    pub external: Option<&'a str>,
    code: Option<&'a [u8]>,
    build_id: Option<&'a [u8]>,
}

/// Reads a file up to the first damage. `None` if it is no WebAssembly.
pub(super) fn container(bytes: &[u8]) -> Option<DebugInput<'_>> {
    let mut sections = WasmSections::default();
    let (mut external, mut code, mut build_id) = (None, None, None);
    let mut payloads = Parser::new(0).parse_all(bytes);
    let Some(Ok(Payload::Version { .. })) = payloads.next() else { return None };
    for payload in payloads {
        match payload {
            Ok(Payload::CustomSection(section)) => match section.name() {
                "external_debug_info" => {
                    external = BinaryReader::new(section.data(), 0).read_string().ok();
                }
                "build_id" => build_id = Some(section.data()),
                name if name.starts_with(".debug_") => {
                    sections.0.insert(name, section.data());
                }
                _ => {}
            },
            Ok(Payload::CodeSectionStart { unchecked_range: range, .. }) => {
                code = bytes.get(range.start as usize..range.end as usize);
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Some(DebugInput { sections, external, code, build_id })
}

/// The sections of the module that `name` names, if it belongs to `own`.
fn beside<'a>(
    name: &str,
    own: &DebugInput<'_>,
    files: &'a DebugFiles,
) -> Result<WasmSections<'a>, String> {
    let Some(bytes) = &files.module else {
        return Err(format!("`{name}`, where the module says that it is, was not found"));
    };
    let Some(found) = container(bytes) else {
        return Err(format!("`{name}` is no WebAssembly file"));
    };
    // A file of debug information need not have any code.
    let other_build = match (own.code, found.code, own.build_id, found.build_id) {
        (Some(own), Some(found), _, _) => own != found,
        (_, _, Some(own), Some(found)) => own != found,
        _ => false,
    };
    if other_build {
        return Err(format!("`{name}` belongs to another build of the module, its code differs"));
    }
    Ok(found.sections)
}
