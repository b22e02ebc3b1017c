//! What one source file says of other modules: its `use` declarations, its
//! paths, and the modules that it declares.

use super::ranks::ranks;
use crate::code::{block, is_name, without_comments, without_tests};

/// What stands in one module.
#[derive(Debug, Default)]
pub(super) struct ScannedSource {
    /// One per name that a `use` declaration brings in.
    pub(super) uses: Vec<Use>,
    /// Paths in code, of two names or more, as they are written.
    pub(super) paths: Vec<Vec<String>>,
    /// Modules declared here that lie in files of their own.
    pub(super) files: Vec<ChildFile>,
    /// Modules written out here.
    pub(super) inline: Vec<(String, ScannedSource)>,
    /// Its children in the order that its `//!` gives them, if it does.
    pub(super) ranks: Option<Vec<String>>,
}

/// A name that a `use` declaration brings in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// Where it comes from, as it is written.
    pub(super) path: Vec<String>,
    /// What it goes by; `*` for everything.
    pub(super) name: String,
}

/// `mod name;`, with the file that an attribute names for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ChildFile {
    pub(super) name: String,
    pub(super) path: Option<String>,
}

impl ScannedSource {
    /// Scans the text of a file. Tests do not count.
    pub(super) fn scan(text: &str) -> Self {
        let code = without_tests(&without_comments(text));
        let mut source = Self::scan_code(&code);
        for name in declared_modules(&code) {
            // Of several with one name, each has its own attribute.
            let before = source.files.iter().filter(|file| file.name == name).count();
            source.files.push(ChildFile { path: path_attribute(text, &name, before), name });
        }
        source.ranks = ranks(text);
        source
    }

    fn scan_code(code: &str) -> Self {
        let (code, inline) = without_inline_modules(code);
        let (code, trees) = without_uses(&code);
        Self {
            uses: trees.iter().flat_map(|tree| leaves(tree)).collect(),
            paths: inline_paths(&code),
            files: Vec::new(),
            ranks: None,
            inline: inline.into_iter().map(|(name, code)| (name, Self::scan_code(&code))).collect(),
        }
    }
}

/// Takes out `mod name { ... }`.
fn without_inline_modules(code: &str) -> (String, Vec<(String, String)>) {
    let (mut rest, mut kept, mut modules) = (code, String::new(), Vec::new());
    while let Some(at) = find_word(rest, "mod ") {
        let after = &rest[at + 4..];
        let name: String = after.chars().take_while(|c| is_name(*c)).collect();
        kept.push_str(&rest[..at]);
        rest = after;
        if after[name.len()..].trim_start().starts_with('{') {
            let end = block(after, name.len());
            modules.push((name.clone(), after[name.len()..end].to_owned()));
            rest = &after[end..];
        }
    }
    kept.push_str(rest);
    (kept, modules)
}

/// Takes out `use` declarations, and gives their trees.
fn without_uses(code: &str) -> (String, Vec<String>) {
    let (mut rest, mut kept, mut trees) = (code, String::new(), Vec::new());
    while let Some(at) = find_word(rest, "use ") {
        kept.push_str(&rest[..at]);
        let tree = &rest[at + 4..];
        let end = tree.find(';').unwrap_or(tree.len());
        trees.push(tree[..end].split_whitespace().collect::<Vec<_>>().join(" "));
        rest = &tree[end..];
    }
    kept.push_str(rest);
    (kept, trees)
}

/// Where a word begins that is not the end of a longer one.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let whole = |at: &usize| !text[..*at].ends_with(is_name);
    text.match_indices(word).map(|(at, _)| at).find(whole)
}

/// The names brought in by one use tree.
fn leaves(tree: &str) -> Vec<Use> {
    let tree = tree.trim();
    if let Some((prefix, rest)) = tree.split_once('{') {
        let inside = rest.trim_end().strip_suffix('}').unwrap_or(rest);
        let prefix = names(prefix);
        return split_top(inside).into_iter().flat_map(|p| group_leaves(&prefix, p)).collect();
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (tree, None),
    };
    let mut path = names(path);
    let Some(last) = path.last().cloned() else { return Vec::new() };
    path.retain(|name| name != "*");
    vec![Use { path, name: alias.unwrap_or(last) }]
}

