//! Arguments and environment: NUL-terminated strings in one buffer, pointers to
//! them in an array.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::Result;

pub(super) fn args_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    argv: u32,
    argv_buf: u32,
) -> Result<()> {
    write_strings(memory, &ctx.args, argv, argv_buf)
}

pub(super) fn args_sizes_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    argc: u32,
    argv_buf_size: u32,
) -> Result<()> {
    write_sizes(memory, &ctx.args, argc, argv_buf_size)
}

pub(super) fn environ_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    environ: u32,
    environ_buf: u32,
) -> Result<()> {
    write_strings(memory, &ctx.environ, environ, environ_buf)
}

pub(super) fn environ_sizes_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    count: u32,
    buf_size: u32,
) -> Result<()> {
    write_sizes(memory, &ctx.environ, count, buf_size)
}

fn write_strings(
    memory: &GuestMemory<'_>,
    strings: &[Vec<u8>],
    pointers: u32,
    buffer: u32,
) -> Result<()> {
    let mut position = u64::from(buffer);
    for (index, string) in (0..).zip(strings) {
        // A wrapped position is past the end of every memory and traps.
        let start = position.min(u64::from(u32::MAX)) as u32;
        let pointer = memory.element(pointers, index, 4)?;
        memory.write_u32(pointer, start)?;
        memory.write_bytes(start, string)?;
        let end = memory.element(start, string.len() as u32, 1)?;
        memory.write_bytes(end, &[0])?;
        position = u64::from(end) + 1;
    }
    Ok(())
}

fn write_sizes(memory: &GuestMemory<'_>, strings: &[Vec<u8>], count: u32, size: u32) -> Result<()> {
    let bytes = strings.iter().map(|string| string.len() + 1).sum::<usize>();
    memory.write_u32(count, narrow(strings.len())?)?;
    Ok(memory.write_u32(size, narrow(bytes)?)?)
}

fn narrow(value: usize) -> Result<u32> {
    u32::try_from(value).map_err(|_| Errno::Overflow.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::WasiCtxBuilder;
    use crate::wasi::preview1::outcome::Stop;

    #[test]
    fn strings_and_their_sizes() {
        let mut ctx = WasiCtxBuilder::new().args(["a", "", "xyz"]).build();
        let mut bytes = [0xff; 64];
        let memory = GuestMemory::new(&mut bytes);
        args_sizes_get(&mut ctx, &memory, 0, 4).unwrap();
        args_get(&mut ctx, &memory, 8, 20).unwrap();
        assert_eq!(memory.bytes(0, 8).unwrap(), [3, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!(memory.bytes(8, 12).unwrap(), [20, 0, 0, 0, 22, 0, 0, 0, 23, 0, 0, 0]);
        assert_eq!(memory.bytes(20, 8).unwrap(), b"a\0\0xyz\0\xff");
    }

    #[test]
    fn buffers_that_are_too_small_trap() {
        let mut ctx = WasiCtxBuilder::new().env("NAME", "value").build();
        let mut bytes = [0; 16];
        let memory = GuestMemory::new(&mut bytes);
        for buffer in [8, 16, u32::MAX] {
            let result = environ_get(&mut ctx, &memory, 0, buffer);
            assert!(matches!(result, Err(Stop::Trap(_))));
        }
        environ_get(&mut ctx, &memory, 0, 5).unwrap();
        assert_eq!(memory.bytes(5, 11).unwrap(), b"NAME=value\0");
    }
}
