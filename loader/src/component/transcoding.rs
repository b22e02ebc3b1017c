//! Strings between the memories of two components, as adapters ask for it.

use crate::canonical::encoding;
use crate::canonical::state::ComponentState;
use crate::canonical::transcode::{check_copy, takes_room, transcode, unit_sizes};
use crate::error::Result;
use crate::store::access::StoreMut;
use crate::store::linear::LinearMemory;
use crate::trap::Trap;
use crate::vm::handle::Memory;
use crate::vm::raw::RawValue;
use precast_artifact::component::Transcode;
use precast_artifact::index::{ComponentId, MemorySlot};
use precast_artifact::trap::TrapCode;

/// One of the trampolines of the kind
/// [`Transcode`](precast_artifact::component::TrampolineKind::Transcode).
#[derive(Clone, Copy, Debug)]
pub(super) struct Transcoding {
    pub(super) op: Transcode,
    pub(super) from: (MemorySlot, bool),
    pub(super) to: (MemorySlot, bool),
}

impl Transcoding {
    /// Runs it: parameters in the slots before, results after.
    pub(super) fn run(
        self,
        store: &mut StoreMut<'_, ()>,
        component: ComponentId,
        slots: &mut [RawValue],
    ) -> Result<()> {
        let memories = &ComponentState::of(store.core(), component).memories;
        let (from, to) = (memories[self.from.0.index()], memories[self.to.0.index()]);
        let number = |slot: usize, wide: bool| match slots.get(slot) {
            Some(value) if wide => value.u64(),
            Some(value) => value.u32().into(),
            None => 0,
        };
        let (read, written) = unit_sizes(self.op);
        let source = (number(0, self.from.1), number(1, self.from.1).saturating_mul(read));
        let target = number(2, self.to.1);
        let room = match takes_room(self.op) {
            true => number(3, self.to.1),
            false => number(1, self.from.1),
        };
        let before = match self.op {
            Transcode::Utf16ToCompactUtf16 | Transcode::Utf8ToCompactUtf16 => number(4, self.to.1),
            _ => 0,
        };
        let all = room.saturating_mul(written);
        range(&to, store, target, all.max(before))?;
        let bytes = range(&from, store, source.0, source.1)?;
        if matches!(
            self.op,
            Transcode::Utf8ToUtf8 | Transcode::Utf16ToUtf16 | Transcode::Latin1ToLatin1
        ) {
            check_copy(self.op, bytes).map_err(invalid)?;
            let places = ((to.index, target), (from.index, source.0));
            let copied =
                LinearMemory::copy(&mut store.core().memories, places.0, places.1, source.1);
            return Ok(copied.ok_or_else(out_of_bounds)?);
        }
        let already = range(&to, store, target, before)?;
        let done = transcode(self.op, bytes, room, already).map_err(invalid)?;
        to.write(store, target, &done.bytes)?;
        slots.iter_mut().zip(done.results).for_each(|(slot, result)| *slot = result.into());
        Ok(())
    }
}

/// Bytes of a memory.
fn range<'s>(memory: &Memory, store: &'s StoreMut<'_, ()>, at: u64, len: u64) -> Result<&'s [u8]> {
    let end = usize::try_from(at.saturating_add(len)).ok();
    let bytes = end.and_then(|end| memory.data(store).get(at as usize..end));
    Ok(bytes.ok_or_else(out_of_bounds)?)
}

fn out_of_bounds() -> Trap {
    Trap::new(TrapCode::StringOutOfBounds)
}

fn invalid(why: String) -> Trap {
    Trap::because(TrapCode::InvalidString, why)
}

const _: () = assert!(encoding::UTF16 == 1 << 31);
