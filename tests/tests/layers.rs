//! The import law: the contract knows nobody, compiler and loader do not know
//! each other, and inside each crate imports point down.
//!
//! The `//!` of each crate's root ranks its modules, from the ground up: in a
//! table `| rank | modules |`, with the modules of a rank in backticks, or in
//! one `| module | ... |` with a row for each. A module uses only those in rows
//! above its own, or before it in its row. A module with children may rank them
//! in the same way. Files are in no circle, and modules are in none at any
//! depth, parents and children included.

use precast_tests::imports::Crate;
use precast_tests::packages::{self, folders, sources};
use precast_tests::{limits, names, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Names of our packages that a package of ours depends on, at run time.
fn our_dependencies(package: &str) -> BTreeSet<String> {
    let packages = packages::all();
    let package = packages.iter().find(|p| p["name"] == package).expect("a package of ours");
    let dependencies = package["dependencies"].as_array().expect("dependencies");
    let ours =
        dependencies.iter().filter(|d| d["kind"].is_null()).filter_map(|d| d["name"].as_str());
    ours.filter(|name| name.starts_with("precast")).map(str::to_owned).collect()
}

/// Name and text of every source file of a package, those of tests too.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a source file");
        let name = file.strip_prefix(root()).expect("a file of the workspace");
        (name.display().to_string(), text)
    };
    sources(folder).into_iter().map(read).collect()
}

#[test]
fn the_contract_depends_on_nothing_of_ours() {
    assert_eq!(our_dependencies("precast-artifact"), BTreeSet::new());
    assert_eq!(our_dependencies("precast-debuggers"), BTreeSet::new());
}

#[test]
fn compiler_and_loader_do_not_know_each_other() {
    let below = ["precast-artifact", "precast-debuggers"].map(str::to_owned).into();
    assert_eq!(our_dependencies("precast-compiler"), below);
    assert_eq!(our_dependencies("precast-loader"), below);
    let embed = ["precast-compiler", "precast-component-macro", "precast-loader"];
    assert_eq!(our_dependencies("precast-embed"), embed.map(str::to_owned).into());
    let loader = BTreeSet::from(["precast-loader".to_owned()]);
    assert_eq!(our_dependencies("precast-capi"), loader);
}

/// Imports between the files of a crate form no circle, nor do those between
/// modules at any depth, and its table of ranks is complete and kept.
fn imports_point_down(root_file: &str) {
    let sources = Crate::read(&root().join(root_file));
    assert!(sources.len() > 2, "no modules found in {root_file}");
    let faults = sources.faults();
    assert!(faults.is_empty(), "{root_file}:\n{}", faults.join("\n"));
}

#[test]
fn imports_point_down_in_artifact() {
    imports_point_down("artifact/src/lib.rs");
}

#[test]
fn imports_point_down_in_compiler() {
    imports_point_down("compiler/src/lib.rs");
}

#[test]
fn imports_point_down_in_loader() {
    imports_point_down("loader/src/lib.rs");
}

/// Further previews of WASI are built on the host as preview 1 is, so it may
/// not know even where a preview keeps its pointers.
#[test]
fn the_host_under_wasi_knows_no_preview() {
    let sources = Crate::read(&root().join("loader/src/lib.rs"));
    let edges = sources.edges_below(&["wasi".to_owned()]);
    assert!(edges.iter().any(|edge| edge.from == "preview1" && edge.to == "host"));
    let up: Vec<String> =
        edges.iter().filter(|edge| edge.from == "host").map(|edge| edge.to_string()).collect();
    assert_eq!(up, [""; 0]);
}

#[test]
fn imports_point_down_in_capi() {
    imports_point_down("capi/src/lib.rs");
}

#[test]
fn imports_point_down_in_cli() {
    imports_point_down("cli/src/lib.rs");
}

#[test]
fn imports_point_down_in_what_writes_bindings() {
    imports_point_down("bindgen/src/lib.rs");
    imports_point_down("component-macro/src/lib.rs");
}

#[test]
fn files_and_functions_are_short() {
    let files: Vec<(String, String)> = folders().iter().flat_map(|folder| texts(folder)).collect();
    let found: Vec<String> =
        files.iter().flat_map(|(name, text)| limits::too_long(name, text)).collect();
    assert!(
        found.is_empty(),
        "files of more than {} lines, functions of more than {} (src/limits.rs says what a table is):\n{}",
        limits::FILE,
        limits::FUNCTION,
        found.join("\n")
    );
}

