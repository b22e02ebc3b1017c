//! Strings from one encoding into another, as adapters between components ask
//! for it. What is read and written is plain bytes here; where they lie, the
//! caller knows.
//!
//! An adapter first asks for as much as fits into the room that it has, and for
//! the rest when it has made more.

use crate::canonical::encoding::{UTF16, units, utf16};
use precast_artifact::component::Transcode;

/// What became of a string.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Transcoded {
    /// What is to be written at the start of the target.
    pub(crate) bytes: Vec<u8>,
    /// The results of the core function.
    pub(crate) results: [u64; 2],
}

/// Bytes of a unit in memory, of what is read and what is written.
pub(crate) fn unit_sizes(op: Transcode) -> (u64, u64) {
    match op {
        Transcode::Utf8ToUtf8
        | Transcode::Latin1ToLatin1
        | Transcode::Latin1ToUtf8
        | Transcode::Utf8ToLatin1 => (1, 1),
        Transcode::Utf16ToUtf16
        | Transcode::Utf16ToCompactProbablyUtf16
        | Transcode::Utf16ToCompactUtf16 => (2, 2),
        Transcode::Latin1ToUtf16 | Transcode::Utf8ToUtf16 | Transcode::Utf8ToCompactUtf16 => (1, 2),
        Transcode::Utf16ToUtf8 | Transcode::Utf16ToLatin1 => (2, 1),
    }
}

/// Whether the target's room is a parameter; else it has room for as many units
/// as there are to read.
pub(crate) fn takes_room(op: Transcode) -> bool {
    matches!(
        op,
        Transcode::Latin1ToUtf8
            | Transcode::Utf16ToUtf8
            | Transcode::Utf16ToCompactUtf16
            | Transcode::Utf8ToCompactUtf16
    )
}

/// Checks a copy that changes nothing: of the three that copy only, whether the
/// text is valid.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn check_copy(op: Transcode, source: &[u8]) -> Result<(), String> {
    match op {
        Transcode::Utf8ToUtf8 => match std::str::from_utf8(source) {
            Ok(_) => Ok(()),
            Err(why) => Err(why.to_string()),
        },
        Transcode::Utf16ToUtf16 => {
            let mut chars = char::decode_utf16(units(source));
            chars.try_for_each(|char| char.map(drop)).map_err(|why| why.to_string())
        }
        _ => Ok(()),
    }
}

/// Converts. `room` is in units of the target; `before` are the bytes that stand
/// there in Latin-1 already.
///
/// # Errors
///
/// What is wrong with the text, or that there is too little room.
pub(crate) fn transcode(
    op: Transcode,
    source: &[u8],
    room: u64,
    before: &[u8],
) -> Result<Transcoded, String> {
    let (bytes, results) = match op {
        Transcode::Utf8ToUtf8 | Transcode::Utf16ToUtf16 | Transcode::Latin1ToLatin1 => {
            check_copy(op, source)?;
            (source.to_vec(), [0; 2])
        }
        Transcode::Latin1ToUtf16 => (widened(source).0, [0; 2]),
        Transcode::Latin1ToUtf8 => {
            let chars = source.iter().map(|byte| (char::from(*byte), 1));
            to_utf8(chars.map(Ok), room)?
        }
        Transcode::Utf16ToUtf8 => {
            let chars = char::decode_utf16(units(source)).map(|char| match char {
                Ok(char) => Ok((char, char.len_utf16() as u64)),
                Err(why) => Err(why.to_string()),
            });
            to_utf8(chars, room)?
        }
        Transcode::Utf8ToUtf16 => {
            let (bytes, count) = utf16(utf8(source)?.encode_utf16());
            (bytes, [count.into(), 0])
        }
        Transcode::Utf16ToCompactProbablyUtf16 => {
            check_copy(Transcode::Utf16ToUtf16, source)?;
            let narrow: Option<Vec<u8>> =
                units(source).map(|unit| u8::try_from(unit).ok()).collect();
            let count = source.len() as u64 / 2;
            match narrow {
                Some(bytes) => (bytes, [count, 0]),
                None => (source.to_vec(), [count | u64::from(UTF16), 0]),
            }
        }
        Transcode::Utf16ToCompactUtf16 => {
            check_copy(Transcode::Utf16ToUtf16, source)?;
            after(before, units(source))
        }
        Transcode::Utf8ToCompactUtf16 => after(before, utf8(source)?.encode_utf16()),
        Transcode::Utf16ToLatin1 => {
            let narrow: Vec<u8> = units(source).map_while(|unit| u8::try_from(unit).ok()).collect();
            let count = narrow.len() as u64;
            (narrow, [count, count])
        }
        Transcode::Utf8ToLatin1 => to_latin1(source)?,
    };
    match bytes.len() as u64 > room.saturating_mul(unit_sizes(op).1) {
        true => Err("a string does not fit into the room that was made for it".to_owned()),
        false => Ok(Transcoded { bytes, results }),
    }
}

