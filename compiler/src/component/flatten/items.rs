//! Imports, steps, trampolines, options and exports.

use super::core_types::{func_type, val_type};
use super::types::{TypeConverter, resource_table};
use crate::error::{Error, Result};
use precast_artifact::component::{
    CanonicalOptions, ComponentDescription, ComponentExport, ComponentImport, CoreItem, CoreRef,
    Leaf, NamedArgument, Step, StringEncoding, Trampoline, TrampolineKind, Transcode,
    VersionedName,
};
use precast_artifact::index::{
    ComponentExportIndex, ComponentImportIndex, ComponentInstanceIndex, FuncIndex, GlobalIndex,
    InstanceIndex, LeafIndex, LoweringIndex, MemoryIndex, MemorySlot, ModuleIndex, OptionsIndex,
    PostReturnSlot, ReallocSlot, ResourceIndex, TableIndex, TableSlot, TagIndex, TrampolineIndex,
};
use precast_artifact::module::EntityIndex;
use precast_artifact::trap::TrapCode;
use std::collections::HashMap;
use wasmtime_environ::component as env;
use wasmtime_environ::prelude::TryString;
use wasmtime_environ::{self as core, Trap};

/// Turns a component into ours.
pub(super) struct Converter<'t> {
    types: TypeConverter<'t>,
    exports: HashMap<env::ExportIndex, ComponentExportIndex>,
    export_items: Vec<ComponentExport>,
}

impl<'t> Converter<'t> {
    pub(super) fn new(types: &'t env::ComponentTypes, tables: usize) -> Self {
        let types = TypeConverter::new(types, tables);
        Self { types, exports: HashMap::new(), export_items: Vec::new() }
    }

    pub(super) fn component(
        mut self,
        from: &env::ComponentTranslation,
    ) -> Result<ComponentDescription> {
        let component = &from.component;
        let mut imports = Vec::new();
        for (name, item) in component.import_types.values() {
            let (name, version) = (name.clone(), VersionedName::parse(name));
            imports.push(ComponentImport { name, version, ty: self.types.item(&item.ty)? });
        }
        let leaf = |(import, path): &(env::ImportIndex, Vec<String>)| Leaf {
            import: ComponentImportIndex::new(import.as_u32()),
            path: path.clone(),
        };
        let mut trampolines = Vec::new();
        for (index, trampoline) in from.trampolines.iter() {
            let ty = func_type(self.types.env, component.trampolines[index])?;
            trampolines.push(Trampoline { ty, kind: self.trampoline(trampoline)? });
        }
        let options = component.options.values().map(|options| self.options(options));
        let options = options.collect::<Result<_>>()?;
        let exports = self.named_exports(component, &component.exports)?;
        Ok(ComponentDescription {
            imports,
            leaves: component.imports.values().map(leaf).collect(),
            imported_resources: component
                .imported_resources
                .values()
                .map(|i| self::leaf(*i))
                .collect(),
            resources: component.defined_resource_instances.values().map(|i| owner(*i)).collect(),
            component_instances: component.num_runtime_component_instances,
            trampolines,
            trap_codes: trap_codes(),
            options,
            steps: component
                .initializers
                .iter()
                .map(|from| step(component, from))
                .collect::<Result<_>>()?,
            exports,
            types: self.types.done,
            export_items: self.export_items,
            adapted: Vec::new(),
        })
    }

    fn named_exports(
        &mut self,
        component: &env::Component,
        from: &env::NameMap<TryString, (env::ExportIndex, env::ComponentExternData)>,
    ) -> Result<Vec<(String, ComponentExportIndex)>> {
        let mut exports = Vec::new();
        for (name, (index, _)) in from.raw_iter() {
            exports.push((name.to_string(), self.export(component, *index)?));
        }
        exports.sort();
        Ok(exports)
    }

    /// An item of the export tree, after those below it.
    fn export(
        &mut self,
        component: &env::Component,
        index: env::ExportIndex,
    ) -> Result<ComponentExportIndex> {
        if let Some(known) = self.exports.get(&index) {
            return Ok(*known);
        }
        let item = match &component.export_items[index] {
            env::Export::LiftedFunction { ty, func, options } => ComponentExport::Function {
                ty: self.types.function(*ty)?,
                function: core_item(func)?,
                options: OptionsIndex::new(options.as_u32()),
            },
            env::Export::ModuleStatic { ty, index } => ComponentExport::Module {
                ty: self.types.module(*ty)?,
                module: ModuleIndex::new(index.as_u32()),
            },
            env::Export::ModuleImport { ty, import } => {
                ComponentExport::ImportedModule { ty: self.types.module(*ty)?, leaf: leaf(*import) }
            }
            env::Export::Instance { exports, .. } => {
                ComponentExport::Instance(self.named_exports(component, exports)?)
            }
            env::Export::Type(ty) => ComponentExport::Type(self.types.item(ty)?),
        };
        let made = ComponentExportIndex::from_index(self.export_items.len());
        self.export_items.push(item);
        self.exports.insert(index, made);
        Ok(made)
    }

