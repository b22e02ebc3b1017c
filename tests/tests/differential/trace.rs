//! What is seen of a module under a runtime, as text that can be compared.

use precast_tests::random::Numbers;
use std::fmt::{self, Write};

/// A runtime with a module in it, which is instantiated again and again.
pub(crate) trait Runtime {
    /// Makes a new instance, which takes the place of the last one. Names of
    /// its functions, in order.
    fn instantiate(&mut self) -> Result<Vec<String>, Ended>;

    /// Calls an exported function with these arguments: one number for each
    /// parameter. `Err(Ended::Skipped)` if there is no value for one of them.
    fn call(&mut self, name: &str, numbers: &mut Numbers) -> Result<Vec<Bits>, Ended>;

    /// Notes all exported globals, memories and tables, in order of name.
    fn state(&mut self, trace: &mut Trace);
}

/// Bits of a value; those of null are zero, other references have none.
pub(crate) type Bits = Option<u128>;

/// Why a call did not return.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A trap, by the loader's name for it.
    Trap(String),
    /// An exception that nobody caught, with these values.
    Thrown(Vec<Bits>),
    /// A limit, which is not the same everywhere.
    Limit,
    /// No argument of such a type can be made.
    Skipped,
    /// Anything else.
    Error(String),
}

impl Ended {
    /// By the loader's name; stack is a limit. An address of an atomic access
    /// may be wrong in two ways, and which is found first is not the same
    /// everywhere.
    pub(crate) fn trap(name: impl Into<String>) -> Self {
        match name.into() {
            name if name == "StackOverflow" => Self::Limit,
            name if name == "UnalignedAtomic" => Self::Trap("MemoryOutOfBounds".to_owned()),
            name => Self::Trap(name),
        }
    }
}

/// Everything that a module shows, in order.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Vec<String>,
    /// Number of calls that returned.
    pub(crate) completed: u64,
    /// Number of calls that limits ended, so that no more was compared of
    /// their instances.
    pub(crate) cut: u64,
}

/// Calls every exported function twice, in an instance of its own that was
/// not called before, and notes what comes of it.
pub(crate) fn follow(runtime: &mut dyn Runtime, seed: u64) -> Trace {
    let mut trace = Trace::default();
    let functions = match runtime.instantiate() {
        Ok(functions) => functions,
        Err(why) => {
            trace.ended("instantiate", why);
            return trace;
        }
    };
    runtime.state(&mut trace);
    let mut numbers = Numbers::new(seed);
    for name in functions {
        if let Err(why) = runtime.instantiate() {
            trace.ended("instantiate again", why);
            return trace;
        }
        // Arguments do not depend on what other calls did.
        for seed in [numbers.next(), numbers.next()] {
            match runtime.call(&name, &mut Numbers::new(seed)) {
                Ok(results) => {
                    trace.completed += 1;
                    trace.note(&name, show(results));
                }
                Err(Ended::Limit) => {
                    trace.ended(&name, Ended::Limit);
                    break;
                }
                Err(why) => trace.ended(&name, why),
            }
        }
        if !trace.lines.last().is_some_and(|line| line.ends_with(LIMIT)) {
            runtime.state(&mut trace);
        }
        trace.lines.push(format!("end of {name}"));
    }
    trace
}

const LIMIT: &str = ": a limit";

impl Trace {
    /// Of a module that could not be compiled.
    pub(crate) fn refused(why: impl ToString) -> Self {
        let mut trace = Self::default();
        trace.note("compile", why.to_string());
        trace
    }

    /// Notes what an item did or was.
    pub(crate) fn note(&mut self, item: &str, what: impl AsRef<str>) {
        self.lines.push(format!("{item}: {}", what.as_ref()));
    }

    fn ended(&mut self, item: &str, why: Ended) {
        match why {
            Ended::Trap(name) => self.note(item, format!("trap {name}")),
            Ended::Thrown(values) => self.note(item, format!("throws{}", show(values))),
            Ended::Limit => {
                self.cut += 1;
                self.lines.push(format!("{item}{LIMIT}"));
            }
            Ended::Skipped => self.note(item, "not called"),
            Ended::Error(why) => self.note(item, why),
        }
    }

    /// The first thing that differs. Where either met a limit, all is the same
    /// up to the end of that instance.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let (mut expected, mut found) = (self.lines.iter(), other.lines.iter());
        loop {
            let (a, b) = match (expected.next(), found.next()) {
                (None, None) => return None,
                (Some(a), Some(b)) => (a, b),
                (a, b) => return Some(format!("expected {a:?}\n   found {b:?}")),
            };
            if a.ends_with(LIMIT) || b.ends_with(LIMIT) {
                let end = |line: &&String| line.starts_with("end of ");
                if expected.find(end) != found.find(end) {
                    return None; // Of different calls: of the instantiation.
                }
            } else if a != b {
                return Some(format!("expected {a}\n   found {b}"));
            }
        }
    }

    /// A digest of everything.
    pub(crate) fn digest(&self) -> u64 {
        hash(self.lines.join("\n").as_bytes())
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

/// Values as text.
pub(crate) fn show(values: impl IntoIterator<Item = Bits>) -> String {
    let mut text = String::new();
    for bits in values {
        let _ = match bits {
            Some(bits) => write!(text, " {bits:#x}"),
            None => write!(text, " ref"),
        };
    }
    text
}

/// A memory, by its size and a digest.
pub(crate) fn memory(bytes: &[u8]) -> String {
    format!("{} bytes {:016x}", bytes.len(), hash(bytes))
}

/// FNV-1a, of eight bytes at a time.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325_u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    })
}
