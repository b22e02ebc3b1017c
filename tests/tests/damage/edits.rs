//! Edits by number: the same number gives the same edit.

use crate::artifacts::Map;
use crate::worker::Job;
use precast_tests::random::Numbers;
use std::fmt;
use std::fs::OpenOptions;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A change of a file.
#[derive(Debug)]
pub(crate) enum Edit {
    /// Bytes from an offset on are others.
    Patch(Vec<(usize, Vec<u8>)>),
    /// Only so many bytes are left.
    Truncate(usize),
    /// All of it is another.
    Replace(Vec<u8>),
}

/// The edit of this number.
pub(crate) fn edit(job: &Job, file: &[u8], map: &Map, number: u64) -> Edit {
    match job {
        Job::Flips { masks } => {
            let at = number as usize / masks.len();
            let mask = masks[number as usize % masks.len()];
            Edit::Patch(vec![(at, vec![file[at] ^ mask])])
        }
        Job::Truncations => Edit::Truncate(file.len() - 1 - number as usize),
        Job::Edits => artifact(file, &map.metadata, &mut Numbers::new(number)),
        Job::Compile => Edit::Replace(module(file, &mut Numbers::new(number))),
    }
}

fn artifact(file: &[u8], ranges: &[Range<usize>], numbers: &mut Numbers) -> Edit {
    let count = 1 + numbers.below(3);
    let patch = |numbers: &mut Numbers| {
        let range = match numbers.below(5) {
            0 => 0..file.len(),
            _ => ranges[numbers.below(ranges.len())].clone(),
        };
        let at = range.start + numbers.below(range.len());
        (at, bytes(file, at, numbers))
    };
    Edit::Patch((0..count).map(|_| patch(numbers)).collect())
}

/// Other bytes for those at an offset.
fn bytes(file: &[u8], at: usize, numbers: &mut Numbers) -> Vec<u8> {
    const EDGES: [u64; 8] = [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, i64::MAX as u64, u64::MAX];
    let left = file.len() - at;
    let mut bytes = match numbers.below(6) {
        0 => vec![file[at] ^ 1 << numbers.below(8)],
        1 => vec![file[at].wrapping_add(1)],
        2 => vec![file[at].wrapping_sub(1)],
        3 => vec![numbers.next() as u8],
        4 => {
            let width = [1, 2, 4, 8][numbers.below(4)];
            EDGES[numbers.below(8)].to_le_bytes()[..width].to_vec()
        }
        _ => {
            let from = numbers.below(file.len());
            let len = (1 + numbers.below(32)).min(file.len() - from);
            file[from..from + len].to_vec()
        }
    };
    bytes.truncate(left);
    bytes
}

/// A module with something changed: bytes, or whole sections.
fn module(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut wasm = file.to_vec();
    let sections = sections(file);
    let pick = |numbers: &mut Numbers| sections[numbers.below(sections.len())].clone();
    match numbers.below(12) {
        0 => drop(wasm.drain(pick(numbers))),
        1 => {
            let section = pick(numbers);
            wasm.splice(section.end..section.end, file[section].iter().copied());
        }
        2 => {
            let (from, to) = (pick(numbers), pick(numbers));
            wasm.splice(to.start..to.start, file[from].iter().copied());
        }
        3 => wasm.truncate(numbers.below(file.len())),
        4 => wasm[pick(numbers).start] = numbers.below(15) as u8,
        // Its size, or the count of its items.
        5 => {
            let at = pick(numbers).start + 1 + numbers.below(6);
            if let Some(byte) = wasm.get_mut(at) {
                *byte = numbers.next() as u8;
            }
        }
        6 => {
            let section = pick(numbers);
            let at = section.start + numbers.below(section.len());
            wasm.insert(at, numbers.next() as u8);
        }
        7 => {
            let section = pick(numbers);
            wasm.remove(section.start + numbers.below(section.len()));
        }
        _ => {
            for _ in 0..1 + numbers.below(4) {
                let section = pick(numbers);
                let at = section.start + numbers.below(section.len());
                let other = bytes(file, at, numbers);
                wasm[at..at + other.len()].copy_from_slice(&other);
            }
        }
    }
    wasm
}

