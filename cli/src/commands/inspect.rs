//! `precast inspect`: what an artifact holds.

use crate::exit::{Failure, Result};
use clap::Args;
use precast_artifact::address_map::AddressMap;
use precast_artifact::container::{self, Container};
use precast_artifact::index::FuncIndex;
use precast_artifact::module::{
    Bounds, Description, EntityIndex, ImportKind, MemoryModel, Module, Range,
};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

/// `precast inspect`.
#[derive(Args, Debug)]
pub struct InspectCommand {
    /// Print JSON
    #[arg(long)]
    json: bool,

    /// How many of the largest functions to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    largest: usize,

    /// The artifact
    file: PathBuf,
}

/// A function and its size.
struct Function {
    module: usize,
    index: u32,
    name: Option<String>,
    size: u64,
}

impl InspectCommand {
    pub(super) fn run(&self) -> Result {
        let failed = |why: String| Failure::Error(format!("{}: {why}", self.file.display()));
        let bytes = std::fs::read(&self.file).map_err(Failure::while_doing(self.file.display()))?;
        let container = Container::open(&bytes).map_err(|why| failed(why.to_string()))?;
        let note = &container.note;
        let module = slice(&bytes, note.module).ok_or_else(|| failed("truncated".to_owned()))?;
        let description = Description::decode(module)
            .map_err(|why| failed(format!("damaged artifact: {why}")))?;
        let bounds =
            Bounds { image: note.image_size, text: note.text, component: note.component.size != 0 };
        description.check(&bounds).map_err(|why| failed(format!("damaged artifact: {why}")))?;
        let functions = largest(&bytes, &description, self.largest);
        let report = report(&bytes, &container, &description, &functions);
        let text = match self.json {
            true => format!("{report:#}\n"),
            false => readable(&report).map_err(|why| failed(why.to_string()))?,
        };
        super::output::print(&text)
    }
}

fn slice(bytes: &[u8], range: Range) -> Option<&[u8]> {
    bytes.get(range.offset as usize..)?.get(..range.size as usize)
}

/// The `count` functions with the most code, largest first.
fn largest(bytes: &[u8], description: &Description, count: usize) -> Vec<Function> {
    let mut functions = Vec::new();
    for (number, module) in description.modules.iter().enumerate() {
        let Some(table) = slice(bytes, module.function_table) else { continue };
        let Ok(table) = AddressMap::<FuncIndex>::new("functions", table) else { continue };
        // The code of a function reaches to the next one, or to the stubs.
        let stubs = module.entry_stubs.iter().chain(&module.host_stubs).map(|stub| stub.code);
        let end = stubs.min().map_or(module.text.size, |start| start.get().into());
        let mut entries = table.iter().peekable();
        while let Some(entry) = entries.next() {
            let end = entries.peek().map_or(end, |next| u64::from(next.code.get()));
            let size = end.saturating_sub(entry.code.get().into());
            let address = module.text.offset + u64::from(entry.code.get());
            functions.push((size, number, entry.value.get(), address));
        }
    }
    functions.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)));
    functions.truncate(count);
    let named = |(size, module, index, address)| {
        let name = container::symbol_at(bytes, address);
        let name = name.map(|name| String::from_utf8_lossy(name).into_owned());
        Function { module, index, name, size }
    };
    functions.into_iter().map(named).collect()
}

fn report(
    bytes: &[u8],
    container: &Container,
    description: &Description,
    functions: &[Function],
) -> Value {
    let note = &container.note;
    let versions = note.versions;
    let hash: String = note.source_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let sections: Vec<Value> = container::sections(bytes)
        .into_iter()
        .map(|(name, range, mapped)| {
            json!({"name": name, "offset": range.offset, "size": range.size, "mapped": mapped})
        })
        .collect();
    let functions: Vec<Value> = functions
        .iter()
        .map(|f| json!({"module": f.module, "index": f.index, "name": f.name, "size": f.size}))
        .collect();
    json!({
        "target": note.target,
        "format": format!("{}.{}.{}", versions.container, versions.context, versions.builtins),
        "compiler": note.compiler,
        "producers": producers(bytes),
        "cpu_features": note.cpu_features,
        "variants": note.variants.iter().map(|v| &v.cpu_features).collect::<Vec<_>>(),
        "wasm_features": note.wasm_features,
        "options": note.options,
        "source_sha256": hash,
        "size": bytes.len(),
        "modules": description.modules.iter().map(module_report).collect::<Vec<_>>(),
        "sections": sections,
        "largest_functions": functions,
    })
}

