//! What a guest was granted: arguments, environment, descriptors.

use crate::limit::LimitKind;
use crate::store::interrupts::Interrupts;
use crate::wasi::host::clock::Clock;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::directory::Directory;
use crate::wasi::host::file::{FileMode, Sync};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::network::NetworkGrants;
use crate::wasi::host::open::OpenRequest;
use crate::wasi::host::permissions::DirAccess;
use crate::wasi::host::quota::Quota;
use crate::wasi::host::resources::Resources;
use crate::wasi::host::socket::Socket;
use crate::wasi::host::stdio::{Input, Output};
use crate::wasi::host::stream::Stream;
use crate::wasi::host::table::{DescriptorTable, MAX_DESCRIPTORS};
use rustix::fs::{Mode, OFlags};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The state behind the WASI functions of one guest. Nothing is reachable that
/// the [`WasiCtxBuilder`] was not given.
pub struct WasiCtx {
    /// The arguments; the first is the program's name.
    pub(crate) args: Vec<Vec<u8>>,
    /// `KEY=value`.
    pub(crate) environ: Vec<Vec<u8>>,
    /// The open descriptors.
    pub(crate) table: DescriptorTable,
    /// What it holds by other handles, some of which use descriptors.
    pub(crate) resources: Resources,
    /// The host's monotonic time, in nanoseconds, that is the guest's zero.
    pub(crate) monotonic_zero: u64,
    /// What ends a wait.
    pub(crate) interrupt: Interrupt,
    /// What may still be written to the standard streams.
    output: Option<Quota>,
    /// What lists of directories may take.
    pub(crate) listings: Quota,
    /// What it may reach.
    pub(crate) network: NetworkGrants,
}

impl WasiCtx {
    /// From now on, waits end when those who may stop the store want it.
    pub(crate) fn follow(&mut self, interrupts: &Arc<Interrupts>) {
        self.interrupt.follow(interrupts);
    }

    /// Whether the guest has tried to write more than it may.
    #[inline]
    pub(crate) fn output_exceeded(&self) -> bool {
        self.output.as_ref().is_some_and(Quota::refused)
    }

    /// The limit that the guest has reached, if it has one.
    pub fn limit_reached(&self) -> Option<LimitKind> {
        let reached = [
            (self.output_exceeded(), LimitKind::OutputBytes),
            (self.table.refused(), LimitKind::Descriptors),
            (self.listings.refused(), LimitKind::ListingBytes),
        ];
        reached.into_iter().find(|(reached, _)| *reached).map(|(_, kind)| kind)
    }
}

/// Collects what a guest is granted. Without further calls: no arguments, no
/// environment, no directories, empty input, discarded output.
#[derive(Default)]
pub struct WasiCtxBuilder {
    args: Vec<Vec<u8>>,
    environ: Vec<(Vec<u8>, Vec<u8>)>,
    stdin: Input,
    stdout: Output,
    stderr: Output,
    /// Descriptors 3 and up.
    preopens: Vec<Descriptor>,
    interrupt: Interrupt,
    /// Descriptors open at once; as many as there are numbers if not set.
    max_descriptors: Option<u32>,
    max_output: Option<u64>,
    max_listings: Option<u64>,
    network: NetworkGrants,
}

impl WasiCtxBuilder {
    /// A builder that grants nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one argument; the first is the program's name.
    pub fn arg(&mut self, arg: impl Into<String>) -> &mut Self {
        self.args.push(arg.into().into_bytes());
        self
    }

    /// Appends one argument, which may not be UTF-8: preview 1 takes any bytes
    /// but zeros.
    pub fn arg_os(&mut self, arg: &OsStr) -> &mut Self {
        self.args.push(arg.as_bytes().to_vec());
        self
    }

