//! Reads what `strace -y -e trace=mmap,mprotect,pkey_mprotect,mremap,munmap,execve`
//! wrote, and says where memory that had ever been writable became executable.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// What a trace shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Lines that break the rule, with the reason.
    pub violations: Vec<String>,
    /// Files mapped executable.
    pub executable_files: BTreeSet<String>,
    /// System calls that were understood.
    pub calls: usize,
}

/// Checks a trace of one process and its threads.
pub fn check(trace: &str) -> Findings {
    let mut memory = Memory::default();
    let mut findings = Findings::default();
    let mut shared_writable = BTreeSet::new();
    for line in trace.lines() {
        let Some(call) = Call::parse(line) else { continue };
        findings.calls += 1;
        let mut violation = |why: &str| findings.violations.push(format!("{why}: {line}"));
        let executable = call.args.iter().any(|arg| arg.contains("PROT_EXEC"));
        let writable = call.args.iter().any(|arg| arg.contains("PROT_WRITE"));
        if executable && writable {
            violation("writable and executable at once");
        }
        match call.name {
            // Another image: nothing is left of the old one.
            "execve" => memory = Memory::default(),
            "mmap" => {
                let range = call.result..call.result + call.number(1);
                memory.set(range.clone(), Some(writable));
                let file = call.file(4);
                if let (Some(file), true) = (&file, writable && call.has(3, "MAP_SHARED")) {
                    shared_writable.insert(file.clone());
                }
                match file {
                    Some(file) if executable => {
                        if shared_writable.contains(&file) {
                            violation("the file is also mapped shared and writable");
                        }
                        findings.executable_files.insert(file);
                    }
                    None if executable => violation("executable, but not from a file"),
                    _ => {}
                }
            }
            "munmap" => memory.set(call.number(0)..call.number(0) + call.number(1), None),
            "mprotect" | "pkey_mprotect" => {
                let range = call.number(0)..call.number(0) + call.number(1);
                if executable && !memory.never_writable(range.clone()) {
                    violation("executable, and was writable before");
                }
                if writable {
                    memory.set(range, Some(true));
                }
            }
            // Pages move with their history; that they were never writable
            // would have to be carried over.
            "mremap" => {
                memory.set(call.number(0)..call.number(0) + call.number(1), None);
                memory.set(call.result..call.result + call.number(2), Some(true));
            }
            _ => {}
        }
    }
    findings
}

/// Which ranges have ever been writable; unknown ones count as writable.
#[derive(Default)]
struct Memory {
    /// Start of a range → its end, and whether it was ever writable.
    ranges: BTreeMap<u64, (u64, bool)>,
}

impl Memory {
    /// Replaces what is known of a range.
    fn set(&mut self, range: std::ops::Range<u64>, writable: Option<bool>) {
        let touching: Vec<_> = self.overlapping(&range).collect();
        for (start, (end, writable)) in touching {
            self.ranges.remove(&start);
            if start < range.start {
                self.ranges.insert(start, (range.start, writable));
            }
            if range.end < end {
                self.ranges.insert(range.end, (end, writable));
            }
        }
        if let Some(writable) = writable {
            self.ranges.insert(range.start, (range.end, writable));
        }
    }

    fn never_writable(&self, range: std::ops::Range<u64>) -> bool {
        let mut at = range.start;
        for (start, (end, writable)) in self.overlapping(&range) {
            if writable || start > at {
                return false;
            }
            at = end;
        }
        at >= range.end
    }

    fn overlapping(
        &self,
        range: &std::ops::Range<u64>,
    ) -> impl Iterator<Item = (u64, (u64, bool))> + '_ {
        let (start, end) = (range.start, range.end);
        let before = self.ranges.range(..end);
        before.map(|(s, e)| (*s, *e)).filter(move |(_, (e, _))| *e > start)
    }
}

/// One successful system call.
struct Call<'a> {
    name: &'a str,
    args: Vec<&'a str>,
    result: u64,
}

