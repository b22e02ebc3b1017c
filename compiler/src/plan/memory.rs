//! Laying out data segments at compile time, so that the loader maps memory
//! instead of copying it.
//!
//! Only leading segments qualify: active, at a known address, inside an own
//! memory, and not so far apart that the image were mostly zeros. From the
//! first other one on, the plan runs in order, because a segment that traps
//! must leave the ones before it in place.

use super::constants;
use crate::code::MemoryContents;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::{Parsed, SegmentMode};
use precast_artifact::index::{DataIndex, MemoryIndex};
use precast_artifact::module::InitStep;
use std::collections::BTreeSet;

pub(super) struct MemoryImage<'a> {
    pub contents: Vec<MemoryContents<'a>>,
    pub data: Vec<&'a [u8]>,
    pub steps: Vec<InitStep>,
}

pub(super) fn lay_out<'a>(
    parsed: &Parsed<'a>,
    options: &Options,
    allowed: bool,
) -> MemoryImage<'a> {
    let mut image = MemoryImage { contents: Vec::new(), data: Vec::new(), steps: Vec::new() };
    let mut leading = allowed && options.enabled(Optimisation::MemoryImage);
    let mut extent = Extent::default();
    for (index, segment) in DataIndex::enumerate(&parsed.data) {
        let SegmentMode::Active(memory, offset) = &segment.mode else {
            image.data.push(segment.bytes);
            continue;
        };
        let address = constants::fold(offset, &[]).and_then(constants::Constant::index);
        let in_image = |address: &u64| {
            leading
                && fits(parsed, *memory, *address, segment.bytes)
                && extent.take(*memory, *address, segment.bytes.len() as u64)
        };
        match address.filter(in_image) {
            Some(address) => {
                let (memory, bytes) = (*memory, segment.bytes);
                image.contents.push(MemoryContents { memory, address, bytes });
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
            let (memory, offset) = (*memory, offset.clone());
            image.steps.push(InitStep::Data { segment: index, memory, offset });
        }
    }
    image
}

/// How much of memories an image covers.
#[derive(Default)]
struct Extent {
    /// Blocks with contents, and the bytes of segments in them.
    blocks: BTreeSet<(MemoryIndex, u64)>,
    bytes: u64,
}

impl Extent {
    /// The largest page, and the gap that placing fills with zeros.
    const BLOCK: u64 = 64 << 10;
    /// Images up to this size may be as sparse as they come: the zeros cost
    /// less than copying segments whenever an instance is made.
    const ALWAYS: u64 = 16 << 20;
    /// Larger ones have at most so many bytes for one of a segment.
    const SPARSEST: u64 = 4;

    /// Adds a segment, unless the image then were too sparse.
    fn take(&mut self, memory: MemoryIndex, address: u64, len: u64) -> bool {
        if len == 0 {
            return true;
        }
        let blocks = address / Self::BLOCK..(address + len).div_ceil(Self::BLOCK);
        let new = blocks.clone().filter(|block| !self.blocks.contains(&(memory, *block))).count();
        let size = (self.blocks.len() + new) as u64 * Self::BLOCK;
        if size > Self::ALWAYS + (self.bytes + len).saturating_mul(Self::SPARSEST) {
            return false;
        }
        self.blocks.extend(blocks.map(|block| (memory, block)));
        self.bytes += len;
        true
    }
}

fn fits(parsed: &Parsed<'_>, memory: MemoryIndex, address: u64, bytes: &[u8]) -> bool {
    let memory = &parsed.memories[memory.index()];
    let size = memory.ty.limits.min.saturating_mul(memory.ty.page_size());
    let end = address.checked_add(bytes.len() as u64);
    // With pages of one byte the mapped pages would reach past the memory.
    !memory.imported && memory.ty.page_size_log2 == 16 && end.is_some_and(|end| end <= size)
}
