//! Executables with an artifact in them: `precast-run`, and behind it
//!
//! | bytes | |
//! |-|-|
//! | zeroes | up to a multiple of 64 KiB, the largest page |
//! | the artifact | as it would be a file of its own; mapped from here |
//! | options | of `precast-run`, each with a zero byte behind it |
//! | [`Trailer`] | where these are, at the end of the file |
//!
//! What lies behind the last segment and section of an ELF file means nothing to
//! the system, so this is made without a linker, for any machine.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// What artifacts begin at a multiple of.
const PAGE: u64 = 64 << 10;

const MAGIC: [u8; 16] = *b"precast program\n";

/// Bytes of a trailer: three numbers of 64 bits, little-endian, and the magic.
const TRAILER: usize = 40;

/// Where the parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// The artifact.
    pub artifact: Range<u64>,
    /// Bytes of options behind it.
    options: u64,
}

/// What a program has in it.
#[derive(Debug)]
pub struct Embedded {
    /// The program.
    pub file: File,
    /// The artifact in it.
    pub artifact: Range<u64>,
    /// Options of `precast-run` that it is started with.
    pub options: Vec<String>,
}

impl Trailer {
    /// Of a file of this size that ends with these bytes, if it has one.
    pub fn read(end: &[u8; TRAILER], size: u64) -> Option<Self> {
        let number = |at: usize| u64::from_le_bytes(end[at..at + 8].try_into().expect("8 bytes"));
        let (start, len, options) = (number(0), number(8), number(16));
        let whole = start.checked_add(len)?.checked_add(options)?.checked_add(TRAILER as u64)?;
        let fits = end[24..] == MAGIC && start.is_multiple_of(PAGE) && whole == size;
        fits.then(|| Self { artifact: start..start + len, options })
    }

    fn bytes(&self) -> [u8; TRAILER] {
        let mut bytes = [0; TRAILER];
        let len = self.artifact.end - self.artifact.start;
        for (at, number) in [self.artifact.start, len, self.options].into_iter().enumerate() {
            bytes[at * 8..at * 8 + 8].copy_from_slice(&number.to_le_bytes());
        }
        bytes[24..].copy_from_slice(&MAGIC);
        bytes
    }
}

/// Writes an executable: this loader with an artifact, to be started with these
/// options.
///
/// # Errors
///
/// When `out` fails.
pub fn write(
    loader: &[u8],
    artifact: &[u8],
    options: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let size = loader.len() as u64;
    let start = size.next_multiple_of(PAGE);
    let options: Vec<u8> = options.iter().flat_map(|o| o.bytes().chain([0])).collect();
    let end = start + artifact.len() as u64;
    let trailer = Trailer { artifact: start..end, options: options.len() as u64 };
    out.write_all(loader)?;
    out.write_all(&vec![0; (start - size) as usize])?;
    out.write_all(artifact)?;
    out.write_all(&options)?;
    out.write_all(&trailer.bytes())
}

/// What the program that runs has in it; nothing if it is a plain loader.
pub fn own() -> Option<Embedded> {
    let mut file = File::open("/proc/self/exe").ok()?;
    let size = file.metadata().ok()?.len();
    let mut end = [0; TRAILER];
    file.seek(SeekFrom::End(-(TRAILER as i64))).ok()?;
    file.read_exact(&mut end).ok()?;
    let Trailer { artifact, options } = Trailer::read(&end, size)?;
    file.seek(SeekFrom::Start(artifact.end)).ok()?;
    let mut text = String::new();
    (&file).take(options).read_to_string(&mut text).ok()?;
    let options = text.split_terminator('\0').map(str::to_owned).collect();
    Some(Embedded { file, artifact, options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_found_again() {
        let options = ["--env=A=b c", ""].map(str::to_owned);
        let mut program = Vec::new();
        write(&[7; 100], b"artifact", &options, &mut program).unwrap();
        let end = program.last_chunk().unwrap();
        let size = program.len() as u64;
        let trailer = Trailer::read(end, size).unwrap();
        let Range { start, end: after } = trailer.artifact;
        assert_eq!((start, &program[start as usize..after as usize]), (PAGE, &b"artifact"[..]));
        let text = &program[after as usize..][..trailer.options as usize];
        assert_eq!(text, b"--env=A=b c\0\0");
        // Cut off, or with more behind it, it is none.
        assert_eq!(Trailer::read(end, size - 1), None);
        assert_eq!(Trailer::read(end, size + 1), None);
        assert_eq!(Trailer::read(&[0; TRAILER], size), None);
    }
}
