//! What translation must know of the module's DWARF, to keep values where
//! debuggers find them.
//!
//! Of locals, with `-g -O`, those whose every new value goes to the frame too:
//!
//! * *Frame bases*: the guest's stack pointer, on which everything in memory
//!   depends. It is written once.
//! * *Parameters* of the function that variables are in. They are rarely
//!   written, and often not needed for long.
//!
//! Other locals are found as long as the code needs them. Operands that are
//! variables are looked for only where DWARF says that they are.

use super::input::WasmModule;
use super::sections::{Bytes, Dwarf};
use super::units::Units;
use crate::function::{DebugUses, DebugVariable, OperandUse};
use gimli::{Attribute, AttributeValue, Encoding, Expression, Operation, Unit, constants as dw};
use precast_artifact::index::{BodyOffset, FuncIndex, LocalIndex, OperandIndex, WasmOffset};

/// Operations of an expression that are looked at.
const MOST: usize = 64;

/// What a unit asks for, by index of the function.
pub(crate) fn debug_uses(
    units: &Units<'_>,
    unit: usize,
    module: &WasmModule<'_>,
) -> Vec<(FuncIndex, DebugUses)> {
    let input = &units.list[unit];
    let Ok(unit) = units.open(input) else { return Vec::new() };
    let work = (1 << 20) + 16 * input.header.length_including_self();
    let dwarf = &units.files[input.file].dwarf;
    let mut collector = UsesCollector { dwarf, unit: &unit, module, uses: Vec::new(), work };
    // What is damaged is reported when it is converted.
    let _ = collector.entries();
    let index = |position: usize| module.functions[position].index;
    collector.uses.into_iter().map(|(position, uses)| (index(position), uses)).collect()
}

struct UsesCollector<'s, 'a> {
    dwarf: &'s Dwarf<'a>,
    unit: &'s Unit<Bytes<'a>>,
    module: &'s WasmModule<'s>,
    /// By position of the function among the defined ones.
    uses: Vec<(usize, DebugUses)>,
    /// Entries of lists that may still be read: damaged lists may overlap.
    work: usize,
}

impl<'a> UsesCollector<'_, 'a> {
    fn entries(&mut self) -> gimli::Result<()> {
        let mut entries = self.unit.entries_raw(None)?;
        let mut attributes = Vec::new();
        // The function that each open entry is inside of: its position.
        let mut open: Vec<Option<usize>> = Vec::new();
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
                }
                (dw::DW_TAG_formal_parameter | dw::DW_TAG_variable, Some(function)) => {
                    entries.read_attributes(abbreviation.attributes(), &mut attributes)?;
                    self.variable(&attributes, function);
                }
                _ => entries.skip_attributes(abbreviation.attributes())?,
            }
            if abbreviation.has_children() {
                open.push(function);
            }
        }
        Ok(())
    }

    /// The function whose code begins where an entry says, with its frame base.
    fn function(&mut self, attributes: &[Attribute<Bytes<'a>>]) -> Option<usize> {
        let low = find(attributes, dw::DW_AT_low_pc)?;
        let low = self.dwarf.attr_address(self.unit, low).ok()??;
        let at = u32::try_from(low).ok()?.checked_add(self.module.code_start.get())?;
        let at = WasmOffset::new(at);
        let functions = &self.module.functions;
        let after = functions.partition_point(|function| function.body.start <= at);
        let position = after.checked_sub(1)?;
        if !functions[position].body.contains(&at) {
            return None;
        }
        let mut uses = DebugUses::default();
        let base = find(attributes, dw::DW_AT_frame_base);
        if let Some(base) = base.and_then(|base| base.exprloc_value()) {
            let named = named(base, self.unit.encoding());
            uses.locals.extend(named.filter_map(|named| match named {
                DebugVariable::Local(local) => Some(local),
                _ => None,
            }));
        }
        self.uses.push((position, uses));
        Some(self.uses.len() - 1)
    }

    fn variable(&mut self, attributes: &[Attribute<Bytes<'a>>], function: usize) {
        let Some(location) = find(attributes, dw::DW_AT_location) else { return };
        let encoding = self.unit.encoding();
        let (position, uses) = &mut self.uses[function];
        let parameters = self.module.functions[*position].parameters.len();
        let body = self.module.functions[*position].body.start.get();
        let body = body - self.module.code_start.get();
        let offset = |address: u64| {
            BodyOffset::new(u32::try_from(address).unwrap_or(u32::MAX).saturating_sub(body))
        };
        let mut want = |expression, range: gimli::Range| {
            for named in named(expression, encoding) {
                match named {
                    DebugVariable::Local(local) if local.index() < parameters => {
                        uses.locals.push(local);
                    }
                    DebugVariable::Operand(operand) => uses.operands.push(OperandUse {
                        operand,
                        from: offset(range.begin),
                        to: offset(range.end),
                    }),
                    _ => {}
                }
            }
        };
        if let Some(expression) = location.exprloc_value() {
            return want(expression, gimli::Range { begin: 0, end: 0 });
        }
        let Ok(Some(mut list)) = self.dwarf.attr_locations(self.unit, location) else { return };
        while let Some(left) = self.work.checked_sub(1)
            && let Ok(Some(entry)) = list.next()
        {
            self.work = left;
            want(entry.data, entry.range);
        }
    }
}

fn find<'a>(
    attributes: &[Attribute<Bytes<'a>>],
    name: gimli::DwAt,
) -> Option<AttributeValue<Bytes<'a>>> {
    attributes.iter().find(|a| a.name() == name).map(Attribute::value)
}

/// The locals and operands that an expression names.
fn named(
    expression: Expression<Bytes<'_>>,
    encoding: Encoding,
) -> impl Iterator<Item = DebugVariable> {
    let mut operations = expression.operations(encoding);
    let operations = std::iter::from_fn(move || operations.next().ok().flatten());
    operations.take(MOST).filter_map(|operation| match operation {
        Operation::WasmLocal { index } => Some(DebugVariable::Local(LocalIndex::new(index))),
        Operation::WasmStack { index } => Some(DebugVariable::Operand(OperandIndex::new(index))),
        _ => None,
    })
}
