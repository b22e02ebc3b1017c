//! wasi:random. What need not be secure is all the same.

use super::function::HostCall;
use super::io::fault;
use crate::canonical::lists::HostBytes;
use crate::error::{Error, Result};
use crate::sys::buffer::Buffer;
use crate::wasi::host::random;

/// The most bytes that are given at once.
const MOST: u64 = 64 << 20;

pub(super) fn bytes(call: &mut HostCall<'_>, (len,): (u64,)) -> Result<HostBytes> {
    if len > MOST {
        return Err(Error::host(format!("WASI: {len} random bytes wanted, of at most {MOST}")));
    }
    let mut bytes = vec![0; len as usize];
    random::fill(Buffer::from_slice(&mut bytes), &call.ctx.interrupt).map_err(fault)?;
    Ok(HostBytes(bytes))
}

pub(super) fn number(call: &mut HostCall<'_>, (): ()) -> Result<u64> {
    let mut bytes = [0; 8];
    random::fill(Buffer::from_slice(&mut bytes), &call.ctx.interrupt).map_err(fault)?;
    Ok(u64::from_le_bytes(bytes))
}

pub(super) fn seed(call: &mut HostCall<'_>, (): ()) -> Result<(u64, u64)> {
    Ok((number(call, ())?, number(call, ())?))
}
