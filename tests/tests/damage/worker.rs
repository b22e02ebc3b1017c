//! The child: makes edits, and tries what comes of them.

use crate::supervise::Report;
use crate::{artifacts, edits, modules};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::str::FromStr;

/// What is done with each edited file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Every byte of an artifact in turn, with each of these flipped.
    Flips { masks: Vec<u8> },
    /// Every length of an artifact, from its own down to nothing.
    Truncations,
    /// Random edits of an artifact, above all of its metadata.
    Edits,
    /// Random edits of a module, which is compiled.
    Compile,
}

/// How far a child is with an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Stage {
    Edit,
    Open,
    Describe,
    Instantiate,
    Inspect,
    Run,
    Compile,
}

impl Stage {
    const ALL: [Self; 7] = [
        Self::Edit,
        Self::Open,
        Self::Describe,
        Self::Instantiate,
        Self::Inspect,
        Self::Run,
        Self::Compile,
    ];
}

/// Bytes of data that a child may have: heap and writable private mappings.
const DATA: u64 = 1 << 30;

/// Does what the environment says; nothing if it says nothing.
pub(crate) fn main() {
    let Some(folder) = std::env::var_os("PRECAST_DAMAGE_CHILD") else { return };
    let folder = Path::new(&folder);
    let var = |name| std::env::var(name).expect("set by the supervisor");
    let job: Job = var("PRECAST_DAMAGE_JOB").parse().expect("a job");
    let range = var("PRECAST_DAMAGE_RANGE");
    let mut range = range.split(' ').map(|number| number.parse::<u64>().expect("a number"));
    let [index, start, end] = [(); 3].map(|()| range.next().expect("three numbers"));
    let original = std::fs::read(folder.join("original")).expect("the original");

    limit(Resource::Data, DATA);
    limit(Resource::Core, 0);
    let mut progress = Progress::new(folder, index);
    let path = folder.join(format!("{index}.cwasm"));
    if job != Job::Compile {
        std::fs::write(&path, &original).expect("a writable folder");
    }
    let map = artifacts::Map::new(&original);
    for number in start..end {
        progress.edit = number;
        progress.enter(Stage::Edit);
        let edit = edits::edit(&job, &original, &map, number);
        if job == Job::Compile {
            modules::examine(edit.apply(&original), &mut progress);
            continue;
        }
        edit.apply_to_file(&path);
        artifacts::examine(&path, &edit, &map, &mut progress);
        edit.restore_file(&path, &original);
    }
    progress.enter(Stage::Edit);
}

fn limit(resource: Resource, to: u64) {
    let old = rustix::process::getrlimit(resource);
    let to = old.maximum.map_or(to, |most| most.min(to));
    setrlimit(resource, Rlimit { current: Some(to), maximum: old.maximum }).expect("a limit");
}

/// What a child has done, in a file.
#[derive(Debug)]
pub(crate) struct Progress {
    file: File,
    pub(crate) edit: u64,
    pub(crate) stage: Stage,
    pub(crate) refused: u64,
    pub(crate) accepted: u64,
    pub(crate) instantiated: u64,
    pub(crate) ran: u64,
}

impl Progress {
    fn new(folder: &Path, index: u64) -> Self {
        let file = File::create(folder.join(format!("{index}.progress")));
        let file = file.expect("a writable folder");
        Self { file, edit: 0, stage: Stage::Edit, refused: 0, accepted: 0, instantiated: 0, ran: 0 }
    }

    /// Says what comes next, and gives it processor time: plenty for our own
    /// code, little for a guest's.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        let words =
            [self.edit, stage as u64, self.refused, self.accepted, self.instantiated, self.ran];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.file.write_all_at(&bytes, 0).expect("a writable file");
        let seconds = match stage {
            Stage::Edit | Stage::Open => 20,
            Stage::Compile => 60,
            Stage::Run => 2,
            _ => return,
        };
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec as u64;
        limit(Resource::Cpu, used + seconds);
    }

    /// What the child of this number wrote last.
    pub(crate) fn read(folder: &Path, index: u64) -> Self {
        let file = File::open(folder.join(format!("{index}.progress"))).expect("a child's file");
        let mut words = [0; 6];
        for (at, word) in words.iter_mut().enumerate() {
            let mut bytes = [0; 8];
            file.read_exact_at(&mut bytes, at as u64 * 8).expect("a child's words");
            *word = u64::from_le_bytes(bytes);
        }
        let [edit, stage, refused, accepted, instantiated, ran] = words;
        let stage = Stage::ALL[stage as usize];
        Self { file, edit, stage, refused, accepted, instantiated, ran }
    }

    pub(crate) fn report(&self) -> Report {
        let Self { refused, accepted, instantiated, ran, .. } = *self;
        Report { refused, accepted, instantiated, ran, contained: 0 }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flips { masks } => {
                f.write_str("flips")?;
                masks.iter().try_for_each(|mask| write!(f, " {mask}"))
            }
            Self::Truncations => f.write_str("truncations"),
            Self::Edits => f.write_str("edits"),
            Self::Compile => f.write_str("compile"),
        }
    }
}

impl FromStr for Job {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split(' ');
        Ok(match words.next() {
            Some("flips") => {
                Self::Flips { masks: words.map(str::parse).collect::<Result<_, _>>()? }
            }
            Some("truncations") => Self::Truncations,
            Some("edits") => Self::Edits,
            _ => Self::Compile,
        })
    }
}
