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
//! | 24 | 8 | address of the [debug cell](crate::container::DEBUG_CELL), or zero |
//! | 32 | 8 | number of pieces |
//! | 40 | 24 each | pieces: address, offset in the image, size in bytes |
//!
//! Numbers are little-endian; addresses are filled in by the system linker.
//! Pieces are ordered by offset and do not overlap. `.text` is one of them.

use crate::wire::{Reader, Result, Writer};

/// What a descriptor begins with. The last byte is the version of its layout;
/// that of the contents is in the note.
pub const MAGIC: [u8; 8] = *b"PRECAST\x01";
/// Size of the fields before the pieces.
pub const HEADER_SIZE: usize = 40;
/// Size of a piece.
pub const PIECE_SIZE: usize = 24;
/// More pieces than any image has.
pub const MAX_PIECES: u64 = 64;

/// The fields before the pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageDescriptor {
    /// Address of the note's contents.
    pub note: u64,
    /// Their size.
    pub note_size: u64,
    /// Address of the debug cell, or zero.
    pub cell: u64,
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

/// The bytes of a descriptor, with zeros for addresses, which relocations at
/// [`NOTE_ADDRESS`], [`CELL_ADDRESS`] and [`piece_address`] fill in.
pub fn encode(note_size: u64, pieces: &[Piece]) -> Vec<u8> {
    let mut w = Writer::new();
    w.raw(&MAGIC);
    w.u64(0);
    w.u64(note_size);
    w.u64(0);
    w.u64(pieces.len() as u64);
    for piece in pieces {
        w.u64(piece.address);
        w.u64(piece.offset);
        w.u64(piece.size);
    }
    w.finish()
}

/// Where in a descriptor the note's address stands.
pub const NOTE_ADDRESS: u64 = 8;
/// Where the debug cell's address stands.
pub const CELL_ADDRESS: u64 = 24;

/// Where the address of a piece stands.
pub fn piece_address(index: usize) -> u64 {
    (HEADER_SIZE + index * PIECE_SIZE) as u64
}

impl ImageDescriptor {
    /// Reads the first [`HEADER_SIZE`] bytes; `None` when they are of no
    /// descriptor that this version knows.
    pub fn decode(bytes: &[u8; HEADER_SIZE]) -> Option<Self> {
        let mut r = Reader::new("descriptor", bytes);
        if r.raw(MAGIC.len()).ok()? != MAGIC {
            return None;
        }
        let (note, note_size) = (r.u64().ok()?, r.u64().ok()?);
        let (cell, pieces) = (r.u64().ok()?, r.u64().ok()?);
        let header = Self { note, note_size, cell, pieces };
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
        let bytes = encode(99, &pieces);
        let address = piece_address(1) as usize;
        assert_eq!(bytes[address..][..8], 0x9000u64.to_le_bytes());
        let (header, rest) = bytes.split_first_chunk().unwrap();
        let header = ImageDescriptor::decode(header).unwrap();
        assert_eq!(header, ImageDescriptor { note: 0, note_size: 99, cell: 0, pieces: 2 });
        assert_eq!(decode_pieces(rest).unwrap(), pieces);
        assert!(decode_pieces(&rest[1..]).is_err());
        assert_eq!(ImageDescriptor::decode(&[0; HEADER_SIZE]), None);
    }
}
