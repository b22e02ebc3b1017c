//! Adapters between components come from no source. So that a debugger can step
//! from one component into another, their functions are lines of an outline: each
//! is one, which a step enters and the next step leaves, and says that it is a
//! trampoline (DWARF 5, section 3.3.9), which debuggers that know of that go
//! through at once.

use super::input::{WasmFunction, WasmModule};
use super::text::TextDwarf;
use std::fmt::Write;

/// Appends the outline of an adapter module of this name to `text`, which shall be
/// at `path`: the DWARF about its lines.
pub(crate) fn describe_adapter(
    name: &str,
    module: &WasmModule<'_>,
    path: Option<&str>,
    text: &mut String,
) -> Option<Vec<(&'static str, Vec<u8>)>> {
    let mut line = text.lines().count() as u64;
    let mut rows = Vec::new();
    for function in &module.functions {
        line += 1;
        outline(name, function, text);
        for offset in [function.body.start, function.operators] {
            let address = offset.get().checked_sub(module.code_start.get())?;
            rows.push((u64::from(address), line));
        }
    }
    TextDwarf::new(path).trampolines(module, &rows)
}

fn outline(module: &str, function: &WasmFunction<'_>, text: &mut String) {
    let name = function.name.map_or(format!("func{}", function.index.get()), str::to_owned);
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = write!(text, "(func $\"{module}.{name}\"");
    for (at, ty) in function.parameters.iter().enumerate() {
        let _ = write!(text, "{}{ty}", if at == 0 { " (param " } else { " " });
    }
    text.push_str(if function.parameters.is_empty() { ")\n" } else { "))\n" });
}
