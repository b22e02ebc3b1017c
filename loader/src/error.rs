//! The crate's one error type.

use crate::limit::LimitKind;
use crate::trap::{self, Frame, Trap};
use crate::vm::handle::Unusable;
use crate::vm::value::Exception;
use precast_artifact::container::OpenError;
use precast_artifact::text::Printable;
use precast_artifact::trap::TrapCode;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong between a file and a result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file is no artifact, of another version, or damaged. The path is
    /// absent for artifacts that came as bytes.
    Open(Option<PathBuf>, OpenError),
    /// Others could have written the artifact; the text says by what.
    Untrusted(PathBuf, String),
    /// A signature is demanded of the artifact and missing, or not that of a trusted
    /// key; the text says which.
    Unsigned(PathBuf, String),
    /// The operating system refused; the text says what was tried and, where
    /// there is one, the remedy.
    System(String, io::Error),
    /// The artifact was compiled for another architecture.
    WrongArchitecture {
        /// The artifact's target triple.
        needs: String,
        /// The architecture of this machine.
        here: &'static str,
    },
    /// The code uses CPU features that this machine lacks.
    MissingCpuFeature {
        /// Their names, as the artifact spells them.
        features: Vec<String>,
    },
    /// The code uses CPU features that this loader cannot look for.
    UnknownCpuFeature {
        /// Their names, as the artifact spells them.
        features: Vec<String>,
    },
    /// The artifact was laid out for smaller pages than this machine has.
    PageSize {
        /// Alignment of the artifact in bytes.
        artifact: u64,
        /// Page size of this machine in bytes.
        here: u64,
    },
    /// Imports that nothing satisfies, all of them.
    Link(Vec<LinkProblem>),
    /// The guest trapped.
    Trap(Trap),
    /// An exception that no guest handled.
    Exception(Exception),
    /// The guest asked to end with this exit code.
    Exit(i32),
    /// A host function failed.
    Host(HostFailure),
    /// A limit was reached; the text says how much was wanted.
    Limit(LimitKind, String),
    /// The host used the interface wrongly: arguments of other types, a value
    /// of another store, an export that does not exist.
    Usage(String),
    /// A function was to be called by its name with arguments as text, and
    /// they do not fit what is exported; see
    /// [`Program::invoke`](crate::Program::invoke).
    Invocation(String),
}

/// The error of a host function, and where the guest called it.
#[derive(Debug)]
pub struct HostFailure {
    pub(crate) cause: Box<dyn std::error::Error + Send + Sync>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) omitted: usize,
}

impl HostFailure {
    /// What the function returned.
    pub fn cause(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.cause
    }

    /// What the function returned, by value.
    pub fn into_cause(self) -> Box<dyn std::error::Error + Send + Sync> {
        self.cause
    }

    /// The running functions, innermost first; at most a hundred. None while
    /// the guest has not been left.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Number of outer frames that [`HostFailure::frames`] leaves out.
    pub fn omitted_frames(&self) -> usize {
        self.omitted
    }
}

impl fmt::Display for HostFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        trap::write_frames(f, &self.frames, self.omitted)
    }
}

/// What the call of a function fails with that nobody has provided; see
/// [`Linker::define_unknown_functions`](crate::Linker::define_unknown_functions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownImport {
    /// First name of the import.
    pub module: String,
    /// Second name of the import.
    pub name: String,
}

impl fmt::Display for UnknownImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, name) = (Printable(&self.module), Printable(&self.name));
        write!(f, "{module}.{name} was called, but not provided")
    }
}

impl std::error::Error for UnknownImport {}

/// An import that could not be satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkProblem {
    /// First name of the import.
    pub module: String,
    /// Second name of the import.
    pub name: String,
    /// What the import must be, such as `function (i32) -> ()`.
    pub needs: String,
    /// What the linker has under this name and why that does not match;
    /// `None` when it has nothing.
    pub found: Option<String>,
}

