//! Types that a package defines: structs, enums, unions and traits, those of
//! its tests too, and aliases. An alias of a type of its own name defines none:
//! it is that type, for some of its parameters.

use crate::code::{is_name, without_comments};
use std::collections::{BTreeMap, BTreeSet};

/// Names that more than one type has, each with the places of all of them.
/// Of each file a name and the text.
pub fn repeated<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in files {
        for Definition { name, line, .. } in defined(text) {
            places.entry(name).or_default().push(format!("{file}:{line}"));
        }
    }
    let repeated = places.into_iter().filter(|(_, places)| places.len() > 1);
    repeated.map(|(name, places)| format!("`{name}`: {}", places.join(", "))).collect()
}

/// Names of public types that the files of a package below define, and those of
/// one that stands on it define anew, with the places of the latter.
pub fn taken<'f>(
    below: impl IntoIterator<Item = (&'f str, &'f str)>,
    above: impl IntoIterator<Item = (&'f str, &'f str)>,
) -> Vec<String> {
    let public = below.into_iter().flat_map(|(_, text)| defined(text)).filter(|it| it.public);
    let public: BTreeSet<String> = public.map(|it| it.name).collect();
    let above = above.into_iter().flat_map(|(file, text)| {
        let taken = defined(text).into_iter().filter(|it| public.contains(&it.name));
        taken.map(move |Definition { name, line, .. }| format!("`{name}`: {file}:{line}"))
    });
    above.collect()
}

struct Definition {
    name: String,
    line: usize,
    /// Whether other packages may see it.
    public: bool,
}

/// The types that a file defines.
fn defined(text: &str) -> Vec<Definition> {
    const KEYWORDS: [&str; 4] = ["struct", "enum", "union", "trait"];
    let code = without_comments(text);
    let mut found = Vec::new();
    let mut start = 0;
    for (line, whole) in (1..).zip(code.split_inclusive('\n')) {
        let (visibility, text) = visibility(whole.trim_start());
        let mut words = text.split_whitespace().skip_while(|word| *word == "unsafe");
        let keyword = words.next().unwrap_or_default();
        let name: String =
            words.next().unwrap_or_default().chars().take_while(|c| is_name(*c)).collect();
        // Those further in are of traits, or of one function.
        let alias = || keyword == "type" && whole.starts_with(['p', 't']);
        let own = KEYWORDS.contains(&keyword) || alias() && aliased(&code[start..]) != name;
        // In a macro, a name is a parameter.
        if own && name.starts_with(char::is_uppercase) {
            found.push(Definition { name, line, public: visibility == "pub" });
        }
        start += whole.len();
    }
    found
}

/// Who may see a declaration, and the rest of it.
fn visibility(text: &str) -> (&str, &str) {
    let Some(rest) = text.strip_prefix("pub") else { return ("", text) };
    match rest.starts_with('(').then(|| rest.find(')')).flatten() {
        Some(end) => text.split_at("pub".len() + end + 1),
        None if rest.starts_with(' ') => ("pub", rest),
        None => ("", text),
    }
}

/// The name of the type that an alias is of, without its path.
fn aliased(alias: &str) -> &str {
    let of = alias.split_once('=').map_or("", |(_, of)| of);
    let path = of.split(['<', ';']).next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_one_name_are_found() {
        let one = "pub(crate) struct A<'a>(&'a u8);\n// struct B;\nmod m { }\nenum B {}\n";
        let other = "\npub unsafe trait A {}\nfn f() -> &'static str {\n\"\nstruct B\"\n}\nfn enum_b() {}\n";
        let found = repeated([("one", one), ("other", other)]);
        assert_eq!(found, ["`A`: one:1, other:2"]);
        let inside =
            "mod tests {\n    struct B;\n}\nmacro_rules! m { () => {\npub struct $name; } }";
        assert_eq!(repeated([("one", one), ("inside", inside)]), ["`B`: one:4, inside:2"]);
    }

    #[test]
    fn aliases_are_types_unless_they_are_of_their_own_name() {
        let one = "pub(in crate::m) struct A;\npub type B<T> = std::B<T, u8>;\n";
        let other = "pub(super) type A =\n    Vec<u8>;\ntype B = other::B;\nimpl I for A {\n    type A = u8;\n}\n";
        assert_eq!(repeated([("one", one), ("other", other)]), ["`A`: one:1, other:1"]);
    }

    #[test]
    fn only_public_names_are_taken_by_others() {
        let below = "pub struct A;\npub(crate) struct B;\nenum C {}\npub type D = u8;\n";
        let above = "struct A;\nstruct B;\nstruct C;\npub type D = below::D;\npublic!(struct E);\n";
        assert_eq!(taken([("below", below)], [("above", above)]), ["`A`: above:1"]);
    }
}
