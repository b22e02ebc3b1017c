//! Answers requests from a pipe, one by one, until it ends.

use super::host::Host;
use super::request::{Request, RequestFailure, encode_answer, receive, send};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Serves one script.
///
/// # Errors
///
/// The pipe breaks, what comes through it is no request, or there is no
/// memory for a host.
pub fn serve(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut host = Host::new(false).map_err(io::Error::other)?;
    while let Some(bytes) = receive(&mut from)? {
        let answer = Request::decode(&bytes, |request| {
            // A panic is a failure of this request, and the others go on.
            catch_unwind(AssertUnwindSafe(|| host.answer(request)))
                .unwrap_or_else(|_| Err(RequestFailure::untried("panicked")))
        });
        send(&mut to, &encode_answer(&answer.map_err(io::Error::other)?))?;
    }
    Ok(())
}
