//! Calls: of guests by the host, and of the loader by guests.
//!
//! | rank | modules |
//! |-|-|
//! | from the host into a guest | `invoke` |
//! | bulk instructions | `bulk` |
//! | how that ends | `ending` |
//! | from a guest into the loader | `builtins` |
//! | calls that can be suspended | `resume` |

pub(crate) mod builtins;
mod bulk;
mod ending;
pub(crate) mod invoke;
pub(crate) mod resume;
