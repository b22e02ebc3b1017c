//! Bazel, of the npm package that carries it.

use super::{command, edit, staged, touch};
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need_that};
use std::fs;
use std::path::{Path, PathBuf};

/// A server of Bazel's own, which ends with this.
struct Bazel {
    program: PathBuf,
    workspace: PathBuf,
}

impl Bazel {
    fn run(&self, args: &[&str]) -> Outcome {
        let mut bazel = command(&self.workspace, &self.program);
        let root = self.workspace.with_file_name("bazel-root");
        bazel.arg(format!("--output_user_root={}", root.display())).arg("--max_idle_secs=60");
        run(bazel.env("HOME", &self.workspace).args(args))
    }

    /// Builds all targets, and gives how many actions were run for it.
    fn build(&self) -> usize {
        let outcome = self.run(&["build", "--noshow_progress", "--color=no", ":all"]).exits(0);
        let said = |line: &str| {
            let (count, _) = line.strip_prefix("INFO: ")?.split_once(" process")?;
            count.parse().ok()
        };
        let count = outcome.stderr.lines().find_map(said);
        count.unwrap_or_else(|| panic!("no count of processes in {}", outcome.stderr))
    }
}

impl Drop for Bazel {
    fn drop(&mut self) {
        self.run(&["shutdown"]);
        // Bazel takes the right to write from what it has made.
        let root = self.workspace.with_file_name("bazel-root");
        let mut chmod = std::process::Command::new("chmod");
        run(chmod.args(["-R", "u+w"]).arg(root));
    }
}

#[test]
fn bazel_compiles_what_has_changed() {
    let package = fixture("real/bazel");
    let program = package.join("bazel-2.1.0-linux-x86_64");
    need_that!(program.exists(), "needs Bazel: fixtures/fetch.sh bazel");
    let folder = staged();
    let bazel = Bazel { program, workspace: folder.path().join("bazel") };
    assert_eq!(bazel.build(), 3);
    assert_eq!(bazel.build(), 0);
    let two = folder.path().join("src/two.wat");
    edit(&two);
    assert_eq!(bazel.build(), 1);
    // What counts is the content.
    touch(&two);
    assert_eq!(bazel.build(), 0);
    let made = Path::new("bazel/bazel-bin/two.cwasm");
    assert!(fs::read(folder.path().join(made)).expect("an artifact").starts_with(b"\x7fELF"));
}
