//! Where variables are: one expression for all of a function's code, or a list
//! of expressions for parts of it (DWARF 5 section 2.6).

use super::code::FunctionCode;
use super::context::DebugContext;
use super::expression::{self, EmitContext, Expression, ParseContext, WasmExpression};
use super::fragment::{Base, Fragment};
use super::indirection::Indirection;
use super::sections::{Bytes, Dwarf};
use crate::function::{DebugVariable, ValueLocation};
use gimli::constants as dw;
use gimli::{Encoding, Unit};
use precast_artifact::index::{FunctionOffset, GlobalIndex, LocalIndex, PartOffset};
use precast_artifact::types::ValType;
use std::ops::Range;

/// The function that entries are inside of.
pub(super) struct FunctionScope<'a> {
    /// Its number in the code map.
    pub index: usize,
    pub code: FunctionCode<'a>,
    pub frame_base: Option<WasmExpression>,
    /// Whether the function's own `DW_AT_frame_base` is the same address as the
    /// module's, so that `DW_OP_fbreg` stays.
    pub same_base: bool,
    /// For runs of locals, the index after the last and the size of each.
    locals: Vec<(LocalIndex, u32)>,
}

impl<'a> FunctionScope<'a> {
    pub(super) fn new(context: &DebugContext<'a>, index: usize) -> Self {
        let code = context.code.code(index);
        let mut locals: Vec<(LocalIndex, u32)> = Vec::new();
        for (count, ty) in context.module.functions[code.function.position].local_runs() {
            let end = locals.last().map_or(0, |(end, _)| end.get());
            locals.push((LocalIndex::new(end.saturating_add(count)), size(ty)));
        }
        Self { index, code, frame_base: None, same_base: false, locals }
    }

    fn local_size(&self, local: LocalIndex) -> Option<u32> {
        let run = self.locals.partition_point(|(end, _)| *end <= local);
        self.locals.get(run).map(|(_, size)| *size)
    }

    /// All of the function's body.
    pub(super) fn whole(&self) -> Range<u64> {
        self.code.function.source.start.into()..self.code.function.source.end.into()
    }
}

/// A location, ready to be written as an attribute.
pub(super) enum LocationDescription {
    /// `DW_FORM_exprloc`.
    Single(Fragment),
    /// Offset among the unit's location lists.
    List(PartOffset),
}

/// Writes locations of one unit.
pub(super) struct Locations<'m, 'a> {
    context: &'m DebugContext<'a>,
    dwarf: &'m Dwarf<'a>,
    unit: &'m Unit<Bytes<'a>>,
    /// The lists.
    pub lists: Fragment,
    /// What may still be done, so that damaged lists do not take for ever.
    pub work: u64,
}

impl<'m, 'a> Locations<'m, 'a> {
    pub(super) fn new(
        context: &'m DebugContext<'a>,
        dwarf: &'m Dwarf<'a>,
        unit: &'m Unit<Bytes<'a>>,
        work: u64,
    ) -> Self {
        Self { context, dwarf, unit, lists: Fragment::default(), work }
    }

    /// Understands the frame base of a function; gives the one to write.
    pub(super) fn frame_base(
        &mut self,
        function: &mut FunctionScope<'a>,
        expression: Expression<'_>,
    ) -> Option<Fragment> {
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
        function: Option<&FunctionScope<'a>>,
        expression: Expression<'_>,
        indirection: Indirection,
    ) -> Option<LocationDescription> {
        let Some(function) = function else {
            let source = self.parse(expression, None)?;
            return self.emit(&source, &[], &[], None).map(LocationDescription::Single);
        };
        if function.same_base
            && indirection != Indirection::HostPointer
            && let Some(part) = frame_offset(expression, self.unit.encoding())
        {
            return Some(LocationDescription::Single(part));
        }
        let source = self.parse(expression, Some(function))?;
        let source = source.with_indirection(indirection);
        if let Some(part) = self.everywhere(&source, function) {
            return Some(LocationDescription::Single(part));
        }
        self.list(function, [(function.whole(), expression)].into_iter(), indirection)
    }

