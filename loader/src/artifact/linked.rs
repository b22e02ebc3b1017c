//! Images that are linked into this program: their bytes lie where the system
//! linker has put them, and their code is the program's own.
//!
//! # Safety
//!
//! A descriptor's addresses were filled in by the system linker. Whoever hands
//! one over promises that it is one, and that what it was linked into stays
//! loaded.
#![allow(unsafe_code)]

use crate::sys::map::FileMapping;
use crate::sys::program;
use precast_artifact::container::{CELL_WORDS, OpenError, symbols_at_place};
use precast_artifact::linked::{self, HEADER_SIZE, ImageDescriptor, PIECE_SIZE, Piece};
use precast_artifact::module::{Module, Range};
use precast_artifact::note::{Note, NoteError};
use std::fs::File;
use std::ptr::with_exposed_provenance;
use std::sync::atomic::AtomicU64;

/// The pieces of an image, ordered by their offset in it.
#[derive(Debug)]
pub(crate) struct Linked {
    pieces: Vec<(u64, &'static [u8])>,
    cell: &'static [AtomicU64],
}

impl Linked {
    /// Reads a descriptor.
    ///
    /// # Safety
    ///
    /// At least [`HEADER_SIZE`] bytes can be read at `descriptor`; and if they
    /// begin as a descriptor does, it is one that the compiler has made and the
    /// system linker has completed, in a program or library that stays loaded.
    pub(super) unsafe fn read(descriptor: *const u8) -> Result<(Note, Self), OpenError> {
        // SAFETY: as the caller promises.
        let header = unsafe { &*descriptor.cast::<[u8; HEADER_SIZE]>() };
        let header = ImageDescriptor::decode(header).ok_or(OpenError::NotPrecast)?;
        // SAFETY: a descriptor continues with its pieces, and its note and all
        // pieces are read-only parts of the program.
        let (note, pieces) = unsafe {
            let size = header.pieces as usize * PIECE_SIZE;
            let pieces = std::slice::from_raw_parts(descriptor.add(HEADER_SIZE), size);
            (bytes_at(header.note, header.note_size), pieces)
        };
        let note = Note::decode(note).map_err(|error| match error {
            NoteError::Version(versions) => OpenError::Version(versions),
            NoteError::Damaged(error) => OpenError::Damaged(error.to_string()),
        })?;
        let pieces = linked::decode_pieces(pieces);
        let pieces = pieces.map_err(|error| OpenError::Damaged(error.to_string()))?;
        let piece = |piece: &Piece| {
            // SAFETY: as above.
            (piece.offset, unsafe { bytes_at(piece.address, piece.size) })
        };
        let pieces: Vec<_> = pieces.iter().map(piece).collect();
        if !pieces.is_sorted_by_key(|(offset, _)| *offset) {
            return Err(OpenError::Damaged("its pieces are out of order".to_owned()));
        }
        let cell: &'static [AtomicU64] = match header.cell {
            0 => &[],
            // SAFETY: words that belong to us.
            address => unsafe {
                std::slice::from_raw_parts(with_exposed_provenance(address as usize), CELL_WORDS)
            },
        };
        Ok((note, Self { pieces, cell }))
    }

    /// The words in which debug information looks for the newest instance, if
    /// there is any.
    pub(super) fn cell(&self) -> &[AtomicU64] {
        self.cell
    }

    /// The bytes of a range of the image, if it is one that is here.
    pub(super) fn bytes(&self, range: Range) -> Option<&'static [u8]> {
        if range.size == 0 {
            return Some(&[]);
        }
        let after = self.pieces.partition_point(|(offset, _)| *offset <= range.offset);
        let (offset, bytes) = self.pieces.get(after.checked_sub(1)?)?;
        let start = (range.offset - offset) as usize;
        bytes.get(start..start.checked_add(usize::try_from(range.size).ok()?)?)
    }

    /// Address of an offset in the image; zero when nothing is there.
    pub(super) fn address(&self, offset: u64) -> usize {
        self.bytes(Range { offset, size: 1 }).map_or(0, |bytes| bytes.as_ptr().expose_provenance())
    }

    /// Every range that a module names is here.
    pub(super) fn check(&self, module: &Module) -> Result<(), String> {
        let tables = module.tables.iter().map(|table| table.image);
        let runs = module.runs.iter().map(|run| run.image);
        let fixed = [
            module.text,
            module.function_table,
            module.site_table,
            module.handler_table,
            module.context,
        ];
        let mut all =
            fixed.into_iter().chain(tables).chain(runs).chain(module.data.iter().copied());
        match all.find(|range| self.bytes(*range).is_none()) {
            Some(range) => {
                Err(format!("{} bytes at {:#x} were not linked", range.size, range.offset))
            }
            None => Ok(()),
        }
    }
}

/// Names of the functions at an address of this program, from the symbol table
/// of the file that it was loaded from.
pub(super) fn names_at(address: usize) -> Vec<String> {
    let names = || {
        let (path, offset) = program::file_of(address)?;
        let file = File::open(path).ok()?;
        let len = file.metadata().ok()?.len() as usize;
        let mapping = FileMapping::new(&file, 0, len).ok()?;
        let names = symbols_at_place(mapping.bytes(), offset).into_iter();
        Some(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    };
    names().unwrap_or_default()
}

/// # Safety
///
/// `size` bytes at `address` can be read, and are never written, as long as
/// the process lives.
unsafe fn bytes_at(address: u64, size: u64) -> &'static [u8] {
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(with_exposed_provenance(address as usize), size as usize) }
}
