//! CPython's own tests of files, run by CPython as a guest and natively: what
//! comes of each is the same but for the lines in `fixtures/python/differences`.
//!
//! `fixtures/fetch.sh python` fetches the guest; the tests are Debian's.

use precast_tests::binaries::{kept, precast};
use precast_tests::differences::Table;
use precast_tests::outcome::run;
use precast_tests::{fixture, need_that, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where Debian has CPython's library, and its tests.
const LIBRARY: &str = "/usr/lib/python3.11";
const NATIVE: &str = "/usr/bin/python3.11";

/// What the tests need of the library that the guest does not carry.
const NEEDED: [&str; 2] = ["_pyio.py", "test/mapping_tests.py"];

/// What the guest cannot run: see the table.
const LEFT_OUT: [&str; 5] = [
    "test.test_posixpath.PosixCommonTest.test_expandvars_large",
    "test.test_io.PyBufferedReaderTest.test_recursive_repr",
    "test.test_io.PyBufferedWriterTest.test_recursive_repr",
    "test.test_io.PyBufferedRandomTest.test_recursive_repr",
    "test.test_io.PyTextIOWrapperTest.test_recursive_repr",
];

/// The guest, compiled by whichever test comes first.
fn compiled() -> PathBuf {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(compile).clone()
}

fn compile() -> PathBuf {
    let artifact = kept().join("python.cwasm");
    if !artifact.exists() {
        let module = fixture("real/python/wasm_runtime/python-3.11.3.wasm");
        let part = kept().join(format!("python.cwasm.{}", std::process::id()));
        run(precast().arg("compile").arg(module).arg("-o").arg(&part)).succeeds();
        fs::rename(part, &artifact).expect("the same folder");
    }
    artifact
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a new folder");
        for entry in from.read_dir().expect("a readable folder") {
            let name = entry.expect("a readable folder").file_name();
            if name != "__pycache__" {
                copy(&from.join(&name), &to.join(&name));
            }
        }
    } else {
        fs::copy(from, to).expect("a copy");
    }
}

/// What the guest sees: the folder to work in, the tests, and who runs them.
fn world(module: &str) -> tempfile::TempDir {
    let folder = scratch();
    let library = folder.path().join("library");
    fs::create_dir_all(library.join("test")).expect("a new folder");
    fs::create_dir(folder.path().join("work")).expect("a new folder");
    let tests = ["test/__init__.py", "test/support", "test/test_genericpath.py"].map(str::to_owned);
    let of_module = format!("test/{module}.py");
    for name in tests.iter().map(String::as_str).chain(NEEDED).chain([&*of_module]) {
        copy(&Path::new(LIBRARY).join(name), &library.join(name));
    }
    copy(&fixture("python/results.py"), &folder.path().join("results.py"));
    folder
}

fn lines(command: &mut Command) -> Vec<String> {
    run(command).exits(0).text().lines().map(str::to_owned).collect()
}

fn compare(module: &str, least: usize) {
    let wasm = fixture("real/python/wasm_runtime/python-3.11.3.wasm");
    need_that!(wasm.exists(), "needs CPython: fixtures/fetch.sh python");
    let tests = Path::new(LIBRARY).join("test/test_os.py");
    need_that!(tests.exists(), "needs apt-get install python3.11 libpython3.11-testsuite");
    let folder = world(module);
    let mut guest = precast();
    guest.arg("run").arg("--dir").arg(format!("{}::/", folder.path().display()));
    guest.args(["--dir", "/dev", "--env", "PYTHONPATH=/library"]).arg(compiled());
    guest.args(["/results.py", "/work"]).args(LEFT_OUT.map(|name| format!("-{name}")));
    let guest = lines(guest.arg(format!("test.{module}")));
    let mut native = Command::new(NATIVE);
    native.arg(folder.path().join("results.py")).arg(folder.path().join("work"));
    // What the guest skips and the table knows needs no time natively.
    let mut table = Table::of("python/differences", module);
    let skipped = guest.iter().filter(|line| table.knows(line));
    let skipped = skipped.filter_map(|line| line.split_once(": skipped"));
    native.args(skipped.map(|(name, _)| format!("-{name}")));
    let native = lines(native.env_remove("PYTHONPATH").arg(format!("test.{module}")));
    let same = native.iter().zip(&guest).filter(|(native, guest)| native == guest).count();
    table.compare("", &native, &guest);
    table.end(least, true);
    assert!(same >= least, "only {same} tests of {module} are the same");
}

#[test]
fn test_os() {
    compare("test_os", 125);
}

#[test]
fn test_io() {
    compare("test_io", 560);
}

#[test]
fn test_posixpath() {
    compare("test_posixpath", 58);
}

#[test]
fn test_genericpath() {
    compare("test_genericpath", 20);
}
