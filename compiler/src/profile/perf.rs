//! What `perf script` prints of samples, with its own choice of fields or with
//! others, as long as addresses are among them.
//!
//! ```text
//! precast-run 4711 81.207:  250000 cpu-clock:pppH:  7f1c00403a12 parse+0x52 (/srv/app.cwasm)
//! ```
//!
//! The address is the first number behind the event, or of a line that begins with
//! one; the symbol and the file may be missing. With call chains, which `perf record
//! -g` takes, each sample has a line for each frame, and an empty line after it: the
//! first frame counts. `--show-mmap-events` adds lines that say where files were
//! mapped.

use super::text::malformed;
use crate::error::Result;
use std::collections::BTreeMap;

/// The samples of a run, as `perf script` prints them.
pub struct PerfScript {
    pub(super) name: String,
    pub(super) samples: Vec<PerfSample>,
    pub(super) mappings: Vec<Mapping>,
}

/// Where a sample was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PerfSample {
    pub address: u64,
    /// The function, as symbols name it; none if there is no symbol.
    pub symbol: Option<String>,
    /// Distance from the function's start, if it is printed.
    pub offset: Option<u64>,
    /// The file; empty if it is not printed.
    pub object: String,
}

/// A file that was mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    /// What an address in it has to be lowered by to be an offset of the file.
    pub base: u64,
    pub object: String,
}

