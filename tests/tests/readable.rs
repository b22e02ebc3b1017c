//! Someone new finds their way: the crates say where what is changed, of names
//! that are there, and files are written one way.

use precast_tests::{packages, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What someone new will want to do.
const CHANGES: [&str; 7] = [
    "a new operator",
    "a new WASI function",
    "a new section",
    "a new target CPU",
    "an optimisation over the module",
    "a debugger formatter",
    "a CLI option",
];

/// A row of a table "Where would I change it?".
struct Change {
    file: PathBuf,
    what: String,
    /// Modules, files and packages that it names.
    places: Vec<String>,
}

fn changes() -> Vec<Change> {
    let mut found = Vec::new();
    for file in packages::folders().iter().flat_map(|folder| packages::sources(&folder.join("src")))
    {
        let text = fs::read_to_string(&file).expect("a source file");
        let lines = text.lines().take_while(|line| line.starts_with("//!"));
        let lines = lines.skip_while(|line| !line.contains("# Where would I change it?")).skip(1);
        let rows = lines.take_while(|line| !line.starts_with("//! #"));
        let rows = rows.filter(|line| line.starts_with("//! | ")).skip(1);
        found.extend(rows.map(|row| {
            let mut cells = row["//! |".len()..].split('|').map(str::trim);
            let what = cells.next().unwrap_or_default().to_owned();
            let places = cells.next().unwrap_or_default().split('`').skip(1).step_by(2);
            Change { file: file.clone(), what, places: places.map(str::to_owned).collect() }
        }));
    }
    found
}

#[test]
fn every_change_has_a_place_that_exists() {
    let changes = changes();
    for what in CHANGES {
        assert!(changes.iter().any(|change| change.what.starts_with(what)), "where is {what}?");
    }
    let names = packages::names();
    for Change { file, what, places } in &changes {
        assert!(!places.is_empty(), "{}: {what}: no place is named", file.display());
        for place in places {
            let known = names.contains(place) || exists(file, place);
            assert!(known, "{}: {what}: there is no `{place}`", file.display());
        }
    }
}

/// Whether a module or file is in a package of ours, or below a file.
fn exists(file: &Path, place: &str) -> bool {
    let path = place.replace("::", "/");
    let mut folders: Vec<PathBuf> =
        packages::folders().iter().map(|folder| folder.join("src")).collect();
    folders.extend([file.with_extension(""), root().to_owned()]);
    folders.iter().any(|folder| {
        let path = folder.join(&path);
        path.exists() || path.with_extension("rs").exists()
    })
}

/// One style of module files, and imports in one block: what `rustfmt` then
/// sorts.
#[test]
fn modules_and_imports_are_written_one_way() {
    let mut found = BTreeSet::new();
    for file in packages::folders().iter().flat_map(|folder| packages::sources(folder)) {
        let name = file.strip_prefix(root()).expect("a file of ours").display().to_string();
        if file.ends_with("mod.rs") {
            found.insert(format!("{name}: a module's file has the module's name"));
        }
        let text = fs::read_to_string(&file).expect("a source file");
        if let Some(line) = second_block(&text) {
            found.insert(format!("{name}:{line}: imports stand in one block"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Line of the first import at the top level that is not in the first block.
/// What exports a macro has no path, and stands after that.
fn second_block(text: &str) -> Option<usize> {
    let (mut inside, mut ended, mut open) = (false, false, false);
    for (number, line) in (1..).zip(text.lines()) {
        let is_import = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "]
            .iter()
            .any(|start| line.starts_with(start) && line.contains("::"));
        match line {
            _ if open => open = !line.ends_with(';'),
            _ if is_import && ended => return Some(number),
            _ if is_import => (inside, open) = (true, !line.ends_with(';')),
            line if line.starts_with("#[") => {}
            _ => ended = inside,
        }
    }
    None
}

#[test]
fn blocks_of_imports_are_told_apart() {
    assert_eq!(
        second_block("mod a;\n\nuse a::{\n    b,\n};\npub use c::d;\n\nfn f() {\n}\npub use m;\n"),
        None
    );
    assert_eq!(second_block("use a::b;\n\nuse b::c;\n"), Some(3));
    assert_eq!(
        second_block("use a::b;\n#[cfg(test)]\nuse b::c;\nmod c;\npub use c::d;\n"),
        Some(5)
    );
}
