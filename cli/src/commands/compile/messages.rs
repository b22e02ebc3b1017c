//! What is said of compilations on standard error: for people, or as JSON, an
//! object on a line for each thing that is said.
//!
//! | `reason` | when | fields besides |
//! |-|-|-|
//! | `diagnostic` | something is wrong, or worth knowing | `level` (`error`, `warning`, `note`), `message`; where known `input`, `target`, `function` (index), `name`, `offset` (bytes from the start of the module) |
//! | `output` | an output is complete | `input`, `target`, `output` (absent for standard output), `bytes`, `functions`, `folded`, `cached` (functions that a cache had), `timings` (milliseconds by stage), `done` and `total` outputs |
//! | `finished` | at the end | `success`, `written`, `failed` |

use crate::exit::{self, Failure, Result};
use clap::ValueEnum;
use precast_compiler::{Location, Report};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Who reads messages.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// People
    #[default]
    Human,
    /// Programs: an object a line
    Json,
}

/// What a message is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'m> {
    pub(super) input: &'m Path,
    /// The target, as it was asked for.
    pub(super) target: Option<&'m str>,
}

/// Why an output was not made.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) failure: Failure,
    /// Where in the module.
    pub(super) at: Option<Location>,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, at: None }
    }
}

/// Says things.
#[derive(Clone, Copy, Debug)]
pub(super) struct Messages {
    pub(super) format: Format,
    /// Neither notes nor progress.
    pub(super) quiet: bool,
}

impl Messages {
    /// Whether programs read them.
    pub(super) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Something that is not as it should be, but no error.
    pub(super) fn warning(self, about: About<'_>, text: &str) {
        match self.format {
            Format::Human => exit::warn(format_args!("{}: {text}", about.input.display())),
            Format::Json => self.diagnostic("warning", Some(about), text, None),
        }
    }

    /// Something worth knowing.
    pub(super) fn note(self, about: Option<About<'_>>, text: &str) {
        match self.format {
            _ if self.quiet => {}
            Format::Human => exit::note(text),
            Format::Json => self.diagnostic("note", about, text, None),
        }
    }

    /// Why something was not made. Gives what is left to be said of it.
    pub(super) fn error(self, about: About<'_>, failed: Failed) -> Failure {
        match (self.format, failed.failure) {
            (Format::Json, Failure::Error(text)) => {
                self.diagnostic("error", Some(about), &text, failed.at.as_ref());
                Failure::Silent
            }
            (_, failure) => failure,
        }
    }

    fn diagnostic(self, level: &str, about: Option<About<'_>>, text: &str, at: Option<&Location>) {
        let mut fields = fields(about);
        fields.insert("level".to_owned(), level.into());
        fields.insert("message".to_owned(), text.into());
        if let Some(Location { offset, function, name }) = at {
            let known = [
                ("offset", offset.map(Value::from)),
                ("function", function.map(|index| index.get().into())),
                ("name", name.clone().map(Value::from)),
            ];
            let known =
                known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            fields.extend(known);
        }
        say("diagnostic", fields);
    }

    /// An output is complete: the `done`th of `total`.
    pub(super) fn output(
        self,
        about: About<'_>,
        output: Option<&Path>,
        report: &Report,
        (done, total): (usize, usize),
    ) {
        if self.format == Format::Human {
            return;
        }
        let stages = report.stages.iter();
        let stages = stages.map(|(stage, time)| ((*stage).to_owned(), milliseconds(*time)));
        let Value::Object(more) = json!({
            "bytes": report.size,
            "functions": report.functions,
            "folded": report.folded,
            "cached": report.cached,
            "timings": stages.collect::<Map<_, _>>(),
            "done": done,
            "total": total,
        }) else {
            unreachable!("an object is one");
        };
        let mut fields = fields(Some(about));
        fields.extend(output.map(|path| ("output".to_owned(), path.to_string_lossy().into())));
        fields.extend(more);
        say("output", fields);
    }

    /// How it ended.
    pub(super) fn finished(self, written: usize, failed: usize) {
        if self.format == Format::Json {
            let success = failed == 0;
            let fields = json!({ "success": success, "written": written, "failed": failed });
            let Value::Object(fields) = fields else { unreachable!("an object is one") };
            say("finished", fields);
        }
    }

    /// Says what is left to be said of a failure, where more is to come.
    pub(super) fn failure(self, failure: &Failure) {
        if let Failure::Error(text) | Failure::Usage(text) = failure {
            exit::error(text);
        }
    }
}

fn milliseconds(time: std::time::Duration) -> Value {
    ((time.as_secs_f64() * 1e6).round() / 1e3).into()
}

fn fields(about: Option<About<'_>>) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(About { input, target }) = about {
        fields.insert("input".to_owned(), input.to_string_lossy().into());
        fields.extend(target.map(|target| ("target".to_owned(), target.into())));
    }
    fields
}

/// Writes a line whole, whoever else writes.
fn say(reason: &str, mut fields: Map<String, Value>) {
    fields.insert("reason".to_owned(), reason.into());
    eprintln!("{}", Value::Object(fields));
}

/// As [`Result`], of what may fail at a place in a module.
pub(super) type LocatedResult<T> = Result<T, Failed>;
