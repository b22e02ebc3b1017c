//! Temporary files that have a name are removed when a signal ends the process,
//! and a file that may not grow is an error, not a signal.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use tempfile::TempPath;

/// The files to remove.
static FILES: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn files() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets a write fail that would make a file longer than this process may
/// (`ulimit -f`). The signal that comes as well would end the process.
pub(super) fn outlive_size_limit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(signal_hook::flag::register(SIGXFSZ, Arc::default())));
}

/// A temporary file's name. The file goes when this is dropped, or a signal
/// ends the process.
pub(super) struct Named(Option<TempPath>);

impl Named {
    pub(super) fn new(path: TempPath) -> Self {
        static WATCH: Once = Once::new();
        WATCH.call_once(watch);
        files().insert(path.to_path_buf());
        Self(Some(path))
    }

    /// Gives the file its real name.
    pub(super) fn persist(mut self, to: &Path) -> io::Result<()> {
        let from = self.0.take().expect("taken once");
        let name = from.to_path_buf();
        let done = from.persist(to).map_err(|why| why.error);
        files().remove(&name);
        done
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let name = path.to_path_buf();
            drop(path);
            files().remove(&name);
        }
    }
}

/// Starts a thread that waits for signals, but for those that the process was
/// told to ignore, as `nohup` does.
fn watch() {
    let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    let signals = [SIGINT, SIGTERM, SIGHUP].into_iter();
    let signals = signals.filter(|signal| ignored & (1 << (signal - 1)) == 0);
    let Ok(mut signals) = Signals::new(signals) else { return };
    // Without the thread a signal would do nothing.
    let handle = signals.handle();
    let thread = std::thread::Builder::new().name("signals".to_owned());
    let started = thread.spawn(move || {
        for signal in signals.forever() {
            let files = files();
            files.iter().for_each(|file| drop(std::fs::remove_file(file)));
            let _ = emulate_default_handler(signal);
        }
    });
    if started.is_err() {
        handle.close();
    }
}

/// The set of ignored signals, the lowest bit being signal 1, from what
/// `/proc/PID/status` says.
fn ignored(status: &str) -> u64 {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"), 0x1001);
        assert_eq!(ignored(""), 0);
    }
}
