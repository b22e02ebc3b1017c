//! Debug information, unit by unit.

use super::workers::Workers;
use crate::codegen;
use crate::debug;
use crate::error::Result;
use crate::function::{CompiledFunction, DebugUses};
use crate::link::{self, Stub};
use crate::options::Options;
use crate::parse::{Body, GlobalDecl, Parsed};
use crate::plan::{self, Constant, Plan};
use crate::target::Target;
use crate::translate::Env;
use precast_artifact::index::GlobalIndex;
use std::collections::BTreeMap;
use std::ops::Range;

/// The DWARF of a module, with what is beside it.
pub(super) fn source<'a>(
    parsed: &'a Parsed<'a>,
    (wasm, options): (&'a [u8], &'a Options),
) -> Option<debug::InputSections<'a>> {
    let own = options.debug_info.then(|| debug::InputSections::new(&parsed.debug_sections));
    own.map(|own| own.with_files(wasm, &options.debug_files))
}

/// What debug information must know of the module.
pub(super) fn wasm_module<'a>(parsed: &'a Parsed<'a>, plan: &Plan<'_>) -> debug::WasmModule<'a> {
    let names: BTreeMap<u32, &str> = parsed.global_names.iter().rev().copied().collect();
    let globals = (0..).zip(&parsed.globals).map(|(index, global)| debug::WasmGlobal {
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
    let index = body.validator.index;
    let range = body.body.range();
    let mut locals = Vec::new();
    // Bodies are valid.
    let operators = body.body.get_locals_reader().and_then(|mut reader| {
        for _ in 0..reader.get_count() {
            let offset = reader.original_position();
            let (count, ty) = reader.read()?;
            locals.extend(parsed.types.value(ty, offset).map(|ty| (count, ty)));
        }
        Ok(reader.original_position())
    });
    let names = &parsed.local_names;
    let first = names.partition_point(|(function, ..)| *function < index);
    let after = names.partition_point(|(function, ..)| *function <= index);
    debug::WasmFunction {
        index,
        body: range.start as u32..range.end as u32,
        operators: operators.unwrap_or(range.start) as u32,
        name: parsed.name_of(index),
        parameters: &parsed.function_type(index).params,
        locals,
        local_names: &names[first..after],
    }
}

fn global_location(
    plan: &Plan<'_>,
    index: u32,
    global: &GlobalDecl,
) -> Option<debug::GlobalLocation> {
    let offset = plan.layout.global(GlobalIndex::new(index));
    Some(match (plan.constants[index as usize], global.imported) {
        (Some(Constant::Bits32(bits)), _) => debug::GlobalLocation::Constant(bits.into()),
        (Some(Constant::Bits64(bits)), _) => debug::GlobalLocation::Constant(bits),
        (Some(Constant::Null), _) => debug::GlobalLocation::Constant(0),
        (Some(Constant::Bits128(_)), _) => return None,
        (None, false) => debug::GlobalLocation::Defined(offset),
        (None, true) => debug::GlobalLocation::Imported(offset),
    })
}

/// The values that debug information asks for, by function.
pub(super) fn uses(
    workers: &Workers,
    module: &debug::WasmModule<'_>,
    units: &debug::Units<'_>,
) -> Result<BTreeMap<u32, DebugUses>> {
    let found =
        workers.draw(units.len(), || (), |(), unit| Ok(debug::debug_uses(units, unit, module)))?;
    let mut all: BTreeMap<u32, DebugUses> = BTreeMap::new();
    for (function, mut uses) in found.into_iter().flat_map(|(_, uses)| uses) {
        let all = all.entry(function).or_default();
        all.locals.append(&mut uses.locals);
        all.operands.append(&mut uses.operands);
    }
    all.values_mut().for_each(DebugUses::normalise);
    Ok(all)
}

/// What converting debug information needs.
pub(super) struct Convert<'c, 'a> {
    pub(super) workers: &'c Workers,
    pub(super) env: &'c Env<'a>,
    pub(super) module: &'c debug::WasmModule<'c>,
    pub(super) code: (&'c [Option<CompiledFunction>], &'c [Stub]),
    pub(super) target: &'c Target,
    pub(super) options: &'c Options,
    pub(super) relocatable: bool,
}

impl Convert<'_, '_> {
    /// Converts all units.
    pub(super) fn units<'u>(&'u self, units: debug::Units<'u>) -> Result<debug::DebugSections> {
        let (functions, stubs) = self.code;
        let imported = self.env.parsed.imported_functions;
        let places = link::code_places(&self.target.link, imported, functions, stubs)?;
        let code = placed(codegen::frame_pointer(&*self.target.isa), functions, &places);
        let options = debug::OutputOptions {
            remap: &self.options.remap_path_prefix,
            relocatable: self.relocatable,
        };
        let count = units.len();
        let conversion = debug::Conversion::new(units, self.module, &code, options);
        let mut units = self.workers.draw(count, || (), |(), unit| Ok(conversion.unit(unit)))?;
        units.sort_by_key(|(unit, _)| *unit);
        Ok(conversion.finish(units.into_iter().map(|(_, unit)| unit).collect()))
    }

    /// Describes a module without debug information by its text. `source` says
    /// why there is none.
    pub(super) fn text(
        &self,
        wasm: &[u8],
        source: &debug::InputSections<'_>,
    ) -> Result<(debug::DebugSections, Option<String>)> {
        let mut warnings = source.warnings().to_vec();
        let path = self.options.text_path.as_deref();
        let Some(described) = debug::describe_text(wasm, self.module, path) else {
            warnings.push("the module is too large for a text to debug".to_owned());
            return Ok((debug::DebugSections { warnings, ..Default::default() }, None));
        };
        let made = debug::InputSections::new(&described.sections);
        let mut sections = self.units(debug::read(&made))?;
        sections.warnings.splice(0..0, warnings);
        Ok((sections, Some(described.text)))
    }
}

/// The code of each defined function, where it lies.
pub(super) fn placed<'a>(
    frame_pointer: u16,
    functions: &'a [Option<CompiledFunction>],
    places: &[Option<Range<u32>>],
) -> debug::PlacedCode<'a> {
    let function = |(function, text): (&'a Option<CompiledFunction>, &Option<Range<u32>>)| {
        let function = function.as_ref()?;
        let debug = function.debug.as_deref()?;
        Some(debug::PlacedFunction { text: text.clone()?, sites: &function.sites, debug })
    };
    let functions = functions.iter().zip(places).map(function).collect();
    debug::PlacedCode { frame_pointer, functions }
}