    /// Appends arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl Into<String>>) -> &mut Self {
        self.args.extend(args.into_iter().map(|arg| arg.into().into_bytes()));
        self
    }

    /// Sets an environment variable. Setting a name again replaces its value
    /// and keeps its place.
    pub fn env(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.environ.push((name.into().into_bytes(), value.into().into_bytes()));
        self
    }

    /// As [`WasiCtxBuilder::env`], of what may not be UTF-8.
    pub fn env_os(&mut self, name: &OsStr, value: &OsStr) -> &mut Self {
        self.environ.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        self
    }

    /// Passes on every environment variable of this process.
    pub fn inherit_env(&mut self) -> &mut Self {
        for (name, value) in std::env::vars_os() {
            self.env_os(&name, &value);
        }
        self
    }

    /// Sets standard input.
    pub fn stdin(&mut self, input: Input) -> &mut Self {
        self.stdin = input;
        self
    }

    /// Sets standard output.
    pub fn stdout(&mut self, output: Output) -> &mut Self {
        self.stdout = output;
        self
    }

    /// Sets standard error.
    pub fn stderr(&mut self, output: Output) -> &mut Self {
        self.stderr = output;
        self
    }

    /// Passes on the standard streams of this process.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.stdin(Input::Inherit).stdout(Output::InheritStdout).stderr(Output::InheritStderr)
    }

    /// Grants the directory `host`, which the guest sees as `guest`. It gets
    /// the next descriptor, starting at 3.
    ///
    /// # Errors
    ///
    /// `host` is not a directory or may not be opened.
    pub fn preopen_dir(
        &mut self,
        host: &Path,
        guest: &str,
        access: DirAccess,
    ) -> io::Result<&mut Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(host, flags, Mode::empty())?;
        let directory = Directory::new(dir, access, Some(guest.to_owned()));
        self.preopens.push(Descriptor::Directory(directory));
        Ok(self)
    }

    /// Lets the guest start in the directory that it calls `guest`: one that was
    /// granted, or below one. It is granted a second time as `.`, where guests
    /// that are built on wasi-libc look for relative paths, and `PWD` names it,
    /// where others look.
    ///
    /// # Errors
    ///
    /// Nothing that was granted holds it, or it is no directory; or a directory
    /// was granted as `.` or `/`, so that relative paths lead there already.
    pub fn working_dir(&mut self, guest: &str) -> io::Result<&mut Self> {
        let named = |descriptor: &Descriptor| match descriptor {
            Descriptor::Directory(directory) => directory.preopen.clone(),
            _ => None,
        };
        if let Some(name) =
            self.preopens.iter().filter_map(named).find(|name| matches!(&**name, "." | "/"))
        {
            return Err(io::Error::other(format!(
                "relative paths lead to `{name}`, which is granted: grant the directory itself as `.`"
            )));
        }
        let grants = self.preopens.iter().filter_map(|descriptor| match descriptor {
            Descriptor::Directory(directory) => {
                Some((directory, below(directory.preopen.as_deref()?, guest)?))
            }
            _ => None,
        });
        let (granted, path) = grants.min_by_key(|(_, path)| path.len()).ok_or_else(|| {
            io::Error::other("no directory that is granted holds it: grant one with that name")
        })?;
        let path = if path.is_empty() { "." } else { path };
        let opened = WORKING_DIR.open(granted, path.as_bytes(), &self.interrupt);
        let opened = opened.map_err(|why| io::Error::from(why.errno()))?;
        if let Descriptor::Directory(mut directory) = opened {
            directory.preopen = Some(".".to_owned());
            self.preopens.push(Descriptor::Directory(directory));
        }
        Ok(self.env("PWD", guest))
    }

    /// Grants a listening or connected socket. It gets the next descriptor,
    /// starting at 3. Grant directories first: wasi-libc looks for them from 3
    /// up and stops at the first descriptor that is none.
    ///
    /// # Errors
    ///
    /// The descriptor is not a socket.
    pub fn preopen_socket(&mut self, fd: OwnedFd) -> io::Result<&mut Self> {
        let socket = Socket::from_host(fd)?;
        self.preopens.push(Descriptor::Socket(socket));
        Ok(self)
    }

    /// What components may use of the network, by WASI 0.2.
    pub fn network(&mut self) -> &mut NetworkGrants {
        &mut self.network
    }

    /// A flag that, once set, makes a call that a signal interrupts return
    /// `EINTR` to the guest instead of starting over: how a watchdog of the
    /// host's own ends a wait. One that ends the guest is made with
    /// [`Store::interrupt_handle`](crate::Store::interrupt_handle), and needs no
    /// flag.
    pub fn interrupt_flag(&mut self, flag: Arc<AtomicBool>) -> &mut Self {
        self.interrupt = Interrupt::new(flag);
        self
    }

    /// Limits how many descriptors may be open at once, those that are granted
    /// included: `EMFILE` beyond. Each one costs the host a file descriptor.
    pub fn max_descriptors(&mut self, limit: u32) -> &mut Self {
        self.max_descriptors = Some(limit);
        self
    }

    /// Limits what is written to standard output and error together, in bytes. A
    /// guest that writes more ends with [`Error::Limit`](crate::Error::Limit);
    /// what it wrote before is written.
    pub fn max_output(&mut self, bytes: u64) -> &mut Self {
        self.max_output = Some(bytes);
        self
    }

    /// Limits the memory for lists of directories that the guest is reading, in
    /// bytes: `ENOMEM` beyond. By default 64 MiB.
    pub fn max_listings(&mut self, bytes: u64) -> &mut Self {
        self.max_listings = Some(bytes);
        self
    }

    /// Makes the context, leaving the builder empty.
    pub fn build(&mut self) -> WasiCtx {
        let builder = std::mem::take(self);
        let granted = 3 + builder.preopens.len() as u32;
        // What was granted is granted: a smaller limit allows no more.
        let limit = builder.max_descriptors.map_or(MAX_DESCRIPTORS, |limit| limit.max(granted));
        let mut table = DescriptorTable::new(limit);
        let quota = builder.max_output.map(Quota::new);
        let output =
            |end: Output| Descriptor::Output(Stream { end, nonblock: false, quota: quota.clone() });
        let descriptors = [
            Descriptor::Input(builder.stdin.into()),
            output(builder.stdout),
            output(builder.stderr),
        ];
        for descriptor in descriptors.into_iter().chain(builder.preopens) {
            // There is room: see the limit.
            let _ = table.insert(descriptor);
        }
        WasiCtx {
            args: builder.args,
            environ: environ(builder.environ),
            table,
            resources: Resources::default(),
            monotonic_zero: Clock::Monotonic.now(),
            interrupt: builder.interrupt,
            output: quota,
            listings: Quota::new(builder.max_listings.unwrap_or(LISTINGS)),
            network: builder.network,
        }
    }
}

