//! The programs that are debugged, and what their comments ask for.

use crate::fixture;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name: that of its source, or of a module of the Rust program.
    pub name: String,
    /// Where it is written.
    pub source: PathBuf,
    stops: Vec<Stop>,
}

/// A line to stop at.
#[derive(Clone, Debug)]
struct Stop {
    line: usize,
    show: Vec<String>,
    then: Vec<String>,
}

/// All programs, by name.
pub fn programs() -> Vec<Program> {
    let mut sources: Vec<PathBuf> = Vec::new();
    for folder in [fixture("debug"), fixture("debug/rust/src")] {
        let entries = folder.read_dir().unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
        sources.extend(entries.map(|entry| entry.expect("a readable folder").path()));
    }
    let is_source = |path: &PathBuf| {
        let extension = path.extension().and_then(|e| e.to_str());
        matches!(extension, Some("c" | "cc" | "rs")) && !path.ends_with("main.rs")
    };
    sources.retain(is_source);
    sources.sort();
    sources.into_iter().map(Program::read).collect()
}

impl Program {
    fn read(source: PathBuf) -> Self {
        let text = std::fs::read_to_string(&source)
            .unwrap_or_else(|why| panic!("{}: {why}", source.display()));
        let stops = text.lines().zip(1..).filter_map(|(line, number)| {
            let (_, asked) = line.split_once("//-")?;
            let (show, then) = asked.split_once('|').unwrap_or((asked, ""));
            let parts = |text: &str, separator| -> Vec<String> {
                let parts = text.split(separator).map(str::trim);
                parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
            };
            Some(Stop { line: number, show: parts(show, ';'), then: parts(then, ',') })
        });
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        let rust = source.extension().is_some_and(|e| e == "rs");
        let name = if rust { format!("rust_{name}") } else { name.into_owned() };
        Self { name, stops: stops.collect(), source }
    }

    /// Whether it is a module of the Rust program.
    pub fn rust(&self) -> bool {
        self.source.extension().is_some_and(|e| e == "rs")
    }

    /// Whether it is written in C++.
    pub fn cxx(&self) -> bool {
        self.source.extension().is_some_and(|e| e == "cc")
    }

    /// Whether it uses the C++ library.
    pub fn library(&self) -> bool {
        self.name == "containers"
    }

    /// The argument that selects it, if it is one of several.
    pub fn argument(&self) -> Option<String> {
        self.rust().then(|| stem(&self.source))
    }

    /// What the debuggers' script is told of it.
    pub(super) fn plan(&self, command: &[String]) -> Value {
        let file = self.source.file_name().unwrap_or_default().to_string_lossy();
        // Rust's own library has files of the same names, which the program that
        // runs the guest may contain.
        let place = if self.rust() { format!("rust/src/{file}") } else { file.to_string() };
        let breakpoints: Vec<_> = self.stops.iter().map(|stop| json!([place, stop.line])).collect();
        let at: serde_json::Map<_, _> = self
            .stops
            .iter()
            .map(|stop| {
                let asked = json!({ "show": stop.show, "then": stop.then });
                (format!("{file}:{}", stop.line), asked)
            })
            .collect();
        json!({ "name": self.name, "command": command, "breakpoints": breakpoints, "at": at })
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
