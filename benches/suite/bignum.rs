//! Factorials and their decimal digits: carries of 64-bit limbs by u128.
fn times(n: &mut Vec<u64>, by: u64) {
    let mut carry = 0u128;
    for limb in n.iter_mut() {
        carry += u128::from(*limb) * u128::from(by);
        *limb = carry as u64;
        carry >>= 64;
    }
    if carry > 0 { n.push(carry as u64); }
}

fn square(n: &[u64]) -> Vec<u64> {
    let mut out = vec![0u64; 2 * n.len()];
    for (i, a) in n.iter().enumerate() {
        let mut carry = 0u128;
        for (j, b) in n.iter().enumerate() {
            carry += u128::from(*a) * u128::from(*b) + u128::from(out[i + j]);
            out[i + j] = carry as u64;
            carry >>= 64;
        }
        out[i + n.len()] = carry as u64;
    }
    out
}

fn main() {
    let mut n = vec![1u64];
    for by in 1..14000 { times(&mut n, by); }
    let squared = square(&n);
    let again = square(&squared);
    let check = again.iter().fold(0u64, |sum, limb| sum.wrapping_mul(31).wrapping_add(*limb));
    println!("{} {check:x}", again.len());
}
