//! Small copies: `memory.copy` and `memory.fill` of a constant length become
//! loads and stores. LLVM writes one for each structure that is copied, where
//! the module may have bulk memory.
//!
//! Gain: a copy of 24 bytes takes two loads and two stores instead of a call of
//! the loader. Cost: a little code.

use cranelift_codegen::ir::{Type, types};

/// All of a copy is loaded before any of it is stored: into so many registers.
const MOST_CHUNKS: i64 = 8;

/// The pieces of a copy of `length` bytes, of at most `widest` bytes each, by
/// offset: the last may overlap the one before it. None if a call is better, or
/// nothing is to be copied, which has bounds too.
pub(crate) fn chunks(length: i64, widest: u8) -> Option<Vec<(u32, Type)>> {
    let widest = i64::from(widest);
    if length <= 0 || length > widest * MOST_CHUNKS {
        return None;
    }
    let ty = match length.min(widest) {
        1 => types::I8,
        2..4 => types::I16,
        4..8 => types::I32,
        8..16 => types::I64,
        _ => types::I8X16,
    };
    let size = ty.bytes();
    let length = length as u32;
    let whole = (0..length / size).map(|number| number * size);
    let last = (!length.is_multiple_of(size)).then(|| length - size);
    Some(whole.chain(last).map(|at| (at, ty)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_length_and_nothing_else() {
        for widest in [8, 16] {
            for length in 1..=i64::from(widest) * MOST_CHUNKS {
                let chunks = chunks(length, widest).unwrap();
                let mut covered = vec![false; length as usize];
                for (at, ty) in &chunks {
                    assert!(ty.bytes() <= u32::from(widest));
                    let range = *at as usize..(at + ty.bytes()) as usize;
                    covered[range].fill(true);
                }
                assert!(covered.iter().all(|byte| *byte), "{length}: {chunks:?}");
                assert!(chunks.len() <= 8, "{length}: {chunks:?}");
                assert!(chunks.is_sorted_by_key(|(at, _)| *at));
            }
        }
    }

    #[test]
    fn what_is_long_or_nothing_is_a_call() {
        assert_eq!(chunks(0, 16), None, "its address must be in bounds");
        assert_eq!(chunks(-1, 16), None, "a length is unsigned");
        assert_eq!(chunks(129, 16), None);
        assert_eq!(chunks(65, 8), None);
        assert_eq!(chunks(8, 0), None, "switched off");
    }
}
