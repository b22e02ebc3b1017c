//! The shapes of entries (DWARF 5 section 7.5.3): each is declared once for
//! each unit.

use super::output::Part;
use gimli::{DwAt, DwForm, DwTag};
use std::collections::HashMap;

/// The shape of an entry: tag, whether children follow, attributes.
pub(super) struct Shape {
    bytes: Vec<u8>,
}

impl Shape {
    pub(super) fn new(tag: DwTag, children: bool) -> Self {
        let mut part = Part::default();
        part.uleb(tag.0.into());
        part.u8(children.into());
        Self { bytes: part.bytes }
    }

    pub(super) fn attribute(&mut self, name: DwAt, form: DwForm) {
        let mut part = Part { bytes: std::mem::take(&mut self.bytes), fixups: Vec::new() };
        part.uleb(name.0.into());
        part.uleb(form.0.into());
        self.bytes = part.bytes;
    }
}

/// The shapes of a unit.
#[derive(Default)]
pub(super) struct Shapes {
    codes: HashMap<Vec<u8>, u64>,
    part: Part,
}

impl Shapes {
    /// The code of a shape, which is declared if it is new.
    pub(super) fn code(&mut self, shape: Shape) -> u64 {
        if let Some(code) = self.codes.get(&shape.bytes) {
            return *code;
        }
        let code = self.codes.len() as u64 + 1;
        self.part.uleb(code);
        self.part.raw(&shape.bytes);
        self.part.u16(0);
        self.codes.insert(shape.bytes, code);
        code
    }

    /// The declarations.
    pub(super) fn finish(mut self) -> Part {
        self.part.u8(0);
        self.part
    }
}
