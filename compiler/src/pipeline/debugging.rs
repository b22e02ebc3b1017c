//! Debug information, unit by unit.

use super::workers::Workers;
use crate::codegen;
use crate::debug;
use crate::debug_section::DebugSection;
use crate::emit::Output;
use crate::error::Result;
use crate::function::DebugUses;
use crate::options::Options;
use crate::parse::{Body, GlobalDecl, Parsed};
use crate::place::{Placed, Placement};
use crate::plan::{self, Constant, Plan};
use crate::target::Target;
use precast_artifact::index::{FuncIndex, GlobalIndex, ModuleIndex, WasmOffset};
use std::collections::BTreeMap;

/// The debug information of a module, and what it is about.
pub(super) struct Debugging<'a> {
    wasm: &'a [u8],
    options: &'a Options,
    /// The DWARF of the module, with what is beside it.
    source: debug::InputSections<'a>,
    module: debug::WasmModule<'a>,
    /// Its name, if it is an adapter between components.
    adapter: Option<String>,
}

/// Debug information about placed code.
#[derive(Default)]
pub(super) struct Converted {
    pub(super) sections: Vec<DebugSection>,
    /// What is not as it should be, but no error.
    pub(super) warnings: Vec<String>,
    /// The module's text, if the debug information is about that.
    pub(super) text: Option<String>,
}

impl<'a> Debugging<'a> {
    /// What `-g` asks for.
    pub(super) fn new(
        wasm: &'a [u8],
        parsed: &'a Parsed<'a>,
        plan: &Plan<'_>,
        options: &'a Options,
    ) -> Option<Self> {
        options.debug_info.then(|| {
            let source = debug::InputSections::new(&parsed.debug_sections);
            let source = source.with_files(wasm, &options.debug_files);
            let module = wasm_module(parsed, plan);
            Self { wasm, options, source, module, adapter: None }
        })
    }

    /// The units of its DWARF, if it has any.
    pub(super) fn units(&self) -> Option<debug::Units<'_>> {
        Some(&self.source).filter(|source| !source.is_empty()).map(debug::read)
    }

    /// The same of an adapter between components, of this name.
    pub(super) fn of_adapter(self, name: &str) -> Self {
        Self { adapter: Some(name.to_owned()), ..self }
    }

    /// Whether there is anything to be said about it.
    pub(super) fn is_described(&self) -> bool {
        !self.source.is_empty() || self.adapter.is_some()
    }

    /// The values that debug information asks for, by function.
    pub(super) fn uses(
        &self,
        workers: &Workers,
        units: &debug::Units<'_>,
    ) -> Result<BTreeMap<FuncIndex, DebugUses>> {
        let find = |(): &mut (), unit| Ok(debug::debug_uses(units, unit, &self.module));
        let found = workers.draw(units.len(), || (), find)?;
        let mut all: BTreeMap<FuncIndex, DebugUses> = BTreeMap::new();
        for (function, mut uses) in found.into_iter().flat_map(|(_, uses)| uses) {
            let all = all.entry(function).or_default();
            all.locals.append(&mut uses.locals);
            all.operands.append(&mut uses.operands);
        }
        all.values_mut().for_each(DebugUses::normalise);
        Ok(all)
    }

    /// Converts all units for code that is placed; without any, describes the
    /// module by its text.
    pub(super) fn convert<'u>(
        &'u self,
        workers: &Workers,
        units: Option<debug::Units<'u>>,
        placed: &'u Placed<'u>,
        target: &Target,
        output: Output<'_>,
    ) -> Result<Converted> {
        let code = placed_code(codegen::frame_pointer(&*target.isa), placed, ModuleIndex::new(0));
        let options = self.output_options(matches!(output, Output::Object { .. }));
        let mut tables = debug::DebugTables::default();
        if let Some(units) = units {
            let converted = convert(workers, units, &self.module, &code, options, &mut tables)?;
            return Ok(Converted::new(converted, tables));
        }
        let mut warnings = self.source.warnings().to_vec();
        let path = self.options.text_path.as_deref();
        let Some(described) = debug::describe_text(self.wasm, &self.module, path) else {
            warnings.push("the module is too large for a text to debug".to_owned());
            return Ok(Converted { warnings, ..Converted::default() });
        };
        let made = debug::InputSections::new(&described.sections);
        let units = debug::read(&made);
        let mut converted = convert(workers, units, &self.module, &code, options, &mut tables)?;
        converted.warnings.splice(0..0, warnings);
        Ok(Converted { text: Some(described.text), ..Converted::new(converted, tables) })
    }

    fn output_options(&self, relocatable: bool) -> debug::OutputOptions<'_> {
        debug::OutputOptions { remap: &self.options.remap_path_prefix, relocatable }
    }
}

/// The values that debug information asks for, by function; none without.
pub(super) fn debug_uses(
    workers: &Workers,
    debugging: Option<&Debugging<'_>>,
) -> Result<BTreeMap<FuncIndex, DebugUses>> {
    match debugging.and_then(|debugging| Some((debugging, debugging.units()?))) {
        Some((debugging, units)) => debugging.uses(workers, &units),
        None => Ok(BTreeMap::new()),
    }
}

