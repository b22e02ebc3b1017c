//! How scripts are run.

use precast_compiler::Options;

/// How to run scripts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Options that every module is compiled with.
    pub options: Options,
    /// How many scripts run at the same time.
    pub jobs: usize,
    /// Whether what the scripts print is shown, when their modules run here.
    pub print: bool,
    /// The command, and its arguments, that runs the modules elsewhere.
    pub runner: Vec<String>,
    /// Says of a module whether to leave it out, with all that depends on it.
    pub leave_out: fn(&[u8]) -> bool,
}
