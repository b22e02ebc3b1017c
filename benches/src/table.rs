//! Tables of results, in Markdown.

use crate::stats::Samples;

/// Prints rows as they come.
pub(crate) struct ResultTable;

/// Cells, from the left.
pub(crate) struct Row(Vec<String>);

impl ResultTable {
    pub(crate) fn start(columns: Vec<String>) -> Self {
        println!("\n| {} |", columns.join(" | "));
        println!("|{}", "-|".repeat(columns.len()));
        Self
    }

    /// A table of what Precast and wasmtime do.
    pub(crate) fn of_both() -> Self {
        Self::start(["what", "Precast", "wasmtime", "ratio"].map(str::to_owned).to_vec())
    }

    pub(crate) fn print(&self, row: Row) {
        println!("| {} |", row.0.join(" | "));
    }

    /// Both sides, and Precast's share of wasmtime's median.
    pub(crate) fn row(&self, what: &str, ours: &Samples, theirs: &Samples) {
        let mut row = Row::of(what.to_owned());
        row.push(ours);
        row.push(theirs);
        row.push_ratio(ours.median() / theirs.median());
        self.print(row);
    }

    /// What wasmtime has no counterpart for, or none in this run.
    pub(crate) fn alone(&self, what: &str, ours: &Samples) {
        let mut row = Row::of(what.to_owned());
        row.push(ours);
        row.0.extend([String::new(), String::new()]);
        self.print(row);
    }
}

impl Row {
    pub(crate) fn of(what: String) -> Self {
        Self(vec![what])
    }

    pub(crate) fn push(&mut self, samples: &Samples) {
        self.0.push(samples.to_string());
    }

    pub(crate) fn push_ratio(&mut self, ratio: f64) {
        self.0.push(format!("**{ratio:.2}**"));
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}
