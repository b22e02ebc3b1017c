//! The guest's linear memory as WASI functions see it.
//!
//! Every access is checked: pointers come from the guest. A pointer that is out
//! of bounds or misaligned traps, as the specification asks (witx-docs,
//! "Pointers"); it is not an errno.

use super::errno::Errno;
use super::outcome::{Result, Stop};

/// The linear memory of the calling instance, in bytes.
///
/// Empty when the instance exports no memory: then every pointer traps.
pub struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> GuestMemory<'a> {
    /// Wraps the whole linear memory; guest pointer 0 is `bytes[0]`.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes }
    }

    /// The bytes `pointer .. pointer + len`. Zero bytes still need a pointer
    /// inside (or at the end of) memory.
    pub(super) fn slice(&self, pointer: u32, len: u32) -> Result<&[u8]> {
        let (start, end) = span(pointer, len);
        match self.bytes.get(start..end) {
            Some(slice) => Ok(slice),
            None => Err(out_of_bounds(pointer, len, self.bytes.len())),
        }
    }

    /// As [`GuestMemory::slice`], to write.
    pub(super) fn slice_mut(&mut self, pointer: u32, len: u32) -> Result<&mut [u8]> {
        let size = self.bytes.len();
        let (start, end) = span(pointer, len);
        match self.bytes.get_mut(start..end) {
            Some(slice) => Ok(slice),
            None => Err(out_of_bounds(pointer, len, size)),
        }
    }

    /// A string, which must be UTF-8: anything else is `EILSEQ`.
    pub(super) fn string(&self, pointer: u32, len: u32) -> Result<&str> {
        let bytes = self.slice(pointer, len)?;
        std::str::from_utf8(bytes).map_err(|_| Errno::Ilseq.into())
    }

    /// Copies `bytes` to `pointer`. Nothing to copy needs no valid pointer.
    pub(super) fn write_bytes(&mut self, pointer: u32, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        // Longer than the address space is longer than any memory.
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.slice_mut(pointer, len)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a record of `N` bytes whose alignment is `align`.
    pub(super) fn write_record<const N: usize>(
        &mut self,
        pointer: u32,
        align: u32,
        record: &[u8; N],
    ) -> Result<()> {
        aligned(pointer, align)?;
        self.slice_mut(pointer, N as u32)?.copy_from_slice(record);
        Ok(())
    }

    /// Reads a record of `N` bytes whose alignment is `align`.
    pub(super) fn read_record<const N: usize>(&self, pointer: u32, align: u32) -> Result<[u8; N]> {
        aligned(pointer, align)?;
        let mut record = [0; N];
        record.copy_from_slice(self.slice(pointer, N as u32)?);
        Ok(record)
    }

    /// Writes a `u16`, little-endian.
    pub(super) fn write_u16(&mut self, pointer: u32, value: u16) -> Result<()> {
        self.write_record(pointer, 2, &value.to_le_bytes())
    }

    /// Writes a `u32`, little-endian.
    pub(super) fn write_u32(&mut self, pointer: u32, value: u32) -> Result<()> {
        self.write_record(pointer, 4, &value.to_le_bytes())
    }

    /// Writes a `u64`, little-endian.
    pub(super) fn write_u64(&mut self, pointer: u32, value: u64) -> Result<()> {
        self.write_record(pointer, 8, &value.to_le_bytes())
    }

    /// The whole memory, for scatter reads that split it.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes
    }

    /// The address of element `index` in an array of `size`-byte elements at
    /// `base`; an array that wraps around the address space traps.
    pub(super) fn element(&self, base: u32, index: u32, size: u32) -> Result<u32> {
        let address = u64::from(base) + u64::from(index) * u64::from(size);
        u32::try_from(address).map_err(|_| out_of_bounds(u32::MAX, size, self.bytes.len()))
    }
}

fn span(pointer: u32, len: u32) -> (usize, usize) {
    // Two 32-bit numbers cannot overflow 64 bits, and hosts are 64-bit.
    let start = pointer as usize;
    (start, start + len as usize)
}

fn aligned(pointer: u32, align: u32) -> Result<()> {
    if pointer.is_multiple_of(align) {
        return Ok(());
    }
    Err(Stop::Trap(format!("guest pointer {pointer:#x} is not aligned to {align} bytes")))
}

#[cold]
fn out_of_bounds(pointer: u32, len: u32, size: usize) -> Stop {
    Stop::Trap(format!(
        "guest pointer {pointer:#x} with {len} bytes is outside of the linear memory of {size:#x} bytes"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trapped<T>(result: Result<T>) -> bool {
        matches!(result, Err(Stop::Trap(_)))
    }

    #[test]
    fn ends_of_memory() {
        let mut bytes = [7; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.slice(0, 16).unwrap().len(), 16);
        assert_eq!(memory.slice(16, 0).unwrap().len(), 0);
        assert!(trapped(memory.slice(17, 0)));
        assert!(trapped(memory.slice(1, 16)));
        assert!(trapped(memory.slice(u32::MAX, u32::MAX)));
        assert!(trapped(memory.slice_mut(16, 1)));
        memory.write_u64(8, 0x0102_0304_0506_0708).unwrap();
        assert_eq!(memory.slice(8, 2).unwrap(), [8, 7]);
        assert!(trapped(memory.write_u64(12, 0)));
    }

    #[test]
    fn misaligned_records_trap() {
        let mut bytes = [0; 32];
        let mut memory = GuestMemory::new(&mut bytes);
        assert!(trapped(memory.write_u64(4, 0)));
        assert!(trapped(memory.write_u32(2, 0)));
        assert!(trapped(memory.write_u16(1, 0)));
        assert!(trapped(memory.read_record::<8>(3, 4)));
        assert!(memory.read_record::<8>(4, 4).is_ok());
    }

    #[test]
    fn no_memory_at_all() {
        let mut memory = GuestMemory::new(&mut []);
        assert!(memory.slice(0, 0).is_ok());
        assert!(trapped(memory.slice(0, 1)));
        assert!(memory.write_bytes(99, &[]).is_ok());
        assert!(trapped(memory.write_u32(0, 1)));
    }

    #[test]
    fn strings_are_utf8() {
        let mut bytes = *b"a\xc3\xa9\xff";
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.string(0, 3).unwrap(), "a\u{e9}");
        assert!(matches!(memory.string(0, 2), Err(Stop::Errno(Errno::Ilseq))));
        assert!(matches!(memory.string(3, 1), Err(Stop::Errno(Errno::Ilseq))));
    }

    #[test]
    fn arrays_do_not_wrap() {
        let mut bytes = [0; 64];
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.element(8, 3, 8).unwrap(), 32);
        assert!(trapped(memory.element(8, u32::MAX, 48)));
    }
}
