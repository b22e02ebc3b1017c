//! `precast inspect`: what an artifact holds.

use super::contents::{Contents, Function};
use crate::exit::{Failure, Result};
use crate::names;
use clap::Args;
use precast_artifact::component::WIT_SECTION;
use precast_artifact::container;
use precast_artifact::module::{EntityIndex, ImportKind, MemoryModel, Module};
use precast_artifact::text::Printable;
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

impl InspectCommand {
    pub(super) fn run(&self) -> Result {
        let failed = |why: String| Failure::Error(format!("{}: {why}", self.file.display()));
        let contents = Contents::open(&self.file)?;
        let mut functions = contents.functions();
        functions.sort_by_key(|function| std::cmp::Reverse(function.code.size));
        functions.truncate(self.largest);
        let report = report(&contents, &functions);
        let text = match self.json {
            true => format!("{report:#}\n"),
            false => readable(&report).map_err(|why| failed(why.to_string()))?,
        };
        super::output::print(&text)
    }
}

fn report(contents: &Contents, functions: &[Function]) -> Value {
    let Contents { bytes, container, description } = contents;
    let note = &container.note;
    let versions = note.versions;
    let hash = hex::encode(note.source_hash);
    let sections: Vec<Value> = container::sections(bytes)
        .into_iter()
        .map(|(name, range, mapped)| {
            json!({"name": name, "offset": range.offset, "size": range.size, "mapped": mapped})
        })
        .collect();
    let sizes = contents.code_sizes();
    let modules = description.modules.iter().zip(sizes).map(|(module, size)| {
        let mut report = module_report(module);
        report["code_size"] = size.into();
        report
    });
    let modules: Vec<Value> = modules.collect();
    let functions: Vec<Value> = functions
        .iter()
        .map(|f| json!({"module": f.module, "index": f.index.get(), "name": f.name, "size": f.code.size}))
        .collect();
    json!({
        "target": note.target,
        "format": format!("{}.{}.{}", versions.container, versions.context, versions.builtins),
        "compiler": note.compiler,
        "producers": producers(contents),
        "cpu_features": note.cpu_features,
        "variants": note.variants.iter().map(|v| &v.cpu_features).collect::<Vec<_>>(),
        "wasm_features": note.wasm_features,
        "options": note.options,
        "source_sha256": hash,
        "size": bytes.len(),
        "wit": container::section(bytes, WIT_SECTION).map(String::from_utf8_lossy),
        "modules": modules,
        "sections": sections,
        "largest_functions": functions,
    })
}

/// What made the artifact and its source: the strings of `.comment`.
fn producers(contents: &Contents) -> Vec<String> {
    let sections = contents.sections();
    let comment = sections.iter().find(|(name, _)| name == ".comment");
    let comment = comment.map(|(_, bytes)| *bytes).unwrap_or_default();
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

/// The interface of a component.
fn write_interface(out: &mut String, report: &Value) -> std::fmt::Result {
    let Some(wit) = report["wit"].as_str() else { return Ok(()) };
    writeln!(out, "\ninterface")?;
    wit.lines().try_for_each(|line| writeln!(out, "  {line}"))
}

/// The report as a person reads it.
fn readable(report: &Value) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    // What comes from modules may hold anything.
    let text = |value: &Value| Printable(names::decoded(value.as_str().unwrap_or("-"))).to_string();
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
    write_interface(&mut out, report)?;
    for (index, module) in report["modules"].as_array().into_iter().flatten().enumerate() {
        let functions = &module["functions"];
        writeln!(
            out,
            "\nmodule {index} {}, {functions} functions, {} bytes of code",
            text(&module["name"]),
            module["code_size"]
        )?;
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
