//! What debuggers show of programs, written down and compared.
//!
//! The programs stand in `fixtures/debug/`. A comment at the end of a line
//! says where to stop, what to show there, and how to go on:
//!
//! ```text
//! total += p->next->value; //- total; p->next->name | step, finish
//! ```
//!
//! `tests/debuggers/transcript.py` gives these commands to gdb or lldb, once
//! for the program as the native compiler makes it, and once for the same
//! program as WebAssembly. [`compare`] counts the values that are the same.

mod programs;
mod text;

use crate::outcome::run;
pub use programs::{Program, programs};
use std::path::Path;
use std::process::Command;
pub use text::normal;

/// A debugger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debugger {
    /// GDB.
    Gdb,
    /// LLDB.
    Lldb,
}

/// One thing that a debugger did or showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It stopped: how, and in which function, file and line.
    Stop(String, String, String, u64),
    /// It showed something.
    Show(String, String),
    /// The program ended, or the script left it.
    End(String),
}

/// What a debugger showed of one program.
pub type Transcript = Vec<Event>;

/// How much of two transcripts is the same.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Stops, and those at the same place.
    pub stops: (usize, usize),
    /// Values, and those that are the same.
    pub values: (usize, usize),
    /// What differs.
    pub differences: Vec<String>,
}

impl Comparison {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        let sum = |a: (usize, usize), b: (usize, usize)| (a.0 + b.0, a.1 + b.1);
        self.stops = sum(self.stops, other.stops);
        self.values = sum(self.values, other.values);
        self.differences.extend(other.differences);
    }
}

/// Has a debugger write down what it shows of the programs. `command` gives
/// the command line of each; `setup` is what the debugger is told first. `None`
/// when the debugger did not survive.
pub fn record(
    debugger: Debugger,
    tool: &Path,
    folder: &Path,
    setup: &[String],
    programs: &[Program],
    command: &dyn Fn(&Program) -> Vec<String>,
) -> Option<Vec<(String, Transcript)>> {
    let transcript = folder.join("transcript.json");
    let plan = folder.join("plan.json");
    let programs: Vec<_> = programs.iter().map(|program| program.plan(&command(program))).collect();
    let content = serde_json::json!({
        "setup": setup,
        "transcript": transcript,
        "programs": programs,
    });
    std::fs::write(&plan, content.to_string()).expect("a writable folder");
    let script = crate::root().join("tests/debuggers/transcript.py");
    let mut driver = Command::new(tool);
    match debugger {
        Debugger::Gdb => driver.args(["-batch", "-nx", "-x"]).arg(script),
        Debugger::Lldb => driver
            .args(["--batch", "--no-lldbinit", "-o"])
            .arg(format!("command script import {}", script.display())),
    };
    driver.env("PRECAST_PLAN", &plan).env_remove("LD_LIBRARY_PATH");
    // lldb 22 dies now and then when it is given the next program, whatever
    // that is, while it still takes leave of the last: another goes on there.
    // One that gets no further than the last two has met its match.
    let mut attempts = vec![0];
    while attempts.last() != Some(&programs.len()) {
        let outcome = run(&mut driver);
        let done = written(&transcript).len();
        if done < programs.len() {
            let (text, stderr) = (outcome.text(), outcome.stderr);
            eprintln!("{debugger:?} died after {done} programs\n{text}\n{stderr}");
        }
        attempts.push(done);
        if attempts.iter().filter(|earlier| **earlier == done).count() == 3 {
            return None;
        }
    }
    let all = written(&transcript);
    std::fs::remove_file(&transcript).expect("it was just read");
    Some(all.iter().map(|(name, events)| (name.clone(), read(events))).collect())
}

/// What stands in a transcript so far: the events of each program.
fn written(transcript: &Path) -> serde_json::Map<String, serde_json::Value> {
    let text = std::fs::read_to_string(transcript).unwrap_or_else(|_| "{}".to_owned());
    serde_json::from_str(&text).expect("JSON")
}

fn read(events: &serde_json::Value) -> Transcript {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let event = |event: &serde_json::Value| match event[0].as_str() {
        Some("show") => Event::Show(text(&event[1]), text(&event[2])),
        Some("end") => Event::End(text(&event[1])),
        _ => Event::Stop(
            text(&event[0]),
            text(&event[1]),
            text(&event[2]),
            event[3].as_u64().unwrap_or_default(),
        ),
    };
    events.as_array().expect("a list").iter().map(event).collect()
}

/// Compares what was shown of a program with what should be. Of all locals
/// together only the names count: some have no value yet.
pub fn compare(program: &str, expected: &Transcript, found: &Transcript) -> Comparison {
    let mut result = Comparison::default();
    let mut found = found.iter().peekable();
    let (mut place, mut ours) = (String::new(), true);
    for event in expected {
        match event {
            Event::Stop(how, function, file, line) => {
                // Beyond the program's own code, everything differs.
                ours = file.starts_with(program) || file.ends_with(".rs");
                place = format!("{how} in {function} at {file}:{line}");
                result.stops.0 += usize::from(ours);
                // What was shown too much at the last stop is passed over.
                while found.next_if(|next| matches!(next, Event::Show(..))).is_some() {}
                let same = found.next_if(|next| matches!(next, Event::Stop(..)));
                match same {
                    Some(next) if next == event || !ours => result.stops.1 += usize::from(ours),
                    other => result.differences.push(format!("{program}: {place}: {other:?}")),
                }
            }
            Event::Show(what, text) => {
                let shown = found.next_if(|next| matches!(next, Event::Show(w, _) if w == what));
                let shown = match shown {
                    Some(Event::Show(_, text)) => text.as_str(),
                    _ => "",
                };
                let locals = what == "locals";
                let (expected, shown) = match locals {
                    true => (text::names(text).join(" "), text::names(shown).join(" ")),
                    false => (normal(text), normal(shown)),
                };
                let count = expected.matches('=').count().max(1);
                let count = if locals { 0 } else { count };
                result.values.0 += count;
                let same = match locals {
                    // Beyond the program's own code, everything differs. Some
                    // debuggers count `static` variables among locals.
                    true => !ours || text::names(text).iter().all(|n| shown.contains(n)),
                    // Of a reference, more may be shown than its address.
                    false if expected.contains(" & ") && expected.ends_with("ADDRESS") => {
                        shown.starts_with(&expected)
                    }
                    false => expected == shown,
                };
                match same {
                    true => result.values.1 += count,
                    false => result.differences.push(format!(
                        "{program}: {place}: {what}\n    expected {expected}\n    found    {shown}"
                    )),
                }
            }
            Event::End(_) => {}
        }
    }
    result
}
