//! What is seen of a run, as text that can be compared.

use std::fmt::Write;

/// Everything that a run shows, in order.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Vec<String>,
    /// Number of calls that returned.
    pub(crate) completed: u64,
    /// Whether a limit, which is not the same everywhere, ended the run.
    pub(crate) cut: bool,
}

impl Trace {
    /// Notes what an item did or was.
    pub(crate) fn note(&mut self, item: &str, what: impl AsRef<str>) {
        self.lines.push(format!("{item}: {}", what.as_ref()));
    }

    /// Notes a trap, by the loader's name for it. The run is over if it was
    /// for want of stack.
    pub(crate) fn trap(&mut self, item: &str, code: &str) {
        match code {
            "StackOverflow" => self.cut = true,
            _ => self.note(item, format!("trap {code}")),
        }
    }

    /// The first thing that differs, as far as both went.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let pairs = self.lines.iter().zip(&other.lines);
        if let Some((expected, found)) = pairs.into_iter().find(|(a, b)| a != b) {
            return Some(format!("expected {expected}\n   found {found}"));
        }
        let (expected, found) = (self.lines.len(), other.lines.len());
        (!self.cut && !other.cut && expected != found)
            .then(|| format!("expected {expected} lines, found {found}"))
    }
}

/// Values as text: bits of numbers, and whether a reference is null.
pub(crate) fn show(values: impl IntoIterator<Item = Option<u128>>) -> String {
    let mut text = String::new();
    for bits in values {
        let _ = match bits {
            Some(bits) => write!(text, " {bits:#x}"),
            None => write!(text, " ref"),
        };
    }
    text
}

/// A digest of a memory, with its size.
pub(crate) fn digest(bytes: &[u8]) -> String {
    // FNV-1a, of eight bytes at a time.
    let hash = bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325_u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    });
    format!("{} bytes {hash:016x}", bytes.len())
}
