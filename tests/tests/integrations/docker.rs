//! The Dockerfile, which Buildah builds without a service.

use super::{edit, staged};
use precast_tests::outcome::{Outcome, run};
use precast_tests::{binaries, cross, need, need_permission};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs Buildah with a store of its own.
fn buildah(folder: &Path, args: &[&str]) -> Outcome {
    let mut buildah = Command::new("buildah");
    buildah.current_dir(folder).env("BUILDAH_ISOLATION", "chroot").env("HOME", folder);
    buildah.args(["--storage-driver", "vfs", "--root"]).arg(folder.join("store"));
    run(buildah.arg("--runroot").arg(folder.join("run")).args(args))
}

/// Makes the image with the two commands, from what is under test: `precast` with
/// the libraries that it needs, and a `precast-run` that needs none.
fn make_tools(folder: &Path, precast_run: &Path) {
    let tools = folder.join("tools");
    fs::create_dir_all(tools.join("usr/bin")).expect("a folder");
    let precast = binaries::folder().join("precast");
    let libraries = run(Command::new("ldd").arg(&precast)).exits(0).text();
    let libraries = libraries.split_whitespace().filter(|word| word.starts_with('/'));
    for library in libraries.map(Path::new) {
        let to = tools.join(library.strip_prefix("/").expect("from the root"));
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(library, to).expect("a copy");
    }
    fs::copy(precast, tools.join("usr/bin/precast")).expect("a copy");
    fs::copy(precast_run, tools.join("usr/bin/precast-run")).expect("a copy");
    fs::write(folder.join("tools.Dockerfile"), "FROM scratch\nCOPY . /\n").expect("a file");
    let args = ["build", "-q", "-t", "precast-tools", "-f", "tools.Dockerfile", "tools"];
    buildah(folder, &args).exits(0);
}

#[test]
fn an_image_holds_the_loader_and_an_artifact() {
    need!("buildah");
    let precast_run = cross::need_musl!();
    let folder = staged();
    let probe = buildah(folder.path(), &["images"]);
    need_permission!(probe.code == Some(0), "the system lets nobody make images: {}", probe.stderr);
    make_tools(folder.path(), &precast_run);
    // Gives how many of the steps were made anew.
    let build = || {
        let args = ["build", "--layers", "-t", "one", "-f", "docker/Dockerfile", "."];
        let said = buildah(folder.path(), &args).exits(0);
        let said = said.text() + &said.stderr;
        assert!(said.contains("RUN [\"/usr/bin/precast\", \"compile\""), "{said}");
        (said.matches("STEP").count() - 2) - said.matches("Using cache").count()
    };
    fs::write(folder.path().join(".dockerignore"), "store\nrun\ntools\n").expect("a file");
    let container = |args: &[&str]| {
        let name = buildah(folder.path(), &["from", "one"]).exits(0).text();
        buildah(folder.path(), &[&["run", name.trim(), "--"], args].concat())
    };
    // An exit code that nothing but the module has.
    let one = folder.path().join("src/one.wat");
    let text = fs::read_to_string(&one).expect("a module");
    fs::write(&one, text.replace("i32.const 1", "i32.const 77")).expect("a file");
    assert_eq!(build(), 5);
    container(&["/precast-run", "/one.cwasm"]).exits(77);
    assert_eq!(build(), 0);
    edit(&one);
    // All but the copy of the loader.
    assert_eq!(build(), 4);
    assert_eq!(build(), 0);
    // What is in it.
    let name = buildah(folder.path(), &["from", "one"]).exits(0).text();
    let mounted = buildah(folder.path(), &["mount", name.trim()]).exits(0).text();
    let files = fs::read_dir(mounted.trim()).expect("the image").flatten();
    let mut files: Vec<_> = files.filter(|f| f.path().is_file()).map(|f| f.file_name()).collect();
    files.sort();
    assert_eq!(files, ["one.cwasm", "precast-run"]);
    buildah(folder.path(), &["umount", name.trim()]).exits(0);
}