impl<'a> Call<'a> {
    /// `[pid 12] mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3</lib/x.so>, 0) = 0x7f00`
    fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let line = match line.strip_prefix("[pid") {
            Some(rest) => rest.split_once("] ")?.1,
            None => line,
        };
        let (name, rest) = line.split_once('(')?;
        let (args, result) = rest.rsplit_once(") = ")?;
        let result = number(result.split([' ', '<']).next()?)?;
        Some(Self { name, args: args.split(", ").collect(), result })
    }

    fn number(&self, index: usize) -> u64 {
        let text = self.args.get(index).copied().unwrap_or_default();
        number(text).unwrap_or_else(|| panic!("{}: `{text}` is no number", self.name))
    }

    fn has(&self, index: usize, flag: &str) -> bool {
        self.args.get(index).is_some_and(|arg| arg.split('|').any(|part| part == flag))
    }

    /// The path behind a descriptor, as `strace -y` shows it.
    fn file(&self, index: usize) -> Option<String> {
        let (_, path) = self.args.get(index)?.split_once('<')?;
        Some(path.trim_end_matches('>').to_owned())
    }
}

/// A number as strace writes it; `None` for -1 and names.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text == "NULL" => Some(0),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADING: &str = "\
execve(\"/bin/x\", [\"x\"], 0x7ffd /* 9 vars */) = 0
mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10000
mmap(NULL, 40960, PROT_READ, MAP_PRIVATE, 3</lib/c.so>, 0) = 0x20000
mmap(0x21000, 8192, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, 3</lib/c.so>, 0x1000) = 0x21000
mmap(0x23000, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, 3</lib/c.so>, 0x3000) = 0x23000
mprotect(0x23000, 4096, PROT_READ) = 0
[pid 77] munmap(0x10000, 8192) = 0
";

    fn violations(more: &str) -> usize {
        check(&format!("{LOADING}{more}\n")).violations.len()
    }

    #[test]
    fn loading_a_library_is_fine() {
        let findings = check(LOADING);
        assert_eq!(findings.violations, [""; 0]);
        assert_eq!(findings.calls, 7);
        assert_eq!(findings.executable_files, BTreeSet::from(["/lib/c.so".to_owned()]));
    }

    #[test]
    fn what_breaks_the_rule_is_found() {
        // Written, made read-only, then executable.
        assert_eq!(violations("mprotect(0x23000, 4096, PROT_READ|PROT_EXEC) = 0"), 1);
        // Only its last page was ever writable.
        assert_eq!(violations("mprotect(0x20000, 16384, PROT_READ|PROT_EXEC) = 0"), 1);
        // Nothing is known of it.
        assert_eq!(violations("mprotect(0x90000, 4096, PROT_EXEC) = 0"), 1);
        assert_eq!(
            violations(
                "123 mmap(NULL, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE, 3</f>, 0) = 0x30000"
            ),
            1
        );
        assert_eq!(
            violations("mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x30000"),
            1
        );
        // The same page twice.
        let twice = "mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, 3</f>, 0) = 0x30000\n\
                     mmap(NULL, 4096, PROT_EXEC, MAP_SHARED, 3</f>, 0) = 0x40000";
        assert_eq!(violations(twice), 1);
        // Written, moved, executable.
        let moved = "mremap(0x23000, 4096, 4096, MREMAP_MAYMOVE) = 0x50000\n\
                     mprotect(0x50000, 4096, PROT_EXEC) = 0";
        assert_eq!(violations(moved), 1);
    }

    #[test]
    fn what_keeps_the_rule_is_not_reported() {
        assert_eq!(violations("mprotect(0x20000, 4096, PROT_READ|PROT_EXEC) = 0"), 0);
        assert_eq!(
            violations("mprotect(0x90000, 4096, PROT_EXEC) = -1 EACCES (Permission denied)"),
            0
        );
        // Other pages at an address that was writable once.
        assert_eq!(
            violations("mmap(0x23000, 4096, PROT_EXEC, MAP_PRIVATE|MAP_FIXED, 4</f>, 0) = 0x23000"),
            0
        );
    }
}
