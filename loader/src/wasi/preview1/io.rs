//! Reading, writing and seeking: one system call each, on the guest's own
//! buffers.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::file::Whence;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::undefined;
use crate::wasi::preview1::iovec::Iovecs;
use crate::wasi::preview1::outcome::Result;

pub(super) fn fd_read(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nread: u32,
) -> Result<()> {
    let (descriptor, interrupt) = (ctx.table.get_mut(fd)?, &ctx.interrupt);
    let iovecs = Iovecs { pointer: iovs, count: iovs_len };
    iovecs.transfer(memory, nread, |buffers| descriptor.read(buffers, interrupt))
}

pub(super) fn fd_pread(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nread: u32,
) -> Result<()> {
    let (descriptor, interrupt) = (ctx.table.get(fd)?, &ctx.interrupt);
    let iovecs = Iovecs { pointer: iovs, count: iovs_len };
    iovecs.transfer(memory, nread, |buffers| descriptor.read_at(buffers, offset, interrupt))
}

pub(super) fn fd_write(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nwritten: u32,
) -> Result<()> {
    let (descriptor, interrupt) = (ctx.table.get_mut(fd)?, &ctx.interrupt);
    let iovecs = Iovecs { pointer: iovs, count: iovs_len };
    iovecs.transfer(memory, nwritten, |buffers| descriptor.write(buffers, interrupt))
}

pub(super) fn fd_pwrite(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nwritten: u32,
) -> Result<()> {
    let (descriptor, interrupt) = (ctx.table.get(fd)?, &ctx.interrupt);
    let iovecs = Iovecs { pointer: iovs, count: iovs_len };
    iovecs.transfer(memory, nwritten, |buffers| descriptor.write_at(buffers, offset, interrupt))
}

pub(super) fn fd_seek(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    new_offset: u32,
) -> Result<()> {
    let whence = match whence {
        0 => Whence::Set,
        1 => Whence::Cur,
        2 => Whence::End,
        other => return Err(undefined("whence", other)),
    };
    let position = ctx.table.get_mut(fd)?.seek(offset as i64, whence)?;
    Ok(memory.write_u64(new_offset, position)?)
}

pub(super) fn fd_tell(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    offset: u32,
) -> Result<()> {
    let position = ctx.table.get_mut(fd)?.seek(0, Whence::Cur)?;
    Ok(memory.write_u64(offset, position)?)
}

#[cfg(test)]
mod tests {
    use crate::wasi::preview1::testing::Guest;
    use crate::wasi::testing::Scratch;
    use crate::wasi::{Bytes, Capture, Errno, Input, Output, WasiCtxBuilder};

    const READ: u64 = 1 << 1;
    const WRITE: u64 = 1 << 6;

    /// Places a list of these buffers; returns pointer and count.
    fn list(guest: &mut Guest, buffers: &[[u64; 2]]) -> [u64; 2] {
        let words: Vec<u8> =
            buffers.iter().flatten().flat_map(|word| (*word as u32).to_le_bytes()).collect();
        let [pointer, _] = guest.place(words);
        [pointer, buffers.len() as u64]
    }

    #[test]
    fn lists_are_written_and_read_whole() {
        let scratch = Scratch::new();
        let mut guest = Guest::new(scratch.context());
        let fd = guest.open("file", 1, READ | WRITE).unwrap();
        let parts = [guest.place("one "), guest.place(""), guest.place("two")];
        let [iovs, count] = list(&mut guest, &parts);
        assert_eq!(guest.call("fd_write", &[fd, iovs, count, 0]), Errno::Success);
        assert_eq!(guest.result(), 7);
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"one two");

        let targets = [guest.place([0; 2]), guest.place([0; 30])];
        let [iovs, count] = list(&mut guest, &targets);
        let read = guest.call("fd_pread", &[fd, iovs, count, 1, 0]);
        assert_eq!((read, guest.result()), (Errno::Success, 6));
        assert_eq!(guest.bytes_at(targets[0]), b"ne");
        assert_eq!(guest.bytes_at(targets[1])[..5], *b" two\0");
    }

    #[test]
    fn standard_streams_in_memory() {
        let (out, err) = (Capture::new(), Capture::new());
        let ctx = WasiCtxBuilder::new()
            .stdin(Input::Bytes(Bytes::new(*b"input")))
            .stdout(Output::Capture(out.clone()))
            .stderr(Output::Capture(err.clone()))
            .build();
        let mut guest = Guest::new(ctx);
        let text = guest.place("text");
        let [iovs, count] = list(&mut guest, &[text, text]);
        assert_eq!(guest.call("fd_write", &[1, iovs, count, 0]), Errno::Success);
        assert_eq!(guest.result(), 8);
        assert_eq!(guest.call("fd_write", &[2, iovs, 1, 0]), Errno::Success);
        assert_eq!((out.take(), err.take()), (b"texttext".to_vec(), b"text".to_vec()));
        assert_eq!(guest.call("fd_read", &[0, iovs, 1, 0]), Errno::Success);
        assert_eq!(guest.bytes_at(text), b"inpu");
        assert_eq!(guest.call("fd_read", &[0, iovs, 1, 0]), Errno::Success);
        assert_eq!(guest.result(), 1);
        assert_eq!(guest.call("fd_read", &[0, iovs, 1, 0]), Errno::Success);
        assert_eq!(guest.result(), 0);
    }

    #[test]
    fn a_closed_standard_output_is_an_error() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        drop(reader);
        let ctx = WasiCtxBuilder::new().stdout(Output::Fd(writer)).build();
        let mut guest = Guest::new(ctx);
        let text = guest.place("text");
        let [iovs, count] = list(&mut guest, &[text]);
        assert_eq!(guest.call("fd_write", &[1, iovs, count, 0]), Errno::Pipe);
    }

    #[test]
    fn appending_moves_the_position() {
        let scratch = Scratch::new();
        scratch.write("log", "12345");
        let mut guest = Guest::new(scratch.context());
        let fd = guest.open("log", 0, READ | WRITE).unwrap();
        assert_eq!(guest.call("fd_fdstat_set_flags", &[fd, 1]), Errno::Success);
        let text = guest.place("678");
        let [iovs, count] = list(&mut guest, &[text]);
        guest.call("fd_write", &[fd, iovs, count, 0]);
        assert_eq!(guest.call("fd_tell", &[fd, 0]), Errno::Success);
        assert_eq!(guest.result(), 8);
        guest.call("fd_fdstat_set_flags", &[fd, 0]);
        guest.call("fd_write", &[fd, iovs, 1, 0]);
        assert_eq!(std::fs::read(scratch.path("log")).unwrap(), b"12345678678");
    }
}
