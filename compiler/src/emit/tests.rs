//! Hand-written functions, placed and written, and read back.

mod artifacts;
mod code;
mod modules;
mod objects;
mod read;
mod sample;
mod veneers;
