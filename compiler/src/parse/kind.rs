//! What a file is that can be no module, in plain words and with what to do.

use super::parsed::Parsed;
use crate::error::{Error, Result};
use precast_artifact::container::{Container, OpenError};
use precast_artifact::foreign::Foreign;

/// Refuses what does not begin as a core module does.
pub(super) fn check(file: &[u8]) -> Result<()> {
    let what = match file {
        [] => "the file is empty".to_owned(),
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => "the file is a WebAssembly component; \
            only a core module will do here\n\
            help: `wasm-tools component unbundle` takes the core modules out of one"
            .to_owned(),
        [0, b'a', b's', b'm', ..] => return Ok(()),
        [0x7f, b'E', b'L', b'F', ..] => elf(file),
        _ => match Foreign::of(file) {
            Some(foreign) => format!("the file is {foreign}"),
            None => "the file is not a WebAssembly module: it does not begin with `\\0asm`".into(),
        },
    };
    Err(Error::NotWasm(what))
}

/// What an ELF file is.
fn elf(file: &[u8]) -> String {
    match Container::open(file) {
        Ok(_) | Err(OpenError::Version(_)) => "the file is an artifact, compiled already\n\
            help: `precast run` runs it; to compile again, give the module that it was made of"
            .to_owned(),
        Err(OpenError::Object) => "the file is an object of `precast compile --emit obj`\n\
            help: `precast link` makes an artifact of it"
            .to_owned(),
        Err(_) => {
            let foreign = Foreign::of(file).unwrap_or(Foreign::NativeProgram);
            format!("the file is {foreign}")
        }
    }
}

/// Refuses a module that is still to be linked: its code holds numbers that only
/// linking makes right. (Tool conventions, `Linking.md`; a linked module may
/// keep the section, but imports no `__linear_memory`.)
pub(super) fn check_linked(parsed: &Parsed<'_>) -> Result<()> {
    let unlinked = parsed.has_linking_section
        && parsed.imports.iter().any(|import| import.name == "__linear_memory");
    if !unlinked {
        return Ok(());
    }
    Err(Error::NotWasm(
        "the file is a relocatable object, as `clang -c` writes it, and not a linked module\n\
         help: link it with `wasm-ld`, or let `clang` do so, without `-c`"
            .to_owned(),
    ))
}
