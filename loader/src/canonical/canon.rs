//! A call between the host and a component as the canonical ABI has it: memory
//! with bounds and alignment, room from `realloc`, strings.

use crate::canonical::encoding;
use crate::canonical::state::{ComponentState, Realloc};
use crate::error::{Error, Result};
use crate::store::access::StoreMut;
use crate::trap::Trap;
use crate::vm::handle::{Global, Memory};
use crate::vm::raw::RawValue;
use crate::vm::value::Val;
use precast_artifact::component::StringEncoding;
use precast_artifact::index::{ComponentId, ComponentInstanceIndex, OptionsIndex};
use precast_artifact::trap::TrapCode;

/// The component side of a call: how values pass, and where.
pub struct Canon<'a> {
    store: StoreMut<'a, ()>,
    /// Index of the component in the store.
    pub(super) component: ComponentId,
    pub(super) options: &'a CallOptions,
}

/// Canonical options of one function.
#[derive(Clone)]
pub(crate) struct CallOptions {
    /// The component instance that calls or is called.
    pub(crate) instance: ComponentInstanceIndex,
    encoding: StringEncoding,
    memory: Option<Memory>,
    realloc: Option<Realloc>,
    /// Whether the instance may be left.
    flags: Global,
}

/// Core values, one after the other.
pub struct Flat<'v> {
    values: std::slice::Iter<'v, RawValue>,
}

/// Room for core values, filled one after the other.
pub struct FlatTo<'v> {
    slots: &'v mut [RawValue],
    len: usize,
}

/// A list of bytes in a component's memory, which was found to be inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuestBytes {
    pub(crate) at: u32,
    pub(crate) len: u32,
}

impl CallOptions {
    /// The options of this number, when its slots have been filled.
    pub(crate) fn of(state: &ComponentState, index: OptionsIndex) -> Result<Self> {
        let options = &state.types.component().options[index.index()];
        let missing = || Error::usage("a component's function was called before it was complete");
        let memory = match options.memory {
            Some(slot) => Some(*state.memories.get(slot.index()).ok_or_else(missing)?),
            None => None,
        };
        let realloc = match options.realloc {
            Some(slot) => Some(state.reallocs.get(slot.index()).ok_or_else(missing)?.clone()),
            None => None,
        };
        let flags = state.flags[options.instance.index()];
        let encoding = options.encoding;
        Ok(Self { instance: options.instance, encoding, memory, realloc, flags })
    }

    /// The memory that values pass through.
    pub(crate) fn memory(&self) -> Option<Memory> {
        self.memory
    }
}

impl<'v> Flat<'v> {
    pub(crate) fn new(values: &'v [RawValue]) -> Self {
        Self { values: values.iter() }
    }

    /// The next, as 64 bits.
    pub fn u64(&mut self) -> u64 {
        self.values.next().map_or(0, |value| value.u64())
    }

    /// The next, as 32 bits.
    pub fn u32(&mut self) -> u32 {
        self.values.next().map_or(0, |value| value.u32())
    }

    /// The next values, for what takes no more of them than these.
    pub fn part(&mut self, count: usize) -> Flat<'v> {
        let (part, rest) = self.values.as_slice().split_at(count.min(self.values.len()));
        self.values = rest.iter();
        Flat::new(part)
    }
}

impl<'v> FlatTo<'v> {
    pub(crate) fn new(slots: &'v mut [RawValue]) -> Self {
        Self { slots, len: 0 }
    }

    /// How many values there are.
    // There is no use in knowing that there are none.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// One value more.
    ///
    /// # Panics
    ///
    /// If there is no room, which there is for as many as a type says.
    pub fn push(&mut self, value: impl Into<RawValue>) {
        self.slots[self.len] = value.into();
        self.len += 1;
    }

    /// Zeros up to so many values: for what other cases would have used.
    ///
    /// # Panics
    ///
    /// As [`FlatTo::push`].
    pub fn fill(&mut self, end: usize) {
        self.slots[self.len..end].fill(RawValue::default());
        self.len = end;
    }
}

impl<'a> Canon<'a> {
    pub(crate) fn new(
        store: StoreMut<'a, ()>,
        component: ComponentId,
        options: &'a CallOptions,
    ) -> Self {
        Self { store, component, options }
    }

