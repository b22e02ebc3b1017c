//! Random numbers that a seed determines.

/// A sequence of random numbers (splitmix64).
pub struct Numbers(u64);

impl Numbers {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// The next number, any of 64 bits.
    #[expect(clippy::should_implement_trait, reason = "it has no end")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `end`; zero if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Bits for an argument of a function: small, extreme, or any.
    pub fn argument(&mut self) -> u64 {
        const EDGES: [u64; 8] = [
            0,
            u64::MAX,
            1 << 31 | 1 << 63,
            i64::MAX as u64,
            0x3f80_0000,
            0x3ff0_0000_0000_0000,
            0x7ff0_0000_7f80_0000,
            0xfff8_0000_7fc0_0000,
        ];
        let number = self.next();
        match number % 4 {
            0 => number >> 56,
            1 => EDGES[(number >> 60) as usize % EDGES.len()],
            _ => number,
        }
    }
}
