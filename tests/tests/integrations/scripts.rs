//! npm and Python, which have no rules of their own for what is up to date: the
//! cache has them.

use super::{command, edit, staged, tool};
use precast_tests::need;
use precast_tests::outcome::run;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// When each artifact of a folder was written.
fn times(folder: &Path) -> Vec<SystemTime> {
    let time = |name: &str| folder.join(name).metadata().and_then(|meta| meta.modified());
    ["one.cwasm", "two.cwasm", "three.cwasm"].map(|name| time(name).expect("a time")).into()
}

/// How many results a cache has.
fn results(cache: &Path) -> usize {
    let shards = fs::read_dir(cache.join("results")).expect("a cache").flatten();
    shards.map(|shard| fs::read_dir(shard.path()).expect("a shard").count()).sum()
}

#[test]
fn npm_runs_what_was_built() {
    need!("npm");
    let folder = staged();
    let at = folder.path().join("npm");
    let (dist, cache) = (at.join("dist"), at.join("node_modules/.cache/precast"));
    let build = || {
        tool(&at, "npm", &["run", "--silent", "build"]);
        (times(&dist), results(&cache))
    };
    let (first, kept) = build();
    assert_eq!(build(), (first.clone(), kept));
    edit(&folder.path().join("src/two.wat"));
    let (third, more) = build();
    assert_eq!((third[0], third[2]), (first[0], first[2]));
    assert!(third[1] > first[1]);
    // The module's one function, and the artifact.
    assert_eq!(more, kept + 2);
    tool(&at, "npm", &["test", "--silent"]);
}

#[test]
fn python_reads_messages() {
    need!("python3");
    let folder = staged();
    let at = folder.path().join("python");
    let compiled = || {
        let text = tool(&at, "python3", &["build.py", "../src", "dist"]).text();
        assert_eq!(text.matches(" bytes, ").count(), 3, "{text}");
        text.matches("1 functions compiled").count()
    };
    assert_eq!(compiled(), 3);
    assert_eq!(fs::read_dir(at.join("dist")).expect("a folder").count(), 3);
    let first = times(&at.join("dist"));
    assert_eq!(compiled(), 0);
    assert_eq!(times(&at.join("dist")), first);
    edit(&folder.path().join("src/two.wat"));
    assert_eq!(compiled(), 1);
    fs::write(folder.path().join("src/bad.wat"), "(module (func i32.add))").expect("a file");
    let outcome = run(command(&at, "python3").args(["build.py", "../src", "dist"])).exits(1);
    assert!(outcome.text().contains("bad.wat: error: "), "{}", outcome.text());
}
