//! Signed artifacts: `keygen`, `sign`, `run --trust`, and the loader's own road.

use precast_loader::{Artifact, Error, TrustedKeys, signature_path};
use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{Outcome, run};
use precast_tests::programs::{compiled, file};
use precast_tests::scratch;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn key(folder: &Path, name: &str) -> PathBuf {
    let key = folder.join(name);
    run(precast().arg("keygen").arg(&key)).succeeds();
    key
}

fn sign(key: &Path, artifact: &Path) {
    run(precast().args(["sign", "--key"]).arg(key).arg(artifact)).succeeds();
}

fn public(key: &Path) -> PathBuf {
    key.with_extension("pub")
}

fn run_trusting(key: &Path, artifact: &Path) -> Outcome {
    run(precast_run().arg("--trust").arg(public(key)).arg(artifact))
}

#[test]
fn only_what_a_trusted_key_has_signed_runs() {
    let folder = scratch();
    let artifact = compiled(&folder, "hello.wasm", &[]);
    let (ours, other) = (key(folder.path(), "ours"), key(folder.path(), "other"));
    assert_eq!(fs::metadata(&ours).unwrap().permissions().mode() & 0o777, 0o600);
    run_trusting(&ours, &artifact).exits(1).complains(&["no signature", "hello.cwasm.sig"]);
    sign(&ours, &artifact);
    run_trusting(&ours, &artifact).succeeds();
    run_trusting(&other, &artifact).exits(1).complains(&["no key that is trusted"]);
    run(precast_run()
        .arg("--trust")
        .arg(public(&other))
        .arg("--trust")
        .arg(public(&ours))
        .arg(&artifact))
    .succeeds();
    // Without a key that is demanded, a signature means nothing.
    run(precast_run().arg(&artifact)).succeeds();
    let signature = fs::read_to_string(signature_path(&artifact)).unwrap();
    for wrong in ["", "00", &signature[..126], &signature.replace(['1', '2', '3'], "4")] {
        fs::write(signature_path(&artifact), wrong).unwrap();
        run_trusting(&ours, &artifact).exits(1).prints("").complains(&["not signed"]);
    }
}

/// Every byte counts: headers, code, debug information, padding.
#[test]
fn an_artifact_that_was_altered_anywhere_is_refused() {
    let folder = scratch();
    let artifact = compiled(&folder, "hello.wasm", &["-g"]);
    let ours = key(folder.path(), "ours");
    sign(&ours, &artifact);
    let mut keys = TrustedKeys::new();
    keys.read(public(&ours)).unwrap();
    Artifact::open_signed(&artifact, &keys).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&artifact, bytes).unwrap();
        matches!(Artifact::open_signed(&artifact, &keys), Err(Error::Unsigned(..)))
    };
    let whole = fs::read(&artifact).unwrap();
    // The whole file is read and checked for each, so not every byte is tried.
    let step = whole.len() / 97;
    for place in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
        for bit in [1, 0x80] {
            let mut altered = whole.clone();
            altered[place] ^= bit;
            assert!(refused(&altered), "byte {place}");
        }
    }
    assert!(refused(&whole[..whole.len() - 1]) && refused(&[&whole[..], &[0]].concat()));
    fs::write(&artifact, &whole).unwrap();
    Artifact::open_signed(&artifact, &keys).unwrap();
    run(precast().arg("strip").arg(&artifact)).succeeds();
    assert!(matches!(Artifact::open_signed(&artifact, &keys), Err(Error::Unsigned(..))));
    sign(&ours, &artifact);
    Artifact::open_signed(&artifact, &keys).unwrap();
}

/// What is checked is what is mapped: nothing that happens to the file afterwards is
/// seen, and nothing that is refused was mapped.
#[test]
fn a_file_that_changes_while_it_is_open_is_a_copy() {
    let folder = scratch();
    let text = r#"(module (memory (export "memory") 2) (data (i32.const 70000) "as signed"))"#;
    let module = file(&folder, "data.wat", text);
    let artifact = folder.path().join("data.cwasm");
    run(precast().args(["compile", "--quiet", "-o"]).arg(&artifact).arg(module)).succeeds();
    let ours = key(folder.path(), "ours");
    sign(&ours, &artifact);
    let mut keys = TrustedKeys::new();
    keys.read(public(&ours)).unwrap();
    let opened = Artifact::open_signed(&artifact, &keys).unwrap();
    let bytes = fs::read(&artifact).unwrap();
    let altered: Vec<u8> = bytes.iter().map(|_| 0xcc).collect();
    fs::write(&artifact, altered).unwrap();
    let mut store = precast_loader::Store::new(());
    let instance = precast_loader::Linker::new().instantiate(&mut store, &opened).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    assert_eq!(&memory.data(&store)[70000..70009], b"as signed");
}

#[test]
fn a_module_is_no_signed_artifact() {
    let folder = scratch();
    let module = file(&folder, "module.wat", "(module (func (export \"_start\")))");
    let ours = key(folder.path(), "ours");
    sign(&ours, &module);
    run(precast().args(["run", "--trust"]).arg(public(&ours)).arg(module))
        .exits(1)
        .complains(&["not signed", "compiled here"]);
}

#[test]
fn preloaded_modules_must_be_signed_too() {
    let folder = scratch();
    let artifact = compiled(&folder, "hello.wasm", &[]);
    let library = folder.path().join("library.cwasm");
    fs::copy(&artifact, &library).unwrap();
    let ours = key(folder.path(), "ours");
    sign(&ours, &artifact);
    let mut command = precast_run();
    command.arg("--trust").arg(public(&ours)).arg("--preload");
    command.arg(format!("library={}", library.display())).arg(&artifact);
    run(&mut command).exits(1).complains(&["library.cwasm", "not signed"]);
}

#[test]
fn keys_are_not_written_over_and_others_are_named() {
    let folder = scratch();
    let ours = key(folder.path(), "ours");
    let before = fs::read(&ours).unwrap();
    run(precast().arg("keygen").arg(&ours)).exits(1).complains(&["cannot write"]);
    assert_eq!(fs::read(&ours).unwrap(), before);
    let wrong = file(&folder, "wrong", "no key");
    run(precast().args(["sign", "--key"]).arg(&wrong).arg(&wrong))
        .exits(1)
        .complains(&["64 hexadecimal digits"]);
    run(precast_run().arg("--trust").arg(&wrong).arg(&wrong))
        .exits(1)
        .complains(&["64 hexadecimal digits"]);
}
