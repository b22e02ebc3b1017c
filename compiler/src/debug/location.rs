//! Where variables are: one expression for all of a function's code, or a list
//! of expressions for parts of it (DWARF 5 section 2.6).

use super::Module;
use super::code::FunctionCode;
use super::expression::{Around, Global, Source, World};
use super::meaning::Meaning;
use super::output::{Base, Fixup, Part};
use super::source::{Bytes, Dwarf};
use crate::function::{Place, Watched};
use crate::plan::{self, Constant};
use gimli::constants as dw;
use gimli::{Encoding, EndianSlice, LittleEndian, Unit};
use precast_artifact::index::GlobalIndex;
use precast_artifact::types::ValType;
use std::ops::Range;

type Expression<'a> = gimli::Expression<EndianSlice<'a, LittleEndian>>;

/// The function that entries are inside of.
pub(super) struct Function<'a> {
    /// Its number in the code map.
    pub index: usize,
    pub code: FunctionCode<'a>,
    pub frame_base: Option<Source>,
    /// Whether the function's own `DW_AT_frame_base` is the same address as the
    /// module's, so that `DW_OP_fbreg` stays.
    pub same_base: bool,
    /// For runs of locals, the index behind the last and the size of each.
    locals: Vec<(u32, u32)>,
}

impl<'a> Function<'a> {
    pub(super) fn new(module: &Module<'a>, index: usize) -> Self {
        let code = module.code.code(index);
        let body = &module.parsed.bodies[code.place.body];
        let ty = module.parsed.function_type(body.validator.index);
        let mut locals: Vec<(u32, u32)> = Vec::new();
        let mut push = |count: u32, size| {
            let end = locals.last().map_or(0, |(end, _)| *end);
            locals.push((end.saturating_add(count), size));
        };
        ty.params.iter().for_each(|ty| push(1, size(*ty)));
        if let Ok(reader) = body.body.get_locals_reader() {
            for (count, ty) in reader.into_iter().flatten() {
                push(count, module.parsed.types.value(ty, body.body.range().start).map_or(0, size));
            }
        }
        Self { index, code, frame_base: None, same_base: false, locals }
    }

    fn local_size(&self, local: u32) -> Option<u32> {
        let run = self.locals.partition_point(|(end, _)| *end <= local);
        self.locals.get(run).map(|(_, size)| *size)
    }

    /// All of the function's body.
    pub(super) fn whole(&self) -> Range<u64> {
        self.code.place.source.start.into()..self.code.place.source.end.into()
    }
}

/// A location, ready to be written as an attribute.
pub(super) enum Located {
    /// `DW_FORM_exprloc`.
    Expression(Part),
    /// Offset among the unit's location lists.
    List(u32),
}

/// Writes locations of one unit.
pub(super) struct Locations<'m, 'a> {
    module: &'m Module<'a>,
    dwarf: &'m Dwarf<'a>,
    unit: &'m Unit<Bytes<'a>>,
    /// The lists.
    pub lists: Part,
    /// What may still be done, so that damaged lists do not take for ever.
    pub work: u64,
}

impl<'m, 'a> Locations<'m, 'a> {
    pub(super) fn new(
        module: &'m Module<'a>,
        dwarf: &'m Dwarf<'a>,
        unit: &'m Unit<Bytes<'a>>,
        work: u64,
    ) -> Self {
        Self { module, dwarf, unit, lists: Part::default(), work }
    }

    /// Understands the frame base of a function; gives the one to write.
    pub(super) fn frame_base(
        &mut self,
        function: &mut Function<'a>,
        expression: Expression<'_>,
    ) -> Option<Part> {
        let source = self.parse(expression, None)?;
        let base = source.as_memory();
        function.frame_base = Some(source);
        let part = self.everywhere(&base, function)?;
        function.same_base = true;
        Some(part)
    }

    /// A location that holds everywhere in the function, or without one.
    pub(super) fn expression(
        &mut self,
        function: Option<&Function<'a>>,
        expression: Expression<'_>,
        meaning: Meaning,
    ) -> Option<Located> {
        let Some(function) = function else {
            let source = self.parse(expression, None)?;
            return self.emit(&source, &[], &[], None).map(Located::Expression);
        };
        if function.same_base
            && meaning != Meaning::HostPointer
            && let Some(part) = frame_offset(expression, self.unit.encoding())
        {
            return Some(Located::Expression(part));
        }
        let source = self.parse(expression, Some(function))?;
        let source = source.meant(meaning);
        if let Some(part) = self.everywhere(&source, function) {
            return Some(Located::Expression(part));
        }
        self.list(function, [(function.whole(), expression)].into_iter(), meaning)
    }

    /// Locations that hold in parts of the function.
    pub(super) fn list<'e>(
        &mut self,
        function: &Function<'a>,
        entries: impl Iterator<Item = (Range<u64>, Expression<'e>)>,
        meaning: Meaning,
    ) -> Option<Located> {
        let mut list = Part::default();
        for (range, expression) in entries {
            let whole = function.whole();
            let range = range.start.max(whole.start)..range.end.min(whole.end);
            let Some(source) = self.parse(expression, Some(function)) else { continue };
            let source = source.meant(meaning);
            let variables = source.variables(true);
            for region in function.code.regions(&range, &variables, &mut self.work) {
                let part = self.emit(&source, &variables, &region.places, Some(function));
                let Some(part) = part else { continue };
                entry(&mut list, &region.code, &part);
            }
        }
        self.finish_list(function, list)
    }