impl PerfScript {
    /// Reads what `perf script` has printed. `name` stands in errors.
    ///
    /// # Errors
    ///
    /// When a line is none of `perf script`: with its number.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mut script = Self { name: name.to_owned(), samples: Vec::new(), mappings: Vec::new() };
        let chains = has_chains(text);
        // Whether the sample of the group of lines is there.
        let mut counted = false;
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() {
                counted = false;
            } else if line.starts_with('#') {
            } else if line.contains(" PERF_RECORD_") {
                script.mappings.extend(mapping(line));
            } else if let Some(sample) = sample(line) {
                if !(chains && counted) {
                    script.samples.push(sample);
                }
                counted = true;
            } else if line.trim_end().ends_with(':') {
                counted = false;
            } else {
                let what = "no sample of `perf script`, which has an address";
                return Err(malformed(name, number, what, line));
            }
        }
        Ok(script)
    }

    /// The files that samples lie in, those with the most samples first, and how
    /// many these are.
    pub fn objects(&self) -> Vec<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for sample in &self.samples {
            *counts.entry(&sample.object).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

/// Whether samples are apart by empty lines.
fn has_chains(text: &str) -> bool {
    let mut lines = text.lines().skip_while(|line| line.trim().is_empty());
    lines.any(|line| line.trim().is_empty()) && lines.any(|line| !line.trim().is_empty())
}

/// The sample of a line.
fn sample(line: &str) -> Option<PerfSample> {
    let (address, rest) = place(line)?;
    let (rest, object) = split_object(rest.trim());
    let (symbol, offset) = match rest.rsplit_once("+0x") {
        Some((symbol, digits)) if !symbol.is_empty() => match u64::from_str_radix(digits, 16) {
            Ok(offset) => (symbol, Some(offset)),
            Err(_) => (rest, None),
        },
        _ => (rest, None),
    };
    let named = !symbol.is_empty() && symbol != "[unknown]";
    Some(PerfSample {
        address,
        symbol: named.then(|| symbol.to_owned()),
        offset,
        object: object.to_owned(),
    })
}

/// The address of a line, and what follows it.
fn place(line: &str) -> Option<(u64, &str)> {
    let mut rest = line.trim_start();
    // A line with an address alone, or the columns before it.
    let mut after_event = rest.len() < line.len() || !rest.contains(':');
    loop {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let after = after.trim_start();
        let next = after.split_whitespace().next().unwrap_or_default();
        let digits = word.strip_prefix("0x").unwrap_or(word);
        let may_be_one = after_event && !next.ends_with(':') && digits.len() <= 16;
        if may_be_one && let Ok(address) = u64::from_str_radix(digits, 16) {
            return Some((address, after));
        }
        if after.is_empty() {
            return None;
        }
        after_event = word.ends_with(':');
        rest = after;
    }
}

/// What is before the file in parentheses at the end, and the file.
fn split_object(text: &str) -> (&str, &str) {
    let Some(inner) = text.strip_suffix(')') else { return (text, "") };
    let whole = inner.strip_suffix(" (deleted)").unwrap_or(inner);
    if let Some((before, object)) = whole.rsplit_once(" (") {
        return (before, object);
    }
    match whole.strip_prefix('(') {
        Some(object) => ("", object),
        None => (text, ""),
    }
}

/// The mapping of a line like
/// `... PERF_RECORD_MMAP2 7/7: [0x7f0000(0x2000) @ 0x1000 00:1b 9 0]: r-xp /a.cwasm`.
fn mapping(line: &str) -> Option<Mapping> {
    let (_, rest) = line.split_once("PERF_RECORD_MMAP")?;
    let (_, rest) = rest.split_once("[0x")?;
    let (start, rest) = rest.split_once('(')?;
    let (_, rest) = rest.split_once(" @ ")?;
    let (place, rest) = rest.split_once("]: ")?;
    let offset = place.split_whitespace().next()?;
    let hex = |digits: &str| u64::from_str_radix(digits, 16).ok();
    let offset = match offset.strip_prefix("0x") {
        Some(digits) => hex(digits)?,
        None => offset.parse().ok()?,
    };
    let (_, object) = rest.split_once(' ')?;
    Some(Mapping { base: hex(start)?.wrapping_sub(offset), object: object.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> (u64, Option<String>, Option<u64>, String) {
        let script = PerfScript::parse("p", text).unwrap();
        let [PerfSample { address, symbol, offset, object }] = &script.samples[..] else {
            panic!("{:?}", script.samples)
        };
        (*address, symbol.clone(), *offset, object.clone())
    }

    #[test]
    fn fields_of_every_choice_are_read() {
        let whole = (0x7f12, Some("f".to_owned()), Some(0x1f), "/a/b.cwasm".to_owned());
        let lines = [
            "precast-run  4711 [001]  81.207:     250000 cpu-clock:pppH:      7f12 f+0x1f (/a/b.cwasm)",
            "my run 4711 81.207: cpu-clock: 7f12 f+0x1f (/a/b.cwasm)",
            "            7f12 f+0x1f (/a/b.cwasm)",
            "precast-run 4711 81.2: 250000 cycles:u: \n\t    7f12 f+0x1f (/a/b.cwasm)\n\t 99 g+0x1 (/c)\n\n\
             # a comment\n",
        ];
        for line in &lines[..3] {
            assert_eq!(only(line), whole, "{line}");
        }
        let other =
            format!("{}\nprecast-run 4711 81.3: 2 cycles:u: \n\t 7f13 g+0x20 (/c)\n", lines[3]);
        let script = PerfScript::parse("p", &other).unwrap();
        assert_eq!(script.samples.iter().map(|s| s.address).collect::<Vec<_>>(), [0x7f12, 0x7f13]);
        assert_eq!(script.objects(), [("/a/b.cwasm", 1), ("/c", 1)]);
    }

    #[test]
    fn symbols_are_any_text() {
        let symbol = |line: &str| only(line).1;
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(
            symbol(" 7f12 a::b<c (d)>::e() const+0x0 (/x y/z.cwasm)"),
            name("a::b<c (d)>::e() const")
        );
        assert_eq!(symbol(" 7f12 f"), name("f"));
        assert_eq!(symbol(" 7f12 [unknown] (/x)"), None);
        assert_eq!(symbol(" 7f12 (/x)"), None);
        assert_eq!(symbol(" 7f12"), None);
        assert_eq!(only(" 7f12 f+0x1 (/memfd:x (deleted))").3, "/memfd:x");
        assert_eq!(only(" 7f12 f(int)").1, name("f(int)"));
    }

    #[test]
    fn several_samples_without_chains_all_count() {
        let script = PerfScript::parse("p", " 1 f\n 2 f\n 3 g\n\n").unwrap();
        assert_eq!(script.samples.len(), 3);
        let script = PerfScript::parse("p", " 1 f\n 2 f\n\n 3 g\n").unwrap();
        assert_eq!(script.samples.len(), 2, "chains");
    }

    #[test]
    fn mappings_tell_where_files_were() {
        let line = "run 7 1.0: PERF_RECORD_MMAP2 7/7: [0x7f003000(0x2000) @ 0x1000 00:1b 9 0]: r-xp /a b.cwasm";
        let script = PerfScript::parse("p", line).unwrap();
        let mapping = Mapping { base: 0x7f002000, object: "/a b.cwasm".to_owned() };
        assert_eq!(script.mappings, [mapping]);
        let zero = line.replace("@ 0x1000", "@ 0");
        assert_eq!(PerfScript::parse("p", &zero).unwrap().mappings[0].base, 0x7f003000);
    }

    #[test]
    fn other_lines_are_refused_by_number() {
        let complaint = |text: &str| match PerfScript::parse("p", text) {
            Ok(_) => panic!("it was read"),
            Err(why) => why.to_string(),
        };
        let why = complaint(" 7f12 f (/x)\nhello, world\n");
        assert_eq!(why, "p:2: no sample of `perf script`, which has an address: `hello, world`");
        assert!(complaint("\u{1b}[1mx y").contains("p:1:"));
        assert!(!complaint("\u{1b}[1mx y").contains('\u{1b}'));
    }
}
