//! Why linking failed.

use crate::error::Error;
use crate::function::{CodeRelocKind, Symbol};
use precast_artifact::index::FunctionOffset;
use std::fmt;

/// Why linking failed.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// A reference in code does not reach its target.
    OutOfRange {
        /// Symbol name of the function or stub that holds the reference.
        place: String,
        /// Offset of the reference in its code.
        offset: FunctionOffset,
        /// Its kind.
        kind: CodeRelocKind,
        /// How far away the target is, in bytes.
        distance: i64,
    },
    /// A reference to something that is not in the artifact: our own bug.
    Unresolved {
        /// What holds the reference.
        place: String,
        /// What it refers to.
        symbol: Symbol,
    },
    /// Code and the tables before it take more than the 2 GiB that their
    /// offsets can express.
    TooLarge(u64),
    /// The context would be too large; the reason.
    Context(String),
    /// No such machine is supported (`e_machine`).
    Machine(u16),
    /// An object could not be made, or cannot be used; the reason.
    Object(String),
    /// The image could not be written.
    Io(std::io::Error),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { place, offset, kind, distance } => write!(
                f,
                "function `{place}`, code offset {offset:#x}: the target of {} lies {distance} \
                 bytes away, it reaches {}; the module's code is too large for this target",
                name(*kind),
                reach(*kind)
            ),
            Self::Unresolved { place, symbol } => {
                write!(f, "`{place}` refers to {}, which was not compiled", shown(*symbol))
            }
            Self::TooLarge(size) => {
                write!(f, "the code and its tables take {size} bytes, more than 2 GiB")
            }
            Self::Context(why) => f.write_str(why),
            Self::Machine(machine) => write!(f, "ELF machine {machine} is not supported"),
            Self::Object(why) => write!(f, "the object: {why}"),
            Self::Io(error) => write!(f, "the image could not be written: {error}"),
        }
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for LinkError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Io(why) => Self::Write(why),
            other => Self::Link(other.to_string()),
        }
    }
}

fn shown(symbol: Symbol) -> String {
    match symbol {
        Symbol::Function(module, index) => format!("function {index} of module {module}"),
        Symbol::Stub(index) => format!("stub {index}"),
        Symbol::PrivateTable(module, index) => format!("table {index} of module {module}"),
        Symbol::Local(offset) => format!("its own offset {offset:#x}"),
    }
}

fn name(kind: CodeRelocKind) -> &'static str {
    match kind {
        CodeRelocKind::X86PcRel32 => "a 32-bit relative reference",
        CodeRelocKind::Aarch64Call26 => "a `bl`",
        CodeRelocKind::Aarch64AdrPage21 => "an `adrp`",
        CodeRelocKind::Aarch64AddLow12 => "an `add`",
        CodeRelocKind::RiscvCall => "an `auipc` and `jalr`",
        CodeRelocKind::RiscvPcRelHigh20 | CodeRelocKind::RiscvPcRelLow12 => "an `auipc`",
    }
}

fn reach(kind: CodeRelocKind) -> &'static str {
    match kind {
        CodeRelocKind::Aarch64Call26 => "128 MiB",
        CodeRelocKind::Aarch64AdrPage21 | CodeRelocKind::Aarch64AddLow12 => "4 GiB",
        CodeRelocKind::X86PcRel32
        | CodeRelocKind::RiscvCall
        | CodeRelocKind::RiscvPcRelHigh20
        | CodeRelocKind::RiscvPcRelLow12 => "2 GiB",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_out_of_range_is_named() {
        let error = LinkError::OutOfRange {
            place: "main".to_owned(),
            offset: FunctionOffset::new(0x10),
            kind: CodeRelocKind::Aarch64Call26,
            distance: -(1 << 28),
        };
        assert_eq!(
            error.to_string(),
            "function `main`, code offset 0x10: the target of a `bl` lies -268435456 bytes away, \
             it reaches 128 MiB; the module's code is too large for this target"
        );
    }
}
