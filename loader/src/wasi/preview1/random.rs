//! Random bytes, from the kernel straight into guest memory.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::random;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::outcome::Result;

pub(super) fn random_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    buf: u32,
    len: u32,
) -> Result<()> {
    if len == 0 {
        return Ok(());
    }
    Ok(random::fill(memory.buffer(buf, len)?, &ctx.interrupt)?)
}
