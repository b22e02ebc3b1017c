//! Where a piece of code lies in `.text`.

/// Where code lies, relative to the start of `.text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// First byte.
    pub start: u32,
    /// Number of bytes, without padding.
    pub size: u32,
}
