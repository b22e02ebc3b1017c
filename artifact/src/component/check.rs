//! Proof that a decoded component is consistent, by itself and with the core
//! modules of the artifact.

use super::check_types::{below, check_core, in_order};
use super::description::{
    CanonicalOptions, ComponentDescription, ComponentExport, CoreItem, CoreRef, Step,
    TrampolineKind,
};
use crate::index::{ModuleIndex, Number};
use crate::module::Check;
use crate::module::{Description, ExportKind, ImportKind, Module};
use crate::types::ValType;

/// What the steps up to one have made.
#[derive(Default)]
struct Made {
    /// The module of each core instance; none of an imported one.
    instances: Vec<Option<ModuleIndex>>,
    lowerings: usize,
    memories: usize,
    tables: usize,
    reallocs: usize,
    post_returns: usize,
    resources: usize,
}

impl ComponentDescription {
    /// Checks everything that the loader later relies on, except that what is
    /// given to a core module has the type it imports: making the instance
    /// checks that. The error names the entry.
    pub fn check(&self, modules: &Description) -> Check {
        self.check_types()?;
        for import in &self.imports {
            self.check_item(import.ty).map_err(|why| format!("import `{}`: {why}", import.name))?;
        }
        for leaf in &self.leaves {
            below("import", leaf.import.get(), self.imports.len())?;
        }
        for leaf in &self.imported_resources {
            below("imported item", leaf.get(), self.leaves.len())?;
        }
        for instance in &self.resources {
            below("component instance", instance.get(), self.component_instances as usize)?;
        }
        let mut made = Made::default();
        for (index, step) in self.steps.iter().enumerate() {
            self.check_step(step, &mut made, modules)
                .map_err(|why| format!("step {index}: {why}"))?;
        }
        if made.resources != self.resources.len() {
            return Err("not every defined resource has a step".to_owned());
        }
        for (index, trampoline) in self.trampolines.iter().enumerate() {
            check_core(&trampoline.ty)
                .and_then(|()| self.check_trampoline(trampoline.kind, &made))
                .map_err(|why| format!("trampoline {index}: {why}"))?;
        }
        for (index, options) in self.options.iter().enumerate() {
            self.check_options(options, &made).map_err(|why| format!("options {index}: {why}"))?;
        }
        for adapted in &self.adapted {
            let index = adapted.instance;
            below("core instance", index.get(), made.instances.len())?;
            if made.instances[index.index()].is_none() {
                return Err("an instance of an imported module that uses an adapter".to_owned());
            }
            for leaf in &adapted.leaves {
                below("imported item", leaf.get(), self.leaves.len())?;
            }
        }
        self.check_exports(&made, modules)
    }

    fn check_step(&self, step: &Step, made: &mut Made, modules: &Description) -> Check {
        let function = ExportKind::Function;
        match step {
            Step::Instantiate { module, arguments, owner } => {
                below("module", module.get(), modules.modules.len())?;
                self.check_arguments(&modules.modules[module.index()], arguments, made, modules)?;
                self.check_owner(owner.map(|owner| owner.get()))?;
                made.instances.push(Some(*module));
                Ok(())
            }
            Step::InstantiateImport { leaf, arguments, owner } => {
                below("imported item", leaf.get(), self.leaves.len())?;
                let mut items = arguments.iter().map(|argument| &argument.item);
                items.try_for_each(|item| self.check_item_of(item, None, made, modules))?;
                self.check_owner(owner.map(|owner| owner.get()))?;
                made.instances.push(None);
                Ok(())
            }
            Step::LowerImport { lowering, leaf } => {
                below("imported item", leaf.get(), self.leaves.len())?;
                next("lowering", *lowering, &mut made.lowerings)
            }
            Step::Memory { slot, from } => {
                check_ref(from, Some(ExportKind::Memory), made, modules)?;
                next("memory", *slot, &mut made.memories)
            }
            Step::Table { slot, from } => {
                check_ref(from, Some(ExportKind::Table), made, modules)?;
                next("table", *slot, &mut made.tables)
            }
            Step::Realloc { slot, from } => {
                self.check_item_of(from, Some(function), made, modules)?;
                next("realloc", *slot, &mut made.reallocs)
            }
            Step::PostReturn { slot, from } => {
                self.check_item_of(from, Some(function), made, modules)?;
                next("post-return", *slot, &mut made.post_returns)
            }
            Step::Resource { resource, rep, destructor, instance } => {
                let first = self.imported_resources.len();
                let mut count = first + made.resources;
                below("resource", resource.get(), self.resource_count())?;
                next("resource", *resource, &mut count)?;
                made.resources = count - first;
                if *rep != ValType::I32 || self.resources[made.resources - 1] != *instance {
                    return Err("a resource type that does not match its definition".to_owned());
                }
                destructor
                    .iter()
                    .try_for_each(|from| self.check_item_of(from, Some(function), made, modules))
            }
        }
    }

    fn check_owner(&self, owner: Option<u32>) -> Check {
        owner.map_or(Ok(()), |owner| {
            below("component instance", owner, self.component_instances as usize)
        })
    }

