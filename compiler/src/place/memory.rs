//! Initial contents of memories in whole pages, as they are mapped.

use crate::code::MemoryContents;
use precast_artifact::index::MemoryIndex;

/// Gaps up to this many bytes are filled with zeros rather than mapped apart.
const MERGE_GAP: u64 = 64 << 10;

/// Whole pages of a memory's initial contents.
pub(crate) struct MemoryPages {
    pub memory: MemoryIndex,
    pub address: u64,
    pub bytes: Vec<u8>,
}

/// The pages of all contents, later ones on top of earlier ones; ordered by
/// memory and address.
pub(super) fn pages(contents: &[MemoryContents<'_>], page_size: u64) -> Vec<MemoryPages> {
    let contents = || contents.iter().filter(|contents| !contents.bytes.is_empty());
    let mut spans: Vec<(MemoryIndex, u64, u64)> = contents()
        .map(|MemoryContents { memory, address, bytes }| {
            let end = (address + bytes.len() as u64).next_multiple_of(page_size);
            (*memory, address / page_size * page_size, end)
        })
        .collect();
    spans.sort_unstable();
    let mut runs: Vec<(MemoryIndex, u64, u64)> = Vec::new();
    for (memory, start, end) in spans {
        match runs.last_mut() {
            Some(run) if run.0 == memory && start <= run.2 + MERGE_GAP => run.2 = run.2.max(end),
            _ => runs.push((memory, start, end)),
        }
    }
    let pages = runs.into_iter().map(|(memory, address, end)| {
        let bytes = vec![0; (end - address) as usize];
        MemoryPages { memory, address, bytes }
    });
    let mut pages: Vec<MemoryPages> = pages.collect();
    for MemoryContents { memory, address, bytes } in contents() {
        let after = pages.partition_point(|run| (run.memory, run.address) <= (*memory, *address));
        let run = &mut pages[after - 1];
        let start = (address - run.address) as usize;
        run.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_page_aligned_and_later_contents_win() {
        let far = 1 << 20;
        let contents: [(u32, u64, &[u8]); 5] = [
            (0, 10, b"abcd"),
            (0, 12, b"XY"),
            (0, far + 5, b"z"),
            (1, 4094, b"12345"),
            (0, 7, b""),
        ];
        let contents = contents.map(|(memory, address, bytes)| MemoryContents {
            memory: MemoryIndex::new(memory),
            address,
            bytes,
        });
        let runs = pages(&contents, 4096);
        let places: Vec<_> =
            runs.iter().map(|run| (run.memory.get(), run.address, run.bytes.len())).collect();
        assert_eq!(places, [(0, 0, 4096), (0, far, 4096), (1, 0, 8192)]);
        assert_eq!(&runs[0].bytes[10..14], b"abXY");
        assert_eq!(runs[1].bytes[5], b'z');
        assert_eq!(&runs[2].bytes[4094..4099], b"12345");
        // Larger pages, with what is between.
        let runs = pages(&contents, 65536);
        let places: Vec<_> = runs.iter().map(|run| (run.address, run.bytes.len())).collect();
        assert_eq!(places, [(0, 65536), (far, 65536), (0, 65536)]);
    }
}
