//! The table of functions and errors in `fixtures/wasi2/README.md` says what the
//! expectations say, of every function that WASI 0.2 has.

use precast_tests::fixture;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// For each function, the errors that it was seen to give: lines of expectations
/// are of the form `resource.function how: error`.
fn provoked() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    for entry in fs::read_dir(fixture("wasi2")).expect("the fixtures") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "expected") {
            continue;
        }
        for line in fs::read_to_string(&path).expect("expectations").lines() {
            let Some((what, code)) = line.rsplit_once(": ") else { continue };
            let function = what.split(' ').next().unwrap_or_default();
            let is_code = code.bytes().all(|b| b.is_ascii_lowercase() || b"-, ".contains(&b));
            if is_code && !matches!(code, "ok" | "true" | "false") {
                found.entry(function.to_owned()).or_default().insert(code.to_owned());
            }
        }
    }
    found
}

/// Interface and name of every function but those that are not stable.
fn functions() -> Vec<(String, String)> {
    let mut resolve = wit_parser::Resolve::default();
    resolve.features.insert("network-error-code".to_owned());
    resolve.push_dir(fixture("wasi-wit")).expect("WIT");
    let mut all = Vec::new();
    for (_, interface) in &resolve.interfaces {
        let (Some(name), Some(package)) = (&interface.name, interface.package) else { continue };
        let package = &resolve.packages[package].name.name;
        for function in interface.functions.keys() {
            let function = function.trim_start_matches("[method]");
            all.push((format!("{package}/{name}"), function.to_owned()));
        }
    }
    all.sort();
    all
}

#[test]
fn every_function_and_its_errors_stand_in_the_table() {
    let text = fs::read_to_string(fixture("wasi2/README.md")).expect("the table");
    let table = text.split("| interface | function |").nth(1).expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut listed = Vec::new();
    let provoked = provoked();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, interface, function, codes, remarks, _] = cells[..] else { panic!("{row}") };
        let function = function.trim_matches('`');
        let codes: BTreeSet<String> =
            codes.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let seen = provoked.get(function).cloned().unwrap_or_default();
        assert_eq!(codes, seen, "errors of {function}");
        assert!(!codes.is_empty() || !remarks.is_empty(), "{function}: why none?");
        listed.push((interface.to_owned(), function.to_owned()));
    }
    listed.sort();
    assert_eq!(listed, functions());
    println!("{} functions", listed.len());
}
