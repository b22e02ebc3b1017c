//! Encoding and decoding of the module description.
//!
//! Every structure is its fields in order, written with [`Writer`]; lists have
//! a count before them, enums a number.

use super::*;
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
        w.leb(self.module.into());
        w.list(&self.links, |w, link| {
            w.leb(link.import.into());
            w.leb(link.instance.into());
            w.str(&link.export);
        });
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let link = |r: &mut Reader<'_>| {
            Ok(Link { import: r.leb32()?, instance: r.leb32()?, export: r.str()?.to_owned() })
        };
        Ok(Self { module: r.leb32()?, links: r.list(link)? })
    }
}

impl Module {
    fn encode(&self, w: &mut Writer) {
        w.option(&self.name, |w, name| w.str(name));
        w.list(&self.types, |w, t| t.encode(w));
        w.list(&self.imports, |w, i| i.encode(w));
        w.leb(self.functions.into());
        w.list(&self.tables, |w, t| t.encode(w));
        w.list(&self.memories, |w, m| m.encode(w));
        w.list(&self.globals, |w, g| {
            g.ty.encode(w);
            w.u8(g.imported as u8);
        });
        w.list(&self.tags, |w, t| {
            w.leb(t.ty.into());
            w.u8(t.imported as u8);
        });
        w.list(&self.exports, |w, e| {
            w.str(&e.name);
            w.u8(e.kind as u8);
            w.leb(e.index.into());
        });
        w.list(&self.funcrefs, |w, f| {
            w.leb(f.function.into());
            w.leb(f.ty.into());
            w.leb(f.code.into());
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
            w.leb(run.memory.into());
            w.leb(run.address);
            run.image.encode(w);
        });
        w.list(&self.data, |w, d| d.encode(w));
        w.list(&self.elements, |w, e| e.encode(w));
        w.list(&self.init, |w, step| step.encode(w));
        w.option(&self.start, |w, start| w.leb((*start).into()));
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            name: r.option(|r| Ok(r.str()?.to_owned()))?,
            types: r.list(FuncType::decode)?,
            imports: r.list(Import::decode)?,
            functions: r.leb32()?,
            tables: r.list(Table::decode)?,
            memories: r.list(Memory::decode)?,
            globals: r.list(|r| Ok(Global { ty: GlobalType::decode(r)?, imported: r.bool()? }))?,
            tags: r.list(|r| Ok(Tag { ty: r.leb32()?, imported: r.bool()? }))?,
            exports: r.list(|r| {
                Ok(Export {
                    name: r.str()?.to_owned(),
                    kind: ExportKind::decode(r)?,
                    index: r.leb32()?,
                })
            })?,
            funcrefs: r
                .list(|r| Ok(Funcref { function: r.leb32()?, ty: r.leb32()?, code: r.leb32()? }))?,
            entry_stubs: r.list(Stub::decode)?,
            host_stubs: r.list(Stub::decode)?,
            text: Range::decode(r)?,
            function_table: Range::decode(r)?,
            site_table: Range::decode(r)?,
            handler_table: Range::decode(r)?,
            context: Range::decode(r)?,
            relocs: r.list(Reloc::decode)?,
            runs: r.list(|r| {
                Ok(MemoryRun { memory: r.leb32()?, address: r.leb()?, image: Range::decode(r)? })
            })?,
            data: r.list(Range::decode)?,
            elements: r.list(ElementSegment::decode)?,
            init: r.list(InitStep::decode)?,
            start: r.option(Reader::leb32)?,
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
                w.leb(ty.into());
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
            0 | 5 => ImportKind::Function(r.leb32()?),
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

impl Table {
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

impl Memory {
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

impl Stub {
    fn encode(&self, w: &mut Writer) {
        w.leb(self.ty.into());
        w.leb(self.code.into());
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { ty: r.leb32()?, code: r.leb32()? })
    }
}

impl ElementSegment {
    fn encode(&self, w: &mut Writer) {
        self.ty.encode(w);
        match &self.items {
            ElementItems::Functions(functions) => {
                w.u8(0);
                w.list(functions, |w, f| w.leb((*f).into()));
            }
            ElementItems::Expressions(expressions) => {
                w.u8(1);
                w.list(expressions, |w, e| e.encode(w));
            }
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let ty = RefType::decode(r)?;
        let items = match r.u8()? {
            0 => ElementItems::Functions(r.list(Reader::leb32)?),
            1 => ElementItems::Expressions(r.list(ConstExpr::decode)?),
            other => return Err(r.error(format!("unknown element kind {other}"))),
        };
        Ok(Self { ty, items })
    }
}

impl ConstExpr {
    fn encode(&self, w: &mut Writer) {
        w.list(&self.ops, |w, op| op.encode(w));
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { ops: r.list(ConstOp::decode)? })
    }
}

impl ConstOp {
    fn encode(&self, w: &mut Writer) {
        match *self {
            Self::Bits32(bits) => {
                w.u8(0);
                w.u32(bits);
            }
            Self::Bits64(bits) => {
                w.u8(1);
                w.u64(bits);
            }
            Self::Bits128(bits) => {
                w.u8(2);
                w.raw(&bits.to_le_bytes());
            }
            Self::RefNull => w.u8(3),
            Self::RefFunc(function) => {
                w.u8(4);
                w.leb(function.into());
            }
            Self::GlobalGet(global) => {
                w.u8(5);
                w.leb(global.into());
            }
            Self::I32Add => w.u8(6),
            Self::I32Sub => w.u8(7),
            Self::I32Mul => w.u8(8),
            Self::I64Add => w.u8(9),
            Self::I64Sub => w.u8(10),
            Self::I64Mul => w.u8(11),
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.u8()? {
            0 => Self::Bits32(r.u32()?),
            1 => Self::Bits64(r.u64()?),
            2 => Self::Bits128(u128::from(r.u64()?) | u128::from(r.u64()?) << 64),
            3 => Self::RefNull,
            4 => Self::RefFunc(r.leb32()?),
            5 => Self::GlobalGet(r.leb32()?),
            6 => Self::I32Add,
            7 => Self::I32Sub,
            8 => Self::I32Mul,
            9 => Self::I64Add,
            10 => Self::I64Sub,
            11 => Self::I64Mul,
            other => return Err(r.error(format!("unknown constant operator {other}"))),
        })
    }
}

impl InitStep {
    fn encode(&self, w: &mut Writer) {
        match self {
            Self::Global { index, value } => {
                w.u8(0);
                w.leb((*index).into());
                value.encode(w);
            }
            Self::TableFill { table, value } => {
                w.u8(1);
                w.leb((*table).into());
                value.encode(w);
            }
            Self::Elements { segment, table, offset } => {
                w.u8(2);
                w.leb((*segment).into());
                w.leb((*table).into());
                offset.encode(w);
            }
            Self::ElementDrop { segment } => {
                w.u8(3);
                w.leb((*segment).into());
            }
            Self::Data { segment, memory, offset } => {
                w.u8(4);
                w.leb((*segment).into());
                w.leb((*memory).into());
                offset.encode(w);
            }
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.u8()? {
            0 => Self::Global { index: r.leb32()?, value: ConstExpr::decode(r)? },
            1 => Self::TableFill { table: r.leb32()?, value: ConstExpr::decode(r)? },
            2 => Self::Elements {
                segment: r.leb32()?,
                table: r.leb32()?,
                offset: ConstExpr::decode(r)?,
            },
            3 => Self::ElementDrop { segment: r.leb32()? },
            4 => Self::Data {
                segment: r.leb32()?,
                memory: r.leb32()?,
                offset: ConstExpr::decode(r)?,
            },
            other => return Err(r.error(format!("unknown initialisation step {other}"))),
        })
    }
}