/// What made the artifact and its source: the strings of `.comment`.
fn producers(bytes: &[u8]) -> Vec<String> {
    let sections = container::sections(bytes);
    let comment = sections.iter().find(|(name, ..)| name == ".comment");
    let comment = comment.and_then(|(_, range, _)| slice(bytes, *range)).unwrap_or_default();
    let lines = comment.split(|byte| *byte == 0).filter(|line| !line.is_empty());
    lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

fn module_report(module: &Module) -> Value {
    let (mut tables, mut memories, mut globals, mut tags) = (0, 0, 0, 0);
    let next = |counter: &mut usize| std::mem::replace(counter, *counter + 1);
    let mut imports = Vec::new();
    for import in &module.imports {
        let ty = match import.kind {
            ImportKind::Function(ty) => format!("function {}", module.types.func(ty)),
            ImportKind::Table => module.tables[next(&mut tables)].ty.to_string(),
            ImportKind::Memory => module.memories[next(&mut memories)].ty.to_string(),
            ImportKind::Global => module.globals[next(&mut globals)].ty.to_string(),
            ImportKind::Tag => {
                let ty = module.tags[next(&mut tags)].ty;
                format!("tag {}", module.types.func(ty))
            }
        };
        let mut entry = json!({"module": import.module, "name": import.name, "type": ty});
        if let ImportKind::Function(_) = import.kind {
            entry["may_block"] = import.may_block.into();
        }
        imports.push(entry);
    }
    let memories: Vec<Value> = module
        .memories
        .iter()
        .map(|memory| {
            let model = match memory.model {
                MemoryModel::Guard => "guard",
                MemoryModel::Bounds => "bounds",
            };
            json!({
                "type": memory.ty.to_string(),
                "imported": memory.imported,
                "model": model,
                "reservation": memory.reservation,
            })
        })
        .collect();
    let exports: Vec<Value> = module
        .exports
        .iter()
        .map(|export| json!({"name": export.name, "type": export_type(module, export.item)}))
        .collect();
    json!({
        "name": module.name,
        "functions": module.functions,
        "memories": memories,
        "imports": imports,
        "exports": exports,
    })
}

fn export_type(module: &Module, item: EntityIndex) -> String {
    match item {
        EntityIndex::Function(index) => {
            let ty = module.function_type(index);
            ty.map_or("function".to_owned(), |ty| format!("function {}", module.types.func(ty)))
        }
        EntityIndex::Table(index) => module.tables[index.index()].ty.to_string(),
        EntityIndex::Memory(index) => module.memories[index.index()].ty.to_string(),
        EntityIndex::Global(index) => module.globals[index.index()].ty.to_string(),
        EntityIndex::Tag(index) => {
            format!("tag {}", module.types.func(module.tags[index.index()].ty))
        }
    }
}

/// The report as a person reads it.
fn readable(report: &Value) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let list = |value: &Value| {
        let items: Vec<String> = value.as_array().into_iter().flatten().map(text).collect();
        if items.is_empty() { "none".to_owned() } else { items.join(", ") }
    };
    writeln!(out, "target        {}", text(&report["target"]))?;
    writeln!(out, "CPU features  {}", list(&report["cpu_features"]))?;
    for variant in report["variants"].as_array().into_iter().flatten() {
        writeln!(out, "     variant  {}", list(variant))?;
    }
    writeln!(out, "Wasm features {}", list(&report["wasm_features"]))?;
    writeln!(out, "options       {}", list(&report["options"]))?;
    writeln!(out, "compiler      {}", text(&report["compiler"]))?;
    writeln!(out, "producers     {}", list(&report["producers"]))?;
    writeln!(out, "format        {}", text(&report["format"]))?;
    writeln!(out, "source sha256 {}", text(&report["source_sha256"]))?;
    writeln!(out, "size          {} bytes", report["size"])?;
    for (index, module) in report["modules"].as_array().into_iter().flatten().enumerate() {
        let functions = &module["functions"];
        writeln!(out, "\nmodule {index} {}, {functions} functions", text(&module["name"]))?;
        for memory in module["memories"].as_array().into_iter().flatten() {
            let (ty, model) = (text(&memory["type"]), text(&memory["model"]));
            writeln!(out, "  {ty}: {model}, {} bytes reserved", memory["reservation"])?;
        }
        for import in module["imports"].as_array().into_iter().flatten() {
            let (from, name) = (text(&import["module"]), text(&import["name"]));
            let may_block = if import["may_block"] == true { ", may block" } else { "" };
            writeln!(out, "  import {from} {name}: {}{may_block}", text(&import["type"]))?;
        }
        for export in module["exports"].as_array().into_iter().flatten() {
            writeln!(out, "  export {}: {}", text(&export["name"]), text(&export["type"]))?;
        }
    }
    writeln!(out, "\nsections")?;
    for section in report["sections"].as_array().into_iter().flatten() {
        let mapped = if section["mapped"] == true { "mapped" } else { "" };
        writeln!(
            out,
            "  {:<20} {:>11} {mapped}",
            text(&section["name"]),
            section["size"].to_string()
        )?;
    }
    writeln!(out, "\nlargest functions")?;
    for function in report["largest_functions"].as_array().into_iter().flatten() {
        let (size, index) = (function["size"].to_string(), function["index"].to_string());
        writeln!(out, "  {size:>9} bytes  [{index}] {}", text(&function["name"]))?;
    }
    Ok(out)
}