/// Whoever reads a name in a package knows which type it is.
#[test]
fn no_two_types_of_a_package_share_a_name() {
    for folder in folders() {
        let files = texts(&folder);
        let found = names::repeated(pairs(&files));
        assert!(found.is_empty(), "{}:\n{}", folder.display(), found.join("\n"));
    }
}

/// Nor is one called as a type of a package that it stands on, but for `Error`, of
/// which each has its own. `capi` has types of the loader again, under the names of
/// `precast.h`.
#[test]
fn no_type_has_the_name_of_one_below() {
    let folders: BTreeMap<String, PathBuf> = packages::by_name();
    for (package, folder) in folders.iter().filter(|(name, _)| *name != "precast-capi") {
        let above = texts(&folder.join("src"));
        for below in our_dependencies(package) {
            let below = texts(&folders[&below].join("src"));
            let mut found = names::taken(pairs(&below), pairs(&above));
            found.retain(|name| !name.starts_with("`Error`"));
            assert!(found.is_empty(), "{package}:\n{}", found.join("\n"));
        }
    }
}

fn pairs(files: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str()))
}

/// Clippy, which `.ci/run` has look at all targets, refuses an unsafe block
/// without a `SAFETY` comment, wherever nobody tells it not to.
#[test]
fn unsafe_blocks_have_reasons() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    assert!(workspace.contains("\nundocumented_unsafe_blocks = \"deny\"\n"));
    for folder in folders() {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true\n"), "{}", folder.display());
        for (name, text) in texts(&folder) {
            let told = text.match_indices("undocumented_unsafe_blocks");
            let allowed = told.filter(|(at, _)| text[..*at].ends_with("clippy::")).count();
            assert_eq!(allowed, 0, "{name}");
        }
    }
}

/// What takes components apart is made for another host: one folder of the
/// compiler knows it, and contract and loader do without it.
#[test]
fn one_folder_names_the_flattener() {
    let inside = root().join("compiler/src/component/flatten");
    let mut found = 0;
    for name in ["artifact", "compiler", "loader", "capi", "cli", "tests"] {
        let folder = root().join(name);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        assert_eq!(manifest.contains("wasmtime-environ"), name == "compiler", "{name}/Cargo.toml");
        for file in sources(&folder.join("src")) {
            let text = fs::read_to_string(&file).expect("a source file");
            if text.contains(concat!("wasmtime", "_environ")) {
                found += 1;
                let at = file.with_extension("");
                assert!(at.starts_with(&inside), "{}: names the flattener", file.display());
            }
        }
    }
    assert!(found > 0, "components are taken apart somewhere");
}

#[test]
fn contract_and_compiler_have_no_unsafe_code() {
    for crate_root in ["artifact/src/lib.rs", "compiler/src/lib.rs"] {
        let text = fs::read_to_string(root().join(crate_root)).expect("a crate root");
        assert!(text.contains("#![forbid(unsafe_code)]"), "{crate_root}");
    }
}

#[test]
fn unsafe_code_says_why_it_is_sound() {
    says_why_it_is_sound(&root().join("loader/src"));
    says_why_it_is_sound(&root().join("capi/src"));
    says_why_it_is_sound(&root().join("embed/src"));
}

fn says_why_it_is_sound(folder: &Path) {
    let text = fs::read_to_string(folder.join("lib.rs")).expect("a crate root");
    assert!(text.contains("#![deny(unsafe_code)]"));
    let mut opted_in = 0;
    for file in sources(folder) {
        let text = fs::read_to_string(&file).expect("a source file");
        if text.contains("#![allow(unsafe_code)]") {
            opted_in += 1;
            let header = text.split("\nuse ").next().unwrap_or_default();
            assert!(header.contains("//! # Safety"), "{}: no `# Safety` header", file.display());
        }
    }
    assert!(opted_in > 0, "somebody must map the artifact");
}

#[test]
fn assembly_stands_only_under_sys() {
    let folder = root().join("loader/src");
    let mut found = 0;
    for file in sources(&folder) {
        let text = fs::read_to_string(&file).expect("a source file");
        if ["asm!(", "global_asm!", "naked_asm!"].iter().any(|word| text.contains(word)) {
            found += 1;
            assert!(file.starts_with(folder.join("sys")), "{}: has assembly", file.display());
        }
    }
    assert!(found > 0, "the entry into guests is assembly");
}
