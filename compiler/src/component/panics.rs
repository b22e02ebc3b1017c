//! Panics of other crates, which valid components that they are not made for may
//! lead to: here they are errors.
//!
//! The process's hook hears of every panic before it is caught, and prints it as a
//! fault. The hook belongs to the program, so that muting is for the program to ask
//! for.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is caught, and so nobody's concern.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives, or the message of the panic that it ends in.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CAUGHT.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(outer);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason").to_owned()
    })
}

/// Puts a hook before the process's panic hook, for good, that keeps from it the
/// panics which compiling a component catches: they are errors, and without this
/// they are also printed. For programs; to be called after they set a hook of their
/// own, which would replace this one.
pub fn mute_caught_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CAUGHT.get() {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn panics_are_errors_with_their_message() {
        assert_eq!(caught(|| 7), Ok(7));
        let number = 3;
        assert_eq!(caught(|| panic!("of {number}")), Err::<(), _>("of 3".to_owned()));
        assert_eq!(caught(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert!(!CAUGHT.get());
    }

    #[test]
    fn the_process_hears_of_them_until_they_are_muted() {
        static HEARD: AtomicUsize = AtomicUsize::new(0);
        const TEXT: &str = "whether it is heard of";
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| match info.payload_as_str() {
            Some(TEXT) => _ = HEARD.fetch_add(1, Ordering::Relaxed),
            _ => before(info),
        }));
        let heard = || HEARD.load(Ordering::Relaxed);
        let caught = || assert_eq!(caught(|| panic!("{}", TEXT)), Err::<(), _>(TEXT.to_owned()));
        caught();
        assert_eq!(heard(), 1);
        mute_caught_panics();
        mute_caught_panics();
        caught();
        assert_eq!(heard(), 1);
        assert!(panic::catch_unwind(|| panic!("{}", TEXT)).is_err());
        assert_eq!(heard(), 2);
    }
}
