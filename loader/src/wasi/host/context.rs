//! What a guest was granted: arguments, environment, descriptors.

use crate::wasi::host::clock::Clock;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::directory::Directory;
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::permissions::DirAccess;
use crate::wasi::host::resources::Resources;
use crate::wasi::host::socket::Socket;
use crate::wasi::host::stdio::{Input, Output};
use crate::wasi::host::table::{MAX_DESCRIPTORS, Table};
use rustix::fs::{Mode, OFlags};
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The state behind the WASI functions of one guest. Nothing is reachable that
/// the [`WasiCtxBuilder`] was not given.
pub struct WasiCtx {
    /// The arguments; the first is the program's name.
    pub(crate) args: Vec<String>,
    /// `KEY=value`.
    pub(crate) environ: Vec<String>,
    /// The open descriptors.
    pub(crate) table: Table,
    /// What it holds by other handles, some of which use descriptors.
    pub(crate) resources: Resources,
    /// The host's monotonic time, in nanoseconds, that is the guest's zero.
    pub(crate) monotonic_zero: u64,
    /// What ends a wait.
    pub(crate) interrupt: Interrupt,
}

/// Collects what a guest is granted. Without further calls: no arguments, no
/// environment, no directories, empty input, discarded output.
#[derive(Default)]
pub struct WasiCtxBuilder {
    args: Vec<String>,
    environ: Vec<(String, String)>,
    stdin: Input,
    stdout: Output,
    stderr: Output,
    /// Descriptors 3 and up.
    preopens: Vec<Descriptor>,
    interrupt: Interrupt,
    /// Descriptors open at once; as many as there are numbers if not set.
    max_descriptors: Option<u32>,
}

impl WasiCtxBuilder {
    /// A builder that grants nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one argument; the first is the program's name.
    pub fn arg(&mut self, arg: impl Into<String>) -> &mut Self {
        self.args.push(arg.into());
        self
    }

    /// Appends arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl Into<String>>) -> &mut Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable. Setting a name again replaces its value
    /// and keeps its place.
    pub fn env(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.environ.push((name.into(), value.into()));
        self
    }

    /// Passes on every environment variable of this process that is UTF-8.
    pub fn inherit_env(&mut self) -> &mut Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        self.environ.extend(variables);
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

    /// A flag that, once set, makes a call that a signal interrupts return
    /// `EINTR` instead of starting over: how a watchdog ends a blocked guest.
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

    /// Makes the context, leaving the builder empty.
    pub fn build(&mut self) -> WasiCtx {
        let builder = std::mem::take(self);
        let granted = 3 + builder.preopens.len() as u32;
        // What was granted is granted: a smaller limit allows no more.
        let limit = builder.max_descriptors.map_or(MAX_DESCRIPTORS, |limit| limit.max(granted));
        let mut table = Table::new(limit);
        let descriptors = [
            Descriptor::Input(builder.stdin.into()),
            Descriptor::Output(builder.stdout.into()),
            Descriptor::Output(builder.stderr.into()),
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
        }
    }
}

/// Joins names and values; of one name only the last value counts, in the place
/// of the first.
fn environ(variables: Vec<(String, String)>) -> Vec<String> {
    let mut places = HashMap::new();
    let mut joined = Vec::new();
    for (name, value) in variables {
        let variable = format!("{name}={value}");
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

    #[test]
    fn later_values_replace_earlier_ones() {
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let variables = vec![variable("A", "1"), variable("B", "2"), variable("A", "3")];
        assert_eq!(environ(variables), ["A=3", "B=2"]);
    }

    #[test]
    fn contexts_move_between_threads() {
        fn assert_send<T: Send>() {}
        assert_send::<WasiCtx>();
        assert_send::<WasiCtxBuilder>();
    }
}
