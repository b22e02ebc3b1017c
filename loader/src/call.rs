//! Calls: of guests by the host, and of the loader by guests.
//!
//! | rank | modules |
//! |-|-|
//! | from the host into a guest | `invoke` |
//! | from a guest into the loader | `builtins` |

pub(crate) mod builtins;
pub(crate) mod invoke;
