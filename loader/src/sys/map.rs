//! Address space: reservations that become accessible bit by bit, and private
//! mappings of files.
//!
//! No page is ever writable and executable, and none becomes executable after
//! it was writable: text is mapped executable from the file at once.
//!
//! # Safety
//!
//! A [`Mapping`] owns its address range: it is the only thing that maps,
//! protects or unmaps there. Methods that take `&self` only make inaccessible
//! pages accessible; those that replace pages take `&mut self`, and say what
//! else must hold.
#![allow(unsafe_code)]

use crate::sys::page::round_to_pages;
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap,
};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::{null_mut, with_exposed_provenance, with_exposed_provenance_mut};
use std::sync::atomic::AtomicU64;

/// A range of address space, unmapped on drop.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: usize,
    len: usize,
}

impl Mapping {
    /// Reserves `len` bytes (rounded up to pages) that nothing may access yet.
    pub(crate) fn reserve(len: usize) -> io::Result<Self> {
        let len = round_to_pages(len.max(1)).ok_or(io::ErrorKind::OutOfMemory)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping where the kernel finds room touches nothing.
        let base = unsafe { mmap_anonymous(null_mut(), len, ProtFlags::empty(), flags)? };
        Ok(Self { base: base.expose_provenance(), len })
    }

    /// None of the address space.
    pub(crate) const fn nothing() -> Self {
        Self { base: 0, len: 0 }
    }

    /// Address of the first byte.
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    /// Number of bytes, whole pages.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Makes pages readable and writable; they are zero where they were
    /// inaccessible. `offset` and `len` are rounded outwards to pages.
    pub(crate) fn commit(&self, offset: usize, len: usize) -> io::Result<()> {
        let (start, len) = self.pages(offset, len)?;
        if len == 0 {
            return Ok(());
        }
        let address = with_exposed_provenance_mut(start);
        // SAFETY: the pages are ours; giving more access breaks no reference.
        unsafe { mprotect(address, len, MprotectFlags::READ | MprotectFlags::WRITE)? };
        Ok(())
    }

    /// Gives the memory of pages back that were committed; when they are touched
    /// again they are zero, or what the file has that lies over them. `offset` and `len` are rounded outwards to pages.
    pub(crate) fn discard(&mut self, offset: usize, len: usize) -> io::Result<()> {
        let (start, len) = self.pages(offset, len)?;
        if len == 0 {
            return Ok(());
        }
        let address = with_exposed_provenance_mut(start);
        // SAFETY: the pages are ours, private, and borrowed by nobody else.
        unsafe { madvise(address, len, Advice::LinuxDontNeed)? };
        Ok(())
    }

    /// Makes pages inaccessible that were committed. `offset` and `len` are rounded
    /// outwards to pages.
    pub(crate) fn withdraw(&mut self, offset: usize, len: usize) -> io::Result<()> {
        let (start, len) = self.pages(offset, len)?;
        if len == 0 {
            return Ok(());
        }
        let address = with_exposed_provenance_mut(start);
        // SAFETY: the pages are ours, and borrowed by nobody else.
        unsafe { mprotect(address, len, MprotectFlags::empty())? };
        Ok(())
    }

    /// Makes pages that lie wholly in a range read-only, if there are any.
    pub(crate) fn seal(&mut self, offset: usize, len: usize) -> io::Result<()> {
        let page = crate::sys::page::page_size();
        let start = offset.next_multiple_of(page);
        let end = (offset + len) & !(page - 1);
        if start >= end {
            return Ok(());
        }
        let (start, len) = self.pages(start, end - start)?;
        // SAFETY: the pages are ours, and nobody has a reference to write them.
        unsafe { mprotect(with_exposed_provenance_mut(start), len, MprotectFlags::READ)? };
        Ok(())
    }

    /// Replaces pages by a private, writable view of `file`.
    ///
    /// # Safety
    ///
    /// Nothing refers to the pages' present contents.
    pub(crate) unsafe fn overlay(
        &mut self,
        offset: usize,
        len: usize,
        file: &File,
        at: u64,
    ) -> io::Result<()> {
        // SAFETY: as the caller promises.
        unsafe { self.replace(offset, len, file, at, ProtFlags::READ | ProtFlags::WRITE) }
    }

