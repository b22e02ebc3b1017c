//! Types of a component: of values, functions, instances and core modules.
//!
//! Types are structural and stand in lists; what refers to another refers to
//! one before it, so that no type contains itself.

use crate::index::{
    ComponentFuncTypeIndex, ComponentInstanceIndex, ComponentInstanceTypeIndex, ComponentTypeIndex,
    CoreModuleTypeIndex, ResourceIndex, ResourceTableIndex,
};
use crate::types::{FuncType, GlobalType, MemoryType, TableType};

/// All types of a component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentTypes {
    /// Composite types of values; each refers only to earlier ones.
    pub values: Vec<CompositeVal>,
    /// Types of functions.
    pub functions: Vec<ComponentFuncType>,
    /// Types of core modules, for imported and exported ones.
    pub modules: Vec<CoreModuleType>,
    /// Types of instances; each refers only to earlier ones.
    pub instances: Vec<InstanceType>,
    /// What `own` and `borrow` name: a resource type as one component instance
    /// sees it.
    pub resource_tables: Vec<ResourceTableType>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComponentVal {
    /// `bool`.
    Bool,
    /// `s8`.
    S8,
    /// `u8`.
    U8,
    /// `s16`.
    S16,
    /// `u16`.
    U16,
    /// `s32`.
    S32,
    /// `u32`.
    U32,
    /// `s64`.
    S64,
    /// `u64`.
    U64,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `char`: a Unicode scalar value.
    Char,
    /// `string`.
    String,
    /// `own`: a handle that is its holder's.
    Own(ResourceTableIndex),
    /// `borrow`: a handle lent for a call.
    Borrow(ResourceTableIndex),
    /// A type made of others.
    Composite(ComponentTypeIndex),
}

/// A type of values that is made of others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CompositeVal {
    /// Fields by name.
    Record(Vec<Field>),
    /// One of several cases.
    Variant(Vec<Case>),
    /// Any number of values of a type.
    List(ComponentVal),
    /// So many values of a type.
    FixedList(ComponentVal, u32),
    /// Any number of pairs of key and value; in memory a list of tuples.
    Map(ComponentVal, ComponentVal),
    /// Fields by position.
    Tuple(Vec<ComponentVal>),
    /// A set of names.
    Flags(Vec<String>),
    /// One of several names.
    Enum(Vec<String>),
    /// A value, or none.
    Option(ComponentVal),
    /// Success or failure.
    Result {
        /// What success carries.
        ok: Option<ComponentVal>,
        /// What failure carries.
        err: Option<ComponentVal>,
    },
}

/// A field of a record, or a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ComponentVal,
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What it carries.
    pub ty: Option<ComponentVal>,
}

/// The type of a component function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ComponentFuncType {
    /// Parameters, in order.
    pub params: Vec<Field>,
    /// The result.
    pub result: Option<ComponentVal>,
}

/// The type of an instance: what it exports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceType {
    /// Its exports, sorted by name.
    pub exports: Vec<NamedItem>,
}

/// An export of an instance type.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedItem {
    /// Its name.
    pub name: String,
    /// What it is.
    pub ty: ItemType,
}

/// What can be imported and exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemType {
    /// A function.
    Function(ComponentFuncTypeIndex),
    /// An instance.
    Instance(ComponentInstanceTypeIndex),
    /// A core module.
    Module(CoreModuleTypeIndex),
    /// A type of values.
    Value(ComponentVal),
    /// A resource type.
    Resource(ResourceTableIndex),
    /// A component, of which no more is known here: none is imported or made.
    Component,
}

/// A resource type, for what holds handles to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceTableType {
    /// Handles exist.
    Concrete {
        /// The resource type.
        resource: ResourceIndex,
        /// Whose handles these are.
        instance: ComponentInstanceIndex,
    },
    /// Stands in a type only; there are no handles. Equal numbers are the same
    /// resource type.
    Abstract(u32),
}

/// The type of a core module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoreModuleType {
    /// Its imports, in order of their names.
    pub imports: Vec<NamedCoreImport>,
    /// Its exports, in order of their names.
    pub exports: Vec<NamedCoreType>,
}

/// An import of a core module type.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedCoreImport {
    /// First name.
    pub module: String,
    /// Second name.
    pub name: String,
    /// What it is.
    pub ty: CoreType,
}

/// An export of a core module type.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedCoreType {
    /// Its name.
    pub name: String,
    /// What it is.
    pub ty: CoreType,
}

/// The type of a core item. Types of functions refer to no other types.
#[derive(Clone, Debug, PartialEq)]
pub enum CoreType {
    /// A function.
    Function(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// An exception tag, by its parameters.
    Tag(FuncType),
}