/// Sections of a module, with their headers.
fn sections(wasm: &[u8]) -> Vec<Range<usize>> {
    let mut sections = Vec::new();
    let mut at = 8;
    while at < wasm.len() {
        let (size, len) = leb(&wasm[at + 1..]);
        let end = at + 1 + len + size;
        sections.push(at..end);
        at = end;
    }
    sections
}

/// The module with all bodies empty but for every hundredth: it keeps what is
/// large around the code, and compiles in no time.
pub(crate) fn without_bodies(wasm: Vec<u8>) -> Vec<u8> {
    const CODE: u8 = 10;
    const EMPTY: [u8; 4] = [3, 0, 0, 0x0b]; // size; no locals, unreachable, end
    let all = sections(&wasm);
    let code = all.into_iter().find(|section| wasm[section.start] == CODE);
    let code = code.expect("a code section");
    let (_, size_len) = leb(&wasm[code.start + 1..]);
    let start = code.start + 1 + size_len;
    let (count, count_len) = leb(&wasm[start..]);
    let mut section = wasm[start..start + count_len].to_vec();
    let mut at = start + count_len;
    for index in 0..count {
        let (size, len) = leb(&wasm[at..]);
        let body = at..at + len + size;
        section.extend_from_slice(if index % 100 == 0 { &wasm[body.clone()] } else { &EMPTY });
        at = body.end;
    }
    let mut size = section.len();
    let mut header = vec![CODE];
    while size > 0x7f {
        header.push(size as u8 | 0x80);
        size >>= 7;
    }
    header.push(size as u8);
    [&wasm[..code.start], &header, &section, &wasm[code.end..]].concat()
}

/// A number and its length in bytes.
fn leb(bytes: &[u8]) -> (usize, usize) {
    let len = 1 + bytes.iter().take_while(|byte| **byte & 0x80 != 0).count();
    let value =
        bytes[..len].iter().rev().fold(0, |value, byte| value << 7 | (*byte & 0x7f) as usize);
    (value, len)
}

impl Edit {
    /// The file with the edit.
    pub(crate) fn apply(self, original: &[u8]) -> Vec<u8> {
        let mut file = original.to_vec();
        match self {
            Self::Patch(patches) => {
                for (at, bytes) in patches {
                    file[at..at + bytes.len()].copy_from_slice(&bytes);
                }
            }
            Self::Truncate(len) => file.truncate(len),
            Self::Replace(other) => return other,
        }
        file
    }

    /// Edits a file in place, which nobody has open.
    pub(crate) fn apply_to_file(&self, path: &Path) {
        let file = OpenOptions::new().write(true).open(path).expect("a writable file");
        match self {
            Self::Patch(patches) => {
                for (at, bytes) in patches {
                    file.write_all_at(bytes, *at as u64).expect("a writable file");
                }
            }
            Self::Truncate(len) => file.set_len(*len as u64).expect("a writable file"),
            Self::Replace(bytes) => std::fs::write(path, bytes).expect("a writable file"),
        }
    }

    /// Takes the edit of a file back. One that is cut off stays so: the next
    /// is cut off even more.
    pub(crate) fn restore_file(&self, path: &Path, original: &[u8]) {
        let Self::Patch(patches) = self else { return };
        let file = OpenOptions::new().write(true).open(path).expect("a writable file");
        for (at, bytes) in patches {
            let before = &original[*at..at + bytes.len()];
            file.write_all_at(before, *at as u64).expect("a writable file");
        }
    }

    /// Whether it changes anything in these ranges.
    pub(crate) fn touches(&self, ranges: &[Range<usize>]) -> bool {
        let Self::Patch(patches) = self else { return false };
        patches.iter().any(|(at, bytes)| {
            ranges.iter().any(|range| *at < range.end && at + bytes.len() > range.start)
        })
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patch(patches) => {
                for (index, (at, bytes)) in patches.iter().enumerate() {
                    write!(f, "{}{at:#x}: {bytes:02x?}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Truncate(len) => write!(f, "cut to {len} bytes"),
            Self::Replace(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
}
