//! Child processes, and what each of them used.
//!
//! # Safety
//!
//! One system call, for which the standard library has no equivalent: it
//! neither reports the peak memory nor the CPU time of a single child.

#![allow(unsafe_code)]

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a child wrote and used.
pub(crate) struct Usage {
    pub(crate) stdout: String,
    pub(crate) wall: Duration,
    /// CPU time outside the kernel.
    pub(crate) user: Duration,
    /// All CPU time.
    pub(crate) cpu: Duration,
    /// Largest resident set, in bytes. What this process had resident when it
    /// started the child counts as the child's, so it must stay small itself.
    pub(crate) peak: u64,
}

/// Runs a command to its end, which has to be a good one.
pub(crate) fn run(command: &mut Command) -> Result<Usage, String> {
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stdout(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|why| format!("{command:?}: {why}"))?;
    let mut stdout = String::new();
    let mut pipe = child.stdout.take().expect("it is piped");
    pipe.read_to_string(&mut stdout).map_err(|why| format!("{command:?}: {why}"))?;
    let mut status = 0;
    // SAFETY: plain integers, for which zeroes are values.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointers are to locals. Nobody else waits for this child:
    // `child` is not used from here on.
    let waited = unsafe { libc::wait4(child.id().cast_signed(), &mut status, 0, &mut usage) };
    let wall = start.elapsed();
    if waited == -1 {
        return Err(format!("{command:?}: {}", std::io::Error::last_os_error()));
    }
    if status != 0 {
        return Err(format!("{command:?}: wait status {status:#x}\n{stdout}"));
    }
    let user = duration(usage.ru_utime);
    let cpu = user + duration(usage.ru_stime);
    Ok(Usage { stdout, wall, user, cpu, peak: (usage.ru_maxrss as u64) << 10 })
}

fn duration(time: libc::timeval) -> Duration {
    Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000)
}
