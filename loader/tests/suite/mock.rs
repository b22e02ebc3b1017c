//! Artifacts made by hand, so that the loader is tested without the compiler.

use crate::code::{self, Code};
use crate::elf;
use precast_artifact::abi::{
    ContextLayout, FUNCREF_CODE, FUNCREF_CONTEXT, FUNCREF_TYPE, MEMORY32_RESERVATION, TableKind,
    Versions,
};
use precast_artifact::address_map::{self, MapEntry, Site};
use precast_artifact::handlers::{self, Handler};
use precast_artifact::index::{
    CanonicalTypeIndex, CodeOffset, FuncIndex, FuncrefIndex, ImportIndex, InstanceIndex,
    MemoryIndex, ModuleIndex, WasmOffset,
};
use precast_artifact::module::{
    Description, EntityIndex, Export, ExportKind, Funcref, GlobalEntity, Import, ImportKind,
    InstancePlan, Link, MemoryEntity, MemoryModel, MemoryRun, Module, Range, SignatureStub,
    TableEntity, TagEntity,
};
use precast_artifact::note::Note;
use precast_artifact::reloc::{Reloc, RelocKind};
use precast_artifact::types::{CompositeType, MemoryType, SizeLimits};
use precast_loader::{FuncType, GlobalType, RefType, TableType, TypeId, ValType};

/// Page size of the images, and of the machines that the tests run on.
pub const PAGE: usize = 4096;

type Body = Box<dyn Fn(&ContextLayout) -> Code>;

/// A module in the making. Imports come before what is defined.
pub struct Mock {
    pub module: Module,
    functions: Vec<(String, Body)>,
    /// Initial contents: memory, address, bytes.
    contents: Vec<(u32, u64, Vec<u8>)>,
    data: Vec<Vec<u8>>,
    relocs: Vec<Reloc>,
    /// Bytes of the context template, by offset from the context.
    template: Vec<(i32, Vec<u8>)>,
}

/// Modules made by hand name no types of the process.
fn abstract_only(ty: TypeId) -> CanonicalTypeIndex {
    panic!("a reference to {ty:?}")
}

impl Mock {
    pub fn new(name: &str) -> Self {
        let module = Module { name: Some(name.to_owned()), ..Module::default() };
        Self {
            module,
            functions: Vec::new(),
            contents: Vec::new(),
            data: Vec::new(),
            relocs: Vec::new(),
            template: Vec::new(),
        }
    }

    /// The index of a type.
    pub fn ty(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let ty = FuncType { params: params.to_vec(), results: results.to_vec() }.map(abstract_only);
        let ty = CompositeType::Func(ty);
        if let Some(index) = self.module.types.types().iter().position(|t| *t == ty) {
            return index as u32;
        }
        self.module.types.push([ty]);
        self.module.types.len() as u32 - 1
    }

    pub fn import(&mut self, module: &str, name: &str, kind: ImportKind) {
        let may_block = matches!(kind, ImportKind::Function(_));
        let (module, name) = (module.into(), name.into());
        self.module.imports.push(Import { module, name, kind, may_block });
    }

    pub fn import_func(&mut self, module: &str, name: &str, ty: u32) -> u32 {
        self.import(module, name, ImportKind::Function(CanonicalTypeIndex::new(ty)));
        self.module.functions += 1;
        self.module.functions - 1
    }

    /// Defines a function and exports it under its name. Its index.
    pub fn func(
        &mut self,
        name: &str,
        ty: u32,
        body: impl Fn(&ContextLayout) -> Code + 'static,
    ) -> u32 {
        let function = self.module.functions;
        self.module.functions += 1;
        self.module.funcrefs.push(Funcref {
            function: FuncIndex::new(function),
            ty: CanonicalTypeIndex::new(ty),
            code: CodeOffset::START,
        });
        self.functions.push((name.to_owned(), Box::new(body)));
        self.export(name, ExportKind::Function, function);
        function
    }

    pub fn export(&mut self, name: &str, kind: ExportKind, index: u32) {
        let item = EntityIndex::new(kind, index);
        self.module.exports.push(Export { name: name.to_owned(), item });
    }

