//! The form in which profiles are kept: lines of words, in order of their numbers.
//!
//! ```text
//! precast-profile 1
//! module       SHA-256 of the module, in hexadecimal
//! function     index in the module, samples in its code
//! span         offset in the module, bytes of code that came from there, samples in
//!              them; of the function above
//! ```
//!
//! That of a component has several modules:
//!
//! ```text
//! precast-profile 1
//! component    SHA-256 of the component
//! core-module  number of one of its modules, adapters included; what follows is of it
//! ```

use super::counts::{FunctionSamples, ModuleSamples, Profile, ProfileKind, SampleSpan};
use crate::error::{Error, Result};
use precast_artifact::index::{FuncIndex, ModuleIndex, WasmOffset};
use std::fmt;
use std::str::FromStr;

/// How the text begins.
const START: &str = "precast-profile";
const VERSION: &str = "1";

/// Begins what is of one of a component's modules.
const CORE_MODULE: &str = "core-module";

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, source, modules } = self;
        writeln!(f, "{START} {VERSION}\n{} {}", kind.name(), hex::encode(source))?;
        for (module, functions) in modules {
            if *kind == ProfileKind::Component {
                writeln!(f, "{CORE_MODULE} {module}")?;
            }
            for (index, FunctionSamples { samples, spans }) in functions {
                writeln!(f, "function {index} {samples}")?;
                for (at, SampleSpan { bytes, samples }) in spans {
                    writeln!(f, "span {at} {bytes} {samples}")?;
                }
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
        let mut reader = ProfileReader::default();
        for (number, line) in (1..).zip(text.lines()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let read = match words[..] {
                [START, VERSION] if number == 1 => Ok(()),
                [START, _] if number == 1 => Err("a profile of another version"),
                _ => reader.read(&words),
            };
            read.map_err(|what| malformed(name, number, what, line))?;
        }
        match reader.described {
            true => Ok(reader.profile),
            false => {
                let why = "a profile that names neither a module nor a component";
                Err(Error::Profile(format!("{name}: {why}")))
            }
        }
    }
}

/// What a piece of a line says, or what is wrong with it.
type ReadResult<T = ()> = std::result::Result<T, &'static str>;

/// What has been read so far, and what further lines are of.
#[derive(Default)]
struct ProfileReader {
    profile: Profile,
    described: bool,
    module: Option<ModuleIndex>,
    function: Option<FuncIndex>,
}

impl ProfileReader {
    /// Reads a line, or says what is wrong with it.
    fn read(&mut self, words: &[&str]) -> ReadResult {
        match *words {
            ["module", hash] => self.source(ProfileKind::Module, hash),
            ["component", hash] => self.source(ProfileKind::Component, hash),
            [CORE_MODULE, index] => {
                if self.profile.kind != ProfileKind::Component {
                    return Err("a module of no component");
                }
                self.enter(ModuleIndex::new(number_of(index)?))
            }
            ["function", index, samples] => {
                let (index, samples) = (FuncIndex::new(number_of(index)?), number_of(samples)?);
                let entry = FunctionSamples { samples, ..FunctionSamples::default() };
                self.function = Some(index);
                match self.functions().ok_or("a function of no module")?.insert(index, entry) {
                    None => Ok(()),
                    Some(_) => Err("a function that was there already"),
                }
            }
            ["span", at, bytes, samples] => {
                let (at, bytes, samples) =
                    (WasmOffset::new(number_of(at)?), number_of(bytes)?, number_of(samples)?);
                let last = self.function;
                let function = self.functions().zip(last);
                let function = function.and_then(|(functions, at)| functions.get_mut(&at));
                let function = function.ok_or("a span of no function")?;
                function.spans.insert(at, SampleSpan { bytes, samples });
                Ok(())
            }
            [] => Ok(()),
            _ => Err("neither `module`, `component`, `core-module`, `function` nor `span` with \
                      what belongs to it"),
        }
    }

