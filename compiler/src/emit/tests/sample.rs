//! Hand-written functions and what goes with them, to be placed and written.

use super::super::image::Image;
use super::super::layout::{DebugInfo, Header, lay_out};
use super::super::{EmitSummary, Output, emit};
use super::code::{caller, leaf};
use crate::code::{Code, MemoryContents, ModuleParts, PrivateEntry, PrivateTable, Text};
use crate::debug_section::DebugSection;
use crate::function::{CompiledFunction, Symbol};
use crate::names::FunctionList;
use crate::place::{Arrangement, LinkError, Placed, place, place_with_reach};
use crate::stub::{Stub, StubKind};
use crate::target::LinkTarget;
use object::elf::{EM_AARCH64, EM_RISCV, EM_X86_64};
use precast_artifact::abi::{ContextLayout, TableKind};
use precast_artifact::index::{
    CanonicalTypeIndex, CodeOffset, DataIndex, FuncIndex, GlobalIndex, MemoryIndex, ModuleIndex,
    StubIndex, TableIndex, WasmOffset,
};
use precast_artifact::module::{
    ConstExpr, ConstOp, EntityIndex, Export, Funcref, GlobalEntity, Import, ImportKind, InitStep,
    MemoryEntity, MemoryModel, Module, Range, TableEntity,
};
use precast_artifact::reloc::{Reloc, RelocKind};
use precast_artifact::types::{
    FuncType, GlobalType, HeapType, MemoryType, RefType, SizeLimits, TableType, TypeSection,
    ValType,
};

const MODULE: ModuleIndex = ModuleIndex::new(0);

/// A function of the module.
pub(super) fn function(index: u32) -> Symbol {
    Symbol::Function(MODULE, FuncIndex::new(index))
}

/// A symbol of the first module as one of the second, after so many stubs.
fn in_second(symbol: Symbol, stubs: u32) -> Symbol {
    let module = ModuleIndex::new(1);
    match symbol {
        Symbol::Function(_, function) => Symbol::Function(module, function),
        Symbol::PrivateTable(_, table) => Symbol::PrivateTable(module, table),
        Symbol::Stub(index) => Symbol::Stub(StubIndex::new(stubs + index.get())),
        local @ Symbol::Local(_) => local,
    }
}

/// What is to be placed and written, each part to be changed.
pub(super) struct Sample {
    pub target: LinkTarget,
    pub header: Header,
    pub module: Module,
    pub functions: Vec<Option<CompiledFunction>>,
    pub stubs: Vec<Stub>,
    pub names: Vec<&'static str>,
    pub bodies: Vec<WasmOffset>,
    pub private_tables: Vec<PrivateTable>,
    pub context: Vec<u8>,
    pub relocs: Vec<Reloc>,
    pub memory: Vec<MemoryContents<'static>>,
    pub data: Vec<&'static [u8]>,
    pub fold: bool,
    pub debug: Vec<DebugSection>,
    pub own_base: bool,
}

impl Sample {
    /// Takes everything out but the sections.
    pub(super) fn empty(&mut self) {
        self.module = Module::default();
        self.functions.clear();
        self.stubs.clear();
        self.names.clear();
        self.private_tables.clear();
        self.context = vec![
            0;
            ContextLayout::new(&Module::default().context_shape()).unwrap().size()
                as usize
        ];
        self.memory.clear();
        self.relocs.clear();
        self.data.clear();
    }

    fn parts(self) -> (Code<'static>, LinkTarget, bool, Header, DebugInfo) {
        let mut list = FunctionList::default();
        list.push(self.module.imported_functions(), &self.names);
        let text = Text {
            cpu_features: vec!["sse2".to_owned()],
            functions: self.functions,
            stubs: self.stubs,
        };
        let module = ModuleParts {
            description: self.module,
            bodies: self.bodies,
            private_tables: self.private_tables,
            context: self.context,
            relocs: self.relocs,
            memory: self.memory,
            data: self.data,
        };
        let code = Code { list, texts: vec![text], modules: vec![module] };
        let debug = DebugInfo { sections: self.debug, own_base: self.own_base };
        (code, self.target, self.fold, self.header, debug)
    }

    /// Everything in its place.
    pub(super) fn place(self) -> Result<Placed<'static>, LinkError> {
        let (code, target, fold, ..) = self.parts();
        place(code, target, Arrangement { fold, order: None })
    }

    /// The artifact of this and another module.
    pub(super) fn linked_with(self, other: Self) -> Vec<u8> {
        let (mut code, target, fold, header, debug) = self.parts();
        let imported = other.module.imported_functions();
        code.list.push(imported, &other.names);
        let (second, ..) = other.parts();
        let stubs = code.texts[0].stubs.len() as u32;
        for (text, mut second_text) in code.texts.iter_mut().zip(second.texts) {
            let functions = second_text.functions.iter_mut().flatten();
            let code = functions.chain(second_text.stubs.iter_mut().map(|s| &mut s.function));
            code.flat_map(|code| &mut code.relocs)
                .for_each(|reloc| reloc.target = in_second(reloc.target, stubs));
            text.functions.append(&mut second_text.functions);
            let stubs = second_text.stubs.into_iter();
            text.stubs.extend(stubs.map(|stub| Stub { module: ModuleIndex::new(1), ..stub }));
        }
        for mut module in second.modules {
            // It lies after the first in the source.
            module.bodies.iter_mut().for_each(|at| *at = at.checked_add(10_000).unwrap());
            let tables = module.private_tables.iter_mut().flat_map(|table| &mut table.entries);
            tables.flatten().for_each(|entry| entry.code = in_second(entry.code, stubs));
            code.modules.push(module);
        }
        let mut file = Vec::new();
        let placed = place(code, target, Arrangement { fold, order: None }).unwrap();
        emit(placed, header, debug, Output::Artifact, &mut file).unwrap();
        file
    }

    /// The file, where calls reach less than `reach` bytes.
    pub(super) fn laid_out(self, reach: u64) -> Image<'static> {
        let (code, target, fold, header, debug) = self.parts();
        let placed =
            place_with_reach(code, target, Arrangement { fold, order: None }, Some(reach)).unwrap();
        lay_out(placed, header, debug).unwrap()
    }

    /// Writes it.
    pub(super) fn emit(
        self,
        output: Output<'_>,
        out: &mut Vec<u8>,
    ) -> Result<EmitSummary, LinkError> {
        let (code, target, fold, header, debug) = self.parts();
        emit(place(code, target, Arrangement { fold, order: None })?, header, debug, output, out)
    }
}

