//! The registers that the loader looks at, the same on every architecture.

/// Where a builtin goes on in the guest, when it does not return.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Landing {
    /// Address of the code.
    pub(crate) pc: usize,
    /// Stack pointer.
    pub(crate) sp: usize,
    /// Frame pointer.
    pub(crate) fp: usize,
    /// What the code finds in the first exception payload register.
    pub(crate) payload: usize,
}

/// Registers at a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers {
    /// Address of the instruction.
    pub(crate) pc: usize,
    /// Frame pointer.
    pub(crate) fp: usize,
    /// Stack pointer.
    pub(crate) sp: usize,
    /// What holds the return address before there is a frame: the link
    /// register, or the stack pointer where calls push it.
    pub(crate) link: usize,
}
