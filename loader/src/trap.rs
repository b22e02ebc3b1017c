//! Traps, as the host sees them: why the guest stopped, and where it stood.

use crate::limit::LimitKind;
use precast_artifact::index::{FuncIndex, InstanceId, WasmOffset};
use precast_artifact::text::Printable;
use precast_artifact::trap::TrapCode;
use std::fmt;

/// A trap: the call ended, and instance and store stay as the guest left them
/// and may be used again.
#[derive(Clone, Debug)]
pub struct Trap {
    pub(crate) code: TrapCode,
    /// What exactly is wrong, where the code alone does not say it.
    pub(crate) detail: Option<String>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) omitted: usize,
    /// The limit that was reached, if that is why.
    pub(crate) limit: Option<LimitKind>,
}

/// A guest function that was running when a trap happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The module's name, or the artifact's file name if it has none.
    pub module: Option<String>,
    /// Index of the function in its module.
    pub function: FuncIndex,
    /// The function's symbol, unless the artifact was stripped.
    pub name: Option<String>,
    /// Names of other functions that share its code: the compiler folds
    /// identical ones, and it may have been any of these.
    pub same_code: Vec<String>,
    /// Where it stood, in bytes from the start of the Wasm module.
    pub offset: Option<WasmOffset>,
    /// The source lines, innermost first: more than one where functions were
    /// inlined. None if the artifact has no debug information.
    pub source: Vec<SourceLine>,
    /// An instance that it belongs to.
    pub(crate) instance: Option<InstanceId>,
    /// The locals that core dumps show, as far as the artifact tells of them.
    pub(crate) locals: Vec<LocalValue>,
}

/// A local of a function that was running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalValue {
    /// As [`Local::ty`](precast_artifact::debug::locals::Local::ty).
    pub(crate) ty: u8,
    /// Its value, in the low bits.
    pub(crate) bits: u64,
}

/// A line of source code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceLine {
    /// The inlined function that the line is in; `None` for the function that
    /// the frame belongs to.
    pub function: Option<String>,
    /// Path of the file.
    pub file: String,
    /// Line, from 1; 0 if unknown.
    pub line: u32,
    /// Column, from 1; 0 if unknown.
    pub column: u32,
}

impl Trap {
    /// A trap without frames, as a host function may return it.
    pub fn new(code: TrapCode) -> Self {
        Self { code, detail: None, frames: Vec::new(), omitted: 0, limit: None }
    }

    /// A trap that says more than its code.
    pub(crate) fn because(code: TrapCode, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(code) }
    }

    /// Why the guest stopped.
    pub fn code(&self) -> TrapCode {
        self.code
    }

    /// The limit that was reached, if that is why.
    pub fn limit(&self) -> Option<LimitKind> {
        self.limit
    }

    /// The running functions, innermost first; at most a hundred.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Number of outer frames that [`Trap::frames`] leaves out.
    pub fn omitted_frames(&self) -> usize {
        self.omitted
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "wasm trap: {detail}")?,
            None => write!(f, "wasm trap: {}", self.code)?,
        }
        match self.limit {
            Some(LimitKind::Time) => f.write_str(": the deadline has passed")?,
            Some(LimitKind::NestedCalls) => f.write_str(": too many nested calls")?,
            _ => {}
        }
        write_frames(f, &self.frames, self.omitted)
    }
}

/// Writes frames, a line each, those that repeat once with a count, and how many
/// more there are.
pub(crate) fn write_frames(
    f: &mut fmt::Formatter<'_>,
    frames: &[Frame],
    omitted: usize,
) -> fmt::Result {
    let mut rest = frames;
    while let Some(frame) = rest.first() {
        let index = frames.len() - rest.len();
        let (period, times) = repetition(rest);
        match (period, times) {
            (_, 1) => write!(f, "\n{index:>5}: {frame}")?,
            _ => {
                for (place, frame) in rest[..period].iter().enumerate() {
                    write!(f, "\n{:>5}: {frame}", index + place)?;
                }
                let what = if period == 1 { "frame" } else { "frames" };
                write!(f, "\n       the last {period} {what}, {times} times in all")?;
            }
        }
        rest = &rest[period * times..];
    }
    match omitted {
        0 => Ok(()),
        1 => f.write_str("\n    ... and 1 more frame"),
        count => write!(f, "\n    ... and {count} more frames"),
    }
}

/// Frames in a cycle of recursion that is recognised.
const LONGEST_CYCLE: usize = 16;

