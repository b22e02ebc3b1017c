//! What is tried with a damaged artifact.

use crate::edits::Edit;
use crate::worker::{Progress, Stage};
use precast_artifact::container::Container;
use precast_artifact::module::Description;
use precast_loader::{
    Artifact, Extern, ExternType, Func, Global, Instance, Limits, Linker, Memory, Store, Table,
    Tag, Val,
};
use std::ops::Range;
use std::path::Path;

/// Functions of a guest that are called at most.
const CALLS: usize = 20;

pub(crate) fn examine(path: &Path, edit: &Edit, map: &Map, progress: &mut Progress) {
    progress.enter(Stage::Open);
    // SAFETY: what the damage makes of the code is run in a process of its own,
    // where it is watched.
    let artifact = match unsafe { Artifact::open(path) } {
        Ok(artifact) => artifact,
        Err(why) => {
            assert!(why.to_string().len() > 10, "{why:?}");
            progress.refused += 1;
            return;
        }
    };
    progress.accepted += 1;
    progress.enter(Stage::Describe);
    artifact.exports().iter().for_each(|export| drop(export.ty.to_string()));
    artifact.imports().iter().for_each(|import| drop(import.ty.to_string()));

    // A start function is a guest's.
    let starts =
        edit.touches(&map.description) && std::fs::read(path).is_ok_and(|file| has_start(&file));
    progress.enter(if starts { Stage::Run } else { Stage::Instantiate });
    // Overflows soon.
    let mut limits = Limits::default();
    limits.stack_bytes = 128 << 10;
    let mut store = Store::with_limits((), limits);
    let linker = linker(&artifact, &mut store);
    let Ok(instance) = linker.instantiate(&mut store, &artifact) else { return };
    progress.instantiated += 1;
    progress.enter(Stage::Inspect);
    inspect(&store, instance);

    progress.enter(Stage::Run);
    for (name, func) in functions(&store, instance) {
        let params: Option<Vec<Val>> =
            func.ty(&store).params.iter().map(Val::default_for).collect();
        if let Some(params) = params {
            // Traps and the like are results, too.
            let _ = func.call(&mut store, &params).map_err(|why| format!("{name}: {why}"));
        }
    }
    inspect(&store, instance);
    drop(store);
    progress.ran += 1;
}

/// The functions that are called: all of few, of many what initialises them,
/// since some of the others never end when their arguments are zero.
fn functions(store: &Store<()>, instance: Instance) -> Vec<(String, Func)> {
    let exports = instance.exports(store);
    let functions = exports.filter_map(|(name, item)| Some((name.to_owned(), item.func()?)));
    let mut functions: Vec<(String, Func)> = functions.collect();
    if functions.len() > CALLS {
        functions.retain(|(name, _)| name == "_initialize");
    }
    functions
}

/// Provides everything that is imported, as far as it can be made.
fn linker(artifact: &Artifact, store: &mut Store<()>) -> Linker<()> {
    let mut linker = Linker::new();
    for import in artifact.imports() {
        let (module, name) = (&import.module, &import.name);
        let item: Option<Extern> = match import.ty {
            // Gives back defaults.
            ExternType::Func(ty) => {
                let _ = linker.func_new(module, name, ty, |_, _, _| Ok(()));
                None
            }
            ExternType::Memory(ty) => Memory::new(store, ty).ok().map(Extern::Memory),
            ExternType::Table(ty) => {
                let value = Val::default_for(&precast_loader::ValType::Ref(ty.element));
                value.and_then(|value| Table::new(store, ty, value).ok()).map(Extern::Table)
            }
            ExternType::Global(ty) => Val::default_for(&ty.value)
                .and_then(|value| Global::new(store, ty, value).ok())
                .map(Extern::Global),
            ExternType::Tag(ty) => Some(Extern::Tag(Tag::new(store, &ty).expect("its own type"))),
            _ => None,
        };
        if let Some(item) = item {
            linker.define(module, name, item);
        }
    }
    linker
}

/// Looks at everything that an instance exports.
fn inspect(store: &Store<()>, instance: Instance) {
    for (_, item) in instance.exports(store) {
        match item {
            Extern::Func(func) => drop(func.ty(store).to_string()),
            Extern::Memory(memory) => {
                let data = memory.data(store);
                assert_eq!(data.len() as u64, memory.size(store) * memory.ty(store).page_size());
                let _ = std::hint::black_box((data.first(), data.last()));
            }
            Extern::Table(table) => {
                let size = table.size(store);
                for at in (0..size.min(100)).chain(size.checked_sub(1)) {
                    value(store, table.get(store, at).expect("in bounds"));
                }
            }
            Extern::Global(global) => value(store, global.get(store)),
            Extern::Tag(tag) => drop(tag.ty(store).to_string()),
            _ => {}
        }
    }
}

fn value(store: &Store<()>, value: Val) {
    match value {
        Val::FuncRef(Some(func)) => drop(func.ty(store).to_string()),
        other => drop(format!("{other:?}")),
    }
}

fn has_start(file: &[u8]) -> bool {
    parts(file).is_some_and(|(_, description)| {
        description.modules.iter().any(|module| module.start.is_some())
    })
}

fn parts(file: &[u8]) -> Option<(Container, Description)> {
    let container = Container::open(file).ok()?;
    let range = container.note.module;
    let bytes = &file[range.offset as usize..][..range.size as usize];
    Some((container, Description::decode(bytes).ok()?))
}

/// Where what lies in an artifact.
pub(crate) struct Map {
    /// Code, and all that describes the code: what is trusted as the code
    /// itself is.
    pub(crate) code: Vec<Range<usize>>,
    /// What is read when a file is opened.
    pub(crate) metadata: Vec<Range<usize>>,
    /// The module description.
    pub(crate) description: Vec<Range<usize>>,
}

impl Map {
    /// Of an undamaged artifact; empty for anything else.
    pub(crate) fn new(file: &[u8]) -> Self {
        let mut map = Self { code: Vec::new(), metadata: Vec::new(), description: Vec::new() };
        let Some((container, description)) = parts(file) else { return map };
        let usize_range = |range: precast_artifact::module::Range| {
            range.offset as usize..(range.offset + range.size) as usize
        };
        let note = &container.note;
        map.description = vec![usize_range(note.module)];
        map.code = vec![usize_range(note.text), usize_range(note.module)];
        // Twice, and only the starts of large tables: there most can go wrong.
        map.metadata = vec![0..1024, usize_range(note.module), usize_range(note.module)];
        for module in &description.modules {
            for table in [module.function_table, module.site_table, module.context] {
                let range = usize_range(table);
                map.metadata.push(range.start..range.end.min(range.start + 4096));
            }
            let tables = module.tables.iter().map(|table| table.image);
            let trusted = tables.chain([module.handler_table, module.context]);
            map.code.extend(trusted.map(usize_range));
        }
        map.metadata.retain(|range| !range.is_empty());
        map
    }
}
