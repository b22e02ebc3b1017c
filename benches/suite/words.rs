//! Words of a made text counted in hash maps and tree maps; strings everywhere.
use std::collections::{BTreeMap, HashMap};

fn main() {
    let mut seed = 42u32;
    let mut text = String::new();
    while text.len() < 1 << 20 {
        seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
        let word = (seed >> 16) % 5000;
        text.push_str(&format!("w{word:x}"));
        text.push(if seed >> 29 == 0 { '\n' } else { ' ' });
    }
    let mut total = 0usize;
    for round in 0..30 {
        let mut counts: HashMap<&str, usize, std::hash::BuildHasherDefault<std::collections::hash_map::DefaultHasher>> = HashMap::default();
        for word in text.split_whitespace() {
            *counts.entry(word).or_insert(0) += 1;
        }
        let sorted: BTreeMap<String, usize> = counts.iter().map(|(word, n)| (word.to_uppercase(), *n)).collect();
        total += sorted.iter().enumerate().map(|(i, (word, n))| i * word.len() * n % 97).sum::<usize>() + round;
    }
    println!("{total}");
}
