//! The form in which profiles are kept: lines of words, in order of their numbers.
//!
//! ```text
//! precast-profile 1
//! module    SHA-256 of the module, in hexadecimal
//! function  index in the module, samples in its code
//! span      offset in the module, bytes of code that came from there, samples in
//!           them; of the function above
//! ```

use super::counts::{FunctionSamples, Profile, SampleSpan};
use crate::error::{Error, Result};
use precast_artifact::index::{FuncIndex, WasmOffset};
use std::fmt;

/// How the text begins.
const START: &str = "precast-profile";
const VERSION: &str = "1";

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{START} {VERSION}\nmodule {}", hex::encode(self.module))?;
        for (index, FunctionSamples { samples, spans }) in &self.functions {
            writeln!(f, "function {index} {samples}")?;
            for (at, SampleSpan { bytes, samples }) in spans {
                writeln!(f, "span {at} {bytes} {samples}")?;
            }
        }
        Ok(())
    }
}

impl Profile {
    /// Whether a text is meant to be a profile in this form.
    pub fn is_text(text: &str) -> bool {
        text.split_whitespace().next() == Some(START)
    }

    /// Reads the form in which profiles print. `name` stands in errors.
    ///
    /// # Errors
    ///
    /// When the text is malformed: with the number of the line.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mut profile = Self::default();
        let mut function = None;
        let mut described = false;
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |what: &str| malformed(name, number, what, line);
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [START, version] if number == 1 => {
                    if version != VERSION {
                        return Err(wrong("a profile of another version"));
                    }
                }
                ["module", hash] if !described => {
                    hex::decode_to_slice(hash, &mut profile.module)
                        .map_err(|_| wrong("no SHA-256 in hexadecimal"))?;
                    described = true;
                }
                ["function", index, samples] => {
                    let numbers = number_of(index).zip(samples.parse().ok());
                    let (index, samples) = numbers.ok_or_else(|| wrong("no number"))?;
                    let index = FuncIndex::new(index);
                    let entry = FunctionSamples { samples, ..FunctionSamples::default() };
                    if profile.functions.insert(index, entry).is_some() {
                        return Err(wrong("a function that was there already"));
                    }
                    function = Some(index);
                }
                ["span", at, bytes, samples] => {
                    let numbers = number_of(at).zip(bytes.parse().ok()).zip(samples.parse().ok());
                    let ((at, bytes), samples) = numbers.ok_or_else(|| wrong("no number"))?;
                    let function = function.and_then(|index| profile.functions.get_mut(&index));
                    let function = function.ok_or_else(|| wrong("a span of no function"))?;
                    function.spans.insert(WasmOffset::new(at), SampleSpan { bytes, samples });
                }
                [] => {}
                _ => return Err(wrong("neither `module`, `function` nor `span` with its numbers")),
            }
        }
        match described {
            true => Ok(profile),
            false => Err(Error::Profile(format!("{name}: a profile that names no module"))),
        }
    }
}

fn number_of(word: &str) -> Option<u32> {
    word.parse().ok()
}

/// An error about a line.
pub(super) fn malformed(name: &str, number: usize, what: &str, line: &str) -> Error {
    // A line may be of any length.
    let shown: String = line.trim().chars().take(80).collect();
    Error::Profile(format!("{name}:{number}: {what}: `{}`", shown.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "precast-profile 1\nmodule \
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\
        function 3 7\nspan 100 12 3\nspan 140 8 4\nfunction 5 0\n";

    #[test]
    fn what_is_printed_is_read() {
        let profile = Profile::parse("p", TEXT).unwrap();
        assert_eq!(profile.to_string(), TEXT);
        assert_eq!((profile.samples(), profile.sampled_functions()), (7, 1));
        assert!(Profile::is_text(TEXT) && !Profile::is_text("precast-run 12 1.0:"));
    }

    #[test]
    fn sums_are_of_one_module() {
        let one = Profile::parse("p", TEXT).unwrap();
        let mut sum = one.clone();
        sum.add(&one).unwrap();
        let text = sum.to_string();
        assert!(text.contains("function 3 14\nspan 100 24 6\nspan 140 16 8\nfunction 5 0\n"));
        let other = Profile { module: [9; 32], ..one };
        assert!(sum.add(&other).unwrap_err().to_string().contains("two modules"));
        assert!(other.check(&[8; 32]).unwrap_err().to_string().contains("another module"));
        other.check(&[9; 32]).unwrap();
    }

    #[test]
    fn errors_name_the_line() {
        let complaint = |text: &str| Profile::parse("p", text).unwrap_err().to_string();
        let after = |line: &str| complaint(&format!("{TEXT}{line}\n"));
        assert_eq!(after("function 4 x"), "p:7: no number: `function 4 x`");
        assert!(after("function 3 1").starts_with("p:7: a function that was there already"));
        assert!(after("spam 1 2 3").starts_with("p:7: neither"));
        let first = complaint("precast-profile 2\n");
        assert_eq!(first, "p:1: a profile of another version: `precast-profile 2`");
        assert!(complaint("precast-profile 1\nspan 1 2 3\n").starts_with("p:2: a span of no"));
        assert!(complaint("precast-profile 1\nmodule 00\n").starts_with("p:2: no SHA-256"));
        assert_eq!(complaint("precast-profile 1\n"), "p: a profile that names no module");
    }
}
