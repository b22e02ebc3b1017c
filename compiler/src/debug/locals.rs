//! Where frames keep the locals of the module, for core dumps.

use super::code::CodeMap;
use super::input::WasmModule;
use crate::function::{CFA_ABOVE_FRAME_POINTER, DebugVariable, ValueLocation};
use precast_artifact::debug::locals::{Local, LocalsWriter, UNKNOWN};
use precast_artifact::index::LocalIndex;
use precast_artifact::types::ValType;

/// Locals of a function that are looked at: a few bytes can declare very many.
const MOST_LOCALS: usize = 4096;

/// Adds the functions that have locals with one location all the time.
pub(super) fn collect(code: &CodeMap<'_>, module: &WasmModule<'_>, writer: &mut LocalsWriter) {
    for index in 0..code.len() {
        let code = code.code(index);
        let types = module.functions[code.function.position].local_types();
        let local = |(index, ty): (LocalIndex, ValType)| {
            let location = code.fixed(&[DebugVariable::Local(index)]);
            match (location.as_deref(), number_type(ty)) {
                (Some([ValueLocation::Frame(offset)]), Some(ty)) => {
                    Local { ty, place: offset + CFA_ABOVE_FRAME_POINTER }
                }
                _ => Local { ty: UNKNOWN, place: 0 },
            }
        };
        let locals: Vec<Local> =
            LocalIndex::enumerate(types).take(MOST_LOCALS).map(local).collect();
        if locals.iter().any(|local| local.ty != UNKNOWN) {
            writer.add(code.function.text.start, &locals);
        }
    }
}

/// The code of a number's type in the binary format.
fn number_type(ty: ValType) -> Option<u8> {
    match ty {
        ValType::I32 => Some(0x7f),
        ValType::I64 => Some(0x7e),
        ValType::F32 => Some(0x7d),
        ValType::F64 => Some(0x7c),
        ValType::V128 | ValType::Ref(_) => None,
    }
}