/// Bytes for lists of directories, if nobody says otherwise.
const LISTINGS: u64 = 64 << 20;
/// How a working directory is opened.
const WORKING_DIR: OpenRequest = OpenRequest {
    follow: true,
    create: false,
    exclusive: false,
    truncate: false,
    directory: true,
    mode: FileMode { read: true, write: false, append: false, nonblock: false, sync: Sync::Later },
};

/// What of a path is below a directory, both by their names for the guest.
fn below<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(directory.trim_end_matches('/'))?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest.trim_matches('/')),
        None => rest.is_empty().then_some(rest),
    }
}

/// Joins names and values; of one name only the last value counts, in the place
/// of the first.
fn environ(variables: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<Vec<u8>> {
    let mut places = HashMap::new();
    let mut joined = Vec::new();
    for (name, value) in variables {
        let variable = [&*name, b"=", &*value].concat();
        match places.get(&name) {
            Some(&place) => joined[place] = variable,
            None => {
                places.insert(name, joined.len());
                joined.push(variable);
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::testing::Scratch;

    #[test]
    fn later_values_replace_earlier_ones() {
        let variable = |name: &str, value: &str| (name.into(), value.into());
        let variables = vec![variable("A", "1"), variable("B", "2"), variable("A", "3")];
        assert_eq!(environ(variables), [b"A=3", b"B=2"]);
    }

    #[test]
    fn what_is_below_a_directory() {
        assert_eq!(below("/work", "/work"), Some(""));
        assert_eq!(below("/work/", "/work/a/b/"), Some("a/b"));
        assert_eq!(below("work", "work/a"), Some("a"));
        assert_eq!(below("/work", "/worker"), None);
        assert_eq!(below("/work", "work"), None);
    }

    #[test]
    fn a_working_directory_is_below_a_grant_and_stays_there() {
        let scratch = Scratch::new();
        scratch.mkdir("sub");
        std::os::unix::fs::symlink("/", scratch.path("out")).unwrap();
        let start = |granted: &str, cwd: &str| {
            let mut builder = WasiCtxBuilder::new();
            builder.preopen_dir(&scratch.path(""), granted, DirAccess::ReadOnly).unwrap();
            builder.working_dir(cwd).map(WasiCtxBuilder::build).map_err(|why| why.to_string())
        };
        let ctx = start("/work", "/work/sub").unwrap();
        let cwd = ctx.table.directory(4).unwrap();
        assert_eq!((cwd.preopen.as_deref(), cwd.access), (Some("."), DirAccess::ReadOnly));
        assert_eq!(ctx.environ, [b"PWD=/work/sub"]);
        assert!(start("/work", "/work/out").is_err());
        assert!(start("/work", "/work/../..").is_err());
        assert!(
            start("/work", "/elsewhere").err().unwrap().contains("no directory that is granted")
        );
        assert!(start("/", "/sub").err().unwrap().contains("relative paths lead to `/`"));
    }

    #[test]
    fn contexts_move_between_threads() {
        fn assert_send<T: Send>() {}
        assert_send::<WasiCtx>();
        assert_send::<WasiCtxBuilder>();
    }
}
