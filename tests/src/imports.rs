//! Who uses whom inside a crate, read off its sources.
//!
//! A small scanner, not a compiler: it drops comments, literals and
//! `#[cfg(test)]` items, takes every `use` declaration and every path, and
//! follows each through the modules and `use` declarations on its way to the
//! file that defines the name. `mod child;` alone is no import, and neither is
//! a module's name that only begins other paths: those count themselves.
//! Methods, and names that arrive by a glob or a macro, are not seen; a type
//! needs a path somewhere to be named at all.
//!
//! ```sh
//! cargo run -q -p precast-tests --example circles -- compiler
//! ```
//!
//! shows the circles of a crate, file by file.

mod circles;
mod law;
mod ranks;
mod scan;

pub use circles::{Circle, circles};
use scan::ScannedSource;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

/// A module's path from the crate's root, which is the empty one.
pub type ModulePath = Vec<String>;

/// The modules of a crate and what each uses.
#[derive(Debug, Default)]
pub struct Crate {
    modules: BTreeMap<ModulePath, ScannedSource>,
    /// Modules that are written out in the file of the module around them.
    inline: BTreeSet<ModulePath>,
}

/// One module using another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who uses.
    pub from: String,
    /// Who is used.
    pub to: String,
    /// Where: the two files, which may lie deeper, and the names.
    pub example: String,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}: {}", self.from, self.to, self.example)
    }
}

/// One file using another, with the names that it uses.
type FileEdges = BTreeMap<(ModulePath, ModulePath), BTreeSet<String>>;

impl Crate {
    /// Reads a crate from its root file.
    pub fn read(root: &Path) -> Self {
        let mut result = Self::default();
        let folder = root.parent().expect("a source file lies in a folder");
        result.read_module(root, folder, Vec::new());
        result
    }

    /// Builds a crate from modules given as text, for tests.
    pub fn from_texts(texts: &[(&str, &str)]) -> Self {
        let mut result = Self::default();
        for (path, text) in texts {
            let path = path.split("::").filter(|p| !p.is_empty()).map(str::to_owned).collect();
            result.add(path, ScannedSource::scan(text));
        }
        result
    }

    /// Edges between files.
    pub fn file_edges(&self) -> BTreeSet<Edge> {
        let edge = |((from, to), names): ((ModulePath, ModulePath), BTreeSet<String>)| Edge {
            from: show(&from),
            to: show(&to),
            example: names.into_iter().collect::<Vec<_>>().join(", "),
        };
        self.edges().into_iter().map(edge).collect()
    }

    /// Edges between the children of a module: by what is anywhere below
    /// each. The module's own file is a child called `self`.
    pub fn edges_below(&self, parent: &[String]) -> BTreeSet<Edge> {
        let mut found = BTreeMap::new();
        for ((from, to), names) in self.edges() {
            if !from.starts_with(parent) || !to.starts_with(parent) {
                continue;
            }
            let child = |m: &ModulePath| m.get(parent.len()).map_or("self", |n| n).to_owned();
            let between = (child(&from), child(&to));
            if between.0 != between.1 {
                let names = names.into_iter().collect::<Vec<_>>().join(", ");
                let example = format!("{} uses {names} of {}", show(&from), show(&to));
                found.entry(between).or_insert(example);
            }
        }
        found.into_iter().map(|((from, to), example)| Edge { from, to, example }).collect()
    }

    /// Every module that has children in files of their own, the root first.
    pub fn parents(&self) -> BTreeSet<ModulePath> {
        let parent = |module: &ModulePath| module.split_last().map(|(_, rest)| rest.to_vec());
        self.files().filter_map(parent).collect()
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files().count()
    }

