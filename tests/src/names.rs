//! Types that a package defines: structs, enums, unions and traits, those of
//! its tests too. An alias defines none, it names one that is there.

use crate::code::{is_name, without_comments};
use std::collections::BTreeMap;

/// Names that more than one type has, each with the places of all of them.
/// Of each file a name and the text.
pub fn repeated<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in files {
        for (name, line) in defined(text) {
            places.entry(name).or_default().push(format!("{file}:{line}"));
        }
    }
    let repeated = places.into_iter().filter(|(_, places)| places.len() > 1);
    repeated.map(|(name, places)| format!("`{name}`: {}", places.join(", "))).collect()
}

/// Names of the types that a file defines, each with its line.
fn defined(text: &str) -> Vec<(String, usize)> {
    const KEYWORDS: [&str; 4] = ["struct", "enum", "union", "trait"];
    let code = without_comments(text);
    let mut found = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        let mut words = text.split_whitespace();
        let keyword = words.find(|word| !word.starts_with("pub") && *word != "unsafe");
        if !keyword.is_some_and(|word| KEYWORDS.contains(&word)) {
            continue;
        }
        let name: String =
            words.next().unwrap_or_default().chars().take_while(|c| is_name(*c)).collect();
        // In a macro, a name is a parameter.
        if name.starts_with(char::is_uppercase) {
            found.push((name, line));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_one_name_are_found() {
        let one = "pub(crate) struct A<'a>(&'a u8);\n// struct B;\nmod m { }\nenum B {}\n";
        let other =
            "\npub unsafe trait A {}\ntype B = u8;\nfn f() -> &'static str {\n\"\nstruct B\"\n}\n";
        let found = repeated([("one", one), ("other", other)]);
        assert_eq!(found, ["`A`: one:1, other:2"]);
        let inside =
            "mod tests {\n    struct B;\n}\nmacro_rules! m { () => {\npub struct $name; } }";
        assert_eq!(repeated([("one", one), ("inside", inside)]), ["`B`: one:4, inside:2"]);
    }
}
