//! Guests that stop: faults, traps and exceptions, and what is told of where
//! they stood.
//!
//! | rank | modules |
//! |-|-|
//! | frames of a guest stack | `walk` |
//! | source lines of code | `symbolize` |
//! | the functions in progress | `backtrace` |
//! | exceptions on their way | `unwind` |
//! | faults that are traps | `fault` |
//! | guests that are asked to stop | `halt` |
//! | core dumps | `coredump` |

pub(crate) mod backtrace;
pub(crate) mod coredump;
pub(crate) mod fault;
pub(crate) mod halt;
pub(crate) mod symbolize;
pub(crate) mod unwind;
mod walk;
