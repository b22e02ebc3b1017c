//! Components that are made here.

use precast_compiler::{Options, text_to_binary};
use precast_embed::component::Component;
use std::fmt::Write;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, WorldId, WorldItem};

/// A component of a world whose exports are its imports: every call is passed
/// on, as the core values and the memory that it came with.
pub(crate) fn passes_on(wit: &str) -> Component {
    let (resolve, world) = world(wit);
    let mut imports = String::new();
    let mut exports = String::new();
    let mut pass_on = |resolve: &Resolve, interface: Option<String>, function: &Function| {
        let import = resolve.wasm_signature(AbiVariant::GuestImport, function);
        let export = resolve.wasm_signature(AbiVariant::GuestExport, function);
        let (module, prefix) = match interface {
            Some(name) => (name.clone(), format!("{name}#")),
            None => ("$root".to_owned(), String::new()),
        };
        let name = &function.name;
        let types = |tys: &[WasmType]| tys.iter().map(core_type).collect::<Vec<_>>().join(" ");
        let (params, results) = (types(&import.params), types(&import.results));
        writeln!(
            imports,
            "(import \"{module}\" \"{name}\" (func ${prefix}{name} (param {params}) (result {results})))\n"
        )
        .unwrap();
        let (params, results) = (types(&export.params), types(&export.results));
        let arguments: String =
            (0..export.params.len()).map(|at| format!("local.get {at} ")).collect();
        let (place, gives) = match import.retptr {
            true => ("i32.const 1024 ", " i32.const 1024"),
            false => ("", ""),
        };
        writeln!(
            exports,
            "(func (export \"{prefix}{name}\") (param {params}) (result {results})\
             {arguments}{place}call ${prefix}{name}{gives})"
        )
        .unwrap();
    };
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Interface { id, .. } => {
                for function in resolve.interfaces[*id].functions.values() {
                    pass_on(&resolve, Some(resolve.name_world_key(key)), function);
                }
            }
            WorldItem::Function(function) => pass_on(&resolve, None, function),
            WorldItem::Type { .. } => {}
        }
    }
    component(&resolve, world, &format!("{imports} {exports}"))
}

fn core_type(ty: &WasmType) -> &'static str {
    match ty {
        WasmType::I64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::PointerOrI64 => "i64",
        _ => "i32",
    }
}

pub(crate) fn world(wit: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).expect("WIT");
    let world = resolve.select_world(&[package], None).expect("a world");
    (resolve, world)
}

/// A component of a world, from a core module's imports and functions.
pub(crate) fn component(resolve: &Resolve, world: WorldId, body: &str) -> Component {
    let text = format!(
        "(module {body}
           (memory (export \"memory\") 4)
           (global $free (mut i32) (i32.const 4096))
           (func (export \"cabi_realloc\") (param i32 i32 i32) (param $size i32) (result i32)
             (global.get $free)
             (global.set $free (i32.and (i32.const -8)
               (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7))))))"
    );
    let mut module = text_to_binary(text.as_bytes()).unwrap_or_else(|why| panic!("{why}\n{text}"));
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false)
        .expect("metadata");
    let wasm = ComponentEncoder::default().module(&module).expect("a module").encode();
    let wasm = wasm.unwrap_or_else(|why| panic!("{why:?}"));
    let artifact = precast_embed::compile(&wasm, &Options::default()).expect("a component");
    Component::new(artifact).expect("a component")
}