/// How many of the first frames come again right after themselves, and how often
/// they are there: more than twice, or it is not worth the saying.
fn repetition(frames: &[Frame]) -> (usize, usize) {
    for period in 1..=LONGEST_CYCLE.min(frames.len() / 3) {
        let cycle = &frames[..period];
        let same = |chunk: &&[Frame]| {
            chunk.len() == period && chunk.iter().zip(cycle).all(|(a, b)| a.is_at(b))
        };
        let times = frames.chunks(period).take_while(same).count();
        if times > 2 {
            return (period, times);
        }
    }
    (1, 1)
}

impl Frame {
    /// Whether it stands where another does.
    fn is_at(&self, other: &Self) -> bool {
        (self.function, self.offset, self.instance)
            == (other.function, other.offset, other.instance)
            && (&self.module, &self.name) == (&other.module, &other.name)
    }
}

impl fmt::Display for Frame {
    /// `name (module) at wasm offset 0x1234`, then its source lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => Printable(name).fmt(f)?,
            None => write!(f, "function {}", self.function)?,
        }
        if let Some(module) = &self.module {
            write!(f, " ({})", Printable(module))?;
        }
        if let Some(offset) = self.offset {
            write!(f, " at wasm offset {offset:#x}")?;
        }
        match self.same_code.as_slice() {
            [] => Ok(()),
            [other] => write!(f, ", or {}, which shares its code", Printable(other)),
            [other, rest @ ..] => {
                let other = Printable(other);
                write!(f, ", or {other} or {} more, which share its code", rest.len())
            }
        }?;
        self.source.iter().try_for_each(|line| write!(f, "\n          {line}"))
    }
}

impl fmt::Display for SourceLine {
    /// `at src/main.c:12:5`, or `in inlined at src/main.c:12:5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = &self.function {
            write!(f, "in {} ", Printable(function))?;
        }
        write!(f, "at {}", Printable(&self.file))?;
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, 0) => write!(f, ":{line}"),
            (line, column) => write!(f, ":{line}:{column}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_prints_its_frames() {
        let frame = |name: Option<&str>, offset| Frame {
            module: Some("app".to_owned()),
            function: FuncIndex::new(7),
            name: name.map(str::to_owned),
            same_code: Vec::new(),
            offset,
            source: Vec::new(),
            instance: None,
            locals: Vec::new(),
        };
        let trap = Trap {
            code: TrapCode::MemoryOutOfBounds,
            detail: None,
            frames: vec![frame(Some("load"), Some(WasmOffset::new(0x1234))), frame(None, None)],
            omitted: 3,
            limit: None,
        };
        let expected = "wasm trap: out of bounds memory access\n    \
                        0: load (app) at wasm offset 0x1234\n    \
                        1: function 7 (app)\n    \
                        ... and 3 more frames";
        assert_eq!(trap.to_string(), expected);
    }

    #[test]
    fn frames_that_repeat_are_printed_once_with_a_count() {
        let frame = |name: &str| Frame {
            module: None,
            function: FuncIndex::new(7),
            name: Some(name.to_owned()),
            same_code: Vec::new(),
            offset: None,
            source: Vec::new(),
            instance: None,
            locals: Vec::new(),
        };
        let names = ["leaf", "odd", "even", "odd", "even", "odd", "even", "twice", "twice"];
        let mut frames: Vec<Frame> = names.into_iter().map(frame).collect();
        frames.extend(vec![frame("itself\x1b"); 50]);
        let trap = Trap { frames, omitted: 900, ..Trap::new(TrapCode::StackOverflow) };
        let text = trap.to_string();
        let lines: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
        let expected = [
            "0: leaf",
            "1: odd",
            "2: even",
            "the last 2 frames, 3 times in all",
            "7: twice",
            "8: twice",
            r"9: itself\u{1b}",
            "the last 1 frame, 50 times in all",
            "... and 900 more frames",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn source_lines_follow_their_frame() {
        let line = |function: Option<&str>, line, column| SourceLine {
            function: function.map(str::to_owned),
            file: "a.c".to_owned(),
            line,
            column,
        };
        let frame = Frame {
            module: None,
            function: FuncIndex::new(7),
            name: Some("outer".to_owned()),
            same_code: Vec::new(),
            offset: Some(WasmOffset::new(16)),
            source: vec![line(Some("inner"), 3, 5), line(None, 9, 0)],
            instance: None,
            locals: Vec::new(),
        };
        let expected = "outer at wasm offset 0x10\n          \
                        in inner at a.c:3:5\n          \
                        at a.c:9";
        assert_eq!(frame.to_string(), expected);
    }
}
