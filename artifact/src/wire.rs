//! The byte encoding used by every Precast table: little-endian fixed-width
//! integers, unsigned LEB128 for counts and small numbers, and byte strings
//! with a LEB128 length before them.

use std::fmt;

/// Why bytes could not be decoded, and where in the section they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Name of the table or section, such as `.precast.module`.
    pub table: &'static str,
    /// Offset in bytes from the start of that table.
    pub offset: usize,
    /// What was expected there.
    pub what: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is damaged at offset {:#x}: {}", self.table, self.offset, self.what)
    }
}

impl std::error::Error for DecodeError {}

/// Shorthand for results of decoding.
pub type Result<T> = std::result::Result<T, DecodeError>;

/// Appends encoded values to a byte vector.
#[derive(Default, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes written so far.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Number of bytes written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Unsigned LEB128, at most ten bytes.
    pub fn leb(&mut self, mut value: u64) {
        loop {
            let low = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                return self.bytes.push(low);
            }
            self.bytes.push(low | 0x80);
        }
    }

    /// Zigzag LEB128 of a signed value.
    pub fn zigzag(&mut self, value: i64) {
        self.leb(((value << 1) ^ (value >> 63)) as u64);
    }

    /// Bytes as they are, no length.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// LEB128 length, then the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.leb(bytes.len() as u64);
        self.raw(bytes);
    }

    /// LEB128 length, then UTF-8.
    pub fn str(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A count, then each item through `item`.
    pub fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.leb(items.len() as u64);
        for it in items {
            item(self, it);
        }
    }

    /// A presence byte, then the value through `item`.
    pub fn option<T>(&mut self, value: &Option<T>, item: impl FnOnce(&mut Self, &T)) {
        self.u8(value.is_some() as u8);
        if let Some(value) = value {
            item(self, value);
        }
    }
}

/// Reads encoded values from a byte slice; every read is checked.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    table: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`; `table` names them in errors.
    pub fn new(table: &'static str, bytes: &'a [u8]) -> Self {
        Self { table, bytes, at: 0 }
    }

    /// Offset of the next byte to be read.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Number of bytes that remain.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// An error that points at the next byte to be read.
    pub fn error(&self, what: impl Into<String>) -> DecodeError {
        DecodeError { table: self.table, offset: self.at, what: what.into() }
    }

    /// Fails unless every byte was read.
    pub fn finish(self) -> Result<()> {
        if self.remaining() != 0 {
            return Err(self.error(format!("{} bytes too many", self.remaining())));
        }
        Ok(())
    }

    /// The next `len` bytes as they are.
    pub fn raw(&mut self, len: usize) -> Result<&'a [u8]> {
        if len > self.remaining() {
            return Err(self.error(format!("{len} bytes expected, {} left", self.remaining())));
        }
        let bytes = &self.bytes[self.at..self.at + len];
        self.at += len;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.raw(N)?);
        Ok(array)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Unsigned LEB128 of at most 64 bits.
    pub fn leb(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                break;
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.error("number longer than 64 bits"))
    }

    /// LEB128 that must fit in 32 bits.
    pub fn leb32(&mut self) -> Result<u32> {
        let value = self.leb()?;
        u32::try_from(value).map_err(|_| self.error(format!("{value} does not fit in 32 bits")))
    }

    /// Zigzag LEB128.
    pub fn zigzag(&mut self) -> Result<i64> {
        let value = self.leb()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A byte that must be 0 or 1.
    pub fn bool(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.error(format!("{other} where 0 or 1 is expected"))),
        }
    }

    /// LEB128 length, then that many bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.leb()?;
        let len = usize::try_from(len).map_err(|_| self.error("length too large"))?;
        self.raw(len)
    }

    /// LEB128 length, then UTF-8.
    pub fn str(&mut self) -> Result<&'a str> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.error("text is not UTF-8"))
    }

    /// A count, then that many items. The count is bounded by the bytes left,
    /// so that damage cannot ask for unbounded memory.
    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = self.leb()?;
        if count > self.remaining() as u64 {
            return Err(self.error(format!("{count} items in {} bytes", self.remaining())));
        }
        let mut items = Vec::with_capacity((count as usize).min(4096));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// A presence byte, then the item if it is 1.
    pub fn option<T>(&mut self, item: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        Ok(if self.bool()? { Some(item(self)?) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        let values = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let mut w = Writer::new();
        for v in values {
            w.leb(v);
            w.zigzag(v as i64);
            w.u64(v);
        }
        let bytes = w.finish();
        let mut r = Reader::new("test", &bytes);
        for v in values {
            assert_eq!(r.leb(), Ok(v));
            assert_eq!(r.zigzag(), Ok(v as i64));
            assert_eq!(r.u64(), Ok(v));
        }
        r.finish().unwrap();
    }

    #[test]
    fn truncation_and_overlong_numbers_are_errors() {
        assert!(Reader::new("test", &[0x80]).leb().is_err());
        assert!(Reader::new("test", &[0xff; 11]).leb().is_err());
        assert!(Reader::new("test", &[5, b'a']).str().is_err());
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
        assert!(Reader::new("test", &huge).list(|r| r.u8()).is_err());
    }
}
