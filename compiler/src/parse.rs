//! From bytes to a [`Parsed`] module: every section decoded and validated,
//! function bodies left as ranges.

mod convert;
mod custom;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::features::Features;
use convert::Types;
pub(crate) use custom::BranchHints;
use precast_artifact::index::{CanonicalTypeIndex, FuncIndex};
use precast_artifact::module::{
    ConstExpr, ElementItems, EntityIndex, Export, ExportKind, Import, ImportKind,
};
use precast_artifact::types::{FuncType, GlobalType, MemoryType, RefType, TableType};
use wasmparser::{
    Encoding, ExternalKind, FuncToValidate, FunctionBody, Parser, Payload, TypeRef, ValidPayload,
    Validator, ValidatorResources,
};

/// A module, its sections decoded.
#[derive(Default)]
pub(crate) struct Parsed<'a> {
    pub types: Types,
    pub imports: Vec<Import>,
    /// Canonical type of each function, imported ones first.
    pub functions: Vec<u32>,
    pub imported_functions: u32,
    pub tables: Vec<TableDecl>,
    pub memories: Vec<MemoryDecl>,
    pub globals: Vec<GlobalDecl>,
    pub tags: Vec<TagDecl>,
    pub exports: Vec<Export>,
    pub start: Option<u32>,
    pub elements: Vec<ElementDecl>,
    pub data: Vec<DataDecl<'a>>,
    /// The own functions' bodies, in index order.
    pub bodies: Vec<Body<'a>>,
    pub name: Option<&'a str>,
    /// Names of functions by index, imported ones first; empty where unknown.
    pub names: Vec<&'a str>,
    /// The DWARF sections: names and contents.
    pub debug_sections: Vec<(&'a str, &'a [u8])>,
    /// Where the code section's contents start.
    pub code_start: u32,
    /// Names of locals, by function and index.
    pub local_names: Vec<(u32, u32, &'a str)>,
    /// Names of globals, by index.
    pub global_names: Vec<(u32, &'a str)>,
    pub hints: BranchHints,
    /// What made the module, one line each.
    pub producers: Vec<String>,
}

/// A function body and what validates it.
pub(crate) struct Body<'a> {
    pub validator: FuncToValidate<ValidatorResources>,
    pub body: FunctionBody<'a>,
}

pub(crate) struct TableDecl {
    pub ty: TableType,
    pub imported: bool,
    pub init: Option<ConstExpr>,
}

pub(crate) struct MemoryDecl {
    pub ty: MemoryType,
    pub imported: bool,
}

pub(crate) struct GlobalDecl {
    pub ty: GlobalType,
    pub imported: bool,
    pub init: Option<ConstExpr>,
}

/// An exception tag.
pub(crate) struct TagDecl {
    /// Canonical type whose parameters the exception carries.
    pub ty: u32,
    pub imported: bool,
}

/// When a segment takes effect.
pub(crate) enum SegmentMode {
    Passive,
    /// In this table or memory, at this offset.
    Active(u32, ConstExpr),
    /// Elements only: declares functions for `ref.func`.
    Declared,
}

pub(crate) struct ElementDecl {
    pub mode: SegmentMode,
    pub ty: RefType,
    pub items: ElementItems,
}

pub(crate) struct DataDecl<'a> {
    pub mode: SegmentMode,
    pub bytes: &'a [u8],
}

/// Decodes and validates everything but function bodies.
pub(crate) fn parse(wasm: &[u8], features: Features) -> Result<Parsed<'_>> {
    check_kind(wasm)?;
    let mut validator = Validator::new_with_features(features.wasm());
    let mut parser = Parser::new(0);
    parser.set_features(features.wasm());
    let mut parsed = Parsed::default();
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        if let ValidPayload::Func(to_validate, body) = validator.payload(&payload)? {
            parsed.bodies.push(Body { validator: to_validate, body });
        }
        parsed.section(payload)?;
    }
    parsed.names.resize(parsed.functions.len(), "");
    Ok(parsed)
}

/// Says in plain words what a file is that cannot be a module.
fn check_kind(wasm: &[u8]) -> Result<()> {
    let what = match wasm {
        [] => "the file is empty",
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {
            "the file is a WebAssembly component; components are not supported yet, only core modules"
        }
        [0, b'a', b's', b'm', ..] => return Ok(()),
        [0x7f, b'E', b'L', b'F', ..] => {
            "the file is an ELF file, perhaps compiled already; `precast run` runs artifacts"
        }
        _ => "the file is not a WebAssembly module: it does not begin with `\\0asm`",
    };
    Err(Error::NotWasm(what.to_owned()))
}

