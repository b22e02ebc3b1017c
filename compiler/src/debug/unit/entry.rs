//! One entry, with all that depends on its tag.

use super::converter::{OpenDie, UnitConverter};
use super::die::DieBuilder;
use crate::debug::indirection::{self, Indirection};
use crate::debug::sections::Bytes;
use crate::debug::type_names;
use gimli::{Attribute, DwTag, UnitOffset, constants as dw};
use precast_artifact::index::FunctionOffset;
use std::ops::Range;

impl<'a> UnitConverter<'_, 'a> {
    /// Converts an entry; what is inside of it comes next.
    pub(super) fn entry(
        &mut self,
        offset: UnitOffset,
        tag: DwTag,
        children: bool,
        attributes: &[Attribute<Bytes<'a>>],
    ) {
        let source = self.input.offset.checked_add(offset.0 as u32);
        let source = source.expect("all offsets fit, as was seen with the file");
        let indirection =
            indirection::of(&self.context.units, self.dwarf, self.unit, tag, attributes);
        let has_type = attributes.iter().any(|a| a.name() == dw::DW_AT_type);
        let host_pointer = match indirection {
            Indirection::HostPointer if has_type => self.host_pointer(attributes),
            _ if tag == dw::DW_TAG_member => self.vtable_pointer(attributes),
            _ => None,
        };
        self.offsets.push((source, self.info.end()));
        let root = self.open.is_empty();
        if self.replaced_type(tag, children, attributes) {
            return;
        }
        let (scope, code) = self.scope(offset, tag, children, attributes);
        let memory = if scope.is_function { self.memory_variable() } else { None };
        let inside = children || root || memory.is_some();
        let mut die = DieBuilder::new(written_tag(tag), inside);
        let own_ranges = root.then(|| self.root_attributes(attributes, &mut die)).flatten();
        if scope.is_function {
            self.function_attributes(attributes, &mut die);
        }
        self.code_attributes(&code, scope.function, &mut die);
        if tag == dw::DW_TAG_label {
            self.label(attributes, scope.function, &mut die);
        }
        for attribute in attributes {
            if self.path(attribute, &mut die) {
                continue;
            }
            match (attribute.name(), host_pointer) {
                (dw::DW_AT_location, _) => {
                    self.location(attribute, scope.function, indirection, &mut die);
                }
                (dw::DW_AT_type, Some(ty)) => die.written(dw::DW_AT_type, ty),
                _ => self.attribute(attribute, scope.function, &mut die),
            }
        }
        let written = self.write(die);
        self.own_ranges = self.own_ranges.or(own_ranges.map(|field| written.position(field)));
        match inside {
            true => self.enter(scope, root, children, memory),
            false if scope.is_function => self.leave_function(),
            false => {}
        }
    }

    /// Enters an entry that was written with children, with what is written
    /// inside of it first.
    fn enter(&mut self, scope: OpenDie, root: bool, children: bool, memory: Option<DieBuilder>) {
        self.open.push(scope);
        if root {
            self.base_types();
        }
        if let Some(variable) = memory {
            self.write(variable);
        }
        if !children && !root {
            self.leave();
        }
    }

    /// Writes a type that is written otherwise than the module has it; says
    /// whether it is one.
    fn replaced_type(
        &mut self,
        tag: DwTag,
        children: bool,
        attributes: &[Attribute<Bytes<'a>>],
    ) -> bool {
        match tag {
            tag if type_names::is_pointer(tag) => self.pointer(tag, children, attributes),
            dw::DW_TAG_ptr_to_member_type => self.member_pointer(children, attributes),
            dw::DW_TAG_base_type if self.is_quad(attributes) => self.quad(children, attributes),
            _ => return false,
        }
        true
    }

    /// What an entry opens, and the code that it says itself that it covers.
    fn scope(
        &mut self,
        offset: UnitOffset,
        tag: DwTag,
        children: bool,
        attributes: &[Attribute<Bytes<'a>>],
    ) -> (OpenDie, Vec<Range<FunctionOffset>>) {
        let mut scope = OpenDie::default();
        if let Some(around) = self.open.last() {
            scope.function = around.function;
        }
        match tag {
            dw::DW_TAG_subprogram => self.open_function(attributes, &mut scope),
            dw::DW_TAG_lexical_block
            | dw::DW_TAG_inlined_subroutine
            | dw::DW_TAG_try_block
            | dw::DW_TAG_catch_block
            | dw::DW_TAG_with_stmt => {
                scope.code = self.covered_code(attributes, scope.function);
                if tag == dw::DW_TAG_inlined_subroutine && scope.function.is_some() {
                    self.note_inlined(offset, attributes);
                }
                let code = scope.code.clone();
                return (scope, code);
            }
            _ => {
                if let Some(around) = self.open.last().filter(|_| children) {
                    scope.code = around.code.clone();
                }
            }
        }
        (scope, Vec::new())
    }

    /// Closes the innermost entry.
    pub(super) fn leave(&mut self) {
        if let Some(scope) = self.open.pop() {
            self.info.u8(0);
            if scope.is_function {
                self.leave_function();
            }
        }
    }
}

/// A skeleton whose other part was not found is all that there is of its unit.
fn written_tag(tag: DwTag) -> DwTag {
    match tag {
        dw::DW_TAG_skeleton_unit => dw::DW_TAG_compile_unit,
        tag => tag,
    }
}
