//! `.precast.lines`: source positions of calls and of instructions that may
//! trap, for trap reports. It is not mapped, and may be stripped.
//!
//! ```text
//! u32 size of the table
//! u32 size of the frames
//! table    an address map: offset in `.text`, as in `.precast.sites`, to an
//!          offset in the frames
//! frames   each:
//!     leb  function: offset of a string; empty if the frame is the function
//!          that the code belongs to, whose name is elsewhere
//!     leb  file: offset of a string
//!     leb  line, from 1; 0 if unknown
//!     leb  column, from 1; 0 if unknown
//!     leb  the frame that this one is inlined into: its offset plus one, or 0
//! strings  each a LEB128 length and UTF-8
//! ```
//!
//! Every read is bounds-checked; damage yields nothing or something wrong,
//! never a fault.

use crate::address_map::{self, AddressMap, MapEntry, Site};
use crate::index::{CodeOffset, RecordOffset};
use crate::wire::{Reader, Result, Writer};
use std::collections::HashMap;

const NAME: &str = ".precast.lines";
/// Frames inlined into each other that a reader follows.
const DEEPEST: usize = 256;

/// A place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceFrame<'a> {
    /// The inlined function; empty for the one that the code belongs to.
    pub function: &'a str,
    /// Path of the file.
    pub file: &'a str,
    /// Line, from 1; 0 if unknown.
    pub line: u32,
    /// Column, from 1; 0 if unknown.
    pub column: u32,
}

/// Collects the section.
#[derive(Default)]
pub struct LinesWriter {
    strings: HashMap<String, u32>,
    string_bytes: Writer,
    frames: HashMap<[u32; 5], u32>,
    frame_bytes: Writer,
    entries: Vec<(CodeOffset, RecordOffset)>,
}

impl LinesWriter {
    /// Adds the frames at an offset of `.text`, the outermost first.
    pub fn add<'f>(&mut self, code: CodeOffset, outwards: impl Iterator<Item = SourceFrame<'f>>) {
        let mut caller = 0;
        for frame in outwards {
            let function = self.string(frame.function);
            let file = self.string(frame.file);
            let words = [function, file, frame.line, frame.column, caller];
            let bytes = &mut self.frame_bytes;
            caller = 1 + *self.frames.entry(words).or_insert_with(|| {
                let offset = bytes.len() as u32;
                words.iter().for_each(|word| bytes.leb(u64::from(*word)));
                offset
            });
        }
        if let Some(frame) = caller.checked_sub(1) {
            self.entries.push((code, RecordOffset::new(frame)));
        }
    }

    fn string(&mut self, text: &str) -> u32 {
        if let Some(offset) = self.strings.get(text) {
            return *offset;
        }
        let offset = self.string_bytes.len() as u32;
        self.string_bytes.str(text);
        self.strings.insert(text.to_owned(), offset);
        offset
    }

    /// The section; empty if nothing was added.
    pub fn finish(mut self) -> Vec<u8> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        self.entries.sort_unstable();
        self.entries.dedup_by_key(|(code, _)| *code);
        let entry = |&(code, value): &(CodeOffset, RecordOffset)| MapEntry {
            code,
            site: Site::Call,
            value,
        };
        let table = address_map::encode(self.entries.iter().map(entry));
        let frames = self.frame_bytes.finish();
        let mut w = Writer::new();
        w.u32(table.len() as u32);
        w.u32(frames.len() as u32);
        w.raw(&table);
        w.raw(&frames);
        w.raw(&self.string_bytes.finish());
        w.finish()
    }
}

/// The section, read in place.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    table: AddressMap<'a, RecordOffset>,
    frames: &'a [u8],
    strings: &'a [u8],
}

impl<'a> Lines<'a> {
    /// Checks the sizes of a section.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(NAME, bytes);
        let (table, frames) = (r.u32()? as usize, r.u32()? as usize);
        let table = AddressMap::new(NAME, r.raw(table)?)?;
        let frames = r.raw(frames)?;
        let strings = r.raw(r.remaining())?;
        Ok(Self { table, frames, strings })
    }

    /// The frames at exactly this offset of `.text`, the innermost first; none
    /// where nothing is known.
    pub fn at(&self, code: CodeOffset) -> Vec<SourceFrame<'a>> {
        let mut frames = Vec::new();
        let mut next = self.table.exactly(code).map(|entry| entry.value);
        while let Some(offset) = next
            && frames.len() < DEEPEST
        {
            let Some((frame, caller)) = self.frame(offset) else { break };
            frames.push(frame);
            next = caller;
        }
        frames
    }

    fn frame(&self, offset: RecordOffset) -> Option<(SourceFrame<'a>, Option<RecordOffset>)> {
        let mut r = Reader::new(NAME, self.frames.get(offset.index()..)?);
        let mut word = || r.leb32().ok();
        let (function, file, line, column) = (word()?, word()?, word()?, word()?);
        let caller = word()?.checked_sub(1).map(RecordOffset::new);
        let (function, file) = (self.string(function)?, self.string(file)?);
        Some((SourceFrame { function, file, line, column }, caller))
    }

    fn string(&self, offset: u32) -> Option<&'a str> {
        Reader::new(NAME, self.strings.get(offset as usize..)?).str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, line: u32) -> SourceFrame<'_> {
        SourceFrame { function, file: "a.c", line, column: line + 1 }
    }

    fn sample() -> Vec<u8> {
        let mut writer = LinesWriter::default();
        writer.add(CodeOffset::new(40), [frame("", 7)].into_iter());
        writer.add(CodeOffset::new(12), [frame("", 7), frame("inner", 3)].into_iter());
        writer.add(CodeOffset::new(90), [].into_iter());
        writer.finish()
    }

    #[test]
    fn frames_are_found_innermost_first() {
        let bytes = sample();
        let lines = Lines::new(&bytes).unwrap();
        let at = |code| lines.at(CodeOffset::new(code));
        assert_eq!(at(12), [frame("inner", 3), frame("", 7)]);
        assert_eq!(at(40), [frame("", 7)]);
        assert_eq!(at(41), []);
        assert_eq!(at(90), []);
        assert!(LinesWriter::default().finish().is_empty());
    }

    #[test]
    fn damage_never_panics() {
        let bytes = sample();
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                if let Ok(lines) = Lines::new(&damaged) {
                    (0..100).for_each(|code| drop(lines.at(CodeOffset::new(code))));
                }
            }
            if let Ok(lines) = Lines::new(&bytes[..at]) {
                (0..100).for_each(|code| drop(lines.at(CodeOffset::new(code))));
            }
        }
    }
}