/// Its artifact.
pub(super) fn linked(sample: Sample) -> (Vec<u8>, EmitSummary) {
    let mut file = Vec::new();
    let summary = sample.emit(Output::Artifact, &mut file).unwrap();
    (file, summary)
}

pub(super) const MACHINES: [(u16, u64); 3] =
    [(EM_X86_64, 4096), (EM_AARCH64, 65536), (EM_RISCV, 4096)];

/// The description of the module.
fn description() -> Module {
    let func = RefType { nullable: true, heap: HeapType::Func };
    let limits = |min| SizeLimits { min, max: None };
    let funcref = |function, ty| Funcref {
        function: FuncIndex::new(function),
        ty: CanonicalTypeIndex::new(ty),
        code: CodeOffset::START,
    };
    let mut module = Module {
        name: Some("sample".to_owned()),
        types: TypeSection::from_iter([
            FuncType::default(),
            FuncType { params: vec![ValType::I32], results: Vec::new() },
        ]),
        imports: vec![Import {
            module: "host".to_owned(),
            name: "call".to_owned(),
            kind: ImportKind::Function(CanonicalTypeIndex::new(0)),
            may_block: true,
        }],
        functions: 5,
        tables: vec![TableEntity {
            ty: TableType { element: func, limits: limits(4), index64: false },
            kind: TableKind::Private,
            image: Range::default(),
        }],
        memories: vec![MemoryEntity {
            ty: MemoryType { limits: limits(4), index64: false, shared: false, page_size_log2: 16 },
            imported: false,
            model: MemoryModel::Guard,
            reservation: 8 << 30,
            guard: 0,
        }],
        globals: vec![GlobalEntity {
            ty: GlobalType { value: ValType::I64, mutable: true },
            imported: false,
        }],
        funcrefs: vec![funcref(1, 0), funcref(4, 1)],
        ..Module::default()
    };
    let item = EntityIndex::Function(FuncIndex::new(4));
    module.exports = vec![Export { name: "run".to_owned(), item }];
    let offset = ConstExpr { ops: vec![ConstOp::Bits32(8)] };
    let (segment, memory) = (DataIndex::new(1), MemoryIndex::new(0));
    module.init = vec![InitStep::Data { segment, memory, offset }];
    module
}

/// Stubs of each kind, which call the first function.
fn stubs(machine: u16) -> Vec<Stub> {
    let types = [0, 1].map(CanonicalTypeIndex::new);
    let kinds = [
        StubKind::Entry(types[1]),
        StubKind::Host(types[0]),
        StubKind::Import(FuncIndex::new(0)),
        StubKind::Entry(types[0]),
    ];
    let stub = |kind| Stub { module: MODULE, kind, function: caller(machine, function(1)) };
    kinds.map(stub).into()
}

/// One imported function, then: a caller of function 2, a leaf, a removed
/// function, and the leaf again.
pub(super) fn sample((machine, page_size): (u16, u64)) -> Sample {
    let entry = |symbol| Some(PrivateEntry { ty: CanonicalTypeIndex::new(0), code: symbol });
    let null = None;
    let module = description();
    let layout = ContextLayout::new(&module.context_shape()).unwrap();
    let mut context = vec![0; layout.size() as usize];
    let global = (layout.size() as i32 + layout.global(GlobalIndex::new(0))) as usize;
    context[global] = 42;
    let memory = MemoryIndex::new(0);
    Sample {
        target: LinkTarget { machine, flags: 0, page_size },
        header: Header {
            target: "test-unknown-linux-gnu".to_owned(),
            wasm_features: Vec::new(),
            options: vec!["-O2".to_owned()],
            source_hash: [7; 32],
            producers: vec!["language C11".to_owned()],
            component: None,
        },
        module,
        functions: vec![
            Some(caller(machine, function(2))),
            Some(leaf(machine, 1880)),
            None,
            Some(leaf(machine, 1700)),
        ],
        stubs: stubs(machine),
        names: vec!["first", "leaf", "removed", ""],
        bodies: [100, 120, 2200, 2300].map(WasmOffset::new).into(),
        private_tables: vec![PrivateTable {
            table: TableIndex::new(0),
            entries: vec![
                entry(function(1)),
                null,
                entry(function(4)),
                entry(Symbol::Stub(StubIndex::new(2))),
                null,
            ],
        }],
        context,
        relocs: vec![Reloc {
            kind: RelocKind::Context,
            offset: layout.global(GlobalIndex::new(0)),
            addend: 0,
        }],
        memory: vec![
            MemoryContents { memory, address: 0, bytes: &[1; 5000] },
            MemoryContents { memory, address: 0x10000, bytes: &[] },
            MemoryContents { memory, address: 0x30000, bytes: &[2; 100] },
        ],
        data: vec![b"", b"hello", b"world"],
        fold: true,
        debug: Vec::new(),
        own_base: false,
    }
}
