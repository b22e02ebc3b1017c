//! Source positions of calls and of instructions that may trap: what trap
//! reports show, without a reader of DWARF in the loader.

use super::code::MappedFunction;
use super::rows::{LineRow, row_at};
use crate::function::Position;
use precast_artifact::debug::lines::{LinesWriter, SourceFrame};
use precast_artifact::index::CodeOffset;
use std::ops::Range;

/// A call that was inlined.
pub(super) struct InlinedCall {
    /// Ranges of the module's code.
    pub source: Vec<Range<u64>>,
    /// How many inlined calls are around it.
    pub depth: usize,
    pub name: String,
    pub call_file: u64,
    pub call_line: u32,
    pub call_column: u32,
}

/// What one unit says of sites: for each, frames from the outermost inwards.
#[derive(Default)]
pub(super) struct Sites {
    entries: Vec<(CodeOffset, Range<u32>)>,
    frames: Vec<(u32, u32, u32, u32)>,
    strings: Vec<String>,
}

impl Sites {
    /// Adds the sites of a function. `files` has the paths of files.
    pub(super) fn add(
        &mut self,
        code: &MappedFunction<'_>,
        rows: &[LineRow],
        inlined: &[InlinedCall],
        files: &FilePaths,
        work: &mut u64,
    ) {
        let names: Vec<u32> = inlined.iter().map(|inlined| self.string(&inlined.name)).collect();
        let none = self.string("");
        let mut paths = std::collections::BTreeMap::new();
        for site in code.sites {
            let Some(left) = work.checked_sub(1 + inlined.len() as u64) else { return };
            *work = left;
            if site.position == Position::NONE {
                continue;
            }
            let address = u64::from(code.address(site.position));
            let Some(row) = row_at(rows, address).map(|row| &rows[row]) else { continue };
            let mut around: Vec<usize> = (0..inlined.len())
                .filter(|at| inlined[*at].source.iter().any(|range| range.contains(&address)))
                .collect();
            around.sort_by_key(|at| inlined[*at].depth);
            let start = self.frames.len() as u32;
            let mut function = none;
            let mut frames = Vec::new();
            for at in around {
                let call = &inlined[at];
                frames.push((function, call.call_file, call.call_line, call.call_column));
                function = names[at];
            }
            frames.push((function, row.file, row.line as u32, row.column as u32));
            for (function, file, line, column) in frames {
                let path = *paths.entry(file).or_insert_with(|| self.string(&files.path(file)));
                self.frames.push((function, path, line, column));
            }
            let key = site.offset.in_code(code.text.start);
            self.entries.push((key, start..self.frames.len() as u32));
        }
    }

    fn string(&mut self, text: &str) -> u32 {
        if let Some(known) = self.strings.iter().rev().take(64).position(|known| known == text) {
            return (self.strings.len() - 1 - known) as u32;
        }
        self.strings.push(text.to_owned());
        self.strings.len() as u32 - 1
    }

    /// Writes everything.
    pub(super) fn write(&self, writer: &mut LinesWriter) {
        for (key, frames) in &self.entries {
            let frames = &self.frames[frames.start as usize..frames.end as usize];
            writer.add(
                *key,
                frames.iter().map(|&(function, file, line, column)| SourceFrame {
                    function: &self.strings[function as usize],
                    file: &self.strings[file as usize],
                    line,
                    column,
                }),
            );
        }
    }
}

/// Paths of a unit's files.
#[derive(Default)]
pub(super) struct FilePaths {
    pub paths: Vec<String>,
}

impl FilePaths {
    fn path(&self, file: u64) -> String {
        let path = usize::try_from(file).ok().and_then(|file| self.paths.get(file));
        path.cloned().unwrap_or_default()
    }
}
