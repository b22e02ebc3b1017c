//! Dynamic programming over bounds-checked slices: knapsack, longest common part.
fn knapsack(items: &[(usize, u32)], capacity: usize) -> u32 {
    let mut best = vec![0u32; capacity + 1];
    for &(weight, value) in items {
        for c in (weight..=capacity).rev() {
            best[c] = best[c].max(best[c - weight] + value);
        }
    }
    best[capacity]
}

fn common(a: &[u8], b: &[u8]) -> usize {
    let mut rows = vec![vec![0usize; b.len() + 1]; 2];
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            rows[i & 1][j] = if a[i - 1] == b[j - 1] {
                rows[(i - 1) & 1][j - 1] + 1
            } else {
                rows[(i - 1) & 1][j].max(rows[i & 1][j - 1])
            };
        }
    }
    rows[a.len() & 1][b.len()]
}

fn main() {
    let mut seed = 8u32;
    let mut next = || { seed = seed.wrapping_mul(1664525).wrapping_add(1013904223); seed >> 8 };
    let items: Vec<_> = (0..400).map(|_| (next() as usize % 900 + 1, next() % 1000)).collect();
    let a: Vec<u8> = (0..6000).map(|_| next() as u8 % 4).collect();
    let b: Vec<u8> = (0..6000).map(|_| next() as u8 % 4).collect();
    println!("{} {}", (0..8).map(|i| knapsack(&items, 50_000 + i)).sum::<u32>(), (0..3).map(|i| common(&a[i..], &b)).sum::<usize>());
}
