//! Laying out data segments at compile time, so that the loader maps memory
//! instead of copying it.
//!
//! Only leading segments qualify: active, at a known address, inside an own
//! memory. From the first other one on, the plan runs in order, because a
//! segment that traps must leave the ones before it in place.

use super::constants;
use crate::link::MemoryContents;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::{Parsed, SegmentMode};
use precast_artifact::index::{DataIndex, MemoryIndex};
use precast_artifact::module::InitStep;

/// Gaps up to this many bytes are filled with zeros rather than mapped apart.
const MERGE_GAP: u64 = 64 << 10;

pub(super) struct MemoryImage<'a> {
    pub contents: Vec<MemoryContents>,
    pub data: Vec<&'a [u8]>,
    pub steps: Vec<InitStep>,
}

pub(super) fn lay_out<'a>(
    parsed: &Parsed<'a>,
    options: &Options,
    page_size: u64,
    allowed: bool,
) -> MemoryImage<'a> {
    let mut image = MemoryImage { contents: Vec::new(), data: Vec::new(), steps: Vec::new() };
    let mut placed: Vec<(u32, u64, &[u8])> = Vec::new();
    let mut leading = allowed && options.enabled(Optimisation::MemoryImage);
    for (index, segment) in parsed.data.iter().enumerate() {
        let SegmentMode::Active(memory, offset) = &segment.mode else {
            image.data.push(segment.bytes);
            continue;
        };
        let address = constants::fold(offset, &[]).and_then(constants::Constant::index);
        match address.filter(|address| leading && fits(parsed, *memory, *address, segment.bytes)) {
            Some(address) => {
                placed.push((*memory, address, segment.bytes));
                image.data.push(&[]);
            }
            None => {
                leading = false;
                image.data.push(segment.bytes);
            }
        }
        // A segment in the image is left empty, as a dropped one is, so it
        // needs no step.
        if !leading {
            let (segment, memory) = (DataIndex::from_index(index), MemoryIndex::new(*memory));
            let offset = offset.clone();
            image.steps.push(InitStep::Data { segment, memory, offset });
        }
    }
    image.contents = merge(placed, page_size);
    image
}

fn fits(parsed: &Parsed<'_>, memory: u32, address: u64, bytes: &[u8]) -> bool {
    let memory = &parsed.memories[memory as usize];
    let size = memory.ty.limits.min.saturating_mul(memory.ty.page_size());
    let end = address.checked_add(bytes.len() as u64);
    // With pages of one byte the mapped pages would reach past the memory.
    !memory.imported && memory.ty.page_size_log2 == 16 && end.is_some_and(|end| end <= size)
}

/// Page-aligned runs of all segments, later ones on top of earlier ones.
fn merge(placed: Vec<(u32, u64, &[u8])>, page_size: u64) -> Vec<MemoryContents> {
    let mut spans: Vec<(u32, u64, u64)> = placed
        .iter()
        .filter(|(_, _, bytes)| !bytes.is_empty())
        .map(|(memory, address, bytes)| {
            let end = (address + bytes.len() as u64).next_multiple_of(page_size);
            (*memory, address / page_size * page_size, end)
        })
        .collect();
    spans.sort_unstable();
    let mut runs: Vec<(u32, u64, u64)> = Vec::new();
    for (memory, start, end) in spans {
        match runs.last_mut() {
            Some(run) if run.0 == memory && start <= run.2 + MERGE_GAP => run.2 = run.2.max(end),
            _ => runs.push((memory, start, end)),
        }
    }
    let mut contents: Vec<MemoryContents> = runs
        .into_iter()
        .map(|(memory, address, end)| MemoryContents {
            memory,
            address,
            bytes: vec![0; (end - address) as usize],
        })
        .collect();
    for (memory, address, bytes) in placed.into_iter().filter(|(_, _, bytes)| !bytes.is_empty()) {
        let run =
            contents.partition_point(|run| (run.memory, run.address) <= (memory, address)) - 1;
        let run = &mut contents[run];
        let start = (address - run.address) as usize;
        run.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }
    contents
}

#[cfg(test)]
mod tests {
    use super::merge;

    #[test]
    fn runs_are_page_aligned_and_later_segments_win() {
        let far = 1 << 20;
        let runs = merge(
            vec![
                (0, 10, b"abcd"),
                (0, 12, b"XY"),
                (0, far + 5, b"z"),
                (1, 4094, b"12345"),
                (0, 7, b""),
            ],
            4096,
        );
        let places: Vec<_> = runs.iter().map(|r| (r.memory, r.address, r.bytes.len())).collect();
        assert_eq!(places, [(0, 0, 4096), (0, far, 4096), (1, 0, 8192)]);
        assert_eq!(&runs[0].bytes[10..14], b"abXY");
        assert_eq!(runs[1].bytes[5], b'z');
        assert_eq!(&runs[2].bytes[4094..4099], b"12345");
    }
}
