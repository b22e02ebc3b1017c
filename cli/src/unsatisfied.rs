//! What is said of a program whose imports are missing.

use precast_artifact::text::Printable;
use precast_loader::{Error, LinkProblem};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Of an interface that lacks more than so many things, only the number is told.
const LISTED: usize = 8;

/// Every import that is missing, with its type, and what would provide it.
pub(crate) fn describe(file: &Path, problems: &[LinkProblem]) -> String {
    let mut text = format!("{}: {}", file.display(), listed(problems));
    let missing = || problems.iter().filter(|problem| problem.found.is_none());
    let mut modules: Vec<&str> = missing().map(|problem| problem.module.as_str()).collect();
    modules.sort_unstable();
    modules.dedup();
    // Interfaces of components have their package before a colon.
    let (interfaces, cores): (Vec<&str>, Vec<&str>) =
        modules.into_iter().partition(|name| name.contains(':') && name.contains('/'));
    for module in cores.iter().filter(|module| !module.starts_with("wasi_")) {
        let module = Printable(module);
        let _ = write!(text, "\nhelp: `--preload {module}=FILE` provides the exports of a module");
    }
    if interfaces.iter().any(|name| name.starts_with("wasi:http/")) {
        text.push_str("\nnote: of WASI 0.2, HTTP is not provided yet");
    }
    if missing().any(|problem| problem.needs.starts_with("func")) {
        text.push_str(
            "\nhelp: `--unknown-imports=trap` runs the program until it calls one that is missing",
        );
    }
    text
}

/// The problems, a line each; those of an interface with many as one.
fn listed(problems: &[LinkProblem]) -> String {
    let mut many: BTreeMap<&str, usize> = BTreeMap::new();
    for problem in problems.iter().filter(|problem| problem.found.is_none()) {
        *many.entry(&problem.module).or_default() += 1;
    }
    many.retain(|_, count| *count > LISTED);
    let rest = problems.iter().filter(|problem| !many.contains_key(problem.module.as_str()));
    let mut text = Error::Link(rest.cloned().collect()).to_string();
    for (module, count) in many {
        let module = Printable(module);
        let _ = write!(text, "\n    {module}: {count} functions and types: nothing has this name");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(module: &str, name: &str, found: Option<&str>) -> LinkProblem {
        let (module, name) = (module.to_owned(), name.to_owned());
        LinkProblem { module, name, needs: "func()".to_owned(), found: found.map(str::to_owned) }
    }

    #[test]
    fn an_interface_that_is_not_there_is_named_once() {
        let http = "wasi:http/types@0.2.10";
        let mut all: Vec<_> = (0..60).map(|n| problem(http, &n.to_string(), None)).collect();
        all.push(problem("wasi:cli/run@0.2.0", "run", Some("a resource")));
        let text = describe(Path::new("a.cwasm"), &all);
        let expected = "a.cwasm: imports are not satisfied:
    wasi:cli/run@0.2.0.run: func(): found a resource
    wasi:http/types@0.2.10: 60 functions and types: nothing has this name
note: of WASI 0.2, HTTP is not provided yet
help: `--unknown-imports=trap` runs the program until it calls one that is missing";
        assert_eq!(text, expected);
    }

    #[test]
    fn modules_can_be_preloaded() {
        let text = describe(Path::new("a.cwasm"), &[problem("env", "log", None)]);
        assert!(text.contains("env.log: func(): nothing has this name"), "{text}");
        assert!(text.contains("help: `--preload env=FILE`"), "{text}");
        assert!(!text.contains("HTTP"), "{text}");
    }
}
