//! Who uses whom inside a crate, read off its sources.
//!
//! A small scanner, not a compiler: it drops comments, literals and
//! `#[cfg(test)]` modules, then takes every path that begins with `crate::`,
//! `super::` or `self::`, follows `use` declarations where a name is
//! re-exported, and notes which module the name comes from. Names that arrive
//! by macros or by method calls are not seen; they need a path somewhere to
//! exist at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module's path from the crate's root, which is the empty one.
pub type ModulePath = Vec<String>;

/// The modules of a crate and what each uses.
#[derive(Debug, Default)]
pub struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

#[derive(Debug, Default)]
struct Module {
    /// Paths written in it, as absolute ones.
    paths: BTreeSet<Vec<String>>,
    /// Names that its `use` declarations bring into it, with their origin.
    names: BTreeMap<String, Vec<String>>,
}

/// One module using another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who uses; `crate` is the root's own file.
    pub from: String,
    /// Who is used.
    pub to: String,
    /// Where: the two modules themselves, which may lie deeper.
    pub example: String,
}

impl Crate {
    /// Reads a crate from its root file.
    pub fn read(root: &Path) -> Self {
        let mut result = Self::default();
        let folder = root.parent().expect("a source file lies in a folder");
        result.read_module(root, folder, Vec::new());
        result.paths_through_re_exports();
        result
    }

    /// Builds a crate from modules given as text, for tests.
    pub fn from_texts(texts: &[(&str, &str)]) -> Self {
        let mut result = Self::default();
        for (path, text) in texts {
            let path = path.split("::").filter(|p| !p.is_empty()).map(str::to_owned).collect();
            result.add(path, text);
        }
        result.paths_through_re_exports();
        result
    }

    /// Edges between the children of a module: by what is anywhere below
    /// each. The module's own file is a child called `self`.
    pub fn edges_below(&self, parent: &[String]) -> BTreeSet<Edge> {
        let mut edges = BTreeMap::new();
        for (module, content) in &self.modules {
            if !module.starts_with(parent) {
                continue;
            }
            for path in &content.paths {
                let target = self.module_of(path);
                if !target.starts_with(parent) {
                    continue;
                }
                let child = |m: &ModulePath| m.get(parent.len()).map_or("self", |n| n).to_owned();
                let (from, to) = (child(module), child(&target));
                if from != to {
                    let name = path.join("::");
                    let example = format!("{} uses {name}", show(module));
                    edges.entry((from, to)).or_insert(example);
                }
            }
        }
        edges.into_iter().map(|((from, to), example)| Edge { from, to, example }).collect()
    }

    /// Every module that has children, the root first.
    pub fn parents(&self) -> BTreeSet<ModulePath> {
        let parent = |module: &ModulePath| module.split_last().map(|(_, rest)| rest.to_vec());
        self.modules.keys().filter_map(parent).collect()
    }

    /// Number of modules.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Whether there is no module at all.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    fn read_module(&mut self, file: &Path, folder: &Path, path: ModulePath) {
        let text =
            fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let children = self.add(path.clone(), &text);
        for child in children {
            let flat = folder.join(format!("{child}.rs"));
            let nested = folder.join(&child).join("mod.rs");
            let file = match path_attribute(&text, &child) {
                Some(named) => folder.join(named),
                None if flat.exists() => flat,
                None => nested,
            };
            let below = [path.clone(), vec![child.clone()]].concat();
            self.read_module(&file, &folder.join(child), below);
        }
    }

    /// Adds one file and gives the modules that it declares in other files.
    fn add(&mut self, path: ModulePath, text: &str) -> Vec<String> {
        let text = without_tests(&without_comments(text));
        let mut module = Module::default();
        for tree in use_declarations(&text) {
            for (names, visible) in leaves(&tree) {
                if let Some(absolute) = absolute(&path, &names) {
                    module.names.insert(visible, absolute.clone());
                    module.paths.insert(absolute);
                }
            }
        }
        for names in inline_paths(&text) {
            module.paths.extend(absolute(&path, &names));
        }
        self.modules.insert(path, module);
        declared_modules(&text)
    }

    /// Replaces what came through a `use` of another module by its origin.
    fn paths_through_re_exports(&mut self) {
        let mut resolved = BTreeMap::new();
        for (module, content) in &self.modules {
            let paths = content.paths.iter().map(|path| self.origin(path.clone(), 8));
            resolved.insert(module.clone(), paths.collect::<BTreeSet<_>>());
        }
        for (module, paths) in resolved {
            self.modules.entry(module).or_default().paths = paths;
        }
    }

    fn origin(&self, path: Vec<String>, depth: usize) -> Vec<String> {
        let module = self.module_of(&path);
        let next = path.get(module.len()).and_then(|name| self.modules[&module].names.get(name));
        match next {
            Some(next) if depth > 0 && *next != path => {
                let rest = path[module.len() + 1..].to_vec();
                self.origin([next.clone(), rest].concat(), depth - 1)
            }
            _ => path,
        }
    }

    /// The module that a path leads into.
    fn module_of(&self, path: &[String]) -> ModulePath {
        let known = (0..=path.len()).rev().map(|len| path[..len].to_vec());
        known.into_iter().find(|path| self.modules.contains_key(path)).unwrap_or_default()
    }
}

