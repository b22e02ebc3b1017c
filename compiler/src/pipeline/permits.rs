//! Processors that are shared with other processes.

/// Who says how many threads may work at a time: each holds a permit while it
/// does. The first is to be had whenever nobody else of this process has it, so
/// that work always goes on.
pub trait Permits: Send + Sync {
    /// Takes a permit, if there is one now.
    fn try_acquire(&self) -> bool;

    /// Gives one back.
    fn release(&self);
}
