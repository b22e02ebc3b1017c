//! `.run` files: how a fixture is run, and what must come out.
//!
//! One directive per line; paths lie below a fresh directory, `$SCRATCH`.
//!
//! ```text
//! mkdir PATH      write PATH TEXT      symlink TARGET PATH      fifo PATH
//! check PATH TEXT                      absent PATH
//! run OUTCOME [dir=HOST::GUEST] [dir-ro=HOST::GUEST] [env=NAME=VALUE] [arg=ARG] ...
//! ```
//!
//! A `HOST` that starts with `/` is a directory of the machine's. `OUTCOME` is
//! `ok`, `exit:CODE`, or `trap`: an error of the runtime's, not a signal. What
//! all runs print, one after the other, is in `NAME.expected`.

use crate::outcome;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// Follows a `.run` file. `start` gives the command up to the options of
/// `run`; `program` is what it runs. Panics where something differs.
#[track_caller]
pub fn follow(file: &Path, program: &Path, start: &dyn Fn() -> Command) {
    follow_loosely(file, program, start, &str::to_owned);
}

/// As [`follow`], for output that may differ in what `essence` leaves out.
#[track_caller]
pub fn follow_loosely(
    file: &Path,
    program: &Path,
    start: &dyn Fn() -> Command,
    essence: &dyn Fn(&str) -> String,
) {
    let text = fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    let scratch = crate::scratch();
    let run = Run { scratch: scratch.path(), program, start };
    let mut printed = Vec::new();
    let mut runs = 0;
    for (number, line) in text.lines().enumerate() {
        let result = run.line(line, &mut printed);
        let result = result.unwrap_or_else(|why| {
            panic!("{}:{}: {line}\n{why}", file.display(), number + 1);
        });
        runs += usize::from(result);
    }
    assert!(runs > 0, "{} runs nothing", file.display());
    let expected = fs::read(file.with_extension("expected")).expect("a file of expectations");
    let text = |bytes: &[u8]| essence(&String::from_utf8_lossy(bytes));
    assert_eq!(text(&printed), text(&expected), "output of {}", file.display());
}

struct Run<'a> {
    scratch: &'a Path,
    program: &'a Path,
    start: &'a dyn Fn() -> Command,
}

impl Run<'_> {
    /// Follows one line; whether it ran the program.
    fn line(&self, line: &str, printed: &mut Vec<u8>) -> Result<bool, String> {
        let (directive, rest) = split(line);
        let (first, second) = split(rest);
        let path = self.scratch.join(first);
        let io = |result: std::io::Result<()>| result.map_err(|why| why.to_string());
        match directive {
            "" | "#" => {}
            "mkdir" => io(fs::create_dir_all(path))?,
            "write" => io(fs::write(path, second))?,
            "symlink" => {
                let target = first.replace("$SCRATCH", &self.scratch.to_string_lossy());
                io(symlink(target, self.scratch.join(second)))?;
            }
            "fifo" => {
                let status = Command::new("mkfifo").arg(path).status();
                io(status.map(|status| assert!(status.success(), "mkfifo")))?;
            }
            "check" => {
                let found = fs::read_to_string(path).map_err(|why| why.to_string())?;
                if found != second {
                    return Err(format!("it holds `{found}`"));
                }
            }
            "absent" => {
                if path.symlink_metadata().is_ok() {
                    return Err("it exists".to_owned());
                }
            }
            "run" => {
                self.run(first, second, printed)?;
                return Ok(true);
            }
            other => return Err(format!("what is `{other}`?")),
        }
        Ok(false)
    }

    fn run(&self, wanted: &str, options: &str, printed: &mut Vec<u8>) -> Result<(), String> {
        let mut command = (self.start)();
        let mut args = Vec::new();
        for option in options.split_whitespace() {
            let (kind, value) = option.split_once('=').ok_or(format!("what is `{option}`?"))?;
            let host = |suffix: &str| match value.starts_with('/') {
                true => format!("{value}{suffix}"),
                false => format!("{}/{value}{suffix}", self.scratch.display()),
            };
            match kind {
                "dir" => drop(command.arg("--dir").arg(host(""))),
                "dir-ro" => drop(command.arg("--dir").arg(host(":ro"))),
                "env" => drop(command.arg("--env").arg(value)),
                "arg" => args.push(value),
                other => return Err(format!("what is `{other}`?")),
            }
        }
        let outcome = outcome::run(command.arg(self.program).args(args));
        printed.extend_from_slice(&outcome.stdout);
        let good = match (wanted, wanted.strip_prefix("exit:")) {
            ("ok", _) => outcome.code == Some(0),
            // Traps of WebAssembly, and errors of the runtime's.
            ("trap", _) => matches!(outcome.code, Some(1 | 134)) && !outcome.stderr.is_empty(),
            (_, Some(code)) => outcome.code.is_some() && outcome.code == code.parse().ok(),
            _ => return Err(format!("what is `{wanted}`?")),
        };
        match good {
            true => Ok(()),
            false => Err(format!("ended with {:?}\n{}", outcome.code, outcome.stderr)),
        }
    }
}

/// The first word, and what follows it.
fn split(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow_text(run: &str, expected: &str) -> std::thread::Result<()> {
        let folder = crate::scratch();
        let file = folder.path().join("case.run");
        fs::write(&file, run).expect("a writable folder");
        fs::write(file.with_extension("expected"), expected).expect("a writable folder");
        // `sh -c SCRIPT PROGRAM ARGS`: the program's path is $0.
        let start = || {
            let mut command = Command::new("sh");
            command.args(["-c", "echo $1; exit ${1:-0}"]);
            command
        };
        std::panic::catch_unwind(|| follow(&file, Path::new("program"), &start))
    }

    #[test]
    fn directives_are_followed() {
        let run = "mkdir a\nwrite a/b some text\ncheck a/b some text\nabsent a/c\n\
                   run ok arg=0\nrun exit:3 arg=3";
        assert!(follow_text(run, "0\n3\n").is_ok());
    }

    #[test]
    fn differences_are_found() {
        assert!(follow_text("run ok arg=0", "1\n").is_err(), "other output");
        assert!(follow_text("run exit:2 arg=3", "3\n").is_err(), "other exit code");
        assert!(follow_text("run trap arg=1", "1\n").is_err(), "a failure without a message");
        assert!(follow_text("write a b\ncheck a c\nrun ok arg=0", "0\n").is_err(), "other content");
        assert!(follow_text("write a b\nabsent a\nrun ok arg=0", "0\n").is_err(), "a file left");
        assert!(follow_text("mkdir a", "").is_err(), "nothing run");
    }
}
