//! Types of values, functions, instances and core modules.

use super::core_types::core_type;
use crate::error::{Error, Result};
use precast_artifact::component::{
    Case, ComponentFuncType, ComponentTypes, ComponentVal, CompositeVal, CoreModuleType, Field,
    InstanceType, ItemType, NamedCoreImport, NamedCoreType, NamedItem, ResourceTableType,
};
use precast_artifact::index::{
    ComponentFuncTypeIndex, ComponentInstanceIndex, ComponentInstanceTypeIndex, ComponentTypeIndex,
    CoreModuleTypeIndex, ResourceIndex, ResourceTableIndex,
};
use std::collections::HashMap;
use wasmtime_environ::EntityRef;
use wasmtime_environ::component as env;

/// Turns types into ours, each once, those that it is made of before it.
pub(super) struct TypeConverter<'t> {
    pub env: &'t env::ComponentTypes,
    pub done: ComponentTypes,
    values: HashMap<env::InterfaceType, ComponentVal>,
    functions: HashMap<env::TypeFuncIndex, ComponentFuncTypeIndex>,
    instances: HashMap<env::TypeComponentInstanceIndex, ComponentInstanceTypeIndex>,
    modules: HashMap<env::TypeModuleIndex, CoreModuleTypeIndex>,
}

impl<'t> TypeConverter<'t> {
    /// Of a component with so many resource tables, whose numbers stay: adapters
    /// have them in their code.
    pub(super) fn new(env: &'t env::ComponentTypes, tables: usize) -> Self {
        let table = |index| match env[env::TypeResourceTableIndex::new(index)] {
            env::TypeResourceTable::Concrete { ty, instance } => ResourceTableType::Concrete {
                resource: ResourceIndex::new(ty.as_u32()),
                instance: ComponentInstanceIndex::new(instance.as_u32()),
            },
            env::TypeResourceTable::Abstract(number) => {
                ResourceTableType::Abstract(number.as_u32())
            }
        };
        let resource_tables = (0..tables).map(table).collect();
        Self {
            env,
            done: ComponentTypes { resource_tables, ..ComponentTypes::default() },
            values: HashMap::new(),
            functions: HashMap::new(),
            instances: HashMap::new(),
            modules: HashMap::new(),
        }
    }

    pub(super) fn item(&mut self, ty: &env::TypeDef) -> Result<ItemType> {
        Ok(match *ty {
            env::TypeDef::ComponentFunc(ty) => ItemType::Function(self.function(ty)?),
            env::TypeDef::ComponentInstance(ty) => ItemType::Instance(self.instance(ty)?),
            env::TypeDef::Module(ty) => ItemType::Module(self.module(ty)?),
            env::TypeDef::Interface(ty) => ItemType::Value(self.value(ty)?),
            env::TypeDef::Resource(table) => ItemType::Resource(resource_table(table)),
            env::TypeDef::Component(_) => ItemType::Component,
            env::TypeDef::CoreFunc(_) => {
                return Err(Error::unsupported(
                    None,
                    "a core function among a component's imports",
                ));
            }
        })
    }

    pub(super) fn value(&mut self, ty: env::InterfaceType) -> Result<ComponentVal> {
        use env::InterfaceType as T;
        Ok(match ty {
            T::Bool => ComponentVal::Bool,
            T::S8 => ComponentVal::S8,
            T::U8 => ComponentVal::U8,
            T::S16 => ComponentVal::S16,
            T::U16 => ComponentVal::U16,
            T::S32 => ComponentVal::S32,
            T::U32 => ComponentVal::U32,
            T::S64 => ComponentVal::S64,
            T::U64 => ComponentVal::U64,
            T::Float32 => ComponentVal::F32,
            T::Float64 => ComponentVal::F64,
            T::Char => ComponentVal::Char,
            T::String => ComponentVal::String,
            T::Own(table) => ComponentVal::Own(resource_table(table)),
            T::Borrow(table) => ComponentVal::Borrow(resource_table(table)),
            T::Future(_) | T::Stream(_) | T::ErrorContext(_) => {
                return Err(Error::unsupported(None, "asynchronous components: futures, streams"));
            }
            _ => match self.values.get(&ty) {
                Some(known) => *known,
                None => {
                    let composite = self.composite(ty)?;
                    let made = ComponentTypeIndex::from_index(self.done.values.len());
                    self.done.values.push(composite);
                    *self.values.entry(ty).or_insert(ComponentVal::Composite(made))
                }
            },
        })
    }

