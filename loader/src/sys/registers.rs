//! The registers that the loader looks at, the same on every architecture.

/// Registers at a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers {
    /// Address of the instruction.
    pub(crate) pc: usize,
    /// Stack pointer.
    pub(crate) sp: usize,
    /// Frame pointer.
    pub(crate) fp: usize,
}
