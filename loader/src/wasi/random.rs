//! Random bytes, from the kernel straight into guest memory.

use rustix::rand::{GetRandomFlags, getrandom};

use super::context::WasiCtx;
use super::memory::GuestMemory;
use super::outcome::Result;

pub(super) fn random_get(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    buf: u32,
    len: u32,
) -> Result<()> {
    if len == 0 {
        return Ok(());
    }
    let mut rest = memory.slice_mut(buf, len)?;
    while !rest.is_empty() {
        let filled = ctx.interrupt.retry(|| getrandom(&mut *rest, GetRandomFlags::empty()))?;
        rest = &mut rest[filled..];
    }
    Ok(())
}
