//! Arguments that are read from files: `@FILE` stands for what the file holds,
//! separated by white space. Quotes, `'` or `"`, hold an argument with spaces
//! together, and a `\` takes what follows as it is. `@FILE` in a file counts
//! too.

use crate::exit::{Failure, Result};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// How deep files may name files: more is a circle.
const DEPTH: usize = 16;

/// The arguments, with those of files in place of the files.
pub fn expand(args: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>> {
    let mut expanded = Vec::new();
    for arg in args {
        add(arg, DEPTH, &mut expanded)?;
    }
    Ok(expanded)
}

fn add(arg: OsString, depth: usize, expanded: &mut Vec<OsString>) -> Result {
    let Some(name) = arg.as_bytes().strip_prefix(b"@").filter(|name| !name.is_empty()) else {
        expanded.push(arg);
        return Ok(());
    };
    let path = Path::new(OsStr::from_bytes(name));
    if depth == 0 {
        let path = path.display();
        return Err(Failure::Usage(format!("@{path}: the file names itself, in the end")));
    }
    let failed = format!("cannot read arguments from {}", path.display());
    let text = std::fs::read(path).map_err(Failure::while_doing(failed))?;
    words(&text).into_iter().try_for_each(|word| add(word, depth - 1, expanded))
}

fn words(text: &[u8]) -> Vec<OsString> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<Vec<u8>>, None);
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => word.get_or_insert_default().extend(bytes.next()),
            b'\'' | b'"' if quote.is_none() => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            _ if quote == Some(byte) => quote = None,
            _ if quote.is_none() && byte.is_ascii_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words.into_iter().map(OsString::from_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_separated_by_space_and_held_together_by_quotes() {
        let read = |text: &str| words(text.as_bytes());
        assert_eq!(read(" a\tb\n\r\nc "), ["a", "b", "c"]);
        assert_eq!(
            read(r#"'a b' "c 'd" e\ f \\ '' g"h"i"#),
            ["a b", "c 'd", "e f", "\\", "", "ghi"]
        );
        assert_eq!(read(""), [""; 0]);
    }

    #[test]
    fn files_stand_for_what_they_hold() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let arg = |name: &str| OsString::from(format!("@{}", at(name).display()));
        std::fs::write(at("inner"), "b 'c d'").unwrap();
        std::fs::write(at("outer"), format!("a {}", arg("inner").display())).unwrap();
        std::fs::write(at("circle"), arg("circle").as_bytes()).unwrap();
        let all = expand([arg("outer"), "e".into(), "@".into()]).unwrap();
        assert_eq!(all, ["a", "b", "c d", "e", "@"]);
        assert!(matches!(expand([arg("circle")]), Err(Failure::Usage(_))));
        assert!(matches!(expand([arg("absent")]), Err(Failure::Error(_))));
    }
}
