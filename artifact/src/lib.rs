//! The contract between the Precast compiler and its loader.
//!
//! An artifact (`.cwasm`) is a position-independent ELF image: native code,
//! the description of the WebAssembly module it came from, and everything the
//! loader needs to run it without a code generator or a Wasm parser. This
//! crate defines each piece once; the compiler writes them, the loader reads
//! them, and neither knows the other.
//!
//! Modules have ranks, lowest first: each imports only what stands above it in
//! this table.
//!
//! | rank | modules | define |
//! |-|-|-|
//! | bytes | [`wire`] | the byte encoding under all others |
//! | text | [`text`] | what a terminal may be shown |
//! | numbers | [`index`] | a type per index space and per kind of offset |
//! | numbers | [`trap`] | trap codes |
//! | numbers | [`cpu`] | CPU features: names, and how a machine tells that it has them |
//! | types | [`types`] | value, function, table, memory and global types |
//! | machine code | [`abi`] | what it assumes: versions, context, store block, activation, function references, builtins |
//! | tables | [`address_map`] | functions and code sites by address |
//! | tables | [`handlers`] | exception handlers by return address |
//! | tables | [`reloc`] | relocations that the loader applies to a new instance's context |
//! | description | [`module`] | `.precast.module`: types, imports, exports, initialisation plan |
//! | component | [`component`] | `.precast.component`: types, imports, the steps that make an instance, exports |
//! | file | [`foreign`] | files of other formats |
//! | file | [`note`] | the header in `.note.precast`: versions, target, CPU features, options |
//! | file | [`container`] | the ELF image: sections, segments, and how a file is opened |
//! | file | [`linked`] | images that are linked into a program |
//! | debugging | [`debug`] | what is there for people alone: source positions, places of locals, debuggers' view of an image |
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
//! that covers it, and adds an artifact of the new number to `fixtures/formats`.
//!
//! | change | where |
//! |-|-|
//! | a section that the loader reads in every run | its format in a module of the rank "tables", drawn in the header, with writer, reader and a round-trip test; its [`Range`](module::Range) in [`module::Module`] (encoding and checks beside it) or, if it is needed before that is read, in [`note::Note`]; its segment in the table of [`container`]; `Versions::container` |
//! | a section that may be stripped | its format in [`debug`], found by name through [`container::section`]; no version: who does not find it does without |
//! | a fixed field of the context | its `CTX_` constant and the tables in [`abi`], below the others; `Versions::context`. Who counts on the template's size asks [`abi::ContextLayout`] |
//! | a field of the context for each item of a kind | the count in [`abi::ContextShape`], from [`module::Module::context_shape`], and its place in [`abi::ContextLayout::new`]; `Versions::context` |
//! | a builtin | a variant at the end of [`abi::Builtin`]; `Versions::builtins` |
//! | an index space | a line in [`index`] |

#![forbid(unsafe_code)]

pub mod abi;
pub mod address_map;
pub mod component;
pub mod container;
pub mod cpu;
pub mod debug;
pub mod foreign;
pub mod handlers;
pub mod index;
pub mod linked;
pub mod module;
pub mod note;
pub mod reloc;
pub mod text;
pub mod trap;
pub mod types;
pub mod wire;