    /// The base of memory 0, as a value.
    pub(super) fn memory_base(&self, function: &Function<'a>) -> Option<Located> {
        let place = *function.code.fixed(&[Watched::Context])?.first()?;
        self.with_world(Some(function), |world| super::expression::memory_base(place, world))
            .map(Located::Expression)
    }

    fn finish_list(&mut self, function: &Function<'a>, list: Part) -> Option<Located> {
        if list.len() == 0 {
            return None;
        }
        if self.lists.len() == 0 {
            // The header (DWARF 5 section 7.29); its length comes last.
            self.lists.u32(0);
            self.lists.u16(5);
            self.lists.u8(8);
            self.lists.u8(0);
            self.lists.u32(0);
        }
        let start = self.lists.len() as u32;
        self.lists.u8(dw::DW_LLE_base_address.0);
        self.lists.address(Base::Text, function.code.place.text.start.into());
        self.lists.append(&list);
        self.lists.u8(dw::DW_LLE_end_of_list.0);
        Some(Located::List(start))
    }

    fn parse(&self, expression: Expression<'_>, function: Option<&Function<'a>>) -> Option<Source> {
        let around = Around {
            encoding: self.unit.encoding(),
            frame_base: function.and_then(|function| function.frame_base.as_ref()),
            address: &|index| self.dwarf.address(self.unit, index).ok(),
            number: &|entry| integer(self.unit, entry),
            threads: self.module.parsed.memories.first().is_some_and(|memory| memory.ty.shared),
        };
        Source::parse(expression, &around)
    }

    /// The expression, if every variable has one place in all of the code.
    fn everywhere(&self, source: &Source, function: &Function<'a>) -> Option<Part> {
        let variables = source.variables(true);
        let places = function.code.fixed(&variables)?;
        self.emit(source, &variables, &places, Some(function))
    }

    fn emit(
        &self,
        source: &Source,
        variables: &[Watched],
        places: &[Place],
        function: Option<&Function<'a>>,
    ) -> Option<Part> {
        self.with_world(function, |world| source.emit(variables, places, world))
    }

    fn with_world<T>(&self, function: Option<&Function<'a>>, f: impl FnOnce(&World<'_>) -> T) -> T {
        let (parsed, plan) = (self.module.parsed, self.module.plan);
        let global = |index: u32| {
            let global = parsed.globals.get(index as usize)?;
            let size = u8::try_from(size(global.ty.value)).ok().filter(|size| *size <= 8)?;
            let offset = plan.layout.global(GlobalIndex::new(index));
            Some(match (plan.constants[index as usize], global.imported) {
                (Some(Constant::Bits32(bits)), _) => Global::Constant(bits.into()),
                (Some(Constant::Bits64(bits)), _) => Global::Constant(bits),
                (Some(Constant::Null), _) => Global::Constant(0),
                (Some(Constant::Bits128(_)), _) => return None,
                (None, false) => Global::Own(offset, size),
                (None, true) => Global::Imported(offset, size),
            })
        };
        let local_size = |local: u32| function?.local_size(local);
        f(&World {
            frame_pointer: self.module.form.frame_pointer,
            memory_at_context: plan::memory0_at_context(parsed),
            global: &global,
            local_size: &local_size,
        })
    }

    /// The lists, when the unit is done.
    pub(super) fn finish(mut self) -> Part {
        if self.lists.len() != 0 {
            self.lists.set_length(0);
        }
        self.lists
    }

    /// Four bytes that refer to a list of this unit.
    pub(super) fn refer(info: &mut Part, list: u32) {
        info.fixup(Fixup::Locations, list);
    }
}

/// The bits of a type of integers, and whether it has a sign.
fn integer(unit: &Unit<Bytes<'_>>, entry: gimli::UnitOffset) -> Option<(u8, bool)> {
    let entry = unit.entry(entry).ok()?;
    let bytes = entry.attr_value(dw::DW_AT_byte_size)?.u8_value().filter(|bytes| *bytes <= 8)?;
    let gimli::AttributeValue::Encoding(encoding) = entry.attr_value(dw::DW_AT_encoding)? else {
        return None;
    };
    let signed = match encoding {
        dw::DW_ATE_signed | dw::DW_ATE_signed_char => true,
        dw::DW_ATE_unsigned | dw::DW_ATE_unsigned_char | dw::DW_ATE_boolean => false,
        _ => return None,
    };
    Some((bytes * 8, signed))
}

/// Bytes that code reads and writes of a value.
fn size(ty: ValType) -> u32 {
    match ty {
        ValType::I32 | ValType::F32 => 4,
        ValType::I64 | ValType::F64 | ValType::Ref(_) => 8,
        ValType::V128 => 16,
    }
}

/// One entry of a list, relative to the function's code.
fn entry(list: &mut Part, code: &Range<u32>, expression: &Part) {
    list.u8(dw::DW_LLE_offset_pair.0);
    list.uleb(code.start.into());
    list.uleb(code.end.into());
    list.uleb(expression.len() as u64);
    list.append(expression);
}

/// The expression, if it is `DW_OP_fbreg` alone.
fn frame_offset(expression: Expression<'_>, encoding: Encoding) -> Option<Part> {
    let mut operations = expression.operations(encoding);
    let gimli::Operation::FrameOffset { .. } = operations.next().ok()?? else { return None };
    let alone = operations.next().ok()?.is_none();
    alone.then(|| Part { bytes: expression.0.slice().to_vec(), fixups: Vec::new() })
}
