//! Sockets that the host passed in.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::{fdflags, flags};
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::iovec::Iovecs;
use crate::wasi::preview1::outcome::Result;
use rustix::net::Shutdown;

/// `$riflags`.
const RECV_PEEK: u64 = 1 << 0;
const RECV_WAITALL: u64 = 1 << 1;
/// `$roflags`.
const RECV_DATA_TRUNCATED: u16 = 1 << 0;
/// `$sdflags`.
const SHUTDOWN_READ: u64 = 1 << 0;
const SHUTDOWN_WRITE: u64 = 1 << 1;

pub(super) fn sock_accept(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    raw: u32,
    accepted: u32,
) -> Result<()> {
    let wanted = flags("fdflags", raw, fdflags::ALL)?;
    let listener = ctx.table.socket(fd)?;
    if wanted.bits() & !fdflags::NONBLOCK != 0 {
        return Err(Errno::Inval.into());
    }
    // Before a connection is taken.
    ctx.table.room()?;
    let connection = listener.accept(wanted.has(fdflags::NONBLOCK), &ctx.interrupt)?;
    let number = ctx.table.insert(Descriptor::Socket(connection))?;
    Ok(memory.write_u32(accepted, number)?)
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn sock_recv(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    ri_data: u32,
    ri_data_len: u32,
    ri_flags: u32,
    ro_datalen: u32,
    ro_flags: u32,
) -> Result<()> {
    let wanted = flags("riflags", ri_flags, RECV_PEEK | RECV_WAITALL)?;
    let socket = ctx.table.socket(fd)?;
    let (peek, wait_all) = (wanted.has(RECV_PEEK), wanted.has(RECV_WAITALL));
    let iovecs = Iovecs { pointer: ri_data, count: ri_data_len };
    let received = iovecs
        .with(memory, |buffers| socket.receive(buffers, peek, wait_all, &ctx.interrupt))??;
    memory.write_u32(ro_datalen, received.bytes as u32)?;
    Ok(memory.write_u16(ro_flags, if received.truncated { RECV_DATA_TRUNCATED } else { 0 })?)
}

pub(super) fn sock_send(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    si_data: u32,
    si_data_len: u32,
    si_flags: u32,
    so_datalen: u32,
) -> Result<()> {
    // `$siflags` is a number of 16 bits, of which none means anything yet.
    flags("siflags", si_flags, u64::from(u16::MAX))?;
    let socket = ctx.table.socket(fd)?;
    if si_flags != 0 {
        return Err(Errno::Inval.into());
    }
    let iovecs = Iovecs { pointer: si_data, count: si_data_len };
    let sent = iovecs.with(memory, |buffers| socket.send(buffers, &ctx.interrupt))??;
    Ok(memory.write_u32(so_datalen, sent as u32)?)
}

pub(super) fn sock_shutdown(
    ctx: &mut WasiCtx,
    _memory: &GuestMemory<'_>,
    fd: u32,
    how: u32,
) -> Result<()> {
    let how = flags("sdflags", how, SHUTDOWN_READ | SHUTDOWN_WRITE)?;
    let socket = ctx.table.socket(fd)?;
    let how = match (how.has(SHUTDOWN_READ), how.has(SHUTDOWN_WRITE)) {
        (true, true) => Shutdown::Both,
        (true, false) => Shutdown::Read,
        (false, true) => Shutdown::Write,
        (false, false) => return Err(Errno::Inval.into()),
    };
    Ok(socket.shutdown(how)?)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use super::*;
    use crate::wasi::preview1::abi::Filetype;
    use crate::wasi::preview1::testing::Guest;
    use crate::wasi::{Outcome, WasiCtxBuilder};

    /// A guest whose descriptor 3 is one end of a pair.
    fn pair() -> (Guest, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut builder = WasiCtxBuilder::new();
        builder.preopen_socket(theirs.into()).unwrap();
        (Guest::new(builder.build()), ours)
    }

    /// A list of one buffer of `len` bytes: the list's pointer, the buffer.
    fn buffer(guest: &mut Guest, bytes: &[u8]) -> (u64, [u64; 2]) {
        let place = guest.place(bytes);
        let words = [place[0] as u32, place[1] as u32].map(u32::to_le_bytes);
        let [list, _] = guest.place(words.concat());
        (list, place)
    }

    #[test]
    fn send_and_receive() {
        let (mut guest, mut ours) = pair();
        let (list, place) = buffer(&mut guest, b"ping");
        assert_eq!(guest.call("sock_send", &[3, list, 1, 0, 0]), Errno::Success);
        assert_eq!(guest.result(), 4);
        let mut bytes = [0; 4];
        ours.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"ping");

        ours.write_all(b"pong").unwrap();
        let peek = guest.call("sock_recv", &[3, list, 1, RECV_PEEK, 0, 8]);
        assert_eq!((peek, guest.result()), (Errno::Success, 4));
        assert_eq!(guest.bytes_at(place), b"pong");
        assert_eq!(guest.call("fd_read", &[3, list, 1, 0]), Errno::Success);
        assert_eq!(guest.result(), 4);
        assert_eq!(guest.call("fd_write", &[3, list, 1, 0]), Errno::Success);
        ours.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"pong");
    }

    #[test]
    fn closing_one_side() {
        let (mut guest, mut ours) = pair();
        let (list, _) = buffer(&mut guest, b"ping");
        assert_eq!(guest.call("sock_shutdown", &[3, 0]), Errno::Inval);
        assert_eq!(guest.call("sock_shutdown", &[3, SHUTDOWN_WRITE]), Errno::Success);
        assert_eq!(ours.read(&mut [0]).unwrap(), 0);
        // No signal kills the host.
        assert_eq!(guest.call("sock_send", &[3, list, 1, 0, 0]), Errno::Pipe);
        assert_eq!(guest.call("fd_write", &[3, list, 1, 0]), Errno::Pipe);
        drop(ours);
        let end = guest.call("sock_recv", &[3, list, 1, 0, 0, 8]);
        assert_eq!((end, guest.result()), (Errno::Success, 0));
    }

    #[test]
    fn a_datagram_that_does_not_fit() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let mut builder = WasiCtxBuilder::new();
        builder.preopen_socket(theirs.into()).unwrap();
        let mut guest = Guest::new(builder.build());
        ours.send(b"0123456789").unwrap();
        let (list, place) = buffer(&mut guest, b"....");
        let received = guest.call("sock_recv", &[3, list, 1, 0, 0, 8]);
        assert_eq!((received, guest.result()), (Errno::Success, 4));
        assert_eq!(guest.bytes_at(place), b"0123");
        assert_eq!(guest.bytes_at([8, 2]), RECV_DATA_TRUNCATED.to_le_bytes());
        guest.call("fd_fdstat_get", &[3, 0]);
        assert_eq!(guest.bytes[0], Filetype::SocketDgram as u8);
    }

    #[test]
    fn accept() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut builder = WasiCtxBuilder::new();
        builder.preopen_socket(listener.into()).unwrap();
        let mut guest = Guest::new(builder.build());
        assert_eq!(guest.call("sock_accept", &[3, fdflags::APPEND, 0]), Errno::Inval);
        let nonblock = guest.call("fd_fdstat_set_flags", &[3, fdflags::NONBLOCK]);
        assert_eq!(nonblock, Errno::Success);
        assert_eq!(guest.call("sock_accept", &[3, 0, 0]), Errno::Again);

        let mut client = TcpStream::connect(address).unwrap();
        let accepted = guest.call("sock_accept", &[3, fdflags::NONBLOCK, 0]);
        assert_eq!((accepted, guest.result()), (Errno::Success, 4));
        let (list, place) = buffer(&mut guest, b"....");
        let nothing = guest.call("sock_recv", &[4, list, 1, 0, 0, 8]);
        assert_eq!(nothing, Errno::Again);
        client.write_all(b"abcd").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        guest.call("fd_fdstat_set_flags", &[4, 0]);
        let received = guest.call("sock_recv", &[4, list, 1, RECV_WAITALL, 0, 8]);
        assert_eq!(received, Errno::Success);
        assert_eq!(guest.bytes_at(place), b"abcd");
        assert_eq!(guest.call("sock_accept", &[4, 0, 0]), Errno::Inval);
        assert_eq!(guest.call("sock_recv", &[3, list, 1, 0, 0, 8]), Errno::Notconn);
    }

    #[test]
    fn flags_and_other_descriptors() {
        let (mut guest, _ours) = pair();
        let (list, _) = buffer(&mut guest, b"....");
        assert_eq!(guest.call("sock_send", &[3, list, 1, 1, 0]), Errno::Inval);
        assert_eq!(guest.call("sock_send", &[0, list, 1, 0, 0]), Errno::Notsock);
        assert_eq!(guest.call("sock_send", &[9, list, 1, 0, 0]), Errno::Badf);
        assert_eq!(guest.call("fd_seek", &[3, 0, 0, 0]), Errno::Spipe);
        assert_eq!(guest.call("fd_prestat_get", &[3, 0]), Errno::Badf);
        let trapped = guest.outcome("sock_recv", &[3, list, 1, 4, 0, 8]);
        assert!(matches!(trapped, Outcome::Trap(_)));
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(WasiCtxBuilder::new().preopen_socket(file.into()).is_err());
    }
}
