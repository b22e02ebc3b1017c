//! The crate's error: which stage failed, where, and why.

use precast_artifact::index::FuncIndex;
use std::fmt;
use thiserror::Error as Described;

/// Where in the source module an error lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Offset in bytes from the start of the module.
    pub offset: Option<u64>,
    /// Index of the function concerned.
    pub function: Option<FuncIndex>,
    /// Its name, from the name section.
    pub name: Option<String>,
}

/// Why a compilation failed. The text may end in lines that begin with `help: `
/// and say what to do.
#[derive(Debug, Described)]
#[non_exhaustive]
pub enum Error {
    /// The input is no WebAssembly module; says what it seems to be.
    #[error("{0}")]
    NotWasm(String),
    /// The module is malformed or not valid.
    #[error("invalid module{at}: {message}")]
    Invalid {
        /// Where.
        at: Location,
        /// The validator's words.
        message: String,
    },
    /// The module is valid, but needs something that Precast lacks.
    #[error("not supported{at}: {what}")]
    Unsupported {
        /// Where.
        at: Location,
        /// What it needs.
        what: String,
    },
    /// An option or its value is wrong.
    #[error("{0}")]
    Option(String),
    /// A profile cannot be read, or is of another file.
    #[error("{0}")]
    Profile(String),
    /// Code generation failed.
    #[error("code generation failed{at}: {message}")]
    Codegen {
        /// Where.
        at: Location,
        /// The code generator's words.
        message: String,
    },
    /// The image could not be put together.
    #[error("linking failed: {0}")]
    Link(String),
    /// A file that should be an artifact is none, or was damaged: the reason.
    #[error("no artifact of Precast: {0}; give one that `precast compile` has written")]
    NotArtifact(String),
    /// The system did not start the threads to compile with.
    #[error(
        "cannot start {}: {why}; ask for fewer with `--jobs`, or raise the limits (`ulimit`)",
        threads(*count)
    )]
    Threads {
        /// How many were asked for; zero for one on each processor.
        count: usize,
        /// The system's words.
        why: String,
    },
    /// The artifact could not be written.
    #[error("writing the artifact failed: {0}")]
    Write(#[source] std::io::Error),
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

    /// Where in the module it lies, if it does.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::Invalid { at, .. } | Self::Unsupported { at, .. } | Self::Codegen { at, .. } => {
                Some(at)
            }
            _ => None,
        }
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
            at.function = Some(index);
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

fn threads(count: usize) -> String {
    match count {
        0 => "a thread for each processor".to_owned(),
        count => format!("{count} threads"),
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