/// Converts the DWARF of all modules of a component, of those that have any, if
/// it is asked for.
pub(super) fn convert_component<'u>(
    workers: &Workers,
    asked: bool,
    modules: &'u [Option<Debugging<'u>>],
    placed: &'u Placed<'u>,
    target: &Target,
) -> Result<Converted> {
    if !asked {
        return Ok(Converted::default());
    }
    let mut tables = debug::DebugTables::default();
    let mut converted = Vec::new();
    let mut outline = String::new();
    let with_units = modules.iter().flatten().filter_map(Debugging::units);
    if with_units.count() == 0 {
        let why = "no core module of the component has debug information: `-g` adds none";
        return Ok(Converted { warnings: vec![why.to_owned()], ..Converted::default() });
    }
    for (index, debugging) in ModuleIndex::enumerate(modules) {
        let Some(debugging) = debugging else { continue };
        let code = placed_code(codegen::frame_pointer(&*target.isa), placed, index);
        let (module, options) = (&debugging.module, debugging.output_options(true));
        let (made, source);
        let units = match &debugging.adapter {
            None => debugging.units(),
            Some(name) => {
                let path = debugging.options.text_path.as_deref();
                made = debug::describe_adapter(name, module, path, &mut outline);
                source = made.as_ref().map(|made| debug::InputSections::new(made));
                source.as_ref().map(debug::read)
            }
        };
        let Some(units) = units else { continue };
        converted.push(convert(workers, units, module, &code, options, &mut tables)?);
    }
    let text = Some(outline).filter(|outline| !outline.is_empty());
    Ok(Converted { text, ..Converted::new(debug::together(converted), tables) })
}

impl Converted {
    fn new(converted: debug::DebugSections, tables: debug::DebugTables) -> Self {
        let debug::DebugSections { list: mut sections, warnings } = converted;
        sections.extend(tables.finish());
        Self { sections, warnings, text: None }
    }
}

/// Converts units in parallel.
fn convert<'c>(
    workers: &Workers,
    units: debug::Units<'c>,
    module: &'c debug::WasmModule<'c>,
    code: &debug::PlacedCode<'c>,
    options: debug::OutputOptions<'c>,
    tables: &mut debug::DebugTables,
) -> Result<debug::DebugSections> {
    let count = units.len();
    let conversion = debug::Conversion::new(units, module, code, options);
    let mut units = workers.draw(count, || (), |(), unit| Ok(conversion.unit(unit)))?;
    units.sort_by_key(|(unit, _)| *unit);
    Ok(conversion.finish(units.into_iter().map(|(_, unit)| unit).collect(), tables))
}

/// The code of each defined function of a module, where it lies.
pub(super) fn placed_code<'a>(
    frame_pointer: u16,
    placed: &'a Placed<'_>,
    module: ModuleIndex,
) -> debug::PlacedCode<'a> {
    let range = placed.names.functions().of(module);
    let functions = placed.texts[0].functions[range.clone()].iter();
    let functions = functions.zip(&placed.layout.functions[range]);
    let functions = functions.map(|(function, place)| {
        let (function, place): (_, Placement) = (function.as_ref()?, (*place)?);
        let debug = function.debug.as_deref()?;
        let text = place.start..place.end();
        Some(debug::PlacedFunction { text, sites: &function.sites, debug })
    });
    debug::PlacedCode { frame_pointer, functions: functions.collect() }
}

/// What debug information must know of the module.
pub(super) fn wasm_module<'a>(parsed: &'a Parsed<'a>, plan: &Plan<'_>) -> debug::WasmModule<'a> {
    let names: BTreeMap<GlobalIndex, &str> = parsed.global_names.iter().rev().copied().collect();
    let globals =
        GlobalIndex::enumerate(&parsed.globals).map(|(index, global)| debug::WasmGlobal {
            ty: global.ty.value,
            name: names.get(&index).copied(),
            location: global_location(plan, index, global),
        });
    let memory = parsed.memories.first().map(|memory| debug::WasmMemory {
        size: memory.ty.limits.min.saturating_mul(memory.ty.page_size()),
        shared: memory.ty.shared,
        at_context: plan::memory0_at_context(parsed),
    });
    debug::WasmModule {
        code_start: parsed.code_start,
        functions: parsed.bodies.iter().map(|body| wasm_function(parsed, body)).collect(),
        globals: globals.collect(),
        memory,
    }
}

fn wasm_function<'a>(parsed: &'a Parsed<'a>, body: &Body<'a>) -> debug::WasmFunction<'a> {
    let index = body.function();
    let range = body.body.range();
    let mut locals = Vec::new();
    // Bodies are valid.
    let operators = body.body.get_locals_reader().and_then(|mut reader| {
        for _ in 0..reader.get_count() {
            let offset = reader.original_position();
            let (count, ty) = reader.read()?;
            let ty = parsed.types.value(ty, offset);
            locals.extend(ty.map(|ty| (count, ty)));
        }
        Ok(reader.original_position())
    });
    let names = &parsed.local_names;
    let first = names.partition_point(|(function, ..)| *function < index);
    let after = names.partition_point(|(function, ..)| *function <= index);
    let offset = |offset: u64| WasmOffset::new(offset as u32);
    debug::WasmFunction {
        index,
        body: offset(range.start)..offset(range.end),
        operators: offset(operators.unwrap_or(range.start)),
        name: parsed.name_of(index),
        parameters: &parsed.function_type(index).params,
        locals,
        local_names: &names[first..after],
    }
}

fn global_location(
    plan: &Plan<'_>,
    index: GlobalIndex,
    global: &GlobalDecl,
) -> Option<debug::GlobalLocation> {
    let offset = plan.layout.global(index);
    Some(match (plan.constants[index.index()], global.imported) {
        (Some(Constant::Bits32(bits)), _) => debug::GlobalLocation::Constant(bits.into()),
        (Some(Constant::Bits64(bits)), _) => debug::GlobalLocation::Constant(bits),
        (Some(Constant::Null), _) => debug::GlobalLocation::Constant(0),
        (Some(Constant::Bits128(_)), _) => return None,
        (None, false) => debug::GlobalLocation::Defined(offset),
        (None, true) => debug::GlobalLocation::Imported(offset),
    })
}
