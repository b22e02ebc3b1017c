//! What converting any unit looks at: read-only, shared by all threads.

use super::code::CodeMap;
use super::fragment::{Base, Fixup, Fragment};
use super::input::{OutputOptions, PlacedCode, WasmModule};
use super::units::Units;
use precast_artifact::index::SectionOffset;

/// Facts about the input and the code, the same for all units.
pub(super) struct DebugContext<'a> {
    pub units: Units<'a>,
    pub module: &'a WasmModule<'a>,
    pub code: CodeMap<'a>,
    /// DWARF number of the frame pointer.
    pub frame_pointer: u16,
    pub options: OutputOptions<'a>,
}

impl<'a> DebugContext<'a> {
    pub(super) fn new(
        units: Units<'a>,
        module: &'a WasmModule<'a>,
        code: &PlacedCode<'a>,
        options: OutputOptions<'a>,
    ) -> Self {
        let frame_pointer = code.frame_pointer;
        Self { units, module, code: CodeMap::new(module, code), frame_pointer, options }
    }

    /// A path as it shall be written.
    pub(super) fn path(&self, path: &[u8]) -> Vec<u8> {
        for (from, to) in self.options.remap.iter().rev() {
            if let Some(rest) = path.strip_prefix(from.as_bytes()) {
                return [to.as_bytes(), rest].concat();
            }
        }
        path.to_vec()
    }

    /// The strings of a section, without the prefixes of paths that are written
    /// elsewhere. What follows a prefix stays: other strings may end in it.
    pub(super) fn strings(&self, section: &[u8]) -> Vec<u8> {
        let mut strings = section.to_vec();
        if self.options.remap.is_empty() {
            return strings;
        }
        for text in strings.split_mut(|byte| *byte == 0) {
            let prefixes = self.options.remap.iter().rev().map(|(from, _)| from.as_bytes());
            if let Some(prefix) = prefixes.into_iter().find(|prefix| text.starts_with(prefix)) {
                text[..prefix.len()].fill(0);
            }
        }
        strings
    }

    /// Writes an offset in a section of strings.
    pub(super) fn refer(&self, fragment: &mut Fragment, strings: Base, offset: SectionOffset) {
        match self.options.relocatable {
            true => fragment.fixup(Fixup::Strings(strings), offset.get()),
            false => fragment.u32(offset.get()),
        }
    }
}
