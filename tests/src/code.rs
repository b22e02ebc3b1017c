//! Rust source as the laws read it: without comments, literals and tests.

/// Removes modules, functions and declarations under `#[cfg(test)]`.
pub(crate) fn without_tests(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("#[cfg(test)]") {
        result.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(['{', ';']).unwrap_or(rest.len() - 1);
        rest = match rest.as_bytes()[end] {
            b'{' => &rest[block(rest, end)..],
            _ => &rest[end + 1..],
        };
    }
    result + rest
}

/// Whether a character can stand in a name.
pub(crate) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the block ends that is the first to begin at or after a place.
pub(crate) fn block(text: &str, from: usize) -> usize {
    let mut depth = 0;
    for (at, c) in text[from..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return from + at + 1;
        }
    }
    text.len()
}

/// Removes comments and the content of string and character literals.
pub(crate) fn without_comments(text: &str) -> String {
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
                // Lines keep their numbers.
                result.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
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

    #[test]
    fn comments_and_literals_are_blanks() {
        let text = "a // b\n/* b */ c \"\\\"b\" '\"' '\\'' r#\"b \"# b\"b\" fn f<'d>(x: &'d str)";
        let code = without_comments(text);
        assert!(!code.contains('b'), "{code}");
        assert!(code.ends_with("fn f<'d>(x: &'d str)"), "{code}");
        assert!(code.contains('a') && code.contains('c'), "{code}");
        assert_eq!(without_comments("/* \n */ \"\n\n\"").lines().count(), 3);
    }

    #[test]
    fn tests_are_left_out() {
        let text = "a; #[cfg(test)] mod tests { b { b } } c; #[cfg(test)] use b; d;";
        assert_eq!(without_tests(text).split_whitespace().collect::<String>(), "a;c;d;");
    }
}