    /// Whether there is no file at all.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    fn files(&self) -> impl Iterator<Item = &ModulePath> {
        self.modules.keys().filter(|path| !self.inline.contains(*path))
    }

    fn read_module(&mut self, file: &Path, folder: &Path, path: ModulePath) {
        let text =
            fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let source = ScannedSource::scan(&text);
        for child in &source.files {
            let flat = folder.join(format!("{}.rs", child.name));
            let nested = folder.join(&child.name).join("mod.rs");
            let child_file = match &child.path {
                Some(named) => file.with_file_name(named),
                None if flat.exists() => flat,
                None => nested,
            };
            self.read_module(&child_file, &folder.join(&child.name), below(&path, &child.name));
        }
        self.add(path, source);
    }

    fn add(&mut self, path: ModulePath, mut source: ScannedSource) {
        for (name, inner) in std::mem::take(&mut source.inline) {
            let inner_path = below(&path, &name);
            self.inline.insert(inner_path.clone());
            self.add(inner_path, inner);
        }
        // A module that each architecture has a file for is all of them.
        let module = self.modules.entry(path).or_default();
        module.uses.append(&mut source.uses);
        module.paths.append(&mut source.paths);
        module.files.append(&mut source.files);
        module.ranks = source.ranks.or(module.ranks.take());
    }

    fn edges(&self) -> FileEdges {
        let mut edges = FileEdges::new();
        for (module, source) in &self.modules {
            let mut add = |definer: ModulePath, name: &[String]| {
                let (from, to) = (self.file_of(module), self.file_of(&definer));
                if from != to {
                    edges.entry((from, to)).or_default().insert(name.join("::"));
                }
            };
            for path in &source.paths {
                if let Some((definer, rest)) = self.resolve(module, path, 16) {
                    add(definer, if rest.is_empty() { path } else { &rest });
                }
            }
            for import in &source.uses {
                let begins = |path: &Vec<String>| path.first() == Some(&import.name);
                match self.resolve(module, &import.path, 16) {
                    // A module whose name begins paths: they are counted.
                    Some((_, rest)) if rest.is_empty() && source.paths.iter().any(begins) => {}
                    Some((definer, rest)) if rest.is_empty() => add(definer, &import.path),
                    Some((definer, rest)) => add(definer, &rest),
                    None => {}
                }
            }
        }
        edges
    }

    /// The module that a path written in another leads into, through modules
    /// and `use` declarations, with what is left of the path there. Nothing
    /// for what is no module's of this crate. `depth` bounds the way.
    fn resolve(
        &self,
        module: &ModulePath,
        path: &[String],
        depth: usize,
    ) -> Option<(ModulePath, Vec<String>)> {
        let (first, rest) = path.split_first()?;
        let depth = depth.checked_sub(1)?;
        match first.as_str() {
            "crate" => self.descend(Vec::new(), rest, depth),
            "self" => self.descend(module.clone(), rest, depth),
            "super" => {
                let mut around = module.split_last()?.1.to_vec();
                let ups = rest.iter().take_while(|name| *name == "super").count();
                around.truncate(around.len().checked_sub(ups)?);
                self.descend(around, &rest[ups..], depth)
            }
            name => {
                let child = self.modules.contains_key(&below(module, name));
                let named = self.modules[module]
                    .uses
                    .iter()
                    .any(|u| u.name == name && !(u.path.len() == 1 && u.path[0] == name));
                if child || named { self.descend(module.clone(), path, depth) } else { None }
            }
        }
    }

    /// Follows names from a module downwards.
    fn descend(
        &self,
        module: ModulePath,
        path: &[String],
        depth: usize,
    ) -> Option<(ModulePath, Vec<String>)> {
        let Some((first, rest)) = path.split_first() else { return Some((module, Vec::new())) };
        let child = below(&module, first);
        if self.modules.contains_key(&child) {
            return self.descend(child, rest, depth);
        }
        let uses = self.modules.get(&module).map_or(&[][..], |source| &source.uses);
        match uses.iter().find(|u| u.name == *first && u.path != path[..1]) {
            Some(import) => {
                let whole = [&import.path, rest].concat();
                self.resolve(&module, &whole, depth)
            }
            None => Some((module, path.to_vec())),
        }
    }

    /// The module whose file a module stands in.
    fn file_of(&self, module: &ModulePath) -> ModulePath {
        let around = (0..=module.len()).rev().map(|len| module[..len].to_vec());
        around.into_iter().find(|path| !self.inline.contains(path)).unwrap_or_default()
    }
}