    pub fn memory(&mut self, min: u64, max: Option<u64>, imported: bool) -> u32 {
        let limits = SizeLimits { min, max };
        let ty = MemoryType { limits, index64: false, shared: false, page_size_log2: 16 };
        let reservation = MEMORY32_RESERVATION;
        self.module.memories.push(MemoryEntity {
            ty,
            imported,
            model: MemoryModel::Guard,
            reservation,
            guard: 0,
        });
        self.module.memories.len() as u32 - 1
    }

    pub fn table(&mut self, element: RefType, min: u64, max: Option<u64>, kind: TableKind) -> u32 {
        let limits = SizeLimits { min, max };
        let ty = TableType { element, limits, index64: false }.map(abstract_only);
        self.module.tables.push(TableEntity { ty, kind, image: Range::default() });
        self.module.tables.len() as u32 - 1
    }

    pub fn global(&mut self, value: ValType, mutable: bool, imported: bool) -> u32 {
        let ty = GlobalType { value, mutable }.map(abstract_only);
        self.module.globals.push(GlobalEntity { ty, imported });
        self.module.globals.len() as u32 - 1
    }

    pub fn tag(&mut self, ty: u32, imported: bool) -> u32 {
        self.module.tags.push(TagEntity { ty: CanonicalTypeIndex::new(ty), imported });
        self.module.tags.len() as u32 - 1
    }

    pub fn contents(&mut self, memory: u32, address: u64, bytes: &[u8]) {
        self.contents.push((memory, address, bytes.to_vec()));
    }

    pub fn data(&mut self, bytes: &[u8]) -> u32 {
        self.data.push(bytes.to_vec());
        self.data.len() as u32 - 1
    }

    pub fn reloc(&mut self, kind: RelocKind, offset: i32, addend: i64) {
        self.relocs.push(Reloc { kind, offset, addend });
    }

    pub fn template(&mut self, offset: i32, bytes: &[u8]) {
        self.template.push((offset, bytes.to_vec()));
    }

    pub fn layout(&self) -> ContextLayout {
        ContextLayout::new(&self.module.context_shape()).unwrap()
    }

    /// An artifact with one instance of this module.
    pub fn build(self) -> Vec<u8> {
        let instances = vec![InstancePlan { module: ModuleIndex::new(0), links: Vec::new() }];
        build(vec![self], instances)
    }
}

/// A link of import `import` to export `export` of instance `instance`.
pub fn link(import: u32, instance: u32, export: &str) -> Link {
    Link {
        import: ImportIndex::new(import),
        instance: InstanceIndex::new(instance),
        export: export.to_owned(),
    }
}

/// An artifact.
pub fn build(modules: Vec<Mock>, instances: Vec<InstancePlan>) -> Vec<u8> {
    let (note, image) = parts(modules, instances);
    elf::write(&note, image)
}

/// The note and the contents of an artifact.
pub fn parts(modules: Vec<Mock>, instances: Vec<InstancePlan>) -> (Note, elf::ElfImage) {
    let mut image = elf::ElfImage::new();
    let mut description = Description { modules: Vec::new(), instances };
    let mut text = vec![Vec::new(); modules.len()];
    let mut ready = Vec::new();
    for (mock, text) in modules.into_iter().zip(&mut text) {
        let assembled = mock.assemble(text);
        ready.push(assembled);
    }
    let all: Vec<u8> = text.iter().flat_map(|t| t.iter().copied()).collect();
    image.text = image.append(&all, PAGE);
    let mut start = image.text.offset;
    for ((mut module, tables), text) in ready.into_iter().zip(&text) {
        module.text = Range { offset: start, size: text.len() as u64 };
        for (name, code, size) in &tables.symbols {
            image.symbols.push((name.clone(), start + u64::from(*code), *size));
        }
        start += text.len() as u64;
        module.function_table = image.append(&tables.functions, 4);
        module.site_table = image.append(&tables.sites, 4);
        module.handler_table = image.append(&tables.handlers, 4);
        module.context = image.append(&tables.context, 16);
        module.data = tables.data.iter().map(|bytes| image.append(bytes, 1)).collect();
        for (memory, address, bytes) in &tables.contents {
            let place = image.append(bytes, PAGE);
            module.runs.push(MemoryRun {
                memory: MemoryIndex::new(*memory),
                address: *address,
                image: place,
            });
        }
        description.modules.push(module);
    }
    image.align(PAGE);
    image.module = image.append(&description.encode(), 8);
    let note = Note {
        versions: Versions::CURRENT,
        compiler: "by hand".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        cpu_features: Vec::new(),
        wasm_features: Vec::new(),
        options: Vec::new(),
        source_hash: [0; 32],
        page_size: PAGE as u64,
        image_size: image.bytes.len() as u64,
        text: image.text,
        module: image.module,
        component: Default::default(),
        inlined: Default::default(),
        variants: Vec::new(),
    };
    (note, image)
}

