//! Runs a job in child processes, and judges those that die.

use crate::artifacts::Map;
use crate::edits::{self, Edit};
use crate::worker::{Job, Progress, Stage};
use precast_tests::scratch;
use std::fs::File;
use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// What is damaged, how, and how often.
pub(crate) struct Work {
    pub(crate) job: Job,
    /// The undamaged file.
    pub(crate) file: Vec<u8>,
    /// Number of edits.
    pub(crate) edits: u64,
}

/// What became of the edits.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Not opened, or not compiled.
    pub(crate) refused: u64,
    /// Opened, or compiled.
    pub(crate) accepted: u64,
    /// Opened and instantiated.
    pub(crate) instantiated: u64,
    /// Run to the end, whatever came of the calls.
    pub(crate) ran: u64,
    /// The guest took its process with it, as altered code may.
    pub(crate) contained: u64,
}

impl Report {
    pub(crate) fn add(&mut self, other: &Self) {
        self.refused += other.refused;
        self.accepted += other.accepted;
        self.instantiated += other.instantiated;
        self.ran += other.ran;
        self.contained += other.contained;
    }

    /// Asserts that edits came as far as each stage, so that each was tested.
    pub(crate) fn expect_some_of_each(&self) {
        let all = [self.refused, self.accepted, self.instantiated, self.ran];
        assert!(all.iter().all(|count| *count > 0), "{self:?}");
    }
}

/// Does the work on all processors. Panics with what went wrong.
pub(crate) fn supervise(work: &Work) -> Report {
    let folder = scratch();
    std::fs::write(folder.path().join("original"), &work.file).expect("a writable folder");
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let share = work.edits.div_ceil(threads);
    let mut report = Report::default();
    let mut failures = Vec::new();
    std::thread::scope(|scope| {
        let run = |index: u64| {
            let range = index * share..((index + 1) * share).min(work.edits);
            let folder = folder.path();
            scope.spawn(move || supervise_range(work, folder, index, range))
        };
        let running: Vec<_> = (0..threads).map(run).collect();
        for thread in running {
            let (part, failed) = thread.join().expect("supervisors do not panic");
            report.add(&part);
            failures.extend(failed);
        }
    });
    println!("{:?}, {} edits: {report:?}", work.job, work.edits);
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    report
}

/// Failures after which a range is given up.
const ENOUGH: usize = 10;

fn supervise_range(
    work: &Work,
    folder: &Path,
    index: u64,
    mut range: Range<u64>,
) -> (Report, Vec<String>) {
    let mut report = Report::default();
    let mut failures = Vec::new();
    let map = Map::new(&work.file);
    let code_altered = |number| edits::edit(&work.job, &work.file, &map, number).touches(&map.code);
    while !range.is_empty() && failures.len() < ENOUGH {
        let errors = folder.join(format!("{index}.stderr"));
        let status = child(work, folder, index, &range, &errors);
        let progress = Progress::read(folder, index);
        report.add(&progress.report());
        if status.success() {
            break;
        }
        let edit = edits::edit(&work.job, &work.file, &map, progress.edit);
        if may_end_so(progress.stage, status, &edit, &map.code) {
            report.contained += 1;
        } else if (range.start..progress.edit).rev().any(code_altered) {
            // Altered code that ran before may have written anywhere in its
            // process: judged again, in a new one, where this comes first.
            report.contained += 1;
            range.start = progress.edit;
            continue;
        } else {
            let errors = std::fs::read_to_string(&errors).unwrap_or_default();
            let errors: Vec<&str> = errors.lines().rev().take(12).collect();
            let errors: Vec<&str> = errors.into_iter().rev().collect();
            failures.push(format!(
                "{:?}: edit {} ({edit}): {status} in stage {:?}\n    {}",
                work.job,
                progress.edit,
                progress.stage,
                errors.join("\n    ")
            ));
        }
        range.start = progress.edit + 1;
    }
    (report, failures)
}

/// Whether a child may have ended in this way.
fn may_end_so(stage: Stage, status: ExitStatus, edit: &Edit, code: &[Range<usize>]) -> bool {
    const SIGXCPU: i32 = 24;
    // Wrong contents of memory are enough for a guest that never ends.
    let endless = status.signal() == Some(SIGXCPU);
    stage == Stage::Run && (endless || edit.touches(code))
}

fn child(work: &Work, folder: &Path, index: u64, range: &Range<u64>, errors: &Path) -> ExitStatus {
    let mut command = Command::new(std::env::current_exe().expect("the path of this test"));
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env("PRECAST_DAMAGE_CHILD", folder).env("PRECAST_DAMAGE_JOB", work.job.to_string());
    command.env("PRECAST_DAMAGE_RANGE", format!("{index} {} {}", range.start, range.end));
    command.env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(File::create(errors).expect("a writable folder"));
    command.status().expect("this test can be started")
}
