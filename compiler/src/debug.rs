//! Debug information: the module's DWARF 4 or 5, about WebAssembly, becomes
//! DWARF 5 about the native code.
//!
//! What changes on the way:
//!
//! * *Code addresses*, offsets in the code section, become addresses of the
//!   native code, by the position that code generation kept for every
//!   instruction ([`code`]).
//! * *Locations* in Wasm locals and globals become places in frames, registers
//!   and contexts; a guest's address becomes the base of linear memory plus the
//!   address, so that everything in memory can be written ([`expression`],
//!   [`location`]).
//! * *Pointers* stay as wide as the guest's. Debuggers take a pointer for an
//!   address of the process, so pointer types become structures that
//!   formatters recognise ([`type_names`]).
//!
//! Everything else is copied: types, names, scopes, files.
//!
//! DWARF may be in the module, in a module beside it that it names, or split:
//! what stands in place of a skeleton unit is converted as if it were there.
//! Units of types stay units of types.
//!
//! Units are independent of each other, so that any thread can convert any of
//! them; [`Conversion::finish`] joins them in order. What is malformed is left out,
//! with a warning; work and memory stay in proportion to the input.
//!
//! Modules from the bottom up; each uses those above it in this list:
//!
//! | module | does |
//! |-|-|
//! | [`input`] | what conversion is given |
//! | [`fragment`] | growing sections, with what is filled in later |
//! | [`abbreviation`] | abbreviations of entries |
//! | [`sections`] | the sections of the input, from all its files |
//! | [`mod@units`] | headers of units, and their files |
//! | [`split`] | split DWARF |
//! | [`mod@read`] | all units of the input |
//! | [`uses`] | values that code keeps for debuggers |
//! | [`code`] | which code came from where, and where its values are |
//! | [`context`] | what converting any unit looks at |
//! | [`indirection`] | locations that are followed further than they say |
//! | [`type_names`] | names of types, of pointers above all |
//! | [`expression`] | DWARF expressions |
//! | [`location`] | locations, as expressions or lists |
//! | [`rows`] | rows of line number programs, and where their code is |
//! | [`mod@line`] | line number programs |
//! | [`site`] | source positions for trap reports |
//! | [`mod@unit`] | units and their entries |
//! | [`locals`] | where frames keep the locals of the module |
//! | [`mod@join`] | units into sections |
//! | [`mod@together`] | the sections of several modules as one artifact's |
//! | [`convert`] | drives it all |
//! | [`text`] | DWARF for modules that have none, about their text |
//! | [`adapters`] | DWARF for what stands between components |

mod abbreviation;
mod adapters;
mod code;
mod context;
mod convert;
mod expression;
mod fragment;
mod indirection;
mod input;
mod join;
mod line;
mod locals;
mod location;
mod read;
mod rows;
mod sections;
mod site;
mod split;
mod text;
mod together;
mod type_names;
mod unit;
mod units;
mod uses;

pub(crate) use adapters::describe_adapter;
pub(crate) use convert::Conversion;
pub(crate) use input::{
    GlobalLocation, OutputOptions, PlacedCode, PlacedFunction, WasmFunction, WasmGlobal,
    WasmMemory, WasmModule,
};
pub(crate) use join::DebugSections;
pub use read::debug_files_named;
pub(crate) use read::read;
pub(crate) use sections::InputSections;
pub(crate) use text::describe_text;
pub(crate) use together::{DebugTables, together};
pub(crate) use units::Units;
pub(crate) use uses::debug_uses;
