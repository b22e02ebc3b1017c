//! Text from modules and artifacts, as a terminal may show it: without
//! characters that move the cursor, change colours, or turn the writing
//! direction.

use std::fmt::{self, Write};

/// Shows a text with control characters, and those that turn the direction of
/// writing, as `\\u{1b}`.
#[derive(Clone, Copy, Debug)]
pub struct Printable<T>(pub T);

/// As [`Printable`], but lines stay lines, and tabs tabs.
#[derive(Clone, Copy, Debug)]
pub struct PrintableLines<T>(pub T);

impl<T: AsRef<str>> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0.as_ref(), f, |_| false)
    }
}

impl<T: AsRef<str>> fmt::Display for PrintableLines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0.as_ref(), f, |c| matches!(c, '\n' | '\t'))
    }
}

fn show(text: &str, f: &mut fmt::Formatter<'_>, kept: fn(char) -> bool) -> fmt::Result {
    text.chars().try_for_each(|c| match acts(c) && !kept(c) {
        true => write!(f, "{}", c.escape_unicode()),
        false => f.write_char(c),
    })
}

/// Whether a terminal does something else with a character than show it.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let text = "a\x1b[2J\u{9b}b\u{202e}\r\n\té→";
        assert_eq!(Printable(text).to_string(), r"a\u{1b}[2J\u{9b}b\u{202e}\u{d}\u{a}\u{9}é→");
        assert_eq!(PrintableLines(text).to_string(), "a\\u{1b}[2J\\u{9b}b\\u{202e}\\u{d}\n\té→");
    }
}
