//! The link base: the virtual address of file offset zero.
//!
//! Images are linked at zero. One with debug information gets a base of its
//! own, and the loader maps it there when that is free: debuggers take the
//! addresses in a symbol file that a process registers with them as absolute.
//! Different images get different bases, so that a process can have several.

use crate::place::Machine;
use sha2::{Digest as _, Sha256};

/// Bases are multiples of this, which is a multiple of every page size.
const ALIGN: u64 = 2 << 20;

/// The base of the image with this note, which holds the hash of the source
/// module and every option that shapes the image, but no place in it.
pub(super) fn link_base(machine: Machine, unplaced_note: &[u8]) -> u64 {
    let hash = Sha256::digest(unplaced_note);
    let hash = u64::from_le_bytes(hash[..8].try_into().expect("a digest has more bytes"));
    let region = machine.base_region();
    region.start + hash % ((region.end - region.start) / ALIGN) * ALIGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_differ_and_lie_in_the_region() {
        for machine in [Machine::X86_64, Machine::Aarch64, Machine::Riscv64] {
            let region = machine.base_region();
            assert_eq!(region.start % ALIGN, 0);
            let bases: std::collections::BTreeSet<u64> =
                (0..100u8).map(|note| link_base(machine, &[note])).collect();
            assert_eq!(bases.len(), 100);
            assert!(bases.iter().all(|base| region.contains(base) && base % ALIGN == 0));
        }
    }
}
