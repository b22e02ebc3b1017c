//! The order that a module's `//!` gives its children, in a table:
//!
//! ```text
//! | rank | modules | what for (as many columns as one likes) |
//! |-|-|-|
//! | ground | `wire`, [`types`] | ... |
//! | tables | `search` | ... |
//! ```
//!
//! or, where every module has a row of its own:
//!
//! ```text
//! | module | what for |
//! |-|-|
//! | [`wire`] | ... |
//! ```
//!
//! The ground stands first. A module uses only those in rows above it, or
//! before it in its row.

/// Names of the children in their order, if a text has such a table.
pub(super) fn ranks(text: &str) -> Option<Vec<String>> {
    let documentation = text.lines().take_while(|line| line.starts_with("//!"));
    let mut lines = documentation.map(|line| line[3..].trim());
    let column = lines.find_map(column)?;
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    Some(rows.flat_map(|row| quoted(cells(row).nth(column).unwrap_or_default())).collect())
}

/// Where the modules stand in the table that a line begins, if it is the one.
fn column(line: &str) -> Option<usize> {
    let header: Vec<&str> = line.starts_with('|').then(|| cells(line).collect())?;
    match header[..] {
        [rank, "modules", ..] if rank.starts_with("rank") => Some(1),
        ["module", ..] => Some(0),
        _ => None,
    }
}

fn cells(row: &str) -> impl Iterator<Item = &str> {
    row.trim_matches('|').split('|').map(str::trim)
}

/// What stands between backticks, without `mod@` before it.
fn quoted(cell: &str) -> impl Iterator<Item = String> {
    let inside = cell.split('`').skip(1).step_by(2);
    inside.map(|name| name.trim_start_matches("mod@").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_ranks_are_read() {
        let ranked = "//! Text.\n//!\n//! | rank, lowest first | modules | for |\n//! |-|-|-|\n\
                      //! | one | `a`, [`b`] | `x` |\n//! | two | `c` |\n//!\n//! | `d` |\nmod a;\n";
        assert_eq!(ranks(ranked).expect("a table"), ["a", "b", "c"]);
        let rows = "//! | module | for |\n//! |-|-|\n//! | [`mod@a`] | `x` |\n//! | `b` | |\n";
        assert_eq!(ranks(rows).expect("a table"), ["a", "b"]);
    }

    #[test]
    fn other_tables_are_none() {
        assert_eq!(ranks("//! | change | module |\n//! |-|-|\n//! | a | `b` |\n"), None);
        assert_eq!(ranks("mod a;\n//! | module |\n//! |-|\n//! | `b` |\n"), None);
    }
}
