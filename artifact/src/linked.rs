//! Images that are linked into a program: the descriptor through which the
//! loader finds the pieces that the system linker has placed.
//!
//! `--emit obj` puts the sections of an artifact into a relocatable object,
//! with the same contents: the note, the module description and every table
//! are those of the artifact, and speak of places in *its* image. The object's
//! one global symbol is a descriptor, which says where in memory each range of
//! the image has come to lie:
//!
//! | offset | bytes | field |
//! |-|-|-|
//! | 0 | 8 | [`MAGIC`] |
//! | 8 | 8 | address of the [note](crate::note)'s contents |
//! | 16 | 8 | their size in bytes |
//! | 24 | 8 | number of pieces |
//! | 32 | 24 each | pieces: address, offset in the image, size in bytes |
//!
//! Numbers are little-endian; addresses are filled in by the system linker.
//! Pieces are ordered by offset and do not overlap. `.text` is one of them.

use crate::wire::{Reader, Result, Writer};

/// What a descriptor begins with. The last byte is the version of its layout;
/// that of the contents is in the note.
pub const MAGIC: [u8; 8] = *b"PRECAST\x01";
/// Size of the fields before the pieces.
pub const HEADER_SIZE: usize = 32;
/// Size of a piece.
pub const PIECE_SIZE: usize = 24;
/// More pieces than any image has.
pub const MAX_PIECES: u64 = 64;

/// The fields before the pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Address of the note's contents.
    pub note: u64,
    /// Their size.
    pub note_size: u64,
    /// Number of pieces, at most [`MAX_PIECES`].
    pub pieces: u64,
}

/// A range of the image and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Address in memory.
    pub address: u64,
    /// Offset in the artifact's image.
    pub offset: u64,
    /// Size in bytes.
    pub size: u64,
}

/// The bytes of a descriptor. Those of the addresses are replaced by
/// relocations, at the offsets that come second.
pub fn encode(note_size: u64, pieces: &[Piece]) -> (Vec<u8>, Vec<u64>) {
    let mut w = Writer::new();
    w.raw(&MAGIC);
    let mut addresses = vec![w.len() as u64];
    w.u64(0);
    w.u64(note_size);
    w.u64(pieces.len() as u64);
    for piece in pieces {
        addresses.push(w.len() as u64);
        w.u64(piece.address);
        w.u64(piece.offset);
        w.u64(piece.size);
    }
    (w.finish(), addresses)
}

impl Header {
    /// Reads the first [`HEADER_SIZE`] bytes; `None` when they are of no
    /// descriptor that this version knows.
    pub fn decode(bytes: &[u8; HEADER_SIZE]) -> Option<Self> {
        let mut r = Reader::new("descriptor", bytes);
        if r.raw(MAGIC.len()).ok()? != MAGIC {
            return None;
        }
        let header = Self { note: r.u64().ok()?, note_size: r.u64().ok()?, pieces: r.u64().ok()? };
        (header.pieces <= MAX_PIECES).then_some(header)
    }
}

/// Reads the pieces that follow the header.
pub fn decode_pieces(bytes: &[u8]) -> Result<Vec<Piece>> {
    let mut r = Reader::new("descriptor", bytes);
    let mut pieces = Vec::with_capacity(bytes.len() / PIECE_SIZE);
    for _ in 0..bytes.len() / PIECE_SIZE {
        pieces.push(Piece { address: r.u64()?, offset: r.u64()?, size: r.u64()? });
    }
    r.finish()?;
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_read_back() {
        let pieces = [
            Piece { address: 0x1000, offset: 64, size: 10 },
            Piece { address: 0x9000, offset: 4096, size: 7 },
        ];
        let (bytes, addresses) = encode(99, &pieces);
        assert_eq!(addresses, [8, 32, 56]);
        let (header, rest) = bytes.split_first_chunk().unwrap();
        let header = Header::decode(header).unwrap();
        assert_eq!(header, Header { note: 0, note_size: 99, pieces: 2 });
        assert_eq!(decode_pieces(rest).unwrap(), pieces);
        assert!(decode_pieces(&rest[1..]).is_err());
        assert_eq!(Header::decode(&[0; HEADER_SIZE]), None);
    }
}