/// A circle in a graph, if there is one: every name once, in order.
pub fn find_cycle(edges: &BTreeSet<Edge>) -> Option<Vec<String>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in edges {
        next.entry(&edge.from).or_default().push(&edge.to);
    }
    let mut done = BTreeSet::new();
    let mut way = Vec::new();
    next.keys().find_map(|start| walk(start, &next, &mut done, &mut way))
}

fn walk<'a>(
    at: &'a str,
    next: &BTreeMap<&'a str, Vec<&'a str>>,
    done: &mut BTreeSet<&'a str>,
    way: &mut Vec<&'a str>,
) -> Option<Vec<String>> {
    if let Some(start) = way.iter().position(|name| *name == at) {
        return Some(way[start..].iter().map(|name| (*name).to_owned()).collect());
    }
    if !done.insert(at) {
        return None;
    }
    way.push(at);
    let found = next.get(at).into_iter().flatten().find_map(|to| walk(to, next, done, way));
    way.pop();
    found
}

fn show(module: &[String]) -> String {
    match module {
        [] => "the root".to_owned(),
        names => names.join("::"),
    }
}

/// `crate::a`, `self::a`, `super::super::a` as paths from the root; nothing
/// for names of other crates.
fn absolute(module: &[String], names: &[String]) -> Option<Vec<String>> {
    let mut base = match names.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    for name in names {
        match name.as_str() {
            "crate" | "self" => {}
            "super" => drop(base.pop()),
            other => base.push(other.to_owned()),
        }
    }
    Some(base)
}

/// The names brought in by one use tree: each with the name it goes by.
fn leaves(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    if let Some((prefix, rest)) = tree.split_once('{') {
        let inside = rest.trim_end().strip_suffix('}').unwrap_or(rest);
        let prefix = names(prefix);
        let parts = split_top(inside);
        let below = parts.iter().flat_map(|part| leaves(part));
        return below
            .map(|(mut path, visible)| {
                if path.first().is_some_and(|name| name == "self") {
                    path.remove(0);
                }
                let whole = [prefix.clone(), path].concat();
                let visible = match visible.as_str() {
                    "self" => whole.last().cloned().unwrap_or_default(),
                    _ => visible,
                };
                (whole, visible)
            })
            .collect();
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (tree, None),
    };
    let mut path = names(path);
    let visible = alias.or_else(|| path.last().cloned()).unwrap_or_default();
    path.retain(|name| name != "*");
    match path.is_empty() {
        true => Vec::new(),
        false => vec![(path, visible)],
    }
}

fn names(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Splits at the commas that stand outside of braces.
fn split_top(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// The trees of all `use` declarations.
fn use_declarations(text: &str) -> Vec<String> {
    let word = |at: usize| at == 0 || !is_name(text[..at].chars().next_back().unwrap_or(' '));
    let starts = text.match_indices("use ").map(|(at, _)| at).filter(|at| word(*at));
    let tree = |at: usize| {
        let rest = &text[at + 4..];
        rest.find(';').map(|end| rest[..end].split_whitespace().collect::<Vec<_>>().join(" "))
    };
    starts.filter_map(tree).collect()
}

/// Paths in code that begin with `crate::`, `super::` or `self::`.
fn inline_paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for keyword in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(keyword) {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            if is_name(before) || text[..at].ends_with("::") {
                continue;
            }
            let path: String =
                text[at..].chars().take_while(|c| is_name(*c) || *c == ':').collect();
            found.push(names(&path));
        }
    }
    // `super::{`: the names follow in a group of a `use`, seen elsewhere.
    found.retain(|path| path.last().is_some_and(|n| !["crate", "super", "self"].contains(&&**n)));
    found
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `mod name;`, at any visibility.
fn declared_modules(text: &str) -> Vec<String> {
    let declaration = |line: &str| {
        let (before, rest) = line.trim().split_once("mod ")?;
        let visibility = before.trim();
        let name = rest.strip_suffix(';')?;
        let known = visibility.is_empty() || visibility.starts_with("pub");
        (known && name.chars().all(is_name)).then(|| name.to_owned())
    };
    text.lines().filter_map(declaration).collect()
}

/// The file that `#[path = "FILE"]` names for a module.
fn path_attribute(text: &str, module: &str) -> Option<String> {
    let declaration = format!("mod {module};");
    let before = text[..text.find(&declaration)?].rsplit('\n').map(str::trim);
    let mut attributes = before.skip(1).take_while(|line| line.starts_with("#["));
    let named =
        |line: &str| line.strip_prefix("#[path = \"")?.strip_suffix("\"]").map(str::to_owned);
    attributes.find_map(named)
}

/// Removes modules, functions and declarations under `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("#[cfg(test)]") {
        result.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(['{', ';']).unwrap_or(rest.len() - 1);
        rest = match rest.as_bytes()[end] {
            b'{' => &rest[end + block(&rest[end..])..],
            _ => &rest[end + 1..],
        };
    }
    result + rest
}