    /// Takes note of what the profile is of.
    fn source(&mut self, kind: ProfileKind, hash: &str) -> ReadResult {
        if self.described {
            return Err("a second file: a profile is of one");
        }
        let Profile { source, .. } = &mut self.profile;
        hex::decode_to_slice(hash, source).map_err(|_| "no SHA-256 in hexadecimal")?;
        self.profile.kind = kind;
        self.described = true;
        match kind {
            ProfileKind::Module => self.enter(ModuleIndex::new(0)),
            ProfileKind::Component => Ok(()),
        }
    }

    /// The functions of the module that lines are of.
    fn functions(&mut self) -> Option<&mut ModuleSamples> {
        self.profile.modules.get_mut(&self.module?)
    }

    /// What follows is of this module.
    fn enter(&mut self, module: ModuleIndex) -> ReadResult {
        (self.module, self.function) = (Some(module), None);
        match self.profile.modules.insert(module, ModuleSamples::new()) {
            None => Ok(()),
            Some(_) => Err("a module that was there already"),
        }
    }
}

fn number_of<N: FromStr>(word: &str) -> ReadResult<N> {
    word.parse().map_err(|_| "no number")
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

    /// Functions of a component are told apart by their module.
    #[test]
    fn what_is_printed_of_a_component_is_read() {
        let module = "core-module 0\nfunction 3 7\nspan 100 12 3\n";
        let text = format!(
            "precast-profile 1\ncomponent {}\n{module}core-module 2\nfunction 3 5\n",
            "5a".repeat(32)
        );
        let mut profile = Profile::parse("p", &text).unwrap();
        assert_eq!(profile.to_string(), text);
        assert_eq!((profile.samples(), profile.sampled_functions()), (12, 2));
        assert_eq!(profile.functions(ModuleIndex::new(0)).count(), 1);
        assert_eq!(profile.functions(ModuleIndex::new(1)).count(), 0);
        let other = text.replace("core-module 2", "core-module 1");
        profile.add(&Profile::parse("p", &other).unwrap()).unwrap();
        let sum = profile.to_string();
        assert!(sum.contains("core-module 0\nfunction 3 14\nspan 100 24 6\n"), "{sum}");
        assert!(sum.ends_with("core-module 1\nfunction 3 5\ncore-module 2\nfunction 3 5\n"));
        let refused = profile.check(&[8; 32]).unwrap_err().to_string();
        assert!(refused.contains("of the component with SHA-256 5a"), "{refused}");
        let complaint = |text: &str| Profile::parse("p", text).unwrap_err().to_string();
        let twice = complaint(&format!("{text}core-module 0\n"));
        assert!(twice.starts_with("p:8: a module that was there already"), "{twice}");
        let early = complaint(&text.replace(module, "function 3 7\n"));
        assert!(early.starts_with("p:3: a function of no module"), "{early}");
        let between = complaint(&format!("{text}core-module 5\nspan 1 2 3\n"));
        assert!(between.starts_with("p:9: a span of no function"), "{between}");
    }

    #[test]
    fn sums_are_of_one_module() {
        let one = Profile::parse("p", TEXT).unwrap();
        let mut sum = one.clone();
        sum.add(&one).unwrap();
        let text = sum.to_string();
        assert!(text.contains("function 3 14\nspan 100 24 6\nspan 140 16 8\nfunction 5 0\n"));
        let other = Profile { source: [9; 32], ..one };
        assert!(sum.add(&other).unwrap_err().to_string().contains("two files"));
        let refused = other.check(&[8; 32]).unwrap_err().to_string();
        assert!(refused.contains("another file: of the module with SHA-256 0909"), "{refused}");
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
        assert!(
            complaint("precast-profile 1\nfunction 1 1\n").starts_with("p:2: a function of no")
        );
        assert!(complaint("precast-profile 1\n").starts_with("p: a profile that names neither"));
        assert!(after("core-module 1").starts_with("p:7: a module of no component"));
        assert!(after(&format!("module {}", "00".repeat(32))).starts_with("p:7: a second file"));
    }
}