    unsafe fn replace(
        &mut self,
        offset: usize,
        len: usize,
        file: &File,
        at: u64,
        prot: ProtFlags,
    ) -> io::Result<()> {
        let (start, len) = self.pages(offset, len)?;
        if len == 0 {
            return Ok(());
        }
        let flags = MapFlags::PRIVATE | MapFlags::FIXED;
        let address = with_exposed_provenance_mut(start);
        // SAFETY: the range is inside this mapping; the caller answers for
        // what refers to it.
        unsafe { mmap(address, len, prot, flags, file, at)? };
        Ok(())
    }

    /// Address and length of the pages that hold a range; an error when it
    /// leaves the mapping.
    fn pages(&self, offset: usize, len: usize) -> io::Result<(usize, usize)> {
        let end = offset.checked_add(len).and_then(round_to_pages);
        let start = offset - offset % crate::sys::page::page_size();
        match end {
            Some(end) if end <= self.len => {
                Ok((self.base + start, if len == 0 { 0 } else { end - start }))
            }
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// Makes whole pages of a mapping accessible, or inaccessible. May be called in
/// a signal handler.
///
/// # Safety
///
/// Nothing that Rust knows of lies in the pages.
pub(crate) unsafe fn set_access(pages: &Range<usize>, access: bool) -> io::Result<()> {
    let flags = match access {
        true => MprotectFlags::READ | MprotectFlags::WRITE,
        false => MprotectFlags::empty(),
    };
    // SAFETY: as the caller promises.
    unsafe { mprotect(with_exposed_provenance_mut(pages.start), pages.len(), flags)? };
    Ok(())
}

/// A file, or a part of one that begins at a page, mapped for reading, and of
/// that a part for execution.
///
/// Its bytes are a plain slice because artifacts do not change under their
/// readers: they are written to a temporary name and renamed, or sealed.
#[derive(Debug)]
pub(crate) struct FileMapping {
    mapping: Mapping,
    /// Bytes of the mapping before the file's first.
    below: usize,
    /// Where in the file it begins.
    start: u64,
    len: usize,
}

impl FileMapping {
    /// Maps `len` bytes of `file` from `start` on, a multiple of the page size.
    pub(crate) fn new(file: &File, start: u64, len: usize) -> io::Result<Self> {
        let pages = round_to_pages(len.max(1)).ok_or(io::ErrorKind::OutOfMemory)?;
        let flags = MapFlags::PRIVATE;
        // SAFETY: a new mapping where the kernel finds room touches nothing.
        let base = unsafe { mmap(null_mut(), pages, ProtFlags::READ, flags, file, start)? };
        let mapping = Mapping { base: base.expose_provenance(), len: pages };
        Ok(Self { mapping, below: 0, start, len })
    }

    /// Maps `file` as [`FileMapping::new`] did, but at the address `base`, a
    /// multiple of the page size, if nothing is mapped there, and with
    /// `below` bytes before the first of the file, readable, writable and
    /// zero. Where `base` is taken the kernel finds another place.
    pub(crate) fn at(
        base: usize,
        below: usize,
        file: &File,
        start: u64,
        len: usize,
    ) -> io::Result<Self> {
        let total = below.checked_add(len.max(1)).and_then(round_to_pages);
        let total = total.ok_or(io::ErrorKind::OutOfMemory)?;
        let below = round_to_pages(below).ok_or(io::ErrorKind::OutOfMemory)?;
        let mapping = match base.checked_sub(below).and_then(|from| reserve_at(from, total)) {
            Some(mapping) => mapping,
            None => Mapping::reserve(total)?,
        };
        mapping.commit(0, below)?;
        let mut this = Self { mapping, below, start, len };
        // SAFETY: the mapping is new, nothing refers to its contents.
        unsafe { this.mapping.replace(below, len, file, start, ProtFlags::READ)? };
        Ok(this)
    }

    /// Makes a range executable, by mapping there what lies at `from`, counted
    /// from the start of what is mapped: the range itself, or code to take its
    /// place.
    pub(crate) fn make_text(
        &mut self,
        offset: usize,
        len: usize,
        file: &File,
        from: u64,
    ) -> io::Result<()> {
        let prot = ProtFlags::READ | ProtFlags::EXEC;
        // SAFETY: nothing refers to the code in the range yet, whose contents
        // stay the same if `from` is its own offset.
        unsafe { self.mapping.replace(self.below + offset, len, file, self.start + from, prot) }
    }

    /// Where in the file it begins.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Address of the first byte.
    pub(crate) fn base(&self) -> usize {
        self.mapping.base + self.below
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: mapped readable for as long as `self` lives; see the type
        // for why they do not change.
        unsafe { std::slice::from_raw_parts(with_exposed_provenance(self.base()), self.len) }
    }

    /// The 64-bit words below the file.
    pub(crate) fn words_below(&self) -> &[AtomicU64] {
        let start = with_exposed_provenance(self.mapping.base);
        // SAFETY: mapped readable and writable for as long as `self` lives,
        // and only reached through this.
        unsafe { std::slice::from_raw_parts(start, self.below / size_of::<AtomicU64>()) }
    }
}

/// Whole files, one after the other, each at a page: copies that are written
/// to before anyone else sees them. Pages that are not stay those of the files.
#[derive(Debug)]
pub(crate) struct FileCopy {
    mapping: Mapping,
    len: usize,
}

impl FileCopy {
    /// Copies files from these offsets on, and of these sizes in bytes. `edit` is
    /// given the bytes and where the last file starts; nothing comes of it if it
    /// gives nothing.
    pub(crate) fn new(
        files: &[(&File, u64, usize)],
        edit: impl FnOnce(&mut [u8], usize) -> Option<()>,
    ) -> Option<Self> {
        let (mut starts, mut len) = (Vec::new(), 0usize);
        for (.., size) in files {
            let start = round_to_pages(len)?;
            starts.push(start);
            len = start.checked_add(*size)?;
        }
        let last = *starts.last()?;
        let mut mapping = Mapping::reserve(len).ok()?;
        for ((file, from, size), start) in files.iter().zip(starts) {
            // SAFETY: the mapping is new, nothing refers to its contents.
            unsafe { mapping.overlay(start, *size, file, *from).ok()? };
        }
        let address = with_exposed_provenance_mut::<u8>(mapping.base);
        // SAFETY: all pages were just mapped readable and writable, and nothing
        // else refers to them.
        edit(unsafe { std::slice::from_raw_parts_mut(address, len) }, last)?;
        // SAFETY: the pages are ours, and nothing refers to them any more.
        unsafe { mprotect(address.cast(), mapping.len, MprotectFlags::READ).ok()? };
        Some(Self { mapping, len })
    }

    /// Address of the first byte.
    pub(crate) fn base(&self) -> usize {
        self.mapping.base
    }

    /// Number of bytes, to the end of the last file.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// Where mappings at a given address may begin: below, null pointers lead.
const LOWEST: usize = 64 << 10;

/// Reserves whole pages at an address, if nothing is mapped there.
fn reserve_at(start: usize, len: usize) -> Option<Mapping> {
    if start < LOWEST {
        return None;
    }
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED_NOREPLACE;
    let wanted = with_exposed_provenance_mut(start);
    // SAFETY: the flag keeps the kernel from replacing other mappings.
    let at = unsafe { mmap_anonymous(wanted, len, ProtFlags::empty(), flags) }.ok()?;
    // Kernels before 4.17 do not know the flag, and map where they like.
    Some(Mapping { base: at.expose_provenance(), len })
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.len == 0 {
            return;
        }
        // SAFETY: the range is ours, and whoever dropped it is done with it.
        let result = unsafe { munmap(with_exposed_provenance_mut(self.base), self.len) };
        debug_assert!(result.is_ok(), "unmapping {:#x}: {result:?}", self.base);
    }
}
