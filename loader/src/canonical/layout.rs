//! Sizes and places of values of Rust types, as constants.

use crate::canonical::shape::{align_up, number_size};
use crate::canonical::typed::ComponentType;

/// The larger of two numbers.
pub(crate) const fn largest(a: u32, b: u32) -> u32 {
    if a > b { a } else { b }
}

/// The largest of several numbers; zero if there are none.
pub const fn most(all: &[u32]) -> u32 {
    let (mut most, mut index) = (0, 0);
    while index < all.len() {
        most = largest(most, all[index]);
        index += 1;
    }
    most
}

/// What types with so many cases have in common: bytes, alignment, and where
/// what a case carries begins.
#[derive(Clone, Copy)]
pub struct InCases {
    /// Size in bytes.
    pub size: u32,
    /// Alignment in bytes.
    pub align: u32,
    /// Where what a case carries begins.
    pub payload: u32,
    /// Bytes of the case's number, which comes first.
    pub number: u32,
}

impl InCases {
    /// Of `count` cases that carry what is of at most this size and alignment.
    pub const fn new(count: usize, size: u32, align: u32) -> Self {
        let number = number_size(count as u32);
        let payload = align_up(number as u64, align) as u32;
        let align = largest(number, align);
        Self { size: align_up((payload + size) as u64, align) as u32, align, payload, number }
    }
}

/// What fields lie one after the other, aligned.
#[derive(Clone, Copy)]
pub struct InOrder {
    size: u32,
    /// Alignment in bytes.
    pub align: u32,
    /// Number of core values.
    pub flat: usize,
}

impl InOrder {
    /// No fields yet.
    pub const NONE: Self = Self { size: 0, align: 1, flat: 0 };

    /// With one field more.
    pub const fn and<V: ComponentType>(self) -> Self {
        Self {
            size: align_up(self.size as u64, V::ALIGN) as u32 + V::SIZE,
            align: largest(self.align, V::ALIGN),
            flat: self.flat + V::FLAT,
        }
    }

    /// The size of all of them.
    pub const fn total(self) -> u32 {
        align_up(self.size as u64, self.align) as u32
    }
}

/// Where fields come to lie, one after the other.
pub struct Places {
    start: u32,
    end: u32,
}

impl Places {
    /// From this address on.
    #[inline]
    pub fn new(start: u32) -> Self {
        Self { start, end: 0 }
    }

    /// The address of the next field. All of them were found to be in memory.
    pub fn of<V: ComponentType>(&mut self) -> u32 {
        let at = align_up(self.end.into(), V::ALIGN) as u32;
        self.end = at + V::SIZE;
        self.start.wrapping_add(at)
    }

    /// The bytes of the next field, where places are counted from the first byte.
    pub fn bytes_of<'b, V: ComponentType>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        part(bytes, self.of::<V>(), V::SIZE)
    }
}

/// The `size` bytes at a place.
#[inline]
pub fn part(bytes: &[u8], at: u32, size: u32) -> &[u8] {
    &bytes[at as usize..][..size as usize]
}

/// A number of one to four bytes.
#[inline]
pub fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Size in bytes, which is the alignment too of all but more than 32, and number
/// of core values, of so many flags.
pub const fn flags(count: usize) -> (u32, usize) {
    match count {
        0 => (0, 0),
        1..=8 => (1, 1),
        9..=16 => (2, 1),
        _ => (count.div_ceil(32) as u32 * 4, count.div_ceil(32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_one_after_the_other() {
        let mut places = Places::new(32);
        assert_eq!(places.of::<u8>(), 32);
        assert_eq!(places.of::<u64>(), 40);
        assert_eq!(places.of::<u16>(), 48);
        let (bytes, mut places) = ([1, 2, 3, 4, 5, 6], Places::new(0));
        assert_eq!(places.bytes_of::<u8>(&bytes), [1]);
        assert_eq!(number(places.bytes_of::<u32>(&[0, 0, 0, 0, 4, 3, 2, 1])), 0x0102_0304);
        assert_eq!(number(part(&bytes, 2, 2)), 0x0403);
        let three = InOrder::NONE.and::<u8>().and::<u64>().and::<u16>();
        assert_eq!((three.total(), three.align, three.flat), (24, 8, 3));
    }

    #[test]
    fn many_cases_have_larger_numbers() {
        let two = InCases::new(2, 8, 4);
        assert_eq!((two.size, two.align, two.payload, two.number), (12, 4, 4, 1));
        let many = InCases::new(257, 1, 1);
        assert_eq!((many.size, many.align, many.payload, many.number), (4, 2, 2, 2));
        assert_eq!([8, 9, 17, 33].map(flags), [(1, 1), (2, 1), (4, 1), (8, 2)]);
    }
}
