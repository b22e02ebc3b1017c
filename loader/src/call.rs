//! Calls: of guests by the host, and of the loader by guests.
//!
//! | rank | modules |
//! |-|-|
//! | from the host into a guest | `invoke` |
//! | from a guest into the loader | `builtins` |
//! | calls that can be suspended | `resume` |

pub(crate) mod builtins;
pub(crate) mod invoke;
pub(crate) mod resume;
