//! The progress bar of long compilations, on standard error when that is a
//! terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use precast_compiler::Observer;
use std::io::IsTerminal;

/// Shows of how many bytes of function bodies there is code.
pub struct CompileProgress {
    bar: ProgressBar,
}

impl CompileProgress {
    /// A bar for the functions of the file of this name, invisible if `quiet` or
    /// where nobody would see it.
    pub fn new(name: &str, quiet: bool) -> Self {
        Self::counting(name, "{percent:>3}% of {binary_total_bytes}", quiet)
    }

    /// As [`CompileProgress::new`], for so many outputs.
    pub fn of_outputs(total: usize, quiet: bool) -> Self {
        let progress = Self::counting("", "{pos}/{len} outputs", quiet);
        progress.outputs(0, total);
        progress
    }

    /// So many outputs are complete.
    pub fn outputs(&self, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }

    /// Does something without the bar, such as writing to standard error.
    pub fn hidden(&self, act: impl FnOnce()) {
        self.bar.suspend(act);
    }

    fn counting(name: &str, counted: &str, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
        let template = format!("compiling {{msg}} [{{bar:32}}] {counted}, {{elapsed}}");
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        bar.set_style(style);
        bar.set_message(name.to_owned());
        Self { bar }
    }
}

impl Observer for CompileProgress {
    fn compiled(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        // Workers may report out of order.
        self.bar.inc(done.saturating_sub(self.bar.position()));
    }
}

impl Drop for CompileProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_begins_at_zero_and_never_goes_back() {
        let progress = CompileProgress { bar: ProgressBar::hidden() };
        let shown = || (progress.bar.position(), progress.bar.length());
        assert_eq!(progress.bar.position(), 0);
        progress.compiled(30, 100);
        progress.compiled(20, 100);
        assert_eq!(shown(), (30, Some(100)));
        progress.compiled(100, 100);
        assert_eq!(shown(), (100, Some(100)));
    }
}
