//! What is tried with a mutated module.

use crate::worker::{Progress, Stage};
use precast_compiler::{Error, Options};
use precast_embed as embed;

pub(crate) fn examine(wasm: Vec<u8>, progress: &mut Progress) {
    progress.enter(Stage::Compile);
    let options = Options { threads: Some(1), ..Options::default() };
    match embed::compile(&wasm, &options) {
        Ok(_) => progress.accepted += 1,
        Err(embed::Error::Open(why)) => panic!("a valid module gives a good artifact: {why}"),
        Err(embed::Error::Compile(why)) => refused(&wasm, why, progress),
        Err(other) => panic!("an error of our own: {other}"),
    }
}

fn refused(wasm: &[u8], why: Error, progress: &mut Progress) {
    match why {
        Error::Invalid { at, .. } | Error::Unsupported { at, .. } => {
            let offset = at.offset.expect("an offset");
            assert!(offset <= wasm.len() as u64, "{offset:#x} lies beyond the module");
            progress.refused += 1;
        }
        Error::NotWasm(_) => {
            assert!(!wasm.starts_with(b"\0asm\x01\0\0\0"), "it looks like a module");
            progress.refused += 1;
        }
        other => panic!("an error of our own: {other}"),
    }
}
