//! Places in `.text`.

/// Where code lies, relative to the start of `.text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// First byte.
    pub start: u32,
    /// Number of bytes, without padding.
    pub size: u32,
}
