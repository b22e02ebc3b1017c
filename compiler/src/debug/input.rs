//! What conversion is given: what it must know of the WebAssembly module, the
//! module's code once that is placed, and what the output shall be like.
//!
//! Nothing here comes from other stages but plain data, so that they can change
//! without this one.

use crate::function::{CodeDebug, CodeSite};
use precast_artifact::index::{CodeOffset, FuncIndex, LocalIndex, WasmOffset};
use precast_artifact::types::ValType;
use std::ops::Range;

/// The WebAssembly module that debug information is about. Offsets count from
/// the start of the module.
pub(crate) struct WasmModule<'a> {
    /// Where the contents of the code section start: DWARF counts addresses of
    /// code from there.
    pub code_start: WasmOffset,
    /// The defined functions, in order of their indices, which is also the order
    /// of their bodies.
    pub functions: Vec<WasmFunction<'a>>,
    /// All globals, in order of their indices.
    pub globals: Vec<WasmGlobal<'a>>,
    /// Memory 0.
    pub memory: Option<WasmMemory>,
}

/// A defined function of the module.
pub(crate) struct WasmFunction<'a> {
    /// Its index among all functions.
    pub index: FuncIndex,
    /// Where its body is: declarations of locals, and operators.
    pub body: Range<WasmOffset>,
    /// Where its first operator is.
    pub operators: WasmOffset,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// Types of its parameters, which are its first locals.
    pub parameters: &'a [ValType],
    /// The further locals: numbers of locals of one type that follow each other.
    pub locals: Vec<(u32, ValType)>,
    /// Names of parameters and locals: function, local, name; ordered.
    pub local_names: &'a [(FuncIndex, LocalIndex, &'a str)],
}

impl WasmFunction<'_> {
    /// Numbers of locals of one type that follow each other, parameters first.
    pub(super) fn local_runs(&self) -> impl Iterator<Item = (u32, ValType)> {
        self.parameters.iter().map(|ty| (1, *ty)).chain(self.locals.iter().copied())
    }

    /// The type of each parameter and local. A few bytes can declare very many.
    pub(super) fn local_types(&self) -> impl Iterator<Item = ValType> {
        self.local_runs().flat_map(|(count, ty)| std::iter::repeat_n(ty, count as usize))
    }
}

/// A global of the module.
pub(crate) struct WasmGlobal<'a> {
    /// Its type.
    pub ty: ValType,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// Where its value is; `None` if debuggers cannot be told.
    pub location: Option<GlobalLocation>,
}

/// Where the value of a global is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GlobalLocation {
    /// In the context, at this offset.
    Defined(i32),
    /// Where the pointer at this offset of the context points to.
    Imported(i32),
    /// Nowhere: it never changes, and has these bits.
    Constant(u64),
}

/// Memory 0 of the module.
pub(crate) struct WasmMemory {
    /// Bytes that it has at first.
    pub size: u64,
    /// Whether threads share it.
    pub shared: bool,
    /// Whether it begins at the context address.
    pub at_context: bool,
}

/// The code of the module, placed in `.text`.
pub(crate) struct PlacedCode<'a> {
    /// DWARF number of the frame pointer.
    pub frame_pointer: u16,
    /// The code of each function of [`WasmModule::functions`]; `None` where
    /// there is none to describe.
    pub functions: Vec<Option<PlacedFunction<'a>>>,
}

/// The code of a function, placed in `.text`.
pub(crate) struct PlacedFunction<'a> {
    /// Where it is, relative to `.text`.
    pub text: Range<CodeOffset>,
    /// Its return addresses and instructions that may trap, in order.
    pub sites: &'a [CodeSite],
    /// Where it came from, and where its values are.
    pub debug: &'a CodeDebug,
}

/// What the output shall be like.
#[derive(Clone, Copy)]
pub(crate) struct OutputOptions<'a> {
    /// Prefixes of paths and what to write instead.
    pub remap: &'a [(String, String)],
    /// Whether references to other sections must be known: for an object.
    pub relocatable: bool,
}
