//! Calls: of guests by the host, and of the loader by guests.

pub(crate) mod builtins;
pub(crate) mod invoke;
