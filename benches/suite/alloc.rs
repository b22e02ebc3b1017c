//! Vectors of vectors, boxes and strings made, grown and dropped.
fn main() {
    let mut seed = 15u32;
    let mut next = || { seed = seed.wrapping_mul(1664525).wrapping_add(1013904223); seed >> 8 };
    let mut slots: Vec<Option<Vec<Box<[u32]>>>> = (0..2000).map(|_| None).collect();
    let mut sum = 0u64;
    for _ in 0..2_500_000 {
        let at = next() as usize % slots.len();
        match slots[at].take() {
            Some(old) => sum += old.iter().map(|part| part.iter().map(|n| u64::from(*n)).sum::<u64>()).sum::<u64>(),
            None => {
                let parts = next() as usize % 6;
                slots[at] = Some((0..parts).map(|part| (0..next() % 12).map(|n| n * part as u32).collect()).collect());
            }
        }
    }
    let mut text = String::new();
    for i in 0..400_000u32 { text.push(char::from_u32('a' as u32 + i % 26).unwrap()); if i % 1000 == 0 { text = text.chars().rev().take(500).collect(); } }
    println!("{sum} {}", text.len());
}
