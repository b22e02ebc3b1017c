//! Types of components as error messages show them: as WIT writes them.

use crate::canonical::shape::Types;
use precast_artifact::component::{
    ComponentFuncType, ComponentVal, CompositeVal, Field, ItemType, ResourceTableType,
};
use precast_artifact::index::ResourceTableIndex;

/// A type of values, such as `list<u8>`.
pub(crate) fn value_type(types: &Types, ty: ComponentVal) -> String {
    let simple = match ty {
        ComponentVal::Bool => "bool",
        ComponentVal::S8 => "s8",
        ComponentVal::U8 => "u8",
        ComponentVal::S16 => "s16",
        ComponentVal::U16 => "u16",
        ComponentVal::S32 => "s32",
        ComponentVal::U32 => "u32",
        ComponentVal::S64 => "s64",
        ComponentVal::U64 => "u64",
        ComponentVal::F32 => "f32",
        ComponentVal::F64 => "f64",
        ComponentVal::Char => "char",
        ComponentVal::String => "string",
        ComponentVal::Own(table) => return format!("own<{}>", resource(types, table)),
        ComponentVal::Borrow(table) => return format!("borrow<{}>", resource(types, table)),
        ComponentVal::Composite(_) => {
            return types.composite(ty).map(|ty| composite(types, ty)).unwrap_or_default();
        }
    };
    simple.to_owned()
}

/// A type of functions, such as `func(a: u32) -> string`.
pub(crate) fn function_type(types: &Types, ty: &ComponentFuncType) -> String {
    let result = ty.result.map(|result| format!(" -> {}", value_type(types, result)));
    format!("func({}){}", fields(types, &ty.params), result.unwrap_or_default())
}

/// What an import must be.
pub(crate) fn item_type(types: &Types, ty: ItemType) -> String {
    let all = &types.component().types;
    match ty {
        ItemType::Function(index) => function_type(types, &all.functions[index.index()]),
        ItemType::Instance(_) => "instance".to_owned(),
        ItemType::Module(_) => "core module".to_owned(),
        ItemType::Value(ty) => format!("type {}", value_type(types, ty)),
        ItemType::Resource(_) => "resource".to_owned(),
        ItemType::Component => "component".to_owned(),
    }
}

/// The name of a resource type, as far as it has one.
pub(crate) fn resource(types: &Types, table: ResourceTableIndex) -> String {
    let component = types.component();
    match component.types.resource_tables[table.index()] {
        ResourceTableType::Concrete { resource, .. } => {
            crate::canonical::names::resource(component, resource)
        }
        ResourceTableType::Abstract(number) => format!("resource-{number}"),
    }
}

fn composite(types: &Types, ty: &CompositeVal) -> String {
    let of = |ty: ComponentVal| value_type(types, ty);
    let list = |tys: &[ComponentVal]| tys.iter().map(|ty| of(*ty)).collect::<Vec<_>>().join(", ");
    match ty {
        CompositeVal::Record(all) => format!("record {{ {} }}", fields(types, all)),
        CompositeVal::Variant(cases) => {
            let case = |case: &precast_artifact::component::Case| match case.ty {
                Some(ty) => format!("{}({})", case.name, of(ty)),
                None => case.name.clone(),
            };
            let cases: Vec<String> = cases.iter().map(case).collect();
            format!("variant {{ {} }}", cases.join(", "))
        }
        CompositeVal::List(ty) => format!("list<{}>", of(*ty)),
        CompositeVal::FixedList(ty, count) => format!("list<{}, {count}>", of(*ty)),
        CompositeVal::Map(key, value) => format!("map<{}, {}>", of(*key), of(*value)),
        CompositeVal::Tuple(tys) => format!("tuple<{}>", list(tys)),
        CompositeVal::Flags(names) => format!("flags {{ {} }}", names.join(", ")),
        CompositeVal::Enum(names) => format!("enum {{ {} }}", names.join(", ")),
        CompositeVal::Option(ty) => format!("option<{}>", of(*ty)),
        CompositeVal::Result { ok: None, err: None } => "result".to_owned(),
        CompositeVal::Result { ok: Some(ok), err: None } => format!("result<{}>", of(*ok)),
        CompositeVal::Result { ok, err: Some(err) } => {
            format!("result<{}, {}>", ok.map_or("_".to_owned(), of), of(*err))
        }
    }
}

fn fields(types: &Types, fields: &[Field]) -> String {
    let one = |field: &Field| format!("{}: {}", field.name, value_type(types, field.ty));
    fields.iter().map(one).collect::<Vec<_>>().join(", ")
}
