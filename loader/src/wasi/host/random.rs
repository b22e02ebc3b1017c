//! Random bytes from the kernel.

use crate::sys::buffer::{self, Buffer};
use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::interrupt::Interrupt;

/// Fills a buffer.
pub(crate) fn fill(mut rest: Buffer<'_>, interrupt: &Interrupt) -> Result<()> {
    while rest.len() > 0 {
        let filled = interrupt.retry(|| buffer::random(rest))?;
        rest = rest.split(filled).1;
        if interrupt.requested() {
            return Err(HostError::INTERRUPTED);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_buffer() {
        let mut bytes = vec![0; 100_000];
        fill(Buffer::from_slice(&mut bytes), &Interrupt::default()).unwrap();
        // By chance once in 10^70.
        assert!(bytes.chunks(32).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
    }
}