    /// The store.
    pub(crate) fn store(&mut self) -> &mut StoreMut<'a, ()> {
        &mut self.store
    }

    /// The component's state, for one operation.
    pub(crate) fn state(&mut self) -> &mut ComponentState {
        ComponentState::of(self.store.core(), self.component)
    }

    /// Fails if the component instance may not be left now.
    pub(crate) fn check_may_leave(&self) -> Result<()> {
        match self.options.flags.get(&self.store) {
            Val::I32(flags) if flags & 1 != 0 => Ok(()),
            _ => Err(TrapCode::CannotLeaveComponent.into()),
        }
    }

    /// Runs guest code that may not leave the instance.
    pub(crate) fn inside<R>(&mut self, run: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        self.options.flags.set(&mut self.store, Val::I32(0))?;
        let result = run(self)?;
        self.options.flags.set(&mut self.store, Val::I32(1))?;
        Ok(result)
    }

    /// All of the memory.
    fn memory(&self) -> &[u8] {
        self.options.memory.as_ref().map_or(&[], |memory| memory.data(&self.store))
    }

    /// Bytes of the memory.
    pub(crate) fn bytes(&self, at: u32, len: u64) -> Result<&[u8]> {
        let memory = self.memory();
        let range = usize::try_from(u64::from(at).saturating_add(len)).ok();
        let bytes = range.and_then(|end| memory.get(at as usize..end));
        bytes.ok_or_else(|| TrapCode::MemoryOutOfBounds.into())
    }

    /// Fails unless a value of this size and alignment can be there.
    pub(crate) fn check(&self, at: u32, size: u64, align: u32) -> Result<()> {
        if !at.is_multiple_of(align) {
            return Err(TrapCode::UnalignedPointer.into());
        }
        self.bytes(at, size).map(drop)
    }

    /// Bytes of the memory, to write.
    pub(crate) fn bytes_mut(&mut self, at: u32, len: u64) -> Result<&mut [u8]> {
        let memory = self.options.memory.ok_or(TrapCode::MemoryOutOfBounds)?;
        let memory = memory.data_mut(&mut self.store);
        let range = usize::try_from(u64::from(at).saturating_add(len)).ok();
        let bytes = range.and_then(|end| memory.get_mut(at as usize..end));
        bytes.ok_or_else(|| TrapCode::MemoryOutOfBounds.into())
    }

    /// Reads a number of up to eight bytes.
    pub fn load(&self, at: u32, size: u32) -> Result<u64> {
        let mut number = [0; 8];
        number[..size as usize].copy_from_slice(self.bytes(at, size.into())?);
        Ok(u64::from_le_bytes(number))
    }

    /// Writes a number of up to eight bytes.
    pub fn store_number(&mut self, at: u32, size: u32, number: u64) -> Result<()> {
        self.write(at, &number.to_le_bytes()[..size as usize])
    }

    /// Writes bytes.
    pub(crate) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<()> {
        self.bytes_mut(at, bytes.len() as u64)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Room in the memory for so many bytes.
    pub(crate) fn allocate(&mut self, size: u64, align: u32) -> Result<u32> {
        let bad = |why: &str| {
            let detail = format!("realloc return: {why}");
            Error::Trap(Trap::because(TrapCode::InvalidAllocation, detail))
        };
        let bytes = u32::try_from(size).map_err(|_| bad("beyond end of memory"))?;
        let realloc = self.options.realloc.as_ref();
        let realloc = realloc.ok_or_else(|| bad("there is no function that gives room"))?;
        let at = self.inside(|canon| realloc.call(&mut canon.store, (0, 0, align, bytes)))?;
        if !at.is_multiple_of(align) {
            return Err(bad("result not aligned"));
        }
        self.bytes(at, size).map_err(|_| bad("beyond end of memory"))?;
        Ok(at)
    }

    /// Reads a string.
    pub(crate) fn string(&self, at: u32, length: u32) -> Result<String> {
        let (len, align) = encoding::extent(self.options.encoding, length);
        if !at.is_multiple_of(align) {
            return Err(TrapCode::UnalignedPointer.into());
        }
        let bytes = self.bytes(at, len).map_err(|_| {
            let why = "string pointer/length out of bounds of memory";
            Trap::because(TrapCode::StringOutOfBounds, why)
        })?;
        let text = encoding::read(self.options.encoding, bytes, length);
        Ok(text.map_err(|why| Trap::because(TrapCode::InvalidString, why))?)
    }

    /// Gives the component a string: its address and length.
    pub(crate) fn new_string(&mut self, text: &str) -> Result<(u32, u32)> {
        if text.len() > (u32::MAX >> 1) as usize / 2 {
            return Err(Error::usage(format!("a string of {} bytes is too long", text.len())));
        }
        if self.options.encoding == StringEncoding::Utf8 {
            return Ok((self.new_bytes(text.as_bytes(), 1)?, text.len() as u32));
        }
        let (bytes, align, length) = encoding::write(self.options.encoding, text);
        Ok((self.new_bytes(&bytes, align)?, length))
    }

    /// Gives the component bytes; their address.
    pub(crate) fn new_bytes(&mut self, bytes: &[u8], align: u32) -> Result<u32> {
        let at = self.allocate(bytes.len() as u64, align)?;
        self.write(at, bytes)?;
        Ok(at)
    }

    /// Checks a list of `length` values of this size and alignment.
    pub(crate) fn check_list(&self, at: u32, length: u32, size: u64, align: u32) -> Result<()> {
        if !at.is_multiple_of(align) {
            return Err(TrapCode::UnalignedPointer.into());
        }
        let bytes = size.saturating_mul(length.into());
        self.bytes(at, bytes).map(drop).map_err(|_| {
            let why = "list pointer/length out of bounds of memory";
            Trap::because(TrapCode::ListOutOfBounds, why).into()
        })
    }
}
