//! What is left of a debugger's words when widths and addresses are not
//! looked at.

/// A shown value, in a form that is the same for the same value: addresses are
/// no more than null or not, as pointers of the guest are half as wide; layout
/// and the notes that debuggers add to addresses are left out.
pub fn normal(text: &str) -> String {
    // gdb writes the type of a pointer or reference that stands alone.
    let alone = text.find(") 0x").or_else(|| text.find(") @0x"));
    let text = match alone.filter(|_| text.starts_with('(') && !text.contains(" = (")) {
        Some(end) if !text[..end].contains('=') => &text[end + 2..],
        _ => text,
    };
    let mut words = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Address(null) => words.push(if null { "NULL" } else { "ADDRESS" }.to_owned()),
            Token::Text(text) => words.push(text),
            Token::Punctuation => {}
        }
    }
    let text = words.join(" ");
    // Types of the guest's `long` and of `int` have the same size.
    let text = text.replace("long", "int").replace("int int", "int");
    // Types of guests' references in memory, and of `this`.
    text.replace(" __guest ", " ").replace(" *const this", " * this")
}

/// The names at the start of each line that has a value, in order.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with([' ', '}', ')']))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.rsplit(") ").next().unwrap_or(name))
        .filter(|name| !name.starts_with("__precast"))
        .collect();
    names.sort_unstable();
    names
}

enum Token {
    /// A number that may be an address; whether it is zero.
    Address(bool),
    Text(String),
    Punctuation,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => quoted(rest),
            // gdb's `<symbol+offset>` and lldb's `(module`function at file)`.
            '<' if matches!(tokens.last(), Some(Token::Address(_))) => {
                rest.find('>').map_or(1, |end| end + 1)
            }
            _ if rest.starts_with("0x") || rest.starts_with("@0x") => {
                let digits = rest.trim_start_matches('@').get(2..).unwrap_or_default();
                let digits =
                    digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
                digits + 2 + usize::from(first == '@')
            }
            c if c.is_whitespace() || "{}(),:".contains(c) => c.len_utf8(),
            _ => rest
                .find(|c: char| c.is_whitespace() || "{}(),:\"'<".contains(c))
                .unwrap_or(rest.len())
                .max(first.len_utf8()),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        let hex = token.trim_start_matches('@').strip_prefix("0x");
        let after_address = matches!(tokens.last(), Some(Token::Address(_)));
        let hex = if token == "nullptr" { Some("0") } else { hex };
        tokens.push(match hex {
            Some(digits) => Token::Address(digits.chars().all(|c| c == '0')),
            None if token.starts_with('<') && after_address => Token::Punctuation,
            None if token.len() == 1 && " \n\t{}(),:".contains(token) => {
                if after_address {
                    continue;
                }
                Token::Punctuation
            }
            None => Token::Text(token.to_owned()),
        });
    }
    tokens
}

/// Length of the quoted text at the start.
fn quoted(text: &str) -> usize {
    let mut characters = text.char_indices();
    let quote = characters.next().map_or('"', |(_, quote)| quote);
    let mut escaped = false;
    for (at, character) in characters {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_of_pointers_do_not_matter() {
        let native = normal("(node *) head->next = 0x00007fffffffe5b0");
        assert_eq!(native, normal("(node *) head->next = 0x00010fe0\n"));
        assert_ne!(native, normal("(node *) head->next = 0x00000000"));
        assert_ne!(native, normal("(node *) head = 0x00010fe0"));
    }

    #[test]
    fn layout_and_notes_do_not_matter() {
        assert_eq!(normal("(P) p = (x = 1, y = -2)"), normal("(P) p = {\n  x = 1\n  y = -2\n}\n"));
        assert_eq!(normal("{f = 0x401136 <add>, n = 1}"), normal("{f = 0x3, n = 1}"));
        assert_eq!(normal("0x5555 \"a {b\""), normal("0x10400 \"a {b\""));
        assert_ne!(normal("0x5555 \"a {b\""), normal("0x10400 \"a b\""));
        assert_ne!(normal("x = 1"), normal("x = 10"));
    }

    #[test]
    fn locals_are_told_by_name() {
        let lldb = "(int) b = 1\n(P) a = {\n  x = 1\n}\n(unsigned long) __precast_memory = 4096\n";
        assert_eq!(names(lldb), ["a", "b"]);
        assert_eq!(names("a = {x = 1}\nb = 2"), ["a", "b"]);
    }
}