    fn composite(&mut self, ty: env::InterfaceType) -> Result<CompositeVal> {
        use env::InterfaceType as T;
        let env = self.env;
        let names = |names: &mut dyn Iterator<Item = &String>| names.cloned().collect();
        Ok(match ty {
            T::Record(index) => {
                let fields = env[index].fields.iter();
                let field = |field: &env::RecordField| {
                    Ok(Field { name: field.name.clone(), ty: self.value(field.ty)? })
                };
                CompositeVal::Record(fields.map(field).collect::<Result<_>>()?)
            }
            T::Variant(index) => {
                let cases = env[index].cases.iter();
                let case = |(name, ty): (&String, &Option<env::InterfaceType>)| {
                    Ok(Case { name: name.clone(), ty: self.optional(*ty)? })
                };
                CompositeVal::Variant(cases.map(case).collect::<Result<_>>()?)
            }
            T::List(index) => CompositeVal::List(self.value(env[index].element)?),
            T::FixedLengthList(index) => {
                CompositeVal::FixedList(self.value(env[index].element)?, env[index].size)
            }
            T::Map(index) => {
                CompositeVal::Map(self.value(env[index].key)?, self.value(env[index].value)?)
            }
            T::Tuple(index) => {
                let types = env[index].types.iter();
                CompositeVal::Tuple(types.map(|ty| self.value(*ty)).collect::<Result<_>>()?)
            }
            T::Flags(index) => CompositeVal::Flags(names(&mut env[index].names.iter())),
            T::Enum(index) => CompositeVal::Enum(names(&mut env[index].names.iter())),
            T::Option(index) => CompositeVal::Option(self.value(env[index].ty)?),
            T::Result(index) => CompositeVal::Result {
                ok: self.optional(env[index].ok)?,
                err: self.optional(env[index].err)?,
            },
            _ => unreachable!("types that are not made of others have no index"),
        })
    }

    fn optional(&mut self, ty: Option<env::InterfaceType>) -> Result<Option<ComponentVal>> {
        ty.map(|ty| self.value(ty)).transpose()
    }

    pub(super) fn function(&mut self, index: env::TypeFuncIndex) -> Result<ComponentFuncTypeIndex> {
        if let Some(known) = self.functions.get(&index) {
            return Ok(*known);
        }
        let env = self.env;
        let ty = &env[index];
        if ty.async_ {
            return Err(Error::unsupported(None, "asynchronous components: an async function"));
        }
        let params = ty.param_names.iter().zip(&env[ty.params].types);
        let params = params
            .map(|(name, ty)| Ok(Field { name: name.clone(), ty: self.value(*ty)? }))
            .collect::<Result<_>>()?;
        let result = self.optional(env[ty.results].types.first().copied())?;
        let made = ComponentFuncTypeIndex::from_index(self.done.functions.len());
        self.done.functions.push(ComponentFuncType { params, result });
        self.functions.insert(index, made);
        Ok(made)
    }

    fn instance(
        &mut self,
        index: env::TypeComponentInstanceIndex,
    ) -> Result<ComponentInstanceTypeIndex> {
        if let Some(known) = self.instances.get(&index) {
            return Ok(*known);
        }
        let env = self.env;
        let item = |(name, item): (&String, &env::ComponentExtern)| {
            Ok(NamedItem { name: name.clone(), ty: self.item(&item.ty)? })
        };
        let mut exports: Vec<NamedItem> =
            env[index].exports.iter().map(item).collect::<Result<_>>()?;
        exports.sort_by(|one, other| one.name.cmp(&other.name));
        let made = ComponentInstanceTypeIndex::from_index(self.done.instances.len());
        self.done.instances.push(InstanceType { exports });
        self.instances.insert(index, made);
        Ok(made)
    }

    pub(super) fn module(&mut self, index: env::TypeModuleIndex) -> Result<CoreModuleTypeIndex> {
        if let Some(known) = self.modules.get(&index) {
            return Ok(*known);
        }
        let ty = &self.env[index];
        let mut imports = Vec::new();
        for ((module, name), item) in &ty.imports {
            let (module, name) = (module.clone(), name.clone());
            imports.push(NamedCoreImport { module, name, ty: core_type(self.env, item)? });
        }
        let mut exports = Vec::new();
        for (name, item) in &ty.exports {
            exports.push(NamedCoreType { name: name.clone(), ty: core_type(self.env, item)? });
        }
        imports.sort_by(|one, other| (&one.module, &one.name).cmp(&(&other.module, &other.name)));
        exports.sort_by(|one, other| one.name.cmp(&other.name));
        let made = CoreModuleTypeIndex::from_index(self.done.modules.len());
        self.done.modules.push(CoreModuleType { imports, exports });
        self.modules.insert(index, made);
        Ok(made)
    }
}

pub(super) fn resource_table(table: env::TypeResourceTableIndex) -> ResourceTableIndex {
    ResourceTableIndex::new(table.as_u32())
}
