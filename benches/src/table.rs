//! The table of results.

use crate::stats::Samples;

/// Prints rows as they come, in Markdown.
pub(crate) struct Table;

impl Table {
    pub(crate) fn start() -> Self {
        println!("| what | Precast | wasmtime | ratio |");
        println!("|-|-|-|-|");
        Self
    }

    /// Both sides, and Precast's share of wasmtime's median.
    pub(crate) fn row(&self, what: &str, ours: &Samples, theirs: &Samples) {
        let ratio = ours.median() / theirs.median();
        println!("| {what} | {ours} | {theirs} | **{ratio:.2}** |");
    }

    /// What wasmtime has no counterpart for, or none in this run.
    pub(crate) fn alone(&self, what: &str, ours: &Samples) {
        println!("| {what} | {ours} | | |");
    }
}