/// As many characters, each with its length in the source, as fit; what was read
/// and written.
fn to_utf8(
    chars: impl Iterator<Item = Result<(char, u64), String>>,
    room: u64,
) -> Result<(Vec<u8>, [u64; 2]), String> {
    let (mut bytes, mut read) = (Vec::new(), 0);
    for char in chars {
        let (char, length) = char?;
        if (bytes.len() + char.len_utf8()) as u64 > room {
            break;
        }
        bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        read += length;
    }
    let written = bytes.len() as u64;
    Ok((bytes, [read, written]))
}

/// As many characters as are Latin-1; what was read and written.
fn to_latin1(source: &[u8]) -> Result<(Vec<u8>, [u64; 2]), String> {
    let text = utf8(source)?;
    let mut bytes = Vec::with_capacity(source.len());
    let mut read = 0;
    for char in text.chars() {
        let Ok(byte) = u8::try_from(char) else { break };
        bytes.push(byte);
        read += char.len_utf8() as u64;
    }
    let written = bytes.len() as u64;
    Ok((bytes, [read, written]))
}

/// Latin-1 that stands there, widened, and the rest after it; all units.
fn after(before: &[u8], rest: impl Iterator<Item = u16>) -> (Vec<u8>, [u64; 2]) {
    let (mut bytes, start) = widened(before);
    let (rest, count) = utf16(rest);
    bytes.extend_from_slice(&rest);
    (bytes, [u64::from(start) + u64::from(count), 0])
}

fn widened(latin1: &[u8]) -> (Vec<u8>, u32) {
    utf16(latin1.iter().map(|byte| u16::from(*byte)))
}

fn utf8(source: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(source).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str) -> Vec<u8> {
        utf16(text.encode_utf16()).0
    }

    fn ok(op: Transcode, source: &[u8], room: u64, before: &[u8]) -> (Vec<u8>, [u64; 2]) {
        let done = transcode(op, source, room, before).unwrap();
        (done.bytes, done.results)
    }

    #[test]
    fn copies_are_checked() {
        for op in [Transcode::Utf8ToUtf8, Transcode::Utf16ToUtf16, Transcode::Latin1ToLatin1] {
            let text = b"ab";
            assert_eq!(ok(op, text, 2, b""), (text.to_vec(), [0; 2]));
        }
        assert!(check_copy(Transcode::Utf8ToUtf8, b"\xff").is_err());
        assert!(check_copy(Transcode::Utf16ToUtf16, &[0, 0xdc]).is_err());
        assert!(check_copy(Transcode::Latin1ToLatin1, b"\xff").is_ok());
    }

    #[test]
    fn what_does_not_fit_waits() {
        let text = wide("a\u{2603}\u{1f370}");
        let of = |room| ok(Transcode::Utf16ToUtf8, &text, room, b"");
        assert_eq!(of(0), (b"".to_vec(), [0, 0]));
        assert_eq!(of(3), (b"a".to_vec(), [1, 1]));
        assert_eq!(of(7), ("a\u{2603}".into(), [2, 4]));
        assert_eq!(of(8), ("a\u{2603}\u{1f370}".into(), [4, 8]));
        assert_eq!(ok(Transcode::Latin1ToUtf8, b"a\xe9", 2, b""), (b"a".to_vec(), [1, 1]));
        assert_eq!(ok(Transcode::Latin1ToUtf8, b"a\xe9", 3, b""), ("a\u{e9}".into(), [2, 3]));
        assert!(transcode(Transcode::Utf8ToUtf16, b"abc", 2, b"").is_err());
    }

    #[test]
    fn latin1_as_far_as_it_goes() {
        let text = "\u{e9}b\u{2603}c";
        let narrow = b"\xe9b".to_vec();
        let of8 = ok(Transcode::Utf8ToLatin1, text.as_bytes(), 10, b"");
        assert_eq!(of8, (narrow.clone(), [3, 2]));
        let of16 = ok(Transcode::Utf16ToLatin1, &wide(text), 10, b"");
        assert_eq!(of16, (narrow.clone(), [2, 2]));
        // The rest, after what stands there already.
        let rest = "\u{2603}c";
        let whole = (wide(text), [4, 0]);
        assert_eq!(ok(Transcode::Utf8ToCompactUtf16, rest.as_bytes(), 10, &narrow), whole);
        assert_eq!(ok(Transcode::Utf16ToCompactUtf16, &wide(rest), 10, &narrow), whole);
    }

    #[test]
    fn utf16_that_may_be_latin1() {
        let of = |text| ok(Transcode::Utf16ToCompactProbablyUtf16, &wide(text), 2, b"");
        assert_eq!(of("\u{e9}a"), (b"\xe9a".to_vec(), [2, 0]));
        assert_eq!(of("\u{2603}a"), (wide("\u{2603}a"), [2 | 1 << 31, 0]));
        assert_eq!(ok(Transcode::Latin1ToUtf16, b"\xe9", 1, b""), (wide("\u{e9}"), [0; 2]));
        assert_eq!(ok(Transcode::Utf8ToUtf16, "\u{1f370}".as_bytes(), 4, b"").1, [2, 0]);
        assert!(transcode(Transcode::Utf16ToUtf8, &[0, 0xd8], 9, b"").is_err());
    }
}
