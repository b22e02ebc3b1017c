//! What running a script gave.

/// What running a script gave. A directive is one check.
#[derive(Clone, Debug, Default)]
pub struct ScriptReport {
    /// Number of directives that did as they should.
    pub passed: usize,
    /// Those that depend on a module that the settings leave out.
    pub left_out: usize,
    /// Those that did not.
    pub failures: Vec<Mismatch>,
}

/// A directive that did not do as it should.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// Its line, from 1.
    pub line: usize,
    /// What was expected, and what happened instead.
    pub message: String,
}

impl ScriptReport {
    /// `12 passed, 0 failed`.
    pub fn counts(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failures.len())
    }
}