    fn trampoline(&mut self, from: &env::Trampoline) -> Result<TrampolineKind> {
        use env::Trampoline as T;
        Ok(match *from {
            T::LowerImport { index, lower_ty, options } => TrampolineKind::LowerImport {
                lowering: LoweringIndex::new(index.as_u32()),
                ty: self.types.function(lower_ty)?,
                options: OptionsIndex::new(options.as_u32()),
            },
            T::Transcoder { op, from, from64, to, to64 } => {
                let (from, to) = (MemorySlot::new(from.as_u32()), MemorySlot::new(to.as_u32()));
                TrampolineKind::Transcode { op: transcode(op), from, from64, to, to64 }
            }
            T::ResourceNew { instance, ty } => {
                TrampolineKind::ResourceNew { instance: owner(instance), table: resource_table(ty) }
            }
            T::ResourceRep { instance, ty } => {
                TrampolineKind::ResourceRep { instance: owner(instance), table: resource_table(ty) }
            }
            T::ResourceDrop { instance, ty } => TrampolineKind::ResourceDrop {
                instance: owner(instance),
                table: resource_table(ty),
            },
            T::ResourceTransferOwn => TrampolineKind::TransferOwn,
            T::ResourceTransferBorrow => TrampolineKind::TransferBorrow,
            T::EnterSyncCall => TrampolineKind::EnterCall,
            T::ExitSyncCall => TrampolineKind::ExitCall,
            T::Trap => TrampolineKind::Trap,
            ref other => return Err(asynchronous(&other.symbol_name())),
        })
    }

    fn options(&self, from: &env::CanonicalOptions) -> Result<CanonicalOptions> {
        if from.async_ || from.callback.is_some() {
            return Err(asynchronous("an async function"));
        }
        let data = match from.data_model {
            env::CanonicalOptionsDataModel::LinearMemory(data) => data,
            env::CanonicalOptionsDataModel::Gc {} => {
                return Err(Error::unsupported(None, "components with garbage collection"));
            }
        };
        Ok(CanonicalOptions {
            instance: owner(from.instance),
            encoding: match from.string_encoding {
                env::StringEncoding::Utf8 => StringEncoding::Utf8,
                env::StringEncoding::Utf16 => StringEncoding::Utf16,
                env::StringEncoding::CompactUtf16 => StringEncoding::Latin1OrUtf16,
            },
            memory: data.memory.map(|slot| MemorySlot::new(slot.as_u32())),
            realloc: data.realloc.map(|slot| ReallocSlot::new(slot.as_u32())),
            post_return: from.post_return.map(|slot| PostReturnSlot::new(slot.as_u32())),
            core_type: func_type(self.types.env, from.core_type)?,
        })
    }
}

fn step(component: &env::Component, from: &env::GlobalInitializer) -> Result<Step> {
    use env::GlobalInitializer as I;
    Ok(match from {
        I::InstantiateModule(env::InstantiateModule::Static(module, arguments), of) => {
            Step::Instantiate {
                module: ModuleIndex::new(module.as_u32()),
                arguments: arguments.iter().map(core_item).collect::<Result<_>>()?,
                owner: of.map(owner),
            }
        }
        I::InstantiateModule(env::InstantiateModule::Import(import, given), of) => {
            let mut arguments = Vec::new();
            for (module, names) in given {
                for (name, item) in names {
                    let (module, name) = (module.clone(), name.clone());
                    arguments.push(NamedArgument { module, name, item: core_item(item)? });
                }
            }
            arguments.sort_by(|a, b| (&a.module, &a.name).cmp(&(&b.module, &b.name)));
            Step::InstantiateImport { leaf: leaf(*import), arguments, owner: of.map(owner) }
        }
        I::LowerImport { index, import } => {
            Step::LowerImport { lowering: LoweringIndex::new(index.as_u32()), leaf: leaf(*import) }
        }
        I::ExtractMemory(from) => Step::Memory {
            slot: MemorySlot::new(from.index.as_u32()),
            from: core_ref(&from.export.clone().map_index(core::EntityIndex::Memory)),
        },
        I::ExtractTable(from) => Step::Table {
            slot: TableSlot::new(from.index.as_u32()),
            from: core_ref(&from.export.clone().map_index(core::EntityIndex::Table)),
        },
        I::ExtractRealloc(from) => Step::Realloc {
            slot: ReallocSlot::new(from.index.as_u32()),
            from: core_item(&from.def)?,
        },
        I::ExtractPostReturn(from) => Step::PostReturn {
            slot: PostReturnSlot::new(from.index.as_u32()),
            from: core_item(&from.def)?,
        },
        I::ExtractCallback(_) => return Err(asynchronous("a callback")),
        I::Resource(from) => Step::Resource {
            resource: ResourceIndex::new(component.resource_index(from.index).as_u32()),
            rep: val_type(from.rep)?,
            destructor: from.dtor.as_ref().map(core_item).transpose()?,
            instance: owner(from.instance),
        },
    })
}

