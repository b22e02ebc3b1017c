//! Debug information, unit by unit.

use super::workers::Workers;
use crate::codegen;
use crate::debug;
use crate::error::Result;
use crate::function::{CompiledFunction, Wanted};
use crate::link::{self, Stub};
use crate::options::Options;
use crate::parse::Parsed;
use crate::target::Target;
use crate::translate::Env;
use std::collections::BTreeMap;

/// The DWARF of a module, with what is beside it.
pub(super) fn source<'a>(
    parsed: &'a Parsed<'a>,
    (wasm, options): (&'a [u8], &'a Options),
) -> Option<debug::Source<'a>> {
    let own = options.debug_info.then(|| debug::Source::new(&parsed.debug_sections));
    own.map(|own| own.with_files(wasm, &options.debug_files))
}

/// The values that debug information asks for, by function.
pub(super) fn wanted(
    workers: &Workers,
    parsed: &Parsed<'_>,
    units: &debug::Units<'_>,
) -> Result<BTreeMap<u32, Wanted>> {
    let found =
        workers.draw(units.len(), || (), |(), unit| Ok(debug::wanted(units, unit, parsed)))?;
    let mut all: BTreeMap<u32, Wanted> = BTreeMap::new();
    for (function, mut wanted) in found.into_iter().flat_map(|(_, wanted)| wanted) {
        let all = all.entry(function).or_default();
        all.locals.append(&mut wanted.locals);
        all.operands.append(&mut wanted.operands);
    }
    all.values_mut().for_each(Wanted::settle);
    Ok(all)
}

/// What converting debug information needs.
pub(super) struct Convert<'c, 'a> {
    pub(super) workers: &'c Workers,
    pub(super) env: &'c Env<'a>,
    pub(super) code: (&'c [Option<CompiledFunction>], &'c [Stub]),
    pub(super) target: &'c Target,
    pub(super) options: &'c Options,
    pub(super) relocatable: bool,
}

impl Convert<'_, '_> {
    /// Converts all units.
    pub(super) fn units<'u>(&'u self, units: debug::Units<'u>) -> Result<debug::Sections> {
        let Env { parsed, plan, .. } = self.env;
        let (functions, stubs) = self.code;
        let imported = parsed.imported_functions;
        let places = link::code_places(&self.target.link, imported, functions, stubs)?;
        let form = debug::Form {
            frame_pointer: codegen::frame_pointer(&*self.target.isa),
            remap: &self.options.remap_path_prefix,
            relocatable: self.relocatable,
        };
        let count = units.len();
        let module = debug::Module::new(units, parsed, plan, functions, &places, form);
        let mut units = self.workers.draw(count, || (), |(), unit| Ok(module.unit(unit)))?;
        units.sort_by_key(|(unit, _)| *unit);
        Ok(module.finish(units.into_iter().map(|(_, unit)| unit).collect()))
    }

    /// Describes a module without debug information by its text. `source` says
    /// why there is none.
    pub(super) fn text(
        &self,
        wasm: &[u8],
        source: &debug::Source<'_>,
    ) -> Result<(debug::Sections, Option<String>)> {
        let mut warnings = source.warnings().to_vec();
        let Some(described) = debug::describe_text(wasm, self.env.parsed, self.options) else {
            warnings.push("the module is too large for a text to debug".to_owned());
            return Ok((debug::Sections { warnings, ..Default::default() }, None));
        };
        let made = debug::Source::new(&described.sections);
        let mut sections = self.units(debug::read(&made))?;
        sections.warnings.splice(0..0, warnings);
        Ok((sections, Some(described.text)))
    }
}
