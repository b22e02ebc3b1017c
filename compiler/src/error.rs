//! The crate's error: which stage failed, where, and why.

use precast_artifact::index::FuncIndex;
use std::fmt;

/// Where in the source module an error lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Offset in bytes from the start of the module.
    pub offset: Option<u64>,
    /// Index of the function concerned.
    pub function: Option<u32>,
    /// Its name, from the name section.
    pub name: Option<String>,
}

/// Why a compilation failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The input is no WebAssembly module; says what it seems to be.
    NotWasm(String),
    /// The module is malformed or not valid.
    Invalid {
        /// Where.
        at: Location,
        /// The validator's words.
        message: String,
    },
    /// The module is valid, but needs something that Precast lacks.
    Unsupported {
        /// Where.
        at: Location,
        /// What it needs.
        what: String,
    },
    /// An option or its value is wrong.
    Option(String),
    /// Code generation failed.
    Codegen {
        /// Where.
        at: Location,
        /// The code generator's words.
        message: String,
    },
    /// The image could not be put together.
    Link(String),
    /// A file that should be an artifact is none, or was damaged: the reason.
    NotArtifact(String),
    /// The system did not start the threads to compile with.
    Threads {
        /// How many were asked for; zero for one on each processor.
        count: usize,
        /// The system's words.
        why: String,
    },
    /// The artifact could not be written.
    Write(std::io::Error),
}

impl Error {
    pub(crate) fn invalid(error: &wasmparser::BinaryReaderError) -> Self {
        let at = Location { offset: Some(error.offset()), ..Location::default() };
        Self::Invalid { at, message: error.message().to_owned() }
    }

    /// What the module needs at `offset`, if at one place.
    pub(crate) fn unsupported(offset: impl Into<Option<u64>>, what: impl Into<String>) -> Self {
        let at = Location { offset: offset.into(), ..Location::default() };
        Self::Unsupported { at, what: what.into() }
    }

    /// The same error of a module that begins at `start` of the file.
    pub(crate) fn in_module_at(mut self, start: u64) -> Self {
        if let Self::Invalid { at, .. } | Self::Unsupported { at, .. } | Self::Codegen { at, .. } =
            &mut self
        {
            at.offset = at.offset.map(|offset| offset + start);
        }
        self
    }

    /// The same error, with the function it arose in.
    pub(crate) fn in_function(mut self, index: FuncIndex, name: Option<&str>) -> Self {
        if let Self::Invalid { at, .. } | Self::Unsupported { at, .. } | Self::Codegen { at, .. } =
            &mut self
        {
            at.function = Some(index.get());
            at.name = name.map(str::to_owned);
        }
        self
    }
}

impl From<wasmparser::BinaryReaderError> for Error {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::invalid(&error)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = self.function {
            write!(f, " in function {function}")?;
        }
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        match self.offset {
            Some(offset) => write!(f, " at offset {offset:#x}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWasm(what) => f.write_str(what),
            Self::Invalid { at, message } => write!(f, "invalid module{at}: {message}"),
            Self::Unsupported { at, what } => write!(f, "not supported{at}: {what}"),
            Self::Option(what) => f.write_str(what),
            Self::Codegen { at, message } => write!(f, "code generation failed{at}: {message}"),
            Self::Link(why) => write!(f, "linking failed: {why}"),
            Self::NotArtifact(why) => write!(
                f,
                "no artifact of Precast: {why}; give one that `precast compile` has written"
            ),
            Self::Threads { count, why } => {
                f.write_str("cannot start ")?;
                match count {
                    0 => f.write_str("a thread for each processor")?,
                    count => write!(f, "{count} threads")?,
                }
                write!(f, ": {why}; ask for fewer with `--jobs`, or raise the limits (`ulimit`)")
            }
            Self::Write(why) => write!(f, "writing the artifact failed: {why}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Write(why) => Some(why),
            _ => None,
        }
    }
}

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_one_place_names_none() {
        let whole = Error::unsupported(None, "a context of this size");
        assert_eq!(whole.to_string(), "not supported: a context of this size");
        let placed = Error::unsupported(16, "that").in_function(FuncIndex::new(3), Some("main"));
        assert_eq!(placed.to_string(), "not supported in function 3 (main) at offset 0x10: that");
    }
}
