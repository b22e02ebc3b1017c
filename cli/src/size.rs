//! Sizes in bytes, as people write them.

/// Reads a size such as `65536`, `64KiB`, `64M` or `2g`: a number of bytes,
/// with a power of 1024 after it.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(format!("unknown unit `{unit}`; known are KiB, MiB, GiB and TiB")),
    };
    let number: u64 = number.parse().map_err(|_| "expected a size such as 64MiB".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "more bytes than there are".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_as_people_write_them() {
        assert_eq!(parse("65536"), Ok(65536));
        assert_eq!(parse("64KiB"), Ok(64 << 10));
        assert_eq!(parse("64k"), Ok(64 << 10));
        assert_eq!(parse("3MB"), Ok(3 << 20));
        assert_eq!(parse("2g"), Ok(2 << 30));
        assert!(parse("").is_err());
        assert!(parse("MiB").is_err());
        assert!(parse("1.5G").is_err());
        assert!(parse("-1").is_err());
        assert!(parse("99999999T").is_err());
    }
}
