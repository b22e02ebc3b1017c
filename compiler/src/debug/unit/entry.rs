//! One entry, with all that depends on its tag.

use super::Converter;
use super::draft::Draft;
use crate::debug::meaning::{self, Meaning};
use crate::debug::pointer;
use crate::debug::source::Bytes;
use gimli::{Attribute, DwTag, UnitOffset, constants as dw};
use std::ops::Range;

/// An open entry.
#[derive(Default)]
pub(super) struct Scope {
    /// Position of the function that it is inside of.
    pub(super) function: Option<usize>,
    /// Whether that ends with this entry.
    pub(super) is_function: bool,
    /// The code it covers, relative to the function's, and of that the code that
    /// entries inside cover: they must not overlap.
    pub(super) code: Vec<Range<u32>>,
    pub(super) taken: Vec<Range<u32>>,
}

impl<'a> Converter<'_, 'a> {
    /// Converts an entry; what is inside of it comes next.
    pub(super) fn entry(
        &mut self,
        offset: UnitOffset,
        tag: DwTag,
        children: bool,
        attributes: &[Attribute<Bytes<'a>>],
    ) {
        let source = offset.0 as u32 + self.place.offset;
        let meaning = meaning::of(&self.module.input, self.dwarf, self.unit, tag, attributes);
        let own_type = attributes.iter().any(|a| a.name() == dw::DW_AT_type);
        let host_pointer = match meaning {
            Meaning::HostPointer if own_type => self.host_pointer(attributes),
            _ if tag == dw::DW_TAG_member => self.vtable_pointer(attributes),
            _ => None,
        };
        self.offsets.push((source, self.info.len() as u32));
        let root = self.scopes.is_empty();
        if pointer::is_pointer(tag) {
            return self.pointer(tag, children, attributes);
        }
        if tag == dw::DW_TAG_ptr_to_member_type {
            return self.member_pointer(children, attributes);
        }
        if tag == dw::DW_TAG_base_type && self.is_quad(attributes) {
            return self.quad(children, attributes);
        }
        let (scope, place) = self.scope(offset, tag, children, attributes);
        let memory = if scope.is_function { self.memory_variable() } else { None };
        let inside = children || root || memory.is_some();
        let mut draft = Draft::new(written_tag(tag), inside);
        if root {
            self.root_attributes(attributes, &mut draft);
        }
        if scope.is_function {
            self.function_attributes(attributes, &mut draft);
        }
        self.code_attributes(&place, scope.function, &mut draft);
        if tag == dw::DW_TAG_label {
            self.label(attributes, scope.function, &mut draft);
        }
        for attribute in attributes {
            if self.path(attribute, &mut draft) {
                continue;
            }
            match (attribute.name(), host_pointer) {
                (dw::DW_AT_location, _) => {
                    self.location(attribute, scope.function, meaning, &mut draft);
                }
                (dw::DW_AT_type, Some(ty)) => draft.written(dw::DW_AT_type, ty),
                _ => self.attribute(attribute, scope.function, &mut draft),
            }
        }
        self.write(draft);
        if !inside {
            if scope.is_function {
                self.leave_function();
            }
            return;
        }
        self.scopes.push(scope);
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

    /// What an entry opens, and the code that it says itself that it covers.
    fn scope(
        &mut self,
        offset: UnitOffset,
        tag: DwTag,
        children: bool,
        attributes: &[Attribute<Bytes<'a>>],
    ) -> (Scope, Vec<Range<u32>>) {
        let mut scope = Scope::default();
        if let Some(around) = self.scopes.last() {
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
                let place = scope.code.clone();
                return (scope, place);
            }
            _ => {
                if let Some(around) = self.scopes.last().filter(|_| children) {
                    scope.code = around.code.clone();
                }
            }
        }
        (scope, Vec::new())
    }

    /// Writes an entry; gives its place.
    pub(super) fn write(&mut self, draft: Draft) -> u32 {
        let at = self.info.len() as u32;
        let code = self.shapes.code(draft.shape);
        self.info.uleb(code);
        self.info.append(&draft.values);
        at
    }

    /// Closes the innermost entry.
    pub(super) fn leave(&mut self) {
        if let Some(scope) = self.scopes.pop() {
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
