//! The driver: units one by one, then all of them joined.

use super::context::DebugContext;
use super::input::{OutputOptions, PlacedCode, WasmModule};
use super::join::{self, DebugSections};
use super::locals;
use super::together::DebugTables;
use super::unit::{self, UnitOutput};
use super::units::Units;
use gimli::Section as _;

/// The conversion of a module's debug information.
pub(crate) struct Conversion<'a> {
    context: DebugContext<'a>,
}

impl<'a> Conversion<'a> {
    /// Takes the units of a module, and where its code lies.
    pub(crate) fn new(
        units: Units<'a>,
        module: &'a WasmModule<'a>,
        code: &PlacedCode<'a>,
        options: OutputOptions<'a>,
    ) -> Self {
        Self { context: DebugContext::new(units, module, code, options) }
    }

    /// Converts one unit. Any thread may do so, in any order.
    pub(crate) fn unit(&self, index: usize) -> UnitOutput {
        unit::convert(&self.context, index)
    }

    /// Joins the units, which come in order. What is said by place in the code
    /// goes to `tables`.
    pub(crate) fn finish(&self, units: Vec<UnitOutput>, tables: &mut DebugTables) -> DebugSections {
        let context = &self.context;
        let input = &context.units;
        let strings = input.strings.iter().map(|strings| context.strings(strings));
        let strings = strings.collect::<Vec<_>>().concat();
        let line_strings = input.files.first().map(|main| {
            let section = main.dwarf.debug_line_str.reader();
            context.strings(section.slice())
        });
        let line_strings = line_strings.unwrap_or_default();
        let (relocatable, lines) = (context.options.relocatable, &mut tables.lines);
        let mut joined = join::join(units, strings, line_strings, relocatable, lines);
        joined.warnings.splice(0..0, input.warnings.iter().cloned());
        locals::collect(&context.code, context.module, &mut tables.locals);
        joined
    }
}