fn below(module: &[String], child: &str) -> ModulePath {
    [module, &[child.to_owned()]].concat()
}

fn show(module: &[String]) -> String {
    match module {
        [] => "the root".to_owned(),
        names => names.join("::"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(texts: &[(&str, &str)]) -> Vec<String> {
        let edges = Crate::from_texts(texts).edges_below(&[]);
        edges.into_iter().map(|edge| format!("{} {}", edge.from, edge.to)).collect()
    }

    fn files(texts: &[(&str, &str)]) -> Vec<String> {
        let edges = Crate::from_texts(texts).file_edges();
        edges
            .into_iter()
            .map(|edge| format!("{} {} {}", edge.from, edge.to, edge.example))
            .collect()
    }

    #[test]
    fn paths_are_found_in_every_form() {
        assert_eq!(edges(&[("", ""), ("a", "use crate::b::C;"), ("b", "")]), ["a b"]);
        assert_eq!(edges(&[("", ""), ("a", "fn f() { super::b::c() }"), ("b", "")]), ["a b"]);
        let nested = [("", ""), ("a", ""), ("a::x", "use super::super::{b::C, c::{self, D}};")];
        assert_eq!(edges(&[&nested[..], &[("b", ""), ("c", "")]].concat()), ["a b", "a c"]);
        // Below oneself is no edge.
        assert_eq!(edges(&[("", ""), ("a", "use self::x::Y;"), ("a::x", "")]), [""; 0]);
    }

    #[test]
    fn re_exports_are_followed() {
        let texts = [
            ("", "pub use a::{Error as Fault}; mod a; mod b;"),
            ("a", ""),
            ("b", "use crate::Fault;"),
        ];
        assert_eq!(edges(&texts), ["b a", "self a"]);
        let texts = [
            ("", ""),
            ("a", "pub use x::Y;"),
            ("a::x", ""),
            ("b", "use crate::a; fn f() { a::Y::new() }"),
        ];
        assert_eq!(files(&texts), ["a a::x Y", "b a::x Y::new"]);
    }

    #[test]
    fn a_module_is_used_where_its_names_are() {
        let child = ("a", "mod x;");
        assert_eq!(files(&[("", ""), child, ("a::x", "")]), [""; 0]);
        let texts = [("", ""), ("a", "mod x; fn f() { x::g() }"), ("a::x", "use super::H;")];
        assert_eq!(files(&texts), ["a a::x g", "a::x a H"]);
        // A module that is passed on counts itself.
        assert_eq!(files(&[("", "pub use a; mod a;"), ("a", "")]), ["the root a a"]);
    }

    #[test]
    fn modules_inside_a_file_are_that_file() {
        let texts = [("", ""), ("a", "mod x { use super::super::b::C; use super::D; }"), ("b", "")];
        assert_eq!(files(&texts), ["a b C"]);
        assert_eq!(files(&[("", ""), ("a", "mod x {}"), ("b", "use crate::a::x::Y;")]), ["b a Y"]);
    }

    #[test]
    fn names_of_other_crates_and_tests_do_not_count() {
        let text = "use object::read; fn f() { read::g(); b::h() } #[cfg(test)] mod tests { use crate::b; }";
        assert_eq!(edges(&[("", ""), ("a", text), ("b", "")]), [""; 0]);
        let after = format!("{text} use crate::b;");
        assert_eq!(edges(&[("", ""), ("a", &after), ("b", "")]), ["a b"]);
    }
}
