//! Panics of other crates, which valid components that they are not made for may
//! lead to: here they are errors.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is caught, and so nobody's concern.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives, or the message of the panic that it ends in. The process's
/// hook hears of none: it would print them as faults.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CAUGHT.get() {
                before(info);
            }
        }));
    });
    let outer = CAUGHT.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(outer);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_errors_with_their_message() {
        assert_eq!(caught(|| 7), Ok(7));
        let number = 3;
        assert_eq!(caught(|| panic!("of {number}")), Err::<(), _>("of 3".to_owned()));
        assert_eq!(caught(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert!(!CAUGHT.get());
    }
}
