//! Abbreviations of entries (DWARF 5 section 7.5.3): each is declared once for
//! each unit.

use super::fragment::Fragment;
use gimli::{DwAt, DwForm, DwTag};
use std::collections::HashMap;

/// The abbreviation of an entry: tag, whether children follow, attributes.
pub(super) struct Abbreviation {
    bytes: Vec<u8>,
}

impl Abbreviation {
    pub(super) fn new(tag: DwTag, children: bool) -> Self {
        let mut fragment = Fragment::default();
        fragment.uleb(tag.0.into());
        fragment.u8(children.into());
        Self { bytes: fragment.bytes }
    }

    pub(super) fn attribute(&mut self, name: DwAt, form: DwForm) {
        let mut fragment = Fragment { bytes: std::mem::take(&mut self.bytes), fixups: Vec::new() };
        fragment.uleb(name.0.into());
        fragment.uleb(form.0.into());
        self.bytes = fragment.bytes;
    }
}

/// The abbreviations of a unit.
#[derive(Default)]
pub(super) struct Abbreviations {
    codes: HashMap<Vec<u8>, u64>,
    declarations: Fragment,
}

impl Abbreviations {
    /// The code of an abbreviation, which is declared if it is new.
    pub(super) fn code(&mut self, abbreviation: Abbreviation) -> u64 {
        if let Some(code) = self.codes.get(&abbreviation.bytes) {
            return *code;
        }
        let code = self.codes.len() as u64 + 1;
        self.declarations.uleb(code);
        self.declarations.raw(&abbreviation.bytes);
        self.declarations.u16(0);
        self.codes.insert(abbreviation.bytes, code);
        code
    }

    /// The declarations.
    pub(super) fn finish(mut self) -> Fragment {
        self.declarations.u8(0);
        self.declarations
    }
}