impl Error {
    /// Wraps the error of a host function. One of our own is kept as it is.
    pub fn host(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(own) => *own,
            Err(cause) => Self::Host(HostFailure { cause, frames: Vec::new(), omitted: 0 }),
        }
    }

    /// The trap, if it is one.
    pub fn trap(&self) -> Option<&Trap> {
        match self {
            Self::Trap(trap) => Some(trap),
            _ => None,
        }
    }

    /// The trap's code, if it is a trap.
    pub fn trap_code(&self) -> Option<TrapCode> {
        self.trap().map(Trap::code)
    }

    /// The limit that was reached, if that is why.
    pub fn limit(&self) -> Option<LimitKind> {
        match self {
            Self::Limit(kind, _) => Some(*kind),
            Self::Trap(trap) => trap.limit(),
            _ => None,
        }
    }

    /// The exception, if it is one.
    pub fn exception(&self) -> Option<&Exception> {
        match self {
            Self::Exception(exception) => Some(exception),
            _ => None,
        }
    }

    /// A host function's error, if it is one of type `E`.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Host(error) => error.cause.downcast_ref(),
            _ => None,
        }
    }

    /// The guest's functions that were running, innermost first: of a trap, and
    /// of a host function's error.
    pub fn frames(&self) -> &[Frame] {
        match self {
            Self::Trap(trap) => trap.frames(),
            Self::Host(error) => error.frames(),
            _ => &[],
        }
    }

    pub(crate) fn damaged(path: Option<&Path>, why: impl fmt::Display) -> Self {
        Self::Open(path.map(Path::to_owned), OpenError::Damaged(why.to_string()))
    }

    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        |cause| Self::System(what.into(), cause)
    }

    /// There is no room for something.
    pub(crate) fn no_room(what: impl Into<String>) -> Self {
        Self::System(what.into(), io::ErrorKind::OutOfMemory.into())
    }

    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::Usage(what.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(Some(path), cause) => write!(f, "{}: {cause}", path.display()),
            Self::Open(None, cause) => cause.fmt(f),
            Self::Untrusted(path, why) => write!(
                f,
                "{}: {why}, so it may be anybody's code: keep artifacts where only you can write",
                path.display()
            ),
            Self::Unsigned(path, why) => write!(
                f,
                "{}: not signed by anybody who is trusted: {why}; `precast sign` signs it",
                path.display()
            ),
            Self::System(what, cause) => write!(f, "{what}: {cause}"),
            Self::WrongArchitecture { needs, here } => write!(
                f,
                "compiled for {needs}, but this machine is {here}: \
                 compile the module with `--target` for this machine"
            ),
            Self::MissingCpuFeature { features } => write!(
                f,
                "the code uses CPU features that this machine lacks: {}: compile the module again \
                 with `--cpu baseline`, or with `--cpu-feature -{}`",
                features.join(", "),
                features.join(",-")
            ),
            Self::UnknownCpuFeature { features } => write!(
                f,
                "the code uses CPU features that this loader does not know: {}: compile the module \
                 again with `--cpu baseline`, or take a loader of the compiler's version",
                features.join(", ")
            ),
            Self::PageSize { artifact, here } => write!(
                f,
                "laid out for pages of {artifact} bytes, but this machine has pages of {here}: \
                 compile the module again for this machine"
            ),
            Self::Link(problems) => {
                f.write_str("imports are not satisfied:")?;
                problems.iter().try_for_each(|problem| write!(f, "\n    {problem}"))
            }
            Self::Trap(trap) => trap.fmt(f),
            Self::Exception(exception) => exception.fmt(f),
            Self::Exit(code) => write!(f, "exited with code {code}"),
            Self::Host(error) => error.fmt(f),
            Self::Limit(_, what) | Self::Usage(what) | Self::Invocation(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for LinkProblem {
    /// `env.log: function (i32) -> (): nothing has this name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, name) = (Printable(&self.module), Printable(&self.name));
        write!(f, "{module}.{name}: {}: ", self.needs)?;
        match &self.found {
            Some(found) => write!(f, "found {found}"),
            None => f.write_str("nothing has this name"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open(_, cause) => Some(cause),
            Self::System(_, cause) => Some(cause),
            Self::Host(error) => error.cause.source(),
            _ => None,
        }
    }
}

impl From<Trap> for Error {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

impl From<Exception> for Error {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception)
    }
}

impl From<Unusable> for Error {
    fn from(why: Unusable) -> Self {
        Self::Usage(why.0)
    }
}

impl From<TrapCode> for Error {
    fn from(code: TrapCode) -> Self {
        Self::Trap(Trap::new(code))
    }
}