/// What becomes of a [`Mock`] besides its description.
struct Tables {
    functions: Vec<u8>,
    sites: Vec<u8>,
    handlers: Vec<u8>,
    context: Vec<u8>,
    data: Vec<Vec<u8>>,
    contents: Vec<(u32, u64, Vec<u8>)>,
    symbols: Vec<(String, u32, u64)>,
}

impl Mock {
    /// The relocations of the funcref records.
    fn relocate_funcrefs(&mut self, layout: &ContextLayout) {
        for (record, funcref) in self.module.funcrefs.iter().enumerate() {
            let at = layout.funcref(FuncrefIndex::from_index(record));
            let mut add = |kind, offset, addend| {
                self.relocs.push(Reloc { kind, offset: at + offset, addend });
            };
            add(RelocKind::Text, FUNCREF_CODE, funcref.code.get().into());
            add(RelocKind::Context, FUNCREF_CONTEXT, 0);
            add(RelocKind::TypeId, FUNCREF_TYPE, funcref.ty.get().into());
        }
    }

    fn assemble(mut self, text: &mut Vec<u8>) -> (Module, Tables) {
        let layout = self.layout();
        let imported = self.module.imported_functions();
        let (mut functions, mut sites, mut symbols) = (Vec::new(), Vec::new(), Vec::new());
        let mut handlers = Vec::new();
        for (index, (name, body)) in self.functions.iter().enumerate() {
            let start = place(text);
            let code = body(&layout);
            let function = imported + index as u32;
            let code_at = |at| CodeOffset::new(start + at);
            functions.push(MapEntry {
                code: code_at(0),
                site: Site::Call,
                value: FuncIndex::new(function),
            });
            for (at, site) in &code.sites {
                let value = WasmOffset::new(function << 8 | at);
                sites.push(MapEntry { code: code_at(*at), site: *site, value });
            }
            handlers.extend(code.handlers.iter().map(|h| Handler {
                key: CodeOffset::new(start + h.key.get()),
                handler: CodeOffset::new(start + h.handler.get()),
                frame: h.frame,
            }));
            symbols.push((name.clone(), start, code.bytes.len() as u64));
            text.extend(&code.bytes);
            self.module.funcrefs[index].code = CodeOffset::new(start);
        }
        for (ty, shape) in self.module.types.types().iter().enumerate() {
            let CompositeType::Func(shape) = shape;
            let (params, results) = (shape.params.len(), shape.results.len());
            let ty = CanonicalTypeIndex::from_index(ty);
            self.module.entry_stubs.push(SignatureStub { ty, code: CodeOffset::new(place(text)) });
            text.extend(code::entry_stub(params, results).bytes);
            self.module.host_stubs.push(SignatureStub { ty, code: CodeOffset::new(place(text)) });
            text.extend(code::host_stub(params, results).bytes);
        }
        self.relocate_funcrefs(&layout);
        self.relocs.sort_by_key(|reloc| reloc.offset);
        self.module.relocs = self.relocs;
        let mut context =
            vec![0; if self.template.is_empty() { 0 } else { layout.size() as usize }];
        for (offset, bytes) in &self.template {
            let at = (layout.size() as i32 + offset) as usize;
            context[at..at + bytes.len()].copy_from_slice(bytes);
        }
        let tables = Tables {
            functions: address_map::encode(functions.into_iter()),
            sites: address_map::encode(sites.into_iter()),
            handlers: handlers::encode(&handlers),
            context,
            data: self.data,
            contents: self.contents,
            symbols,
        };
        (self.module, tables)
    }
}

/// The next function's start.
fn place(text: &mut Vec<u8>) -> u32 {
    text.resize(text.len().next_multiple_of(16), 0xcc);
    text.len() as u32
}
