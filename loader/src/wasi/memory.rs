//! The guest's linear memory as WASI functions see it.
//!
//! Every access is checked: pointers come from the guest. A pointer that is out
//! of bounds or misaligned is not an errno, see [`BadPointer`].
//!
//! What is read is read once and copied, and what is written is copied in:
//! there is no reference to memory that a guest could change, on this thread
//! after the call or, were the memory shared, on another one during it.

use crate::sys::buffer::Buffer;
use std::fmt;

/// The linear memory of the calling instance, in bytes.
///
/// Empty when the instance exports no memory: then no pointer is good.
#[derive(Clone, Copy, Debug)]
pub struct GuestMemory<'m> {
    bytes: Buffer<'m>,
}

/// A pointer that no conforming guest passes: the call traps, as the
/// specification asks (witx-docs, "Pointers").
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadPointer {
    /// The bytes are not all in memory.
    OutOfBounds { pointer: u32, len: u32, size: usize },
    /// A record that is not where its alignment puts it.
    Misaligned { pointer: u32, align: u32 },
}

type Result<T> = std::result::Result<T, BadPointer>;

impl<'m> GuestMemory<'m> {
    /// Wraps the whole linear memory; guest pointer 0 is `bytes[0]`.
    pub fn new(bytes: &'m mut [u8]) -> Self {
        Self { bytes: Buffer::from_slice(bytes) }
    }

    /// As [`GuestMemory::new`], for memory that others may write meanwhile.
    pub(crate) fn shared(bytes: Buffer<'m>) -> Self {
        Self { bytes }
    }

    /// The bytes `pointer .. pointer + len` as they lie, to copy or to hand to
    /// the kernel. Zero bytes still need a pointer inside (or at the end of)
    /// memory.
    pub(crate) fn buffer(&self, pointer: u32, len: u32) -> Result<Buffer<'m>> {
        let size = self.bytes.len();
        let buffer = self.bytes.get(pointer as usize, len as usize);
        buffer.ok_or(BadPointer::OutOfBounds { pointer, len, size })
    }

    /// A copy of the bytes `pointer .. pointer + len`.
    pub(crate) fn bytes(&self, pointer: u32, len: u32) -> Result<Vec<u8>> {
        Ok(self.buffer(pointer, len)?.to_vec())
    }

    /// Copies `bytes` to `pointer`. Nothing to copy needs no valid pointer.
    pub(crate) fn write_bytes(&self, pointer: u32, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        // Longer than the address space is longer than any memory.
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.buffer(pointer, len)?.copy_from(bytes);
        Ok(())
    }

    /// Writes a record of `N` bytes whose alignment is `align`.
    pub(crate) fn write_record<const N: usize>(
        &self,
        pointer: u32,
        align: u32,
        record: &[u8; N],
    ) -> Result<()> {
        aligned(pointer, align)?;
        self.buffer(pointer, N as u32)?.copy_from(record);
        Ok(())
    }

    /// Reads a record of `N` bytes whose alignment is `align`.
    pub(crate) fn read_record<const N: usize>(&self, pointer: u32, align: u32) -> Result<[u8; N]> {
        aligned(pointer, align)?;
        let mut record = [0; N];
        self.buffer(pointer, N as u32)?.copy_to(&mut record);
        Ok(record)
    }

    /// Writes a `u16`, little-endian.
    pub(crate) fn write_u16(&self, pointer: u32, value: u16) -> Result<()> {
        self.write_record(pointer, 2, &value.to_le_bytes())
    }

    /// Writes a `u32`, little-endian.
    pub(crate) fn write_u32(&self, pointer: u32, value: u32) -> Result<()> {
        self.write_record(pointer, 4, &value.to_le_bytes())
    }

    /// Writes a `u64`, little-endian.
    pub(crate) fn write_u64(&self, pointer: u32, value: u64) -> Result<()> {
        self.write_record(pointer, 8, &value.to_le_bytes())
    }

    /// The address of element `index` in an array of `size`-byte elements at
    /// `base`; an array must not wrap around the address space.
    pub(crate) fn element(&self, base: u32, index: u32, size: u32) -> Result<u32> {
        let address = u64::from(base) + u64::from(index) * u64::from(size);
        let beyond =
            BadPointer::OutOfBounds { pointer: u32::MAX, len: size, size: self.bytes.len() };
        u32::try_from(address).map_err(|_| beyond)
    }
}

fn aligned(pointer: u32, align: u32) -> Result<()> {
    match pointer.is_multiple_of(align) {
        true => Ok(()),
        false => Err(BadPointer::Misaligned { pointer, align }),
    }
}

impl fmt::Display for BadPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBounds { pointer, len, size } => write!(
                f,
                "guest pointer {pointer:#x} with {len} bytes is outside of the linear memory \
                 of {size:#x} bytes"
            ),
            Self::Misaligned { pointer, align } => {
                write!(f, "guest pointer {pointer:#x} is not aligned to {align} bytes")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside<T>(result: Result<T>) -> bool {
        matches!(result, Err(BadPointer::OutOfBounds { .. }))
    }

    fn misaligned<T>(result: Result<T>) -> bool {
        matches!(result, Err(BadPointer::Misaligned { .. }))
    }

    #[test]
    fn ends_of_memory() {
        let mut bytes = [7; 16];
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.buffer(0, 16).unwrap().len(), 16);
        assert_eq!(memory.buffer(16, 0).unwrap().len(), 0);
        assert!(outside(memory.buffer(17, 0)));
        assert!(outside(memory.buffer(1, 16)));
        assert!(outside(memory.buffer(u32::MAX, u32::MAX)));
        assert!(outside(memory.buffer(16, 1)));
        memory.write_u64(8, 0x0102_0304_0506_0708).unwrap();
        assert_eq!(memory.bytes(8, 2).unwrap(), [8, 7]);
        assert!(outside(memory.write_u64(16, 0)));
    }

    #[test]
    fn misaligned_records() {
        let mut bytes = [0; 32];
        let memory = GuestMemory::new(&mut bytes);
        assert!(misaligned(memory.write_u64(4, 0)));
        assert!(misaligned(memory.write_u32(2, 0)));
        assert!(misaligned(memory.write_u16(1, 0)));
        assert!(misaligned(memory.read_record::<8>(3, 4)));
        assert!(memory.read_record::<8>(4, 4).is_ok());
    }

    #[test]
    fn no_memory_at_all() {
        let memory = GuestMemory::new(&mut []);
        assert!(memory.buffer(0, 0).is_ok());
        assert!(outside(memory.buffer(0, 1)));
        assert!(memory.write_bytes(99, &[]).is_ok());
        assert!(outside(memory.write_u32(0, 1)));
    }

    #[test]
    fn arrays_do_not_wrap() {
        let mut bytes = [0; 64];
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.element(8, 3, 8).unwrap(), 32);
        assert!(outside(memory.element(8, u32::MAX, 48)));
    }
}
