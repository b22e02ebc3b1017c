//! `precast targets`.

use super::output;
use crate::exit::Result;
use clap::Args;
use precast_compiler::TargetDescription;

/// `precast targets`.
#[derive(Args, Debug)]
pub struct TargetsCommand {}

impl TargetsCommand {
    pub(super) fn run(&self) -> Result {
        let mut text: String = precast_compiler::targets().iter().map(describe).collect();
        text.push_str(
            "`--cpu baseline` is the first CPU of each, `--cpu native` this machine's.\n",
        );
        output::print(&text)
    }
}

fn describe(target: &TargetDescription) -> String {
    let mut text = String::new();
    for triple in target.triples {
        text.push_str(&format!("{triple}\n"));
    }
    let width = target.cpus.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (index, (name, features)) in target.cpus.iter().enumerate() {
        let mark = if index == 0 { "  (baseline)" } else { "" };
        let line = format!("    --cpu {name:<width$}  {}{mark}", features.join(" "));
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    let names = target.features.iter().map(|(name, alias)| match name == alias {
        true => (*name).to_owned(),
        false => format!("{name} ({alias})"),
    });
    let names: Vec<String> = names.collect();
    text.push_str(&format!("    --cpu-feature +NAME,-NAME  of {}\n\n", names.join(", ")));
    text
}
