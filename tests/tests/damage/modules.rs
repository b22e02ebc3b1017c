//! What is tried with a mutated module.

use crate::worker::{Progress, Stage};
use precast_compiler::{Error, Options, compile};
use precast_loader::Artifact;

pub(crate) fn examine(wasm: Vec<u8>, progress: &mut Progress) {
    progress.enter(Stage::Compile);
    let options = Options { threads: Some(1), ..Options::default() };
    match compile(&wasm, &options) {
        Ok(artifact) => {
            progress.accepted += 1;
            Artifact::from_bytes(&artifact).expect("a valid module gives a good artifact");
        }
        Err(Error::Invalid { at, .. } | Error::Unsupported { at, .. }) => {
            let offset = at.offset.expect("an offset");
            assert!(offset <= wasm.len() as u64, "{offset:#x} lies beyond the module");
            progress.refused += 1;
        }
        Err(Error::NotWasm(_)) => {
            assert!(!wasm.starts_with(b"\0asm\x01\0\0\0"), "it looks like a module");
            progress.refused += 1;
        }
        Err(other) => panic!("an error of our own: {other}"),
    }
}
