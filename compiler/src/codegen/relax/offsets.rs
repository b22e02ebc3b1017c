//! A set of offsets into a function's code.

use std::ops::Range;

pub(super) struct OffsetSet {
    words: Vec<u64>,
    size: u32,
}

impl OffsetSet {
    /// An empty one, for code of so many bytes.
    pub(super) fn new(size: usize) -> Self {
        Self { words: vec![0; size.div_ceil(64)], size: size as u32 }
    }

    pub(super) fn insert(&mut self, at: u32) {
        self.words[at as usize / 64] |= 1 << (at % 64);
    }

    pub(super) fn insert_if_within(&mut self, at: u32) -> Option<()> {
        (at < self.size).then(|| self.insert(at))
    }

    pub(super) fn contains(&self, at: u32) -> bool {
        self.words[at as usize / 64] >> (at % 64) & 1 != 0
    }

    pub(super) fn contains_any(&self, mut range: Range<u32>) -> bool {
        range.any(|at| self.contains(at))
    }

    pub(super) fn are_within(&self, others: &Self) -> bool {
        self.words.iter().zip(&others.words).all(|(own, other)| own & !other == 0)
    }
}
