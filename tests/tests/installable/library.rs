//! The library for C programs, as pkg-config knows it.

use precast_tests::outcome::run;
use precast_tests::{binaries, fixture, need, root, scratch};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What pkg-config says of the library that is installed there.
fn pkg_config(prefix: &Path, args: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.args(args).arg("precast").env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let text = run(&mut command).succeeds().text();
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_c_program_is_built_by_what_pkg_config_says() {
    let (cc, _) = (need!("cc"), need!("pkg-config"));
    let folder = scratch();
    let prefix = folder.path().join("prefix");
    let built = binaries::library();
    let mut install = Command::new(root().join("capi/install"));
    install.arg(&prefix).arg(built.parent().expect("a folder"));
    run(&mut install).succeeds();
    let plugin = folder.path().join("plugin.cwasm");
    let mut compile = binaries::precast();
    compile.args(["compile", "-q", "-o"]).arg(&plugin).arg(fixture("capi/plugin.wat"));
    run(&mut compile).succeeds();
    let expected = fs::read_to_string(fixture("capi/plugin.expected")).expect("a fixture");

    let abi = pkg_config(&prefix, &["--variable=abi_version"]);
    let wanted = format!("libprecast.so.{}", abi[0]);
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let version = pkg_config(&prefix, &["--modversion"]);
    assert!(workspace.contains(&format!("version = \"{}\"", version[0])), "{version:?}");
    for kind in [&[][..], &["--static"]] {
        let program = folder.path().join("host");
        let mut command = Command::new(&cc);
        command.arg("-o").arg(&program).arg(fixture("capi/plugin.c"));
        command.args(pkg_config(&prefix, &["--cflags"]));
        let libraries = pkg_config(&prefix, &[kind, &["--libs"]].concat());
        let fixed = format!("{}/lib/libprecast.a", prefix.display());
        command.args(libraries.iter().map(|word| match word.as_str() {
            "-lprecast" if !kind.is_empty() => fixed.as_str(),
            word => word,
        }));
        // The fixture's own threads.
        run(command.arg("-lpthread")).exits(0);
        let bytes = fs::read(&program).expect("the program");
        let needs = bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes());
        assert_eq!(needs, kind.is_empty(), "{kind:?}");
        let mut host = Command::new(&program);
        host.arg(&plugin).env("LD_LIBRARY_PATH", prefix.join("lib"));
        let text = run(&mut host).succeeds().text();
        assert_eq!(text.lines().count(), expected.trim_end().lines().count(), "{kind:?}");
    }
}
