//! The sections of a module, one after the other.

use super::convert;
use super::parsed::{
    DataDecl, ElementDecl, GlobalDecl, MemoryDecl, Parsed, SegmentMode, TableDecl, TagDecl,
};
use crate::error::{Error, Result};
use precast_artifact::index::{FuncIndex, MemoryIndex, TableIndex, TypeIndex, WasmOffset};
use precast_artifact::module::{ElementItems, EntityIndex, Export, ExportKind, Import, ImportKind};
use precast_artifact::types::RefType;
use wasmparser::{Encoding, ExternalKind, Payload, TypeRef};

impl<'a> Parsed<'a> {
    /// Takes what a part of the module says; function bodies have been taken.
    pub(super) fn section(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => {
                return Err(Error::NotWasm("a component is no core module".to_owned()));
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
                    let ty = self.types.canonical(TypeIndex::new(ty?));
                    self.functions.push(ty);
                }
            }
            Payload::TableSection(reader) => self.table_section(reader)?,
            Payload::MemorySection(reader) => {
                for ty in reader.into_iter_with_offsets() {
                    let (offset, ty) = ty?;
                    let ty = convert::memory(&ty, offset)?;
                    self.memories.push(MemoryDecl { ty, imported: false });
                }
            }
            Payload::GlobalSection(reader) => self.global_section(reader)?,
            Payload::TagSection(reader) => {
                for tag in reader {
                    let ty = self.types.canonical(TypeIndex::new(tag?.func_type_idx));
                    self.tags.push(TagDecl { ty, imported: false });
                }
            }
            Payload::ExportSection(reader) => {
                let exports = reader.into_iter().map(|export| Ok(convert_export(&export?)));
                self.exports = exports.collect::<Result<_>>()?;
            }
            Payload::StartSection { func, .. } => self.start = Some(FuncIndex::new(func)),
            Payload::ElementSection(reader) => {
                for element in reader.into_iter_with_offsets() {
                    let (offset, element) = element?;
                    let element = self.element(element, offset)?;
                    self.elements.push(element);
                }
            }
            Payload::DataSection(reader) => self.data_section(reader)?,
            Payload::CodeSectionStart { unchecked_range: range, .. } => {
                self.code_start = WasmOffset::new(range.start as u32);
            }
            Payload::CustomSection(section) => self.custom_section(&section),
            _ => {}
        }
        Ok(())
    }

    fn table_section(&mut self, reader: wasmparser::TableSectionReader<'a>) -> Result<()> {
        for table in reader.into_iter_with_offsets() {
            let (offset, table) = table?;
            let init = match &table.init {
                wasmparser::TableInit::RefNull => None,
                wasmparser::TableInit::Expr(expr) => Some(convert::const_expr(expr)?),
            };
            let ty = self.types.table(&table.ty, offset)?;
            self.tables.push(TableDecl { ty, imported: false, init });
        }
        Ok(())
    }

    fn global_section(&mut self, reader: wasmparser::GlobalSectionReader<'a>) -> Result<()> {
        for global in reader.into_iter_with_offsets() {
            let (offset, global) = global?;
            let ty = self.types.global(&global.ty, offset)?;
            let init = Some(convert::const_expr(&global.init_expr)?);
            self.globals.push(GlobalDecl { ty, imported: false, init });
        }
        Ok(())
    }

    fn data_section(&mut self, reader: wasmparser::DataSectionReader<'a>) -> Result<()> {
        for data in reader {
            let data = data?;
            let mode = match data.kind {
                wasmparser::DataKind::Passive => SegmentMode::Passive,
                wasmparser::DataKind::Active { memory_index, offset_expr } => {
                    let memory = MemoryIndex::new(memory_index);
                    SegmentMode::Active(memory, convert::const_expr(&offset_expr)?)
                }
            };
            self.data.push(DataDecl { mode, bytes: data.data });
        }
        Ok(())
    }

    fn import(&mut self, import: &wasmparser::Import<'_>, offset: u64) -> Result<()> {
        let kind = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                let ty = self.types.canonical(TypeIndex::new(ty));
                self.functions.push(ty);
                ImportKind::Function(ty)
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
                let ty = self.types.canonical(TypeIndex::new(tag.func_type_idx));
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
                let table = TableIndex::new(table_index.unwrap_or(0));
                SegmentMode::Active(table, convert::const_expr(&offset_expr)?)
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
}

fn convert_export(export: &wasmparser::Export<'_>) -> Export {
    let kind = match export.kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Function,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    };
    Export { name: export.name.to_owned(), item: EntityIndex::new(kind, export.index) }
}