fn core_item(from: &env::CoreDef) -> Result<CoreItem> {
    Ok(match from {
        env::CoreDef::Export(from) => CoreItem::Export(core_ref(from)),
        env::CoreDef::Trampoline(index) => {
            CoreItem::Trampoline(TrampolineIndex::new(index.as_u32()))
        }
        env::CoreDef::InstanceFlags(instance) => CoreItem::Flags(owner(*instance)),
        env::CoreDef::TaskMayBlock => return Err(asynchronous("tasks")),
        env::CoreDef::UnsafeIntrinsic(_) => {
            return Err(Error::unsupported(None, "intrinsics of another host"));
        }
    })
}

fn core_ref(from: &env::CoreExport<core::EntityIndex>) -> CoreRef {
    let instance = InstanceIndex::new(from.instance.as_u32());
    let item = match &from.item {
        env::ExportItem::Name(name) => return CoreRef::Name { instance, name: name.clone() },
        env::ExportItem::Index(item) => match item {
            core::EntityIndex::Function(i) => EntityIndex::Function(FuncIndex::new(i.as_u32())),
            core::EntityIndex::Table(i) => EntityIndex::Table(TableIndex::new(i.as_u32())),
            core::EntityIndex::Memory(i) => EntityIndex::Memory(MemoryIndex::new(i.as_u32())),
            core::EntityIndex::Global(i) => EntityIndex::Global(GlobalIndex::new(i.as_u32())),
            core::EntityIndex::Tag(i) => EntityIndex::Tag(TagIndex::new(i.as_u32())),
        },
    };
    CoreRef::Index { instance, item }
}

fn transcode(op: env::Transcode) -> Transcode {
    use env::{FixedEncoding, Transcode as T};
    match op {
        T::Copy(FixedEncoding::Utf8) => Transcode::Utf8ToUtf8,
        T::Copy(FixedEncoding::Utf16) => Transcode::Utf16ToUtf16,
        T::Copy(FixedEncoding::Latin1) => Transcode::Latin1ToLatin1,
        T::Latin1ToUtf16 => Transcode::Latin1ToUtf16,
        T::Latin1ToUtf8 => Transcode::Latin1ToUtf8,
        T::Utf16ToCompactProbablyUtf16 => Transcode::Utf16ToCompactProbablyUtf16,
        T::Utf16ToCompactUtf16 => Transcode::Utf16ToCompactUtf16,
        T::Utf16ToLatin1 => Transcode::Utf16ToLatin1,
        T::Utf16ToUtf8 => Transcode::Utf16ToUtf8,
        T::Utf8ToCompactUtf16 => Transcode::Utf8ToCompactUtf16,
        T::Utf8ToLatin1 => Transcode::Utf8ToLatin1,
        T::Utf8ToUtf16 => Transcode::Utf8ToUtf16,
    }
}

/// What the numbers mean that adapters trap with.
fn trap_codes() -> Vec<(u32, TrapCode)> {
    [
        (Trap::CannotEnterComponent, TrapCode::CannotEnterComponent),
        (Trap::CannotLeaveComponent, TrapCode::CannotLeaveComponent),
        (Trap::InvalidChar, TrapCode::InvalidChar),
        (Trap::StringOutOfBounds, TrapCode::StringOutOfBounds),
        (Trap::ListOutOfBounds, TrapCode::ListOutOfBounds),
        (Trap::InvalidDiscriminant, TrapCode::InvalidDiscriminant),
        (Trap::UnalignedPointer, TrapCode::UnalignedPointer),
        (Trap::UncaughtException, TrapCode::UncaughtException),
        (Trap::DebugAssertStringEncodingFinished, TrapCode::AdapterFault),
        (Trap::DebugAssertEqualCodeUnits, TrapCode::AdapterFault),
        (Trap::DebugAssertPointerAligned, TrapCode::AdapterFault),
        (Trap::DebugAssertUpperBitsUnset, TrapCode::AdapterFault),
    ]
    .map(|(theirs, ours)| (theirs as u32, ours))
    .into()
}

fn owner(instance: env::RuntimeComponentInstanceIndex) -> ComponentInstanceIndex {
    ComponentInstanceIndex::new(instance.as_u32())
}

fn leaf(import: env::RuntimeImportIndex) -> LeafIndex {
    LeafIndex::new(import.as_u32())
}

fn asynchronous(what: &str) -> Error {
    Error::unsupported(None, format!("asynchronous components: {what}"))
}