    /// Locations that hold in parts of the function.
    pub(super) fn list<'e>(
        &mut self,
        function: &FunctionScope<'a>,
        entries: impl Iterator<Item = (Range<u64>, Expression<'e>)>,
        indirection: Indirection,
    ) -> Option<LocationDescription> {
        let mut list = Fragment::default();
        for (range, expression) in entries {
            let whole = function.whole();
            let range = range.start.max(whole.start)..range.end.min(whole.end);
            let Some(source) = self.parse(expression, Some(function)) else { continue };
            let source = source.with_indirection(indirection);
            let variables = source.variables(true);
            for region in function.code.regions(&range, &variables, &mut self.work) {
                let part = self.emit(&source, &variables, &region.locations, Some(function));
                let Some(part) = part else { continue };
                entry(&mut list, &region.code, &part);
            }
        }
        self.finish_list(function, list)
    }

    /// The base of memory 0, as a value.
    pub(super) fn memory_base(&self, function: &FunctionScope<'a>) -> Option<LocationDescription> {
        let location = *function.code.fixed(&[DebugVariable::Context])?.first()?;
        self.with_emit_context(Some(function), |context| expression::memory_base(location, context))
            .map(LocationDescription::Single)
    }

    fn finish_list(
        &mut self,
        function: &FunctionScope<'a>,
        list: Fragment,
    ) -> Option<LocationDescription> {
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
        let start = self.lists.end();
        self.lists.u8(dw::DW_LLE_base_address.0);
        self.lists.address(Base::Text, function.code.function.text.start.into());
        self.lists.append(&list);
        self.lists.u8(dw::DW_LLE_end_of_list.0);
        Some(LocationDescription::List(start))
    }

    fn parse(
        &self,
        expression: Expression<'_>,
        function: Option<&FunctionScope<'a>>,
    ) -> Option<WasmExpression> {
        let context = ParseContext {
            encoding: self.unit.encoding(),
            frame_base: function.and_then(|function| function.frame_base.as_ref()),
            address: &|index| self.dwarf.address(self.unit, index).ok(),
            number: &|entry| integer(self.unit, entry),
            threads: self.context.module.memory.as_ref().is_some_and(|memory| memory.shared),
        };
        WasmExpression::parse(expression, &context)
    }

    /// The expression, if every variable has one location in all of the code.
    fn everywhere(
        &self,
        source: &WasmExpression,
        function: &FunctionScope<'a>,
    ) -> Option<Fragment> {
        let variables = source.variables(true);
        let locations = function.code.fixed(&variables)?;
        self.emit(source, &variables, &locations, Some(function))
    }

    fn emit(
        &self,
        source: &WasmExpression,
        variables: &[DebugVariable],
        locations: &[ValueLocation],
        function: Option<&FunctionScope<'a>>,
    ) -> Option<Fragment> {
        self.with_emit_context(function, |context| source.emit(variables, locations, context))
    }

    fn with_emit_context<T>(
        &self,
        function: Option<&FunctionScope<'a>>,
        f: impl FnOnce(&EmitContext<'_>) -> T,
    ) -> T {
        let module = self.context.module;
        let global = |index: GlobalIndex| {
            let global = module.globals.get(index.index())?;
            let size = u8::try_from(size(global.ty)).ok().filter(|size| *size <= 8)?;
            Some((global.location?, size))
        };
        let local_size = |local: LocalIndex| function?.local_size(local);
        f(&EmitContext {
            frame_pointer: self.context.frame_pointer,
            memory_at_context: module.memory.as_ref().is_some_and(|memory| memory.at_context),
            global: &global,
            local_size: &local_size,
        })
    }

    /// The lists, when the unit is done.
    pub(super) fn finish(mut self) -> Fragment {
        if self.lists.len() != 0 {
            self.lists.set_length(PartOffset::START);
        }
        self.lists
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
fn entry(list: &mut Fragment, code: &Range<FunctionOffset>, expression: &Fragment) {
    list.u8(dw::DW_LLE_offset_pair.0);
    list.uleb(code.start.into());
    list.uleb(code.end.into());
    list.uleb(expression.len() as u64);
    list.append(expression);
}

/// The expression, if it is `DW_OP_fbreg` alone.
fn frame_offset(expression: Expression<'_>, encoding: Encoding) -> Option<Fragment> {
    let mut operations = expression.operations(encoding);
    let gimli::Operation::FrameOffset { .. } = operations.next().ok()?? else { return None };
    let alone = operations.next().ok()?.is_none();
    alone.then(|| Fragment { bytes: expression.0.slice().to_vec(), fixups: Vec::new() })
}