/// The names of one part of a group, under what stands before the group.
fn group_leaves(prefix: &[String], part: &str) -> Vec<Use> {
    let under = |leaf: Use| {
        let itself = !prefix.is_empty() && leaf.path.first().is_some_and(|name| name == "self");
        let path = [prefix, &leaf.path[usize::from(itself)..]].concat();
        let name = match leaf.name.as_str() {
            "self" => path.last().cloned().unwrap_or_default(),
            _ => leaf.name,
        };
        Use { path, name }
    };
    leaves(part).into_iter().map(under).collect()
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

/// Paths of two names or more. A visibility, as in `pub(in crate::a)`, is none.
fn inline_paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(is_name) {
        let visibility = rest[..at].ends_with("(") && rest[at..].starts_with("in ");
        let end = rest[at..].find(|c| !is_name(c) && c != ':').map_or(rest.len(), |end| at + end);
        // `a::{self}` and `Vec::<T>` end where names end; `a: B` is no path.
        let path = names(rest[at..end].split(": ").next().unwrap_or_default());
        if path.len() > 1 && !rest[..at].ends_with("::") && !rest[at..end].contains(":::") {
            found.push(path);
        }
        rest = &rest[end..];
        if visibility {
            rest = rest.split_once(')').map_or("", |(_, rest)| rest);
        }
    }
    found
}

/// `mod name;`, at any visibility.
fn declared_modules(code: &str) -> Vec<String> {
    let declaration = |line: &str| {
        let (before, rest) = line.trim().split_once("mod ")?;
        let visibility = before.trim();
        let name = rest.strip_suffix(';')?;
        let known = visibility.is_empty() || visibility.starts_with("pub");
        (known && name.chars().all(is_name)).then(|| name.to_owned())
    };
    code.lines().filter_map(declaration).collect()
}

/// The file that `#[path = "FILE"]` names at the `nth` declaration of a module.
fn path_attribute(text: &str, module: &str, nth: usize) -> Option<String> {
    let declaration = format!("mod {module};");
    let (at, _) = text.match_indices(&declaration).nth(nth)?;
    let before = text[..at].rsplit('\n').map(str::trim);
    let mut attributes = before.skip(1).take_while(|line| line.starts_with("#["));
    let named =
        |line: &str| line.strip_prefix("#[path = \"")?.strip_suffix("\"]").map(str::to_owned);
    attributes.find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(text: &str) -> Vec<String> {
        let show = |leaf: Use| format!("{} = {}", leaf.name, leaf.path.join("::"));
        ScannedSource::scan(text).uses.into_iter().map(show).collect()
    }

    fn paths(text: &str) -> Vec<String> {
        ScannedSource::scan(text).paths.into_iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        assert_eq!(uses("use crate::a::B;"), ["B = crate::a::B"]);
        let group = "pub(crate) use super::a::{self, B as C,\n    d::{E, f::*}};";
        let apart = ["a = super::a", "C = super::a::B", "E = super::a::d::E", "* = super::a::d::f"];
        assert_eq!(uses(group), apart);
        assert_eq!(
            uses("use self::a::B; fn reuse () {} use {c::D};"),
            ["B = self::a::B", "D = c::D"]
        );
    }

    #[test]
    fn paths_are_taken_as_written() {
        assert_eq!(
            paths("fn f(a: B) -> c::D { super::e::<u8>(crate::f::G::new()) }"),
            ["c::D", "super::e", "crate::f::G::new"]
        );
        assert_eq!(
            paths("pub(in crate::a) fn f() { b::c() } struct S { a:u8, b: c::D }"),
            ["b::c", "c::D"]
        );
        assert_eq!(paths("Vec::<a::B>::new(); <C as d::E>::f()"), ["a::B", "d::E"]);
    }

    #[test]
    fn inline_modules_stand_apart() {
        let source =
            ScannedSource::scan("pub mod a { use super::B; mod c { x::y(); } } mod d; use e::F;");
        let names = |source: &ScannedSource| {
            source.inline.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&source), ["a"]);
        assert_eq!(source.uses.len(), 1);
        let (_, a) = &source.inline[0];
        assert_eq!(a.uses, [Use { path: vec!["super".into(), "B".into()], name: "B".into() }]);
        assert_eq!((names(a), a.paths.len()), (vec!["c".to_owned()], 0));
    }

    #[test]
    fn files_of_modules_may_be_named() {
        let text = "mod a;\n#[cfg(x)]\n#[path = \"x/b.rs\"]\npub(crate) mod b;\n\
                    #[path = \"y/b.rs\"]\nmod b;\n#[cfg(test)]\nmod tests;\n";
        let file = |name: &str, path: Option<&str>| ChildFile {
            name: name.into(),
            path: path.map(str::to_owned),
        };
        assert_eq!(
            ScannedSource::scan(text).files,
            [file("a", None), file("b", Some("x/b.rs")), file("b", Some("y/b.rs"))]
        );
    }
}
