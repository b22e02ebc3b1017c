//! `precast diff`: what differs between two artifacts.

use super::contents::{Contents, Function};
use super::output;
use crate::exit::{Failure, Result};
use crate::names;
use clap::Args;
use precast_artifact::text::Printable;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// `precast diff`.
#[derive(Args, Debug)]
pub struct DiffCommand {
    /// Print JSON
    #[arg(long)]
    json: bool,

    /// How many changed functions to show, the largest changes first
    #[arg(long, value_name = "N", default_value_t = 20)]
    largest: usize,

    /// The artifact before
    before: PathBuf,

    /// The artifact after
    after: PathBuf,
}

/// Something that has a size before, after, or both.
struct Change {
    name: String,
    before: Option<u64>,
    after: Option<u64>,
}

impl Change {
    fn grown(&self) -> i128 {
        i128::from(self.after.unwrap_or(0)) - i128::from(self.before.unwrap_or(0))
    }

    fn json(&self) -> Value {
        json!({"name": self.name, "before": self.before, "after": self.after})
    }
}

impl DiffCommand {
    /// Shows what differs. Fails silently if anything does, as `diff` does.
    pub(super) fn run(&self) -> Result {
        let (before, after) = (Contents::open(&self.before)?, Contents::open(&self.after)?);
        let options = [&before, &after].map(settings);
        let sections = sections(&before, &after);
        let functions = functions(&before.functions(), &after.functions());
        let size = Change {
            name: "file".to_owned(),
            before: Some(before.bytes.len() as u64),
            after: Some(after.bytes.len() as u64),
        };
        let same = before.bytes[..] == after.bytes[..];
        let text = if self.json {
            let sections: Vec<_> = sections.iter().map(Change::json).collect();
            let functions: Vec<_> = functions.iter().map(Change::json).collect();
            let [before, after] = options;
            let report = json!({
                "same": same, "size": size.json(), "options": {"before": before, "after": after},
                "sections": sections, "functions": functions,
            });
            format!("{report:#}\n")
        } else {
            self.readable(same, &options, &size, &sections, &functions)
        };
        output::print(&text)?;
        if same { Ok(()) } else { Err(Failure::Silent) }
    }

    fn readable(
        &self,
        same: bool,
        options: &[Vec<String>; 2],
        size: &Change,
        sections: &[Change],
        functions: &[Change],
    ) -> String {
        if same {
            return "the artifacts are the same\n".to_owned();
        }
        let mut text = String::new();
        let [before, after] = options;
        for (mark, some, other) in [('-', before, after), ('+', after, before)] {
            for option in some.iter().filter(|option| !other.contains(option)) {
                let _ = writeln!(text, "{mark} {option}");
            }
        }
        for change in std::iter::once(size).chain(sections) {
            line(&mut text, change);
        }
        let _ = writeln!(text, "{} functions of another size", functions.len());
        for change in functions.iter().take(self.largest) {
            line(&mut text, change);
        }
        if functions.len() > self.largest {
            let _ = writeln!(text, "... and {} more", functions.len() - self.largest);
        }
        text
    }
}

fn line(text: &mut String, change: &Change) {
    let shown = |size: Option<u64>| size.map_or("-".to_owned(), |size| size.to_string());
    let (before, after, grown) = (shown(change.before), shown(change.after), change.grown());
    let _ = writeln!(
        text,
        "{before:>12} {after:>12} {grown:>+10}  {}",
        Printable(names::decoded(&change.name))
    );
}

/// What an artifact was made for and with.
fn settings(contents: &Contents) -> Vec<String> {
    let note = &contents.container.note;
    let mut settings =
        vec![format!("target {}", note.target), format!("made by {}", note.compiler)];
    settings.extend(note.options.iter().map(|option| format!("option {option}")));
    settings.extend(note.wasm_features.iter().map(|feature| format!("feature {feature}")));
    settings
}

/// Sections whose size or bytes differ.
fn sections(before: &Contents, after: &Contents) -> Vec<Change> {
    let mut both: BTreeMap<String, [Option<&[u8]>; 2]> = BTreeMap::new();
    for (side, contents) in [before, after].into_iter().enumerate() {
        for (name, bytes) in contents.sections() {
            both.entry(name).or_default()[side] = Some(bytes);
        }
    }
    let differ = both.into_iter().filter(|(_, [before, after])| before != after);
    let size = |bytes: Option<&[u8]>| bytes.map(|bytes| bytes.len() as u64);
    differ
        .map(|(name, [before, after])| Change { name, before: size(before), after: size(after) })
        .collect()
}

/// Functions that are only in one artifact, or whose code has another size; the
/// largest changes first. Bytes are not compared: calls and branches across
/// functions differ wherever one of them has moved.
fn functions(before: &[Function], after: &[Function]) -> Vec<Change> {
    let mut both: BTreeMap<String, [Option<u64>; 2]> = BTreeMap::new();
    for (side, functions) in [before, after].into_iter().enumerate() {
        for function in functions {
            *both.entry(function.shown()).or_default()[side].get_or_insert(0) += function.code.size;
        }
    }
    let differ = both.into_iter().filter(|(_, [before, after])| before != after);
    let mut changes: Vec<_> =
        differ.map(|(name, [before, after])| Change { name, before, after }).collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.grown().abs()));
    changes
}
