//! How long files and functions may be.
//!
//! A table may be longer: a list in which every entry stands alone, that nobody
//! reads from end to end. Its documentation says so in a line of its own that
//! begins with `A table:`, and says of what.

use crate::code::{block, is_name, without_comments};

/// Lines that a file may have, tests included.
pub const FILE: usize = 400;
/// Lines that a function may have, from its `fn` to its last brace.
pub const FUNCTION: usize = 60;

/// The line that says of a file or function that it is a table.
const TABLE: &str = "A table:";

/// What in a file is too long, a line each.
pub fn too_long(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > FILE && !is_table(text.lines().take_while(|line| line.starts_with("//!"))) {
        found.push(format!("{name}: {lines} lines"));
    }
    for function in functions(text) {
        let above = text.lines().take(function.line - 1).collect::<Vec<_>>().into_iter().rev();
        let above = above.take_while(|line| line.trim_start().starts_with(['/', '#']));
        if function.lines > FUNCTION && !is_table(above) {
            let FunctionExtent { name: function, line, lines } = function;
            found.push(format!("{name}:{line}: `{function}` has {lines} lines"));
        }
    }
    found
}

fn is_table<'a>(mut documentation: impl Iterator<Item = &'a str>) -> bool {
    documentation
        .any(|line| line.trim_start().trim_start_matches(['/', '!', ' ']).starts_with(TABLE))
}

struct FunctionExtent {
    name: String,
    /// Where it begins, from 1.
    line: usize,
    lines: usize,
}

/// The functions with a body, those inside others too.
fn functions(text: &str) -> Vec<FunctionExtent> {
    let code = without_comments(text);
    let word = |at: usize| !code[..at].ends_with(is_name);
    let starts = code.match_indices("fn ").map(|(at, _)| at).filter(|at| word(*at));
    let function = |at: usize| {
        let name: String = code[at + 3..].chars().take_while(|c| *c != '(' && *c != '<').collect();
        // A type `fn (u8)` has no name.
        let body = body(&code, at).filter(|_| !name.trim().is_empty())?;
        let line = |at: usize| code[..at].matches('\n').count() + 1;
        let (first, last) = (line(at), line(block(&code, body)));
        Some(FunctionExtent { name, line: first, lines: last - first + 1 })
    };
    starts.filter_map(function).collect()
}

/// Where the body of a function begins, if it has one. A semicolon ends it
/// before, unless it stands in the type of an array.
fn body(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(from + at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of this many lines.
    fn function(name: &str, lines: usize) -> String {
        format!("pub fn {name}(a: [u8; 4]) {{{}}}\n", "\n".repeat(lines - 1))
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(too_long("f", &"\n".repeat(400)), [""; 0]);
        assert_eq!(too_long("f", &"\n".repeat(401)), ["f: 401 lines"]);
        let table = format!("//! Things.\n//!\n//! A table: of things.\n{}", "\n".repeat(400));
        assert_eq!(too_long("f", &table), [""; 0]);
    }

    #[test]
    fn long_functions_are_found() {
        let text = format!("trait T {{ fn a(); }}\n{}{}", function("b", 60), function("c", 61));
        assert_eq!(too_long("f", &text), ["f:62: `c` has 61 lines"]);
        let table = format!("/// Things.\n/// A table: things.\n#[inline]\n{}", function("c", 61));
        assert_eq!(too_long("f", &table), [""; 0]);
        // Braces and words in comments and literals do not count.
        let text =
            format!("// fn x() {{\nconst A: &str = \"{{ fn y() {{\n\";\n{}", function("b", 61));
        assert_eq!(too_long("f", &text), ["f:4: `b` has 61 lines"]);
    }
}
