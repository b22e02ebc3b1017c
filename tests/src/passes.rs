//! What the code generator is given, and whether an optimisation changes it.

use precast_compiler::{Optimisation, Options, write_ir};

/// The functions of a module as the code generator is given them, in text: for x86-64
/// unless the options name a target.
pub fn ir(wasm: &[u8], options: &Options) -> String {
    let target = options.target.clone().or(Some("x86_64-unknown-linux-gnu".to_owned()));
    let mut ir = Vec::new();
    write_ir(wasm, &Options { target, ..options.clone() }, &mut ir).expect("a module");
    String::from_utf8(ir).expect("a text")
}

/// Whether they are others without this optimisation.
pub fn is_changed_by(pass: Optimisation, wasm: &[u8], options: &Options) -> bool {
    let mut without = options.clone();
    without.disabled.insert(pass);
    ir(wasm, options) != ir(wasm, &without)
}
