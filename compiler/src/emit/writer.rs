//! The image as it is written: from front to back, each piece at its offset.

use std::io::{self, BufWriter, Write};

/// Functions are small: this many bytes go out at once.
const BUFFER: usize = 256 << 10;

/// Writes a file whose layout is known.
pub(super) struct ImageWriter<'a> {
    out: BufWriter<&'a mut dyn Write>,
    at: u64,
}

impl<'a> ImageWriter<'a> {
    /// At the start of the file.
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self::starting_at(out, 0)
    }

    /// As if everything before the offset `at` were written.
    pub(super) fn starting_at(out: &'a mut dyn Write, at: u64) -> Self {
        Self { out: BufWriter::with_capacity(BUFFER, out), at }
    }

    /// The offset of the next byte.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Fills up to the offset `to`.
    pub(super) fn pad_to(&mut self, to: u64, fill: u8) -> io::Result<()> {
        let mut left = to.checked_sub(self.at).expect("pieces are written in order");
        let block = [fill; 4096];
        while left != 0 {
            let size = left.min(block.len() as u64);
            self.write(&block[..size as usize])?;
            left -= size;
        }
        Ok(())
    }

    /// Writes the next bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Writes bytes at the offset `at`, with zeros before them.
    pub(super) fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.pad_to(at, 0)?;
        self.write(bytes)
    }

    /// Hands the last bytes on.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Counts what is written.
pub(super) struct CountingWriter<'a> {
    out: BufWriter<&'a mut dyn Write>,
    written: u64,
}

impl<'a> CountingWriter<'a> {
    /// Nothing is written yet.
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out: BufWriter::with_capacity(BUFFER, out), written: 0 }
    }

    /// Hands the last bytes on. Gives the number of all.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.written)
    }
}

impl Write for CountingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.out.write(bytes)?;
        self.written += size as u64;
        Ok(size)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled() {
        let mut file = Vec::new();
        let mut out = ImageWriter::new(&mut file);
        out.write(&[1, 2]).unwrap();
        out.pad_to(4, 0xcc).unwrap();
        out.write_at(10_000, &[3]).unwrap();
        out.finish().unwrap();
        assert_eq!(file.len(), 10_001);
        assert_eq!(file[..5], [1, 2, 0xcc, 0xcc, 0]);
        assert_eq!(file[10_000], 3);
    }
}