    /// An argument of the right kind for each import.
    fn check_arguments(
        &self,
        module: &Module,
        arguments: &[CoreItem],
        made: &Made,
        modules: &Description,
    ) -> Check {
        if module.imports.len() != arguments.len() {
            let (count, given) = (module.imports.len(), arguments.len());
            return Err(format!("{given} arguments for {count} imports"));
        }
        for (import, argument) in module.imports.iter().zip(arguments) {
            let kind = match import.kind {
                ImportKind::Function(_) => ExportKind::Function,
                ImportKind::Table => ExportKind::Table,
                ImportKind::Memory => ExportKind::Memory,
                ImportKind::Global => ExportKind::Global,
                ImportKind::Tag => ExportKind::Tag,
            };
            self.check_item_of(argument, Some(kind), made, modules)
                .map_err(|why| format!("`{}` `{}`: {why}", import.module, import.name))?;
        }
        Ok(())
    }

    /// A core item of this kind, if it must be of one.
    fn check_item_of(
        &self,
        item: &CoreItem,
        kind: Option<ExportKind>,
        made: &Made,
        modules: &Description,
    ) -> Check {
        let is = |given: ExportKind| match kind {
            Some(kind) if kind != given => Err(format!("a {given} for a {kind}")),
            _ => Ok(()),
        };
        match item {
            CoreItem::Export(from) => check_ref(from, kind, made, modules),
            CoreItem::Trampoline(index) => {
                below("trampoline", index.get(), self.trampolines.len())?;
                is(ExportKind::Function)
            }
            CoreItem::Flags(instance) => {
                below("component instance", instance.get(), self.component_instances as usize)?;
                is(ExportKind::Global)
            }
        }
    }

    fn check_trampoline(&self, kind: TrampolineKind, made: &Made) -> Check {
        match kind {
            TrampolineKind::LowerImport { lowering, ty, options } => {
                below("lowering", lowering.get(), made.lowerings)?;
                below("function type", ty.get(), self.types.functions.len())?;
                below("options", options.get(), self.options.len())
            }
            TrampolineKind::Transcode { from, to, .. } => {
                below("memory", from.get(), made.memories)?;
                below("memory", to.get(), made.memories)
            }
            TrampolineKind::ResourceNew { instance, table }
            | TrampolineKind::ResourceRep { instance, table }
            | TrampolineKind::ResourceDrop { instance, table } => {
                below("component instance", instance.get(), self.component_instances as usize)?;
                below("resource table", table.get(), self.types.resource_tables.len())
            }
            TrampolineKind::TransferOwn
            | TrampolineKind::TransferBorrow
            | TrampolineKind::EnterCall
            | TrampolineKind::ExitCall
            | TrampolineKind::Trap => Ok(()),
        }
    }

    fn check_options(&self, options: &CanonicalOptions, made: &Made) -> Check {
        check_core(&options.core_type)?;
        below("component instance", options.instance.get(), self.component_instances as usize)?;
        let slot = |what: &str, number: Option<u32>, count: usize| {
            number.map_or(Ok(()), |number| below(what, number, count))
        };
        slot("memory", options.memory.map(|slot| slot.get()), made.memories)?;
        slot("realloc", options.realloc.map(|slot| slot.get()), made.reallocs)?;
        slot("post-return", options.post_return.map(|slot| slot.get()), made.post_returns)
    }

    fn check_exports(&self, made: &Made, modules: &Description) -> Check {
        for (index, item) in self.export_items.iter().enumerate() {
            let checked = match item {
                ComponentExport::Function { ty, function, options } => {
                    below("function type", ty.get(), self.types.functions.len())?;
                    below("options", options.get(), self.options.len())?;
                    self.check_item_of(function, Some(ExportKind::Function), made, modules)
                }
                ComponentExport::Module { ty, module } => {
                    below("core module type", ty.get(), self.types.modules.len())?;
                    below("module", module.get(), modules.modules.len())
                }
                ComponentExport::ImportedModule { ty, leaf } => {
                    below("core module type", ty.get(), self.types.modules.len())?;
                    below("imported item", leaf.get(), self.leaves.len())
                }
                ComponentExport::Instance(exports) => {
                    in_order("exports", exports.iter().map(|(name, _)| name))?;
                    let mut exports = exports.iter();
                    exports.try_for_each(|(_, item)| below("earlier export", item.get(), index))
                }
                ComponentExport::Type(ty) => self.check_item(*ty),
            };
            checked.map_err(|why| format!("export {index}: {why}"))?;
        }
        in_order("exports", self.exports.iter().map(|(name, _)| name))?;
        let mut exports = self.exports.iter();
        exports.try_for_each(|(_, item)| below("export", item.get(), self.export_items.len()))
    }
}

/// The number is the next one.
fn next(what: &str, number: impl Number, made: &mut usize) -> Check {
    if number.get() as usize != *made {
        return Err(format!("{what} {}, but {made} is the next", number.get()));
    }
    *made += 1;
    Ok(())
}

/// An export of a core instance that was made, of this kind, if it must be of
/// one.
fn check_ref(
    from: &CoreRef,
    kind: Option<ExportKind>,
    made: &Made,
    modules: &Description,
) -> Check {
    let (CoreRef::Index { instance, .. } | CoreRef::Name { instance, .. }) = from;
    below("core instance", instance.get(), made.instances.len())?;
    let module = made.instances[instance.index()];
    match (from, module) {
        (CoreRef::Index { item, .. }, Some(module)) => {
            let module = &modules.modules[module.index()];
            if kind.is_some_and(|kind| kind != item.kind()) {
                return Err(format!("a {} of core instance {instance}", item.kind()));
            }
            module.check_item(*item)
        }
        (CoreRef::Name { .. }, None) => Ok(()),
        (CoreRef::Index { .. }, None) => Err("an index into an imported module".to_owned()),
        (CoreRef::Name { .. }, Some(_)) => Err("a name where an index is known".to_owned()),
    }
}
