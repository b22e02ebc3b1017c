//! The library as C programs, Python and Go have it: a plugin host in each, with
//! artifacts that are opened when it runs.
#![cfg(target_arch = "x86_64")]

use precast_tests::binaries::{self, library, precast};
use precast_tests::outcome::run;
use precast_tests::{fixture, need, need_that, root, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A module, compiled into a folder.
fn compiled(module: &str, folder: &Path) -> PathBuf {
    let module = fixture(module);
    let artifact = folder.join(module.file_name().expect("a name")).with_extension("cwasm");
    run(precast().args(["compile", "--quiet", "-o"]).arg(&artifact).arg(module)).succeeds();
    artifact
}

/// The plugin, compiled to count its work, and a signed copy of it with the public
/// key: as variables for a test in another language.
fn counted_and_signed(folder: &Path) -> [(&'static str, PathBuf); 3] {
    let [counted, signed, key] =
        ["counted.cwasm", "signed.cwasm", "key"].map(|name| folder.join(name));
    let mut compile = precast();
    compile.args(["compile", "--quiet", "--fuel", "-o"]).arg(&counted);
    run(compile.arg(fixture("capi/plugin.wat"))).succeeds();
    std::fs::copy(&counted, &signed).expect("a writable folder");
    run(precast().arg("keygen").arg(&key)).succeeds();
    run(precast().args(["sign", "--key"]).arg(&key).arg(&signed)).succeeds();
    let key = key.with_extension("pub");
    [("PRECAST_COUNTED", counted), ("PRECAST_SIGNED", signed), ("PRECAST_KEY", key)]
}

/// The folder with `libprecast.so` and `libprecast.a`, as they are installed.
fn libraries() -> PathBuf {
    static PREFIX: LazyLock<PathBuf> = LazyLock::new(|| {
        let built = library().parent().expect("a folder").to_owned();
        let prefix = binaries::kept().join("prefix");
        run(Command::new(root().join("capi/install")).arg(&prefix).arg(built)).succeeds();
        prefix
    });
    PREFIX.join("lib")
}

#[test]
fn a_plugin_host_in_c() {
    let cc = need!("cc");
    let folder = scratch();
    let plugin = compiled("capi/plugin.wat", folder.path());
    let expected = std::fs::read_to_string(fixture("capi/plugin.expected")).expect("a fixture");
    for library in ["libprecast.so", "libprecast.a"] {
        let program = folder.path().join(library).with_extension("");
        let mut command = Command::new(&cc);
        command.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
        command.arg("-I").arg(root().join("capi/include")).arg(fixture("capi/plugin.c"));
        command.arg(libraries().join(library)).args(["-lpthread", "-ldl", "-lm"]);
        run(&mut command).exits(0);
        let mut host = Command::new(program);
        let outcome = run(host.arg(&plugin).env("LD_LIBRARY_PATH", libraries())).succeeds();
        // Threads write in any order.
        let text = outcome.text();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines.join("\n"), expected.trim_end(), "with {library}");
    }
}

#[test]
fn many_threads_in_c() {
    let cc = need!("cc");
    let folder = scratch();
    let program = folder.path().join("threads");
    let mut command = Command::new(&cc);
    command.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
    command.arg("-I").arg(root().join("capi/include")).arg(fixture("capi/threads.c"));
    command.arg(libraries().join("libprecast.a")).args(["-lpthread", "-ldl", "-lm"]);
    run(&mut command).exits(0);
    let mut host = Command::new(program);
    host.arg(compiled("capi/plugin.wat", folder.path()));
    host.arg(compiled("programs/hello.wasm", folder.path()));
    // Four threads 25 times twice, and four others once; a greeting each time.
    run(&mut host).succeeds().prints("logged 204, written 1300\n");
}

#[test]
fn a_plugin_host_in_python() {
    // The first in the path may be another than Debian's, which has pytest.
    let pythons = [need!("python3"), PathBuf::from("/usr/bin/python3")];
    let python = pythons.into_iter().find(|python| {
        python.exists()
            && run(Command::new(python).args(["-m", "pytest", "--version"])).code == Some(0)
    });
    need_that!(python.is_some(), "no python3 has pytest: install python3-pytest");
    let python = python.expect("was found");
    let folder = scratch();
    let mut command = Command::new(python);
    command.current_dir(root().join("bindings/python"));
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]);
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONPATH", ".");
    command.env("PRECAST_LIBRARY", libraries().join("libprecast.so"));
    command.env("PRECAST_PLUGIN", compiled("capi/plugin.wat", folder.path()));
    command.envs(counted_and_signed(folder.path()));
    command.env("PRECAST_PROGRAM", compiled("programs/hello.wasm", folder.path()));
    run(&mut command).exits(0);
}

#[test]
fn a_plugin_host_in_go() {
    let go = fixture("real/go/go/bin/go");
    need_that!(go.exists(), "needs Go: fixtures/fetch.sh go");
    let folder = scratch();
    let mut command = Command::new(go);
    command.current_dir(root().join("bindings/go")).args(["test", "-count=1", "./..."]);
    command.env("CGO_ENABLED", "1").env("GOTOOLCHAIN", "local");
    command.env("CGO_CFLAGS", format!("-I{}", root().join("capi/include").display()));
    command.env("CGO_LDFLAGS", format!("-L{}", libraries().display()));
    command.env("GOCACHE", binaries::folder().join("precast-tests-go"));
    command.env("LD_LIBRARY_PATH", libraries());
    command.env("PRECAST_PLUGIN", compiled("capi/plugin.wat", folder.path()));
    command.envs(counted_and_signed(folder.path()));
    command.env("PRECAST_PROGRAM", compiled("programs/hello.wasm", folder.path()));
    run(&mut command).exits(0);
}
