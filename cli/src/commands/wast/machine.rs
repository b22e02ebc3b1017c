//! Where the modules of a script run: in this process, or behind a pipe.

use super::settings::Settings;
use crate::script::host::Host;
use crate::script::request::{Answer, Request, RequestFailure, decode_answer, receive, send};
use std::process::{Child, Command, Stdio};

/// A machine that runs one script's modules.
pub(super) enum Machine {
    Here(Box<Host>),
    There(Remote),
}

impl Machine {
    pub(super) fn start(settings: &Settings) -> Result<Self, String> {
        Ok(match settings.runner.split_first() {
            None => {
                Self::Here(Box::new(Host::new(settings.print).map_err(|error| error.to_string())?))
            }
            Some((command, args)) => Self::There(Remote::start(command, args)?),
        })
    }

    pub(super) fn ask(&mut self, request: Request<'_>) -> Answer {
        match self {
            Self::Here(host) => host.answer(request),
            Self::There(remote) => remote.ask(request),
        }
    }
}

/// A `precast-script-host`, to which pipes lead.
pub(super) struct Remote {
    child: Child,
}

impl Remote {
    fn start(command: &str, args: &[String]) -> Result<Self, String> {
        let child = Command::new(command)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{command}`: {error}"))?;
        Ok(Self { child })
    }

    fn ask(&mut self, request: Request<'_>) -> Answer {
        let to = self.child.stdin.as_mut().expect("standard input is piped");
        let from = self.child.stdout.as_mut().expect("standard output is piped");
        let received = send(to, &request.encode()).and_then(|()| receive(from));
        match received {
            Ok(Some(answer)) => decode_answer(&answer).map_err(|error| error.to_string()),
            Ok(None) => Err("it ended".to_owned()),
            Err(error) => Err(error.to_string()),
        }
        .unwrap_or_else(|why| {
            Err(RequestFailure::untried(format!("no answer of the runner: {why}")))
        })
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends with its input; if it hangs, it is of no use any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
