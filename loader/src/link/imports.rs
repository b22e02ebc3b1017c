//! Satisfying imports: what was provided, and whether it matches.

use crate::api::externs::Extern;
use crate::artifact::info::{ExternType, ModuleInfo};
use crate::error::LinkProblem;
use crate::store::contents::StoreCore;
use crate::store::host::{HostBinding, HostFunc};
use crate::vm::handle::Memory;
use crate::vm::matching::{self, Space};
use crate::vm::types;
use precast_artifact::module::{EntityIndex, ImportKind, MemoryModel, Module};
use std::sync::Arc;

/// What an import may be satisfied with.
#[derive(Clone, Debug)]
pub(crate) enum Provided {
    /// A function of the host that no store owns.
    Host(Arc<HostFunc>),
    /// An item of the store.
    Item(Extern),
}

/// Checks what was found for an import against what it must be.
pub(crate) fn check(
    core: &StoreCore,
    module: &Module,
    info: &ModuleInfo,
    import: usize,
    found: Option<&Provided>,
) -> Result<(), LinkProblem> {
    let problem = |found| problem(module, info, import, found);
    let item = match found {
        None => return Err(problem(None)),
        Some(Provided::Host(func)) => return check_host(module, info, import, func),
        Some(Provided::Item(item)) => item,
    };
    if item.store() != core.id {
        return Err(problem(Some(format!("a {item} of another store"))));
    }
    if function_matches(core, module, info, import, item) {
        return check_pending(module, info, import, may_block(core, item));
    }
    if tag_matches(module, info, import, item) {
        return Ok(());
    }
    let has = item.type_in(core);
    let matches = match (&has, &info.import_type(module, import)) {
        (ExternType::Table(has), ExternType::Table(needs)) => matching::table(has, needs),
        (ExternType::Memory(has), ExternType::Memory(needs)) => matching::memory(has, needs),
        (ExternType::Global(has), ExternType::Global(needs)) => matching::global(has, needs),
        _ => false,
    };
    if !matches {
        return Err(problem(Some(has.to_string())));
    }
    match item {
        Extern::Memory(memory) => {
            check_space(core, module, info, import, memory).map_err(|found| problem(Some(found)))
        }
        _ => Ok(()),
    }
}

/// Checks a function of the host that no store owns: so nothing of a store is
/// needed.
pub(crate) fn check_host(
    module: &Module,
    info: &ModuleInfo,
    import: usize,
    func: &HostFunc,
) -> Result<(), LinkProblem> {
    match module.imports[import].kind {
        ImportKind::Function(ty) if info.type_ids[ty.index()] == func.ty => {
            check_pending(module, info, import, func.may_block)
        }
        _ => {
            let found = format!("function {}", types::get(func.ty));
            Err(problem(module, info, import, Some(found)))
        }
    }
}

/// Checks whether the code copes with a function that may be pending, if it is one.
fn check_pending(
    module: &Module,
    info: &ModuleInfo,
    import: usize,
    may_block: bool,
) -> Result<(), LinkProblem> {
    match !module.imports[import].may_block && may_block {
        false => Ok(()),
        true => Err(problem(
            module,
            info,
            import,
            Some(
                "a function that may be pending, where the code relies on one that is not: \
                 compile the module again"
                    .to_owned(),
            ),
        )),
    }
}

/// What is wrong with an import that was given this, or nothing.
pub(crate) fn problem(
    module: &Module,
    info: &ModuleInfo,
    import: usize,
    found: Option<String>,
) -> LinkProblem {
    let names = &module.imports[import];
    LinkProblem {
        module: names.module.clone(),
        name: names.name.clone(),
        needs: info.import_type(module, import).to_string(),
        found,
    }
}

fn function_matches(
    core: &StoreCore,
    module: &Module,
    info: &ModuleInfo,
    import: usize,
    found: &Extern,
) -> bool {
    let ImportKind::Function(ty) = module.imports[import].kind else { return false };
    let needs = info.type_ids[ty.index()];
    let Extern::Func(func) = found else { return false };
    func.type_in(core.id).is_ok_and(|has| has == needs)
}

/// Tags are matched by the identity of their types: types of one
/// signature may be of different recursion groups.
fn tag_matches(module: &Module, info: &ModuleInfo, import: usize, found: &Extern) -> bool {
    let EntityIndex::Tag(index) = info.import_index(import) else { return false };
    let Extern::Tag(tag) = found else { return false };
    tag.ty == info.type_ids[module.tags[index.index()].ty.index()]
}

/// Whether a function may be pending, or call one that is.
fn may_block(core: &StoreCore, found: &Extern) -> bool {
    let Extern::Func(func) = found else { return false };
    match func.read_in(core.id) {
        Ok(record) => HostBinding::of_record(&record).is_none_or(|binding| binding.func.may_block),
        Err(_) => true,
    }
}

/// Compares a memory's address space with what the importing code relies on.
fn check_space(
    core: &StoreCore,
    module: &Module,
    info: &ModuleInfo,
    import: usize,
    memory: &Memory,
) -> Result<(), String> {
    let declared = &module.memories[info.import_index(import).number() as usize];
    if declared.model == MemoryModel::Bounds {
        return Ok(());
    }
    let needs = Space { reservation: declared.reservation, guard: declared.guard };
    let memory = &core.memories[memory.index.index()];
    let has = memory.space();
    match matching::space(has, needs, memory.ty().max_bytes()) {
        true => Ok(()),
        false => Err(format!(
            "{} with {:#x} + {:#x} bytes of address space, where the code relies on \
             {:#x} + {:#x}: compile both modules with the same memory model",
            memory.ty(),
            has.reservation,
            has.guard,
            needs.reservation,
            needs.guard
        )),
    }
}
