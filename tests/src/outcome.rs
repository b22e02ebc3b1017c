//! How a command ended.

use std::io::Write;
use std::process::{Command, Stdio};

/// What a command left behind.
pub struct Outcome {
    /// Exit code; absent after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error, as text.
    pub stderr: String,
    command: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Outcome {
    let output = command.output().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    Outcome::new(command, output)
}

/// Runs a command to its end, with this as its standard input.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // A command that does not read to the end says so in its outcome.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    Outcome::new(command, output)
}

impl Outcome {
    fn new(command: &Command, output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            command: format!("{command:?}"),
        }
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n{}", self.describe());
        self
    }

    /// Asserts success with nothing on standard error.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        let outcome = self.exits(0);
        assert_eq!(outcome.stderr, "", "standard error\n{}", outcome.describe());
        outcome
    }

    /// Asserts the whole standard output.
    #[track_caller]
    pub fn prints(self, expected: impl AsRef<str>) -> Self {
        assert_eq!(self.text(), expected.as_ref(), "standard output\n{}", self.describe());
        self
    }

    /// Asserts that standard error has all of these.
    #[track_caller]
    pub fn complains(self, parts: &[&str]) -> Self {
        for part in parts {
            let found = self.stderr.contains(part);
            assert!(found, "`{part}` is not on standard error\n{}", self.describe());
        }
        self
    }

    fn describe(&self) -> String {
        let Self { code, stderr, command, .. } = self;
        let out = self.text();
        format!("of {command}\nexit code {code:?}\n--- stdout\n{out}\n--- stderr\n{stderr}\n---")
    }
}
