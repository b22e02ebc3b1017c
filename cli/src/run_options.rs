//! Options of `precast run` and `precast-run`.

use clap::{Args, ValueEnum};
use precast_loader::wasi::DirAccess;
use std::path::{Path, PathBuf};

/// What the guest gets, and how it is started.
#[derive(Args, Debug, Default)]
pub struct RunOptions {
    /// Grant a directory: HOST, HOST::GUEST or HOST:GUEST, with `:ro` after
    /// it for read-only
    #[arg(long = "dir", value_name = "HOST[::GUEST][:ro]", value_parser = parse_dir)]
    pub dirs: Vec<GrantedDir>,

    /// Set an environment variable, or pass one on by its name
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,

    /// What the guest sees as its argument 0, instead of the file's name
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<String>,

    /// Call this export with ARGS instead of starting the program, and print
    /// its results
    #[arg(long, value_name = "NAME")]
    pub invoke: Option<String>,

    /// Instantiate another module first, to satisfy imports from NAME
    #[arg(long = "preload", value_name = "NAME=FILE", value_parser = parse_preload)]
    pub preload: Vec<(String, PathBuf)>,

    /// Pass a listening or connected socket on, by its file descriptor
    #[arg(long = "socket-fd", value_name = "FD")]
    pub sockets: Vec<i32>,

    /// Stack for the guest, in KiB
    #[arg(long, value_name = "KIB")]
    pub stack_size: Option<usize>,

    /// Most linear memory that the guest may use, in MiB
    #[arg(long, value_name = "MIB")]
    pub max_memory: Option<u64>,

    /// Write a WebAssembly core dump when the guest traps
    #[arg(long, value_name = "FILE")]
    pub coredump: Option<PathBuf>,

    /// What a trap does: report (the default), or abort, which ends the
    /// process there, so that the system's core dump has the guest's stack
    #[arg(long, value_name = "ACTION", default_value = "report")]
    pub on_trap: TrapAction,

    /// The program, an artifact or for `precast run` also .wasm and .wat, and
    /// its arguments
    #[arg(value_name = "FILE [ARGS]", required = true, trailing_var_arg = true)]
    pub command: Vec<String>,
}

impl RunOptions {
    /// The program.
    pub fn file(&self) -> &Path {
        // Parsing has made sure that there is one.
        Path::new(self.command.first().map_or("", String::as_str))
    }

    /// The program's arguments.
    pub fn args(&self) -> &[String] {
        self.command.get(1..).unwrap_or_default()
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
fn parse_dir(text: &str) -> Result<GrantedDir, String> {
    // In `HOST::ro`, `ro` is what the guest calls the directory.
    let suffix = |suffix| text.strip_suffix(suffix).filter(|rest: &&str| !rest.ends_with(':'));
    let (text, access) = match (suffix(":ro"), suffix(":rw")) {
        (Some(rest), _) => (rest, DirAccess::ReadOnly),
        (_, Some(rest)) => (rest, DirAccess::ReadWrite),
        _ => (text, DirAccess::ReadWrite),
    };
    let (host, guest) =
        text.split_once("::").or_else(|| text.split_once(':')).unwrap_or((text, text));
    if host.is_empty() || guest.is_empty() {
        return Err("expected HOST, HOST::GUEST or HOST:GUEST".to_owned());
    }
    Ok(GrantedDir { host: host.into(), guest: guest.to_owned(), access })
}

fn parse_preload(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("expected NAME=FILE".to_owned()),
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
