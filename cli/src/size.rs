//! Sizes in bytes, as people write them: one way everywhere.

use parse_size::Config;

/// Reads a size such as `65536`, `64KiB`, `1.5M` or `2g`: a number of bytes, or
/// of a power of 1024 of them.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let size = Config::new().with_binary().parse_size(text);
    size.map_err(|why| format!("{why}; expected a size such as 64MiB"))
}

/// Reads the size of a stack. What is too small for any was meant in another
/// unit.
pub(crate) fn parse_stack(text: &str) -> Result<u64, String> {
    let bytes = parse(text)?;
    match bytes >= LEAST_STACK {
        true => Ok(bytes),
        false => Err(format!(
            "{bytes} bytes are too few for a stack, which has at least 16KiB; sizes without a unit \
             are bytes, others are such as 1MiB"
        )),
    }
}

const LEAST_STACK: u64 = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        assert_eq!(parse("65536"), Ok(65536));
        assert_eq!(parse("64KiB"), Ok(64 << 10));
        assert_eq!(parse("64k"), Ok(64 << 10));
        assert_eq!(parse("3MB"), Ok(3 << 20));
        assert_eq!(parse("2g"), Ok(2 << 30));
        assert_eq!(parse("1.5 GiB"), Ok(3 << 29));
        for wrong in ["", "MiB", "-1", "99999999T", "64XiB"] {
            let why = parse(wrong).unwrap_err();
            assert!(why.ends_with("expected a size such as 64MiB"), "{wrong}: {why}");
        }
    }

    #[test]
    fn stacks_have_a_least_size() {
        assert_eq!(parse_stack("1MiB"), Ok(1 << 20));
        assert!(parse_stack("1024").unwrap_err().contains("such as 1MiB"));
    }
}
