//! WASI 0.2 as guests see it: the same programs print here what they print in
//! wasmtime 49, but for what is listed with its reason.

mod adapted;
mod languages;
mod network;
mod programs;
mod table;

use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wit_component::ComponentEncoder;

/// A module of preview 1 as a component, by an adapter.
fn component(module: &[u8], adapter: &[u8]) -> Vec<u8> {
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder
        .module(module)
        .and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter));
    encoder.expect("an adapter").encode().expect("a component")
}

/// As [`component`], of a command.
fn command(module: &[u8]) -> Vec<u8> {
    component(module, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)
}

/// The guest of `fixtures/wasi2` as an artifact.
fn guest() -> &'static Path {
    static GUEST: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, file) = GUEST.get_or_init(|| {
        let folder = scratch();
        let component = command(&fs::read(fixture("wasi2/guest.wasm")).expect("the guest"));
        let (from, to) = (folder.path().join("guest.wasm"), folder.path().join("guest.cwasm"));
        fs::write(&from, component).expect("a file");
        run(precast().arg("compile").arg(from).arg("-o").arg(&to)).succeeds();
        (folder, to)
    });
    file
}

fn expected(name: &str) -> String {
    fs::read_to_string(fixture(&format!("wasi2/{name}.expected"))).expect("expectations")
}
