//! The contract between the Precast compiler and its loader.
//!
//! An artifact (`.cwasm`) is a position-independent ELF image: native code,
//! the description of the WebAssembly module it came from, and everything the
//! loader needs to run it without a code generator or a Wasm parser. This
//! crate defines each piece once; the compiler writes them, the loader reads
//! them, and neither knows the other.
//!
//! | module | defines |
//! |-|-|
//! | [`abi`] | what machine code assumes: versions, context, store block, activation, function references, builtins |
//! | [`addresses`] | where debug sections hold addresses |
//! | [`bodies`] | where functions' bodies begin in the module |
//! | [`container`] | the ELF image: sections, segments, and how a file is opened |
//! | [`cpu`] | CPU features: names, and how a machine tells that it has them |
//! | [`debug_file`] | what debuggers read of an image, made to fit where it is mapped |
//! | [`formatters`] | what tells debuggers how to show guests' pointers |
//! | [`handlers`] | exception handlers by return address |
//! | [`index`] | a type per index space and per kind of offset |
//! | [`lines`] | source positions for trap reports, in `.precast.lines` |
//! | [`linked`] | images that are linked into a program |
//! | [`locals`] | where frames keep locals, for core dumps |
//! | [`note`] | the header in `.note.precast`: versions, target, CPU features, options |
//! | [`module`] | the module description in `.precast.module`: types, imports, exports, initialisation plan |
//! | [`reloc`] | relocations that the loader applies to a new instance's context |
//! | [`search`] | the searchable tables: functions and code sites by address |
//! | [`trap`] | trap codes |
//! | [`types`] | value, function, table, memory and global types |
//! | [`wire`] | the byte encoding under all of these |
//!
//! # What is checked when
//!
//! The note and the module description are checked in full when a file is
//! opened; the search tables are bounds-checked at each read; private function
//! tables and exception handlers point into code and are trusted as the code
//! itself is.
//!
//! # Changing the contract
//!
//! Whoever changes a layout here raises the number in [`abi::Versions::CURRENT`]
//! that covers it, and adds an artifact of the new number to `fixtures/`.

#![forbid(unsafe_code)]

pub mod abi;
pub mod addresses;
pub mod bodies;
pub mod container;
pub mod cpu;
pub mod debug_file;
pub mod formatters;
pub mod handlers;
pub mod index;
pub mod lines;
pub mod linked;
pub mod locals;
pub mod module;
pub mod note;
pub mod reloc;
pub mod search;
pub mod trap;
pub mod types;
pub mod wire;
