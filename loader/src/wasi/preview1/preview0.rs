//! `wasi_unstable`, preview 0: what programs before 2020 import. It differs
//! from preview 1 in the five functions here and lacks `sock_accept`.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::file::Whence;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::{Filestat, undefined};
use crate::wasi::preview1::function::{WasiFunction, function};
use crate::wasi::preview1::outcome::Result;
use crate::wasi::preview1::poll::{Layout, poll_with};
use crate::wasi::preview1::{path, rights, stat};

/// The module name under which guests import preview 0.
pub(super) const MODULE: &str = "wasi_unstable";

/// The functions that differ from preview 1.
pub(super) static CHANGED: [WasiFunction; 5] = [
    function!(self::fd_fdstat_get(fd: I32, stat: I32)),
    function!(self::fd_filestat_get(fd: I32, buf: I32)),
    function!(self::fd_seek(fd: I32, offset: I64, whence: I32, new_offset: I32)),
    function!(self::path_filestat_get(fd: I32, lookup: I32, path: I32, path_len: I32, buf: I32)),
    function!(self::poll_oneoff(subscriptions: I32, events: I32, count: I32, occurred: I32)),
];

/// The rights end before `sock_accept`.
fn fd_fdstat_get(ctx: &mut WasiCtx, memory: &GuestMemory<'_>, fd: u32, stat: u32) -> Result<()> {
    let mut fdstat = rights::fdstat(ctx.table.get(fd)?);
    fdstat.rights_base &= !rights::SOCK_ACCEPT;
    fdstat.rights_inheriting &= !rights::SOCK_ACCEPT;
    Ok(memory.write_record(stat, 8, &fdstat.encode())?)
}

fn fd_filestat_get(ctx: &mut WasiCtx, memory: &GuestMemory<'_>, fd: u32, buf: u32) -> Result<()> {
    let stat = stat::of_descriptor(ctx, fd)?;
    Ok(memory.write_record(buf, 8, &encode(&stat))?)
}

fn path_filestat_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    buf: u32,
) -> Result<()> {
    let stat = path::filestat(ctx, memory, fd, lookup, path, path_len)?;
    Ok(memory.write_record(buf, 8, &encode(&stat))?)
}

/// `$filestat`: 56 bytes, aligned to 8. The number of links saturates at 32 bits.
fn encode(stat: &Filestat) -> [u8; 56] {
    let nlink = u32::try_from(stat.nlink).unwrap_or(u32::MAX);
    let mut record = [0; 56];
    record[16] = stat.filetype as u8;
    record[20..24].copy_from_slice(&nlink.to_le_bytes());
    for (offset, field) in [
        (0, stat.dev),
        (8, stat.ino),
        (24, stat.size),
        (32, stat.atim),
        (40, stat.mtim),
        (48, stat.ctim),
    ] {
        record[offset..offset + 8].copy_from_slice(&field.to_le_bytes());
    }
    record
}

fn fd_seek(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    new_offset: u32,
) -> Result<()> {
    let whence = match whence {
        0 => Whence::Cur,
        1 => Whence::End,
        2 => Whence::Set,
        other => return Err(undefined("whence", other)),
    };
    let position = ctx.table.get_mut(fd)?.seek(offset as i64, whence)?;
    Ok(memory.write_u64(new_offset, position)?)
}

/// `$subscription`: the clock has an identifier of its own before its fields.
const SUBSCRIPTION: Layout = Layout { size: 56, contents: 16, clock: 8 };

fn poll_oneoff(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    occurred: u32,
) -> Result<()> {
    poll_with(ctx, memory, &SUBSCRIPTION, subscriptions, events, count, occurred)
}
