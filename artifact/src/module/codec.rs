//! Encoding and decoding of the module description.
//!
//! Every structure is its fields in order, written with [`Writer`]; lists have
//! a count before them, enums a number.

use super::description::{Description, InstancePlan, Link, Module, SECTION};
use super::entities::{
    EntityIndex, Export, ExportKind, Funcref, GlobalEntity, Import, ImportKind, MemoryEntity,
    MemoryModel, SignatureStub, TableEntity, TagEntity,
};
use super::init::{ElementSegment, InitStep, MemoryRun};
use super::range::Range;
use crate::abi::TableKind;
use crate::index::{
    CanonicalTypeIndex, CodeOffset, FuncIndex, ImportIndex, InstanceIndex, MemoryIndex, ModuleIndex,
};
use crate::reloc::Reloc;
use crate::types::{GlobalType, MemoryType, TableType, TypeSection};
use crate::wire::{Reader, Result, Writer};

impl Description {
    /// The section's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.list(&self.modules, |w, m| m.encode(w));
        w.list(&self.instances, |w, i| i.encode(w));
        w.finish()
    }

    /// Reads the section. The result is well-formed, but nothing is known yet
    /// of its indices: see [`Description::check`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(SECTION, bytes);
        let description =
            Self { modules: r.list(Module::decode)?, instances: r.list(InstancePlan::decode)? };
        r.finish()?;
        Ok(description)
    }
}

impl Range {
    fn encode(&self, w: &mut Writer) {
        w.leb(self.offset);
        w.leb(self.size);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { offset: r.leb()?, size: r.leb()? })
    }
}

impl InstancePlan {
    fn encode(&self, w: &mut Writer) {
        self.module.encode(w);
        w.list(&self.links, |w, link| {
            link.import.encode(w);
            link.instance.encode(w);
            w.str(&link.export);
        });
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let link = |r: &mut Reader<'_>| {
            Ok(Link {
                import: ImportIndex::decode(r)?,
                instance: InstanceIndex::decode(r)?,
                export: r.str()?.to_owned(),
            })
        };
        Ok(Self { module: ModuleIndex::decode(r)?, links: r.list(link)? })
    }
}

impl Module {
    fn encode(&self, w: &mut Writer) {
        w.option(&self.name, |w, name| w.str(name));
        self.types.encode(w);
        w.list(&self.imports, |w, i| i.encode(w));
        w.leb(self.functions.into());
        w.list(&self.tables, |w, t| t.encode(w));
        w.list(&self.memories, |w, m| m.encode(w));
        w.list(&self.globals, |w, g| {
            g.ty.encode(w);
            w.u8(g.imported as u8);
        });
        w.list(&self.tags, |w, t| {
            t.ty.encode(w);
            w.u8(t.imported as u8);
        });
        w.list(&self.exports, |w, e| {
            w.str(&e.name);
            w.u8(e.item.kind() as u8);
            w.leb(e.item.number().into());
        });
        w.list(&self.funcrefs, |w, f| {
            f.function.encode(w);
            f.ty.encode(w);
            f.code.encode(w);
        });
        w.list(&self.entry_stubs, |w, s| s.encode(w));
        w.list(&self.host_stubs, |w, s| s.encode(w));
        for range in
            [&self.text, &self.function_table, &self.site_table, &self.handler_table, &self.context]
        {
            range.encode(w);
        }
        w.list(&self.relocs, |w, r| r.encode(w));
        w.list(&self.runs, |w, run| {
            run.memory.encode(w);
            w.leb(run.address);
            run.image.encode(w);
        });
        w.list(&self.data, |w, d| d.encode(w));
        w.list(&self.elements, |w, e| e.encode(w));
        w.list(&self.init, |w, step| step.encode(w));
        w.option(&self.start, |w, start| start.encode(w));
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            name: r.option(|r| Ok(r.str()?.to_owned()))?,
            types: TypeSection::decode(r)?,
            imports: r.list(Import::decode)?,
            functions: r.leb32()?,
            tables: r.list(TableEntity::decode)?,
            memories: r.list(MemoryEntity::decode)?,
            globals: r
                .list(|r| Ok(GlobalEntity { ty: GlobalType::decode(r)?, imported: r.bool()? }))?,
            tags: r.list(|r| {
                Ok(TagEntity { ty: CanonicalTypeIndex::decode(r)?, imported: r.bool()? })
            })?,
            exports: r.list(|r| {
                let name = r.str()?.to_owned();
                let kind = ExportKind::decode(r)?;
                Ok(Export { name, item: EntityIndex::new(kind, r.leb32()?) })
            })?,
            funcrefs: r.list(|r| {
                Ok(Funcref {
                    function: FuncIndex::decode(r)?,
                    ty: CanonicalTypeIndex::decode(r)?,
                    code: CodeOffset::decode(r)?,
                })
            })?,
            entry_stubs: r.list(SignatureStub::decode)?,
            host_stubs: r.list(SignatureStub::decode)?,
            text: Range::decode(r)?,
            function_table: Range::decode(r)?,
            site_table: Range::decode(r)?,
            handler_table: Range::decode(r)?,
            context: Range::decode(r)?,
            relocs: r.list(Reloc::decode)?,
            runs: r.list(|r| {
                Ok(MemoryRun {
                    memory: MemoryIndex::decode(r)?,
                    address: r.leb()?,
                    image: Range::decode(r)?,
                })
            })?,
            data: r.list(Range::decode)?,
            elements: r.list(ElementSegment::decode)?,
            init: r.list(InitStep::decode)?,
            start: r.option(FuncIndex::decode)?,
        })
    }
}

