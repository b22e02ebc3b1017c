//! Strings in three encodings (canonical ABI, "Loading" and "Storing"): what
//! lies in memory, to Rust's strings and back.
//!
//! A string is an address and a length in units: bytes, or pairs of bytes for
//! UTF-16. In the third encoding the top bit of the length says that it is
//! UTF-16, else it is Latin-1.

use precast_artifact::component::StringEncoding;

/// In the encoding [`StringEncoding::Latin1OrUtf16`]: the string is UTF-16.
pub(crate) const UTF16: u32 = 1 << 31;

/// Bytes and alignment of a string of this length.
pub(crate) fn extent(encoding: StringEncoding, length: u32) -> (u64, u32) {
    match encoding {
        StringEncoding::Utf8 => (length.into(), 1),
        StringEncoding::Utf16 => (u64::from(length) * 2, 2),
        StringEncoding::Latin1OrUtf16 if length & UTF16 != 0 => (u64::from(length & !UTF16) * 2, 2),
        StringEncoding::Latin1OrUtf16 => (length.into(), 2),
    }
}

/// Reads a string that lies in these bytes. `length` is what the guest gave.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn read(encoding: StringEncoding, bytes: &[u8], length: u32) -> Result<String, String> {
    match encoding {
        StringEncoding::Utf8 => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(why) => Err(why.to_string()),
        },
        StringEncoding::Latin1OrUtf16 if length & UTF16 == 0 => {
            Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
        }
        _ => char::decode_utf16(units(bytes))
            .collect::<Result<String, _>>()
            .map_err(|why| why.to_string()),
    }
}

/// The bytes, alignment and length of a string in an encoding.
pub(crate) fn write(encoding: StringEncoding, text: &str) -> (Vec<u8>, u32, u32) {
    match encoding {
        StringEncoding::Utf8 => (text.into(), 1, text.len() as u32),
        StringEncoding::Latin1OrUtf16 => match latin1(text) {
            Some(bytes) => {
                let length = bytes.len() as u32;
                (bytes, 2, length)
            }
            None => {
                let (bytes, units) = utf16(text.encode_utf16());
                (bytes, 2, units | UTF16)
            }
        },
        StringEncoding::Utf16 => {
            let (bytes, units) = utf16(text.encode_utf16());
            (bytes, 2, units)
        }
    }
}

/// The units of UTF-16 in these bytes.
pub(crate) fn units(bytes: &[u8]) -> impl Iterator<Item = u16> + Clone {
    bytes.as_chunks().0.iter().map(|unit| u16::from_le_bytes(*unit))
}

/// UTF-16 as bytes, and how many units.
pub(crate) fn utf16(units: impl Iterator<Item = u16>) -> (Vec<u8>, u32) {
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let count = bytes.len() as u32 / 2;
    (bytes, count)
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|char| u8::try_from(char).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_and_back() {
        for text in ["", "plain", "na\u{ef}ve", "\u{2603}\u{1f370}", "\u{ff}\u{100}"] {
            for encoding in
                [StringEncoding::Utf8, StringEncoding::Utf16, StringEncoding::Latin1OrUtf16]
            {
                let (bytes, _, length) = write(encoding, text);
                assert_eq!(extent(encoding, length).0, bytes.len() as u64);
                assert_eq!(read(encoding, &bytes, length).as_deref(), Ok(text));
            }
        }
        let (bytes, align, length) = write(StringEncoding::Latin1OrUtf16, "\u{e9}");
        assert_eq!((&bytes[..], align, length), (&[0xe9][..], 2, 1));
        let (bytes, align, length) = write(StringEncoding::Latin1OrUtf16, "\u{2603}");
        assert_eq!((&bytes[..], align, length), (&[0x03, 0x26][..], 2, 1 | UTF16));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let utf8 = read(StringEncoding::Utf8, b"a\xff", 2).unwrap_err();
        assert!(utf8.starts_with("invalid utf-8"), "{utf8}");
        let cut = read(StringEncoding::Utf8, b"\xe2\x98", 2).unwrap_err();
        assert!(cut.starts_with("incomplete utf-8"), "{cut}");
        let lone = read(StringEncoding::Utf16, &[0x00, 0xd8], 1).unwrap_err();
        assert!(lone.contains("surrogate"), "{lone}");
        assert_eq!(extent(StringEncoding::Utf16, u32::MAX).0, 2 * u64::from(u32::MAX));
    }
}
