//! Tables of what a guest gets otherwise than the same program natively. Of a
//! program, a line of each of its calls, or tests, is compared.

use crate::fixture;
use std::collections::BTreeSet;
use std::fs;

/// A line of a table: `PROGRAM LINE OF THE GUEST # WHY`, where a `*` in the line
/// stands for anything.
struct Difference {
    text: String,
    program: String,
    line: String,
}

fn parse(line: &str) -> Difference {
    let (pattern, why) = line.split_once(" # ").expect("every line has a reason");
    assert!(!why.is_empty(), "{line}");
    let (program, pattern) = pattern.split_once(' ').expect("a program and a pattern");
    let (text, line) = (line.to_owned(), pattern.trim().to_owned());
    Difference { text, program: program.to_owned(), line }
}

/// Whether `text` is `pattern`, where a `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|after| {
            (0..=after.len()).any(|at| after.is_char_boundary(at) && matches(rest, &after[at..]))
        }),
    }
}

/// The lines of a table for one program, and what came of them.
pub struct Table {
    program: String,
    lines: Vec<Difference>,
    used: BTreeSet<usize>,
    compared: usize,
}

impl Table {
    /// The lines for a program of the table in a file below `fixtures/`.
    pub fn of(file: &str, program: &str) -> Self {
        let text = fs::read_to_string(fixture(file)).expect("a table");
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines = lines.map(parse).filter(|line| line.program == program).collect();
        Self { program: program.to_owned(), lines, used: BTreeSet::new(), compared: 0 }
    }

    /// Whether the table has this line of the guest's.
    pub fn knows(&self, guest: &str) -> bool {
        self.lines.iter().any(|known| matches(&known.line, guest))
    }

    /// Compares a guest's lines with the native ones.
    pub fn compare(&mut self, setting: &str, native: &[String], guest: &[String]) {
        let program = &self.program;
        let mut wrong = Vec::new();
        for (native, guest) in native.iter().zip(guest) {
            if native == guest {
                continue;
            }
            let known = |known: &Difference| matches(&known.line, guest);
            match self.lines.iter().position(known) {
                Some(index) => drop(self.used.insert(index)),
                None => wrong.push(format!("native: {native}\nguest:  {guest}")),
            }
        }
        let shown = wrong.join("\n");
        assert!(wrong.is_empty(), "{program}, {setting}:\n{shown}");
        assert_eq!(native.len(), guest.len(), "{program}, {setting}: as many lines");
        self.compared += native.len();
    }

    /// Checks that so many lines were compared, and, if all settings were
    /// tried, that no line of the table is there for nothing.
    pub fn end(self, least: usize, all: bool) {
        assert!(self.compared >= least, "only {} lines were compared", self.compared);
        let stale = (0..self.lines.len()).filter(|index| !self.used.contains(index));
        let stale: Vec<_> = stale.map(|index| &self.lines[index].text).collect();
        assert!(stale.is_empty() || !all, "no difference any more: {stale:#?}");
    }
}

#[test]
fn patterns() {
    assert!(matches("a*c", "abbc") && matches("*", "") && matches("a(b) = *", "a(b) = 1"));
    assert!(!matches("a*c", "abb") && !matches("a", "ab"));
}