/// Length of the block that a text begins with.
fn block(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

/// Removes comments and the content of string and character literals.
fn without_comments(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            'r' | 'b' | 'c' | '"' | '\'' if !result.ends_with(is_name) => literal(rest),
            _ => 0,
        };
        match skipped {
            0 => {
                result.push(c);
                rest = &rest[c.len_utf8()..];
            }
            _ => {
                result.push(' ');
                rest = &rest[skipped..];
            }
        }
    }
    result
}

/// Length of the literal that a text begins with; 0 if it begins with none.
fn literal(text: &str) -> usize {
    let prefix = text.find(|c| !matches!(c, 'r' | 'b' | 'c')).unwrap_or(text.len());
    let (raw, body) = (text[..prefix].contains('r'), &text[prefix..]);
    if raw {
        let hashes = body.len() - body.trim_start_matches('#').len();
        if !body[hashes..].starts_with('"') {
            return 0;
        }
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = &body[hashes + 1..];
        return prefix + hashes + 1 + inside.find(&end).map_or(inside.len(), |at| at + end.len());
    }
    match body.chars().next() {
        Some('"') => prefix + closing(body, '"'),
        // `'a'` and `'\n'`, but not the lifetime `'a`.
        Some('\'') => {
            let mut inside = body[1..].chars();
            let first = inside.next();
            match (first, inside.next()) {
                (Some('\\'), _) | (Some(_), Some('\'')) => prefix + closing(body, '\''),
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// Where a literal ends that begins and ends with a quote.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = true; // the opening quote
    for (at, c) in text.char_indices() {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, c) if c == quote => return at + 1,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(texts: &[(&str, &str)]) -> Vec<String> {
        let edges = Crate::from_texts(texts).edges_below(&[]);
        edges.into_iter().map(|edge| format!("{} {}", edge.from, edge.to)).collect()
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
        let root = "pub use a::{Error as Fault};\nmod a; mod b;";
        let root = root.replace("use a", "use self::a");
        let texts = [("", root.as_str()), ("a", ""), ("b", "use crate::Fault;")];
        assert_eq!(edges(&texts), ["b a", "self a"]);
    }

    #[test]
    fn comments_literals_and_tests_do_not_count() {
        let text = "// crate::b\n/* crate::b */ const A: &str = \"\\\"crate::b\"; const B: char = '\"';\n\
                    const C: &str = r#\"crate::b \"#; fn f<'a>(x: &'a str) {}\n\
                    #[cfg(test)]\nmod tests { use crate::b; }\n\
                    #[cfg(test)]\nuse crate::b;\n";
        assert_eq!(edges(&[("", ""), ("a", text), ("b", "")]), [""; 0]);
        let after = format!("{text}use crate::b;");
        assert_eq!(edges(&[("", ""), ("a", &after), ("b", "")]), ["a b"]);
    }

    #[test]
    fn circles_are_found() {
        let three = [("", ""), ("a", "use crate::b;"), ("b", "use crate::c;"), ("c", "")];
        let graph = |texts: &[(&str, &str)]| Crate::from_texts(texts).edges_below(&[]);
        assert_eq!(find_cycle(&graph(&three)), None);
        let mut closed = three;
        closed[3].1 = "use crate::a::x::Y;";
        let cycle = find_cycle(&graph(&closed)).expect("a circle");
        assert_eq!(cycle, ["a", "b", "c"]);
    }
}