impl Import {
    fn encode(&self, w: &mut Writer) {
        w.str(&self.module);
        w.str(&self.name);
        match self.kind {
            ImportKind::Function(ty) => {
                w.u8(if self.may_block { 5 } else { 0 });
                ty.encode(w);
            }
            ImportKind::Table => w.u8(1),
            ImportKind::Memory => w.u8(2),
            ImportKind::Global => w.u8(3),
            ImportKind::Tag => w.u8(4),
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let (module, name) = (r.str()?.to_owned(), r.str()?.to_owned());
        let kind = r.u8()?;
        let may_block = kind == 5;
        let kind = match kind {
            0 | 5 => ImportKind::Function(CanonicalTypeIndex::decode(r)?),
            1 => ImportKind::Table,
            2 => ImportKind::Memory,
            3 => ImportKind::Global,
            4 => ImportKind::Tag,
            other => return Err(r.error(format!("unknown import kind {other}"))),
        };
        Ok(Self { module, name, kind, may_block })
    }
}

impl ExportKind {
    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.u8()? {
            0 => Self::Function,
            1 => Self::Table,
            2 => Self::Memory,
            3 => Self::Global,
            4 => Self::Tag,
            other => return Err(r.error(format!("unknown export kind {other}"))),
        })
    }
}

impl TableEntity {
    fn encode(&self, w: &mut Writer) {
        self.ty.encode(w);
        w.u8(match self.kind {
            TableKind::Imported => 0,
            TableKind::Public => 1,
            TableKind::Private => 2,
        });
        self.image.encode(w);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let ty = TableType::decode(r)?;
        let kind = match r.u8()? {
            0 => TableKind::Imported,
            1 => TableKind::Public,
            2 => TableKind::Private,
            other => return Err(r.error(format!("unknown table kind {other}"))),
        };
        Ok(Self { ty, kind, image: Range::decode(r)? })
    }
}

impl MemoryEntity {
    fn encode(&self, w: &mut Writer) {
        self.ty.encode(w);
        w.u8(self.imported as u8);
        w.u8(self.model as u8);
        w.leb(self.reservation);
        w.leb(self.guard);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            ty: MemoryType::decode(r)?,
            imported: r.bool()?,
            model: match r.u8()? {
                0 => MemoryModel::Guard,
                1 => MemoryModel::Bounds,
                other => return Err(r.error(format!("unknown memory model {other}"))),
            },
            reservation: r.leb()?,
            guard: r.leb()?,
        })
    }
}

impl SignatureStub {
    fn encode(&self, w: &mut Writer) {
        self.ty.encode(w);
        self.code.encode(w);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { ty: CanonicalTypeIndex::decode(r)?, code: CodeOffset::decode(r)? })
    }
}
