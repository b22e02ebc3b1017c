//! Guests that stop: faults, traps and exceptions, and what is told of where
//! they stood.

pub(crate) mod backtrace;
pub(crate) mod coredump;
pub(crate) mod fault;
pub(crate) mod symbolize;
pub(crate) mod unwind;
mod walk;
