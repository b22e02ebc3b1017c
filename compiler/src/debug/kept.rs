//! Locals that optimised code keeps where debuggers find them: in the frame, to
//! which every new value is stored too.
//!
//! * *Frame bases*: the guest's stack pointer, on which everything in memory
//!   depends. It is written once.
//! * *Parameters* of the function that variables are in. They are rarely
//!   written, and often not needed for long.
//!
//! Other locals are found as long as the code needs them.

use super::source::{Bytes, Dwarf};
use super::units::Units;
use crate::parse::Parsed;
use gimli::{Attribute, AttributeValue, Encoding, Expression, Operation, Unit, constants as dw};

/// Operations of an expression, and entries of a list, that are looked at.
const MOST: usize = 64;

/// The locals that a unit wants kept, each with the index of its function; in
/// order.
pub(crate) fn kept_locals(units: &Units<'_>, unit: usize, parsed: &Parsed<'_>) -> Vec<(u32, u32)> {
    let place = &units.list[unit];
    let Ok(unit) = units.open(place) else { return Vec::new() };
    let search = Search { dwarf: &units.files[place.file].dwarf, unit: &unit, parsed };
    let mut kept = Vec::new();
    // What is damaged is reported when it is converted.
    let _ = search.entries(&mut kept);
    kept.sort_unstable();
    kept.dedup();
    kept
}

struct Search<'s, 'a> {
    dwarf: &'s Dwarf<'a>,
    unit: &'s Unit<Bytes<'a>>,
    parsed: &'s Parsed<'a>,
}

impl<'a> Search<'_, 'a> {
    fn entries(&self, kept: &mut Vec<(u32, u32)>) -> gimli::Result<()> {
        let mut entries = self.unit.entries_raw(None)?;
        let mut attributes = Vec::new();
        // The function that each open entry is inside of.
        let mut open: Vec<Option<u32>> = Vec::new();
        while !entries.is_empty() {
            let Some(abbreviation) = entries.read_abbreviation()? else {
                open.pop();
                continue;
            };
            let mut function = open.last().copied().flatten();
            match (abbreviation.tag(), function) {
                (dw::DW_TAG_subprogram, _) => {
                    entries.read_attributes(abbreviation.attributes(), &mut attributes)?;
                    function = self.function(&attributes);
                    if let Some(function) = function {
                        self.frame_base(&attributes, function, kept);
                    }
                }
                (dw::DW_TAG_formal_parameter | dw::DW_TAG_variable, Some(function)) => {
                    entries.read_attributes(abbreviation.attributes(), &mut attributes)?;
                    self.variable(&attributes, function, kept);
                }
                _ => entries.skip_attributes(abbreviation.attributes())?,
            }
            if abbreviation.has_children() {
                open.push(function);
            }
        }
        Ok(())
    }

    /// The function whose code begins where an entry says.
    fn function(&self, attributes: &[Attribute<Bytes<'a>>]) -> Option<u32> {
        let low = find(attributes, dw::DW_AT_low_pc)?;
        let low = self.dwarf.attr_address(self.unit, low).ok()??;
        let at = low.checked_add(self.parsed.code_start.into())?;
        let bodies = &self.parsed.bodies;
        let after = bodies.partition_point(|body| body.body.range().start <= at);
        let body = bodies.get(after.checked_sub(1)?)?;
        body.body.range().contains(&at).then_some(body.validator.index)
    }

    fn frame_base(
        &self,
        attributes: &[Attribute<Bytes<'a>>],
        function: u32,
        kept: &mut Vec<(u32, u32)>,
    ) {
        let base = find(attributes, dw::DW_AT_frame_base);
        if let Some(base) = base.and_then(|base| base.exprloc_value()) {
            kept.extend(locals(base, self.unit.encoding()).map(|local| (function, local)));
        }
    }

    fn variable(
        &self,
        attributes: &[Attribute<Bytes<'a>>],
        function: u32,
        kept: &mut Vec<(u32, u32)>,
    ) {
        let Some(location) = find(attributes, dw::DW_AT_location) else { return };
        let parameters = self.parsed.function_type(function).params.len() as u32;
        let mut keep = |expression| {
            let locals = locals(expression, self.unit.encoding());
            kept.extend(locals.filter(|l| *l < parameters).map(|local| (function, local)));
        };
        if let Some(expression) = location.exprloc_value() {
            return keep(expression);
        }
        let Ok(Some(mut list)) = self.dwarf.attr_locations(self.unit, location) else { return };
        for _ in 0..MOST {
            let Ok(Some(entry)) = list.next() else { return };
            keep(entry.data);
        }
    }
}

fn find<'a>(
    attributes: &[Attribute<Bytes<'a>>],
    name: gimli::DwAt,
) -> Option<AttributeValue<Bytes<'a>>> {
    attributes.iter().find(|a| a.name() == name).map(Attribute::value)
}

/// The locals that an expression names.
fn locals(expression: Expression<Bytes<'_>>, encoding: Encoding) -> impl Iterator<Item = u32> {
    let mut operations = expression.operations(encoding);
    let operations = std::iter::from_fn(move || operations.next().ok().flatten());
    operations.take(MOST).filter_map(|operation| match operation {
        Operation::WasmLocal { index } => Some(index),
        _ => None,
    })
}
