//! Reading directories.
//!
//! A cookie is a position in the list of entries: 0 is the start, and each
//! entry's `d_next` is its own position plus one. Reading from the start takes
//! a new list, which later calls continue: entries neither repeat nor get lost
//! while the guest creates and removes files, and a directory of any size is
//! read from the kernel once.

use crate::sys::buffer::Buffer;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::dirent;
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::Result;

pub(super) fn fd_readdir(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    buf: u32,
    buf_len: u32,
    cookie: u64,
    used: u32,
) -> Result<()> {
    let Descriptor::Directory(directory) = ctx.table.get_mut(fd)? else {
        return Err(Errno::Notdir.into());
    };
    let listing = directory.listing(cookie == 0, &ctx.listings)?;
    let mut rest = memory.buffer(buf, buf_len)?;
    // No list has more entries than addresses.
    let entries = listing.from(usize::try_from(cookie).unwrap_or(usize::MAX));
    for (entry, next) in entries.zip(cookie.saturating_add(1)..) {
        if rest.len() == 0 {
            break;
        }
        // Names are at most 255 bytes on Linux.
        let name_len = entry.name.len() as u32;
        rest = fill(rest, &dirent(next, entry.inode, name_len, entry.kind.into()));
        rest = fill(rest, entry.name);
    }
    let left = rest.len() as u32;
    Ok(memory.write_u32(used, buf_len - left)?)
}

/// Copies as much of `bytes` as fits and returns the space left.
fn fill<'m>(target: Buffer<'m>, bytes: &[u8]) -> Buffer<'m> {
    target.split(target.copy_from(bytes)).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::testing::Scratch;

    /// Reads a whole directory through a buffer of `buf_len` bytes, as
    /// wasi-libc does, and returns names and types.
    fn read_all(scratch: &Scratch, buf_len: u32) -> Vec<(String, u8)> {
        let mut ctx = scratch.context();
        let mut bytes = vec![0; 4096];
        let memory = GuestMemory::new(&mut bytes);
        let (mut cookie, mut found) = (0, Vec::new());
        loop {
            fd_readdir(&mut ctx, &memory, 3, 8, buf_len, cookie, 0).unwrap();
            let used = u32::from_le_bytes(memory.read_record(0, 4).unwrap());
            let mut at = 8;
            while at + 24 <= 8 + used {
                let header: [u8; 24] = memory.read_record(at, 1).unwrap();
                let len = u32::from_le_bytes(header[16..20].try_into().unwrap());
                if at + 24 + len > 8 + used {
                    break;
                }
                let name = String::from_utf8(memory.bytes(at + 24, len).unwrap()).unwrap();
                cookie = u64::from_le_bytes(header[..8].try_into().unwrap());
                found.push((name, header[20]));
                at += 24 + len;
            }
            if used < buf_len {
                return found;
            }
            assert!(at > 8, "the buffer holds no entry");
        }
    }

    #[test]
    fn every_entry_once_through_any_buffer() {
        let scratch = Scratch::new();
        let mut expected = vec![(".".to_owned(), 3), ("..".to_owned(), 3)];
        for index in 0..50 {
            let name = format!("file-{index}");
            scratch.write(&name, "");
            expected.push((name, 4));
        }
        scratch.symlink("nowhere", "link");
        scratch.mkdir("sub");
        expected.extend([("link".to_owned(), 7), ("sub".to_owned(), 3)]);
        expected.sort();
        for buf_len in [31, 32, 64, 100, 4000] {
            let mut found = read_all(&scratch, buf_len);
            assert_eq!(found[0].0, ".");
            assert_eq!(found[1].0, "..");
            found.sort();
            assert_eq!(found, expected, "with a buffer of {buf_len} bytes");
        }
    }

    #[test]
    fn the_last_entry_is_cut_off_at_the_end_of_the_buffer() {
        let scratch = Scratch::new();
        let mut ctx = scratch.context();
        let mut bytes = vec![0xee; 256];
        let memory = GuestMemory::new(&mut bytes);
        for (buf_len, names) in [(10, ""), (24, ""), (25, "."), (49, "."), (50, "..")] {
            fd_readdir(&mut ctx, &memory, 3, 8, buf_len, 0, 0).unwrap();
            let used = u32::from_le_bytes(memory.read_record(0, 4).unwrap());
            assert_eq!(used, buf_len);
            assert_eq!(memory.bytes(8 + buf_len, 1).unwrap(), [0xee]);
            let last = memory.bytes(8 + buf_len - names.len().min(1) as u32, 1);
            if !names.is_empty() && buf_len != 49 {
                assert_eq!(last.unwrap(), b".");
            }
        }
        // Both entries whole: 2 headers and 3 bytes of names.
        fd_readdir(&mut ctx, &memory, 3, 8, 100, 0, 0).unwrap();
        assert_eq!(memory.read_record(0, 4).unwrap(), 51u32.to_le_bytes());
        fd_readdir(&mut ctx, &memory, 3, 8, 100, u64::MAX, 0).unwrap();
        assert_eq!(memory.read_record(0, 4).unwrap(), 0u32.to_le_bytes());
    }

    #[test]
    fn removing_while_reading_skips_nothing() {
        let scratch = Scratch::new();
        for index in 0..40 {
            scratch.write(&format!("{index}"), "");
        }
        let mut ctx = scratch.context();
        let mut bytes = vec![0; 256];
        let memory = GuestMemory::new(&mut bytes);
        let (mut cookie, mut removed) = (0, 0);
        loop {
            fd_readdir(&mut ctx, &memory, 3, 8, 27, cookie, 0).unwrap();
            if memory.read_record(0, 4).unwrap() == 0u32.to_le_bytes() {
                break;
            }
            let header: [u8; 24] = memory.read_record(8, 1).unwrap();
            cookie = u64::from_le_bytes(header[..8].try_into().unwrap());
            let name = memory.bytes(32, u32::from(header[16])).unwrap();
            let name = std::str::from_utf8(&name).unwrap();
            if !name.starts_with('.') {
                std::fs::remove_file(scratch.path(name)).unwrap();
                removed += 1;
            }
        }
        assert_eq!(removed, 40);
    }

    #[test]
    fn names_that_are_not_utf8() {
        use std::os::unix::ffi::OsStrExt;
        let scratch = Scratch::new();
        let name = std::ffi::OsStr::from_bytes(b"\xff");
        std::fs::write(scratch.path("").join(name), "").unwrap();
        let mut ctx = scratch.context();
        let mut bytes = vec![0; 256];
        let memory = GuestMemory::new(&mut bytes);
        fd_readdir(&mut ctx, &memory, 3, 8, 100, 0, 0).unwrap();
        let used = u32::from_le_bytes(memory.read_record(0, 4).unwrap());
        // Three headers, `.`, `..` and one byte.
        assert_eq!(used, 3 * 24 + 4);
        assert_eq!(memory.bytes(8 + used - 1, 1).unwrap(), [0xff]);
    }
}
