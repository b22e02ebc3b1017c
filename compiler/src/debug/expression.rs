//! DWARF expressions (DWARF 5 section 2.5, and the tool conventions of
//! WebAssembly for `DW_OP_WASM_location`).
//!
//! [`WasmExpression::parse`] reads an expression of the module;
//! [`WasmExpression::emit`] writes it for the native code, once it is known
//! where the locals it names are.
//!
//! Values on the expression's stack are the guest's: its addresses count from
//! the start of linear memory. The base of memory is added where an address is
//! followed, and at the end, where the expression is the location of a variable
//! in memory. A variable that is a local is where the local is.
//!
//! | module | does |
//! |-|-|
//! | [`wasm`] | expressions of the module |
//! | [`mod@parse`] | reads them |
//! | [`emitter`] | operations of the native code's expressions |
//! | [`arithmetic`] | arithmetic at the guest's width |
//! | [`emit`] | writes expressions for the native code |

mod arithmetic;
mod emit;
mod emitter;
mod parse;
#[cfg(test)]
mod tests;
mod wasm;

pub(super) use emit::memory_base;
pub(super) use emitter::EmitContext;
pub(super) use parse::{Expression, ParseContext};
pub(super) use wasm::WasmExpression;
