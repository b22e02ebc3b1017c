//! Options of `precast run` and `precast-run`.

use crate::limit_options::LimitOptions;
use crate::network_options::NetworkOptions;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use precast_loader::wasi::DirAccess;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What the guest gets, and how it is started.
#[derive(Args, Debug, Default)]
pub struct RunOptions {
    /// Grant a directory: HOST, HOST::GUEST or HOST:GUEST, with `:ro` after
    /// it for read-only
    #[arg(long = "dir", value_name = "HOST[::GUEST][:ro]", value_parser = OsStringValueParser::new().try_map(parse_dir))]
    pub dirs: Vec<GrantedDir>,

    /// Set an environment variable, or pass one on by its name
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub env: Vec<OsString>,

    /// Pass every environment variable on; those of --env count more
    #[arg(long)]
    pub inherit_env: bool,

    /// Directory that the guest starts in, by its name for the guest: one that
    /// is granted, or below one
    #[arg(long, value_name = "GUEST")]
    pub cwd: Option<String>,

    /// What the guest sees as its argument 0, instead of the file's name
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<OsString>,

    /// Call this export with ARGS instead of starting the program, and print
    /// its results; of a component, a call such as 'f(1, "x")'
    #[arg(long, value_name = "NAME")]
    pub invoke: Option<String>,

    /// Say at the end which handles a component has left, by type
    #[arg(long)]
    pub report_handles: bool,

    /// Instantiate another module first, to satisfy imports from NAME
    #[arg(long = "preload", value_name = "NAME=FILE", value_parser = OsStringValueParser::new().try_map(parse_preload))]
    pub preload: Vec<(String, PathBuf)>,

    /// Pass a listening or connected socket on, by its file descriptor
    #[arg(long = "socket-fd", value_name = "FD")]
    pub sockets: Vec<i32>,

    /// Functions that the module imports and nobody provides: deny (the
    /// default) does not start the program, trap ends it when it calls one, and
    /// zero has them do nothing and give zeros
    #[arg(long, value_name = "ACTION", default_value = "deny")]
    pub unknown_imports: UnknownImports,

    /// Run only what the owner of this public key has signed, preloaded modules
    /// too; of one of several, if given more than once
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,

    /// Write a WebAssembly core dump when the guest traps
    #[arg(long, value_name = "FILE")]
    pub coredump: Option<PathBuf>,

    /// What a trap does: report (the default), or abort, which ends the
    /// process there, so that the system's core dump has the guest's stack
    #[arg(long, value_name = "ACTION", default_value = "report")]
    pub on_trap: TrapAction,

    /// What components may use of the network.
    #[command(flatten)]
    pub network: NetworkOptions,

    /// How much the guest may use.
    #[command(flatten)]
    pub limits: LimitOptions,

    /// The program, an artifact or for `precast run` also .wasm and .wat, and
    /// its arguments
    #[arg(value_name = "FILE [ARGS]", required = true, trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

impl RunOptions {
    /// The program.
    pub fn file(&self) -> &Path {
        // Parsing has made sure that there is one.
        self.command.first().map_or(Path::new(""), Path::new)
    }

    /// The program's arguments.
    pub fn args(&self) -> &[OsString] {
        self.command.get(1..).unwrap_or_default()
    }

    /// The program, and the modules that satisfy its imports.
    pub fn files(&self) -> Vec<&Path> {
        let preloaded = self.preload.iter().map(|(_, file)| file.as_path());
        std::iter::once(self.file()).chain(preloaded).collect()
    }
}

/// What a trap does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TrapAction {
    /// The guest ends, with a report.
    #[default]
    Report,
    /// The process ends by a signal.
    Abort,
}

/// What becomes of functions that a module imports and nobody provides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum UnknownImports {
    /// The program is not started
    #[default]
    Deny,
    /// The program ends when it calls one
    Trap,
    /// They do nothing, and give zeros
    Zero,
}

/// A directory that the guest may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedDir {
    /// Where it is.
    pub host: PathBuf,
    /// What the guest calls it.
    pub guest: String,
    /// What the guest may do in it.
    pub access: DirAccess,
}

/// Parses `HOST`, `HOST::GUEST` or `HOST:GUEST`, then perhaps `:ro` or `:rw`.
fn parse_dir(text: OsString) -> Result<GrantedDir, String> {
    let text = text.as_bytes();
    // In `HOST::ro`, `ro` is what the guest calls the directory.
    let suffix = |suffix: &[u8]| text.strip_suffix(suffix).filter(|rest| !rest.ends_with(b":"));
    let (text, access) = match (suffix(b":ro"), suffix(b":rw")) {
        (Some(rest), _) => (rest, DirAccess::ReadOnly),
        (_, Some(rest)) => (rest, DirAccess::ReadWrite),
        _ => (text, DirAccess::ReadWrite),
    };
    let colons = text.windows(2).position(|two| two == b"::").map(|at| (at, at + 2));
    let colon = || text.iter().position(|byte| *byte == b':').map(|at| (at, at + 1));
    let (host, guest) = match colons.or_else(colon) {
        Some((end, start)) => (&text[..end], &text[start..]),
        None => (text, text),
    };
    if host.is_empty() || guest.is_empty() {
        return Err("expected HOST, HOST::GUEST or HOST:GUEST".to_owned());
    }
    let guest = str::from_utf8(guest).map_err(|_| {
        "what the guest calls the directory must be UTF-8: name it, with HOST::GUEST".to_owned()
    })?;
    Ok(GrantedDir { host: OsStr::from_bytes(host).into(), guest: guest.to_owned(), access })
}

fn parse_preload(text: OsString) -> Result<(String, PathBuf), String> {
    match split(&text, b'=') {
        (name, Some(file)) if !file.is_empty() => {
            let name = name.to_str().ok_or("names of modules are UTF-8")?;
            Ok((name.to_owned(), file.into()))
        }
        _ => Err("expected NAME=FILE".to_owned()),
    }
}

/// What is before a byte, and what is after it if it is there.
pub(crate) fn split(text: &OsStr, at: u8) -> (&OsStr, Option<&OsStr>) {
    let bytes = text.as_bytes();
    match bytes.iter().position(|byte| *byte == at) {
        Some(place) => {
            let (before, after) = (&bytes[..place], &bytes[place + 1..]);
            (OsStr::from_bytes(before), Some(OsStr::from_bytes(after)))
        }
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_in_every_form() {
        let dir = |host: &str, guest: &str, access| {
            Ok(GrantedDir { host: host.into(), guest: guest.to_owned(), access })
        };
        use DirAccess::{ReadOnly, ReadWrite};
        let parse_dir = |text: &str| parse_dir(text.into());
        assert_eq!(parse_dir("data"), dir("data", "data", ReadWrite));
        assert_eq!(parse_dir("data::/d"), dir("data", "/d", ReadWrite));
        assert_eq!(parse_dir("data:/d"), dir("data", "/d", ReadWrite));
        assert_eq!(parse_dir("data::/d:ro"), dir("data", "/d", ReadOnly));
        assert_eq!(parse_dir("data::ro"), dir("data", "ro", ReadWrite));
        assert_eq!(parse_dir("/a b:ro"), dir("/a b", "/a b", ReadOnly));
        assert!(parse_dir("::/d").is_err());
        assert!(parse_dir("d::").is_err());
    }
}
