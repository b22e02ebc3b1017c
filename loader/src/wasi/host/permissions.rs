//! What was granted.

use crate::wasi::host::error::{HostError, Result};

/// What may be done below a preopened directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DirAccess {
    /// Read, write, create, remove.
    ReadWrite,
    /// Read; every change is refused with `EPERM`.
    ReadOnly,
}

impl DirAccess {
    /// Refuses changes below read-only directories.
    pub(crate) fn check_write(self) -> Result<()> {
        match self {
            Self::ReadWrite => Ok(()),
            Self::ReadOnly => Err(HostError::READ_ONLY),
        }
    }
}