impl<'a> Parsed<'a> {
    fn section(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => {
                return Err(Error::NotWasm("components are not supported yet".to_owned()));
            }
            Payload::TypeSection(reader) => self.types.read(reader)?,
            Payload::ImportSection(reader) => {
                for import in reader.into_imports_with_offsets() {
                    let (offset, import) = import?;
                    self.import(&import, offset)?;
                }
                self.imported_functions = self.functions.len() as u32;
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    let ty = self.types.canonical(ty?);
                    self.functions.push(ty);
                }
            }
            Payload::TableSection(reader) => {
                for table in reader.into_iter_with_offsets() {
                    let (offset, table) = table?;
                    let init = match &table.init {
                        wasmparser::TableInit::RefNull => None,
                        wasmparser::TableInit::Expr(expr) => Some(convert::const_expr(expr)?),
                    };
                    let ty = self.types.table(&table.ty, offset)?;
                    self.tables.push(TableDecl { ty, imported: false, init });
                }
            }
            Payload::MemorySection(reader) => {
                for ty in reader.into_iter_with_offsets() {
                    let (offset, ty) = ty?;
                    let ty = convert::memory(&ty, offset)?;
                    self.memories.push(MemoryDecl { ty, imported: false });
                }
            }
            Payload::GlobalSection(reader) => {
                for global in reader.into_iter_with_offsets() {
                    let (offset, global) = global?;
                    let ty = self.types.global(&global.ty, offset)?;
                    let init = Some(convert::const_expr(&global.init_expr)?);
                    self.globals.push(GlobalDecl { ty, imported: false, init });
                }
            }
            Payload::TagSection(reader) => {
                for tag in reader {
                    let ty = self.types.canonical(tag?.func_type_idx);
                    self.tags.push(TagDecl { ty, imported: false });
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export?;
                    let kind = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Function,
                        ExternalKind::Table => ExportKind::Table,
                        ExternalKind::Memory => ExportKind::Memory,
                        ExternalKind::Global => ExportKind::Global,
                        ExternalKind::Tag => ExportKind::Tag,
                    };
                    let name = export.name.to_owned();
                    let item = EntityIndex::new(kind, export.index);
                    self.exports.push(Export { name, item });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(reader) => {
                for element in reader.into_iter_with_offsets() {
                    let (offset, element) = element?;
                    let element = self.element(element, offset)?;
                    self.elements.push(element);
                }
            }
            Payload::DataSection(reader) => {
                for data in reader {
                    let data = data?;
                    let mode = match data.kind {
                        wasmparser::DataKind::Passive => SegmentMode::Passive,
                        wasmparser::DataKind::Active { memory_index, offset_expr } => {
                            SegmentMode::Active(memory_index, convert::const_expr(&offset_expr)?)
                        }
                    };
                    self.data.push(DataDecl { mode, bytes: data.data });
                }
            }
            Payload::CodeSectionStart { unchecked_range: range, .. } => {
                self.code_start = range.start as u32;
            }
            Payload::CustomSection(section) => {
                if section.name().starts_with(".debug_") {
                    self.debug_sections.push((section.name(), section.data()));
                }
                self.custom_section(&section);
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: &wasmparser::Import<'_>, offset: u64) -> Result<()> {
        let kind = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                let ty = self.types.canonical(ty);
                self.functions.push(ty);
                ImportKind::Function(CanonicalTypeIndex::new(ty))
            }
            TypeRef::Table(ty) => {
                let ty = self.types.table(&ty, offset)?;
                self.tables.push(TableDecl { ty, imported: true, init: None });
                ImportKind::Table
            }
            TypeRef::Memory(ty) => {
                let ty = convert::memory(&ty, offset)?;
                self.memories.push(MemoryDecl { ty, imported: true });
                ImportKind::Memory
            }
            TypeRef::Global(ty) => {
                let ty = self.types.global(&ty, offset)?;
                self.globals.push(GlobalDecl { ty, imported: true, init: None });
                ImportKind::Global
            }
            TypeRef::Tag(tag) => {
                let ty = self.types.canonical(tag.func_type_idx);
                self.tags.push(TagDecl { ty, imported: true });
                ImportKind::Tag
            }
        };
        let (module, name) = (import.module.to_owned(), import.name.to_owned());
        // What is known after a call is what the call itself leaves true.
        let may_block = matches!(kind, ImportKind::Function(_));
        self.imports.push(Import { module, name, kind, may_block });
        Ok(())
    }

    fn element(&self, element: wasmparser::Element<'a>, offset: u64) -> Result<ElementDecl> {
        let mode = match element.kind {
            wasmparser::ElementKind::Passive => SegmentMode::Passive,
            wasmparser::ElementKind::Declared => SegmentMode::Declared,
            wasmparser::ElementKind::Active { table_index, offset_expr } => {
                SegmentMode::Active(table_index.unwrap_or(0), convert::const_expr(&offset_expr)?)
            }
        };
        let (ty, items) = match element.items {
            wasmparser::ElementItems::Functions(reader) => {
                let functions = reader.into_iter().map(|index| index.map(FuncIndex::new));
                let functions = functions.collect::<wasmparser::Result<Vec<_>>>()?;
                (
                    RefType { nullable: false, ..RefType::FUNCREF },
                    ElementItems::Functions(functions),
                )
            }
            wasmparser::ElementItems::Expressions(ty, reader) => {
                let mut expressions = Vec::new();
                for expr in reader {
                    expressions.push(convert::const_expr(&expr?)?);
                }
                (self.types.reference(ty, offset)?, ElementItems::Expressions(expressions))
            }
        };
        Ok(ElementDecl { mode, ty, items })
    }

    /// The type of a function.
    pub(crate) fn function_type(&self, function: u32) -> &FuncType {
        self.types.get(self.functions[function as usize])
    }

    /// Name of a function, if it has one.
    pub(crate) fn name_of(&self, function: u32) -> Option<&'a str> {
        self.names.get(function as usize).copied().filter(|name| !name.is_empty())
    }
}
