//! What is tried with a damaged artifact.

use crate::worker::{Progress, Stage};
use precast_artifact::container::Container;
use precast_artifact::module::Description;
use precast_loader::{
    Artifact, Extern, ExternType, Global, Instance, Limits, Linker, Memory, Store, Table, Tag, Val,
};
use std::ops::Range;
use std::path::Path;

/// Functions of a guest that are called.
const CALLS: usize = 20;

pub(crate) fn examine(path: &Path, progress: &mut Progress) {
    progress.enter(Stage::Open);
    let artifact = match Artifact::open(path) {
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
    let starts = std::fs::read(path).is_ok_and(|file| has_start(&file));
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
    let exports: Vec<Extern> = instance.exports(&store).map(|(_, item)| item).collect();
    for func in exports.into_iter().filter_map(|item| item.func()).take(CALLS) {
        let params: Option<Vec<Val>> =
            func.ty(&store).params.iter().map(Val::default_for).collect();
        if let Some(params) = params {
            // Traps and the like are results, too.
            let _ = func.call(&mut store, &params).map_err(|why| why.to_string());
        }
    }
    inspect(&store, instance);
    drop(store);
    progress.ran += 1;
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
            ExternType::Tag(ty) => Some(Extern::Tag(Tag::new(store, &ty))),
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
            Extern::Tag(tag) => drop(tag.ty().to_string()),
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

/// Where an artifact's code lies, and all that describes the code: what is
/// trusted as the code itself is.
pub(crate) fn code_of(file: &[u8]) -> Vec<Range<usize>> {
    let Some((container, description)) = parts(file) else { return Vec::new() };
    let mut ranges = vec![container.note.text, container.note.module];
    for module in &description.modules {
        ranges.extend([module.handler_table, module.context]);
        ranges.extend(module.tables.iter().map(|table| table.image));
    }
    let range = |range: &precast_artifact::module::Range| {
        range.offset as usize..(range.offset + range.size) as usize
    };
    ranges.iter().map(range).collect()
}

/// Where an artifact's metadata lies: all but the padding before the text, and
/// what follows it.
pub(crate) fn metadata_of(file: &[u8]) -> Vec<Range<usize>> {
    let Some((container, description)) = parts(file) else { return Vec::new() };
    let note = &container.note;
    let module = note.module.offset as usize..(note.module.offset + note.module.size) as usize;
    let mut ranges = vec![0..1024, module.clone(), module];
    for module in &description.modules {
        for table in [module.function_table, module.site_table, module.context] {
            let start = table.offset as usize;
            ranges.push(start..start + (table.size as usize).min(4096));
        }
    }
    ranges.retain(|range| !range.is_empty() && range.end <= file.len());
    ranges
}
