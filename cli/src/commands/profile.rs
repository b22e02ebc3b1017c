//! Profiles that are given: what `perf script` printed of a run, or the form in
//! which `--print profile` prints it.

use crate::exit::{Failure, Result};
use clap::Args;
use precast_artifact::container::Container;
use precast_compiler::{PerfScript, Profile, SampleCounts};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Options that say where earlier runs spent their time.
#[derive(Args, Debug, Default)]
pub struct ProfileOptions {
    /// Make fast what was slow in an earlier run, and the rest small: what `perf
    /// script` printed of a run of an artifact of this file, or what `--print
    /// profile` made of that. Several are taken together
    #[arg(long, value_name = "FILE")]
    pub profile: Vec<PathBuf>,

    /// The artifact that ran; by default the one that the samples name
    #[arg(long, value_name = "FILE", requires = "profile")]
    profile_artifact: Option<PathBuf>,
}

/// A profile, and how many samples it is made of.
pub struct GivenProfile {
    pub profile: Arc<Profile>,
    /// Of files of `perf script`.
    counts: SampleCounts,
}

impl ProfileOptions {
    /// Reads what is given; none if nothing is.
    pub fn read(&self) -> Result<Option<GivenProfile>> {
        let mut given: Option<GivenProfile> = None;
        for path in &self.profile {
            let (profile, counts) = self.read_one(path)?;
            match &mut given {
                None => given = Some(GivenProfile { profile: Arc::new(profile), counts }),
                Some(sum) => {
                    let named = |why: precast_compiler::Error| failed(path, why.to_string());
                    Arc::make_mut(&mut sum.profile).add(&profile).map_err(named)?;
                    sum.counts.placed += counts.placed;
                    sum.counts.stubs += counts.stubs;
                    sum.counts.unknown += counts.unknown;
                    sum.counts.elsewhere += counts.elsewhere;
                }
            }
        }
        Ok(given)
    }

    fn read_one(&self, path: &Path) -> Result<(Profile, SampleCounts)> {
        let bytes = std::fs::read(path).map_err(Failure::while_doing(path.display()))?;
        if bytes.starts_with(b"PERFILE") {
            let why = "what `perf record` has written; give what `perf script` prints of it";
            return Err(failed(path, why.to_owned()));
        }
        let text = String::from_utf8_lossy(&bytes);
        let name = path.display().to_string();
        if Profile::is_text(&text) {
            return Ok((Profile::parse(&name, &text)?, SampleCounts::default()));
        }
        let script = PerfScript::parse(&name, &text)?;
        let (artifact, objects) = self.artifact(path, &script)?;
        let bytes = std::fs::read(&artifact).map_err(Failure::while_doing(artifact.display()))?;
        let named = |why: precast_compiler::Error| failed(&artifact, why.to_string());
        let (profile, counts) = Profile::of_samples(&script, &objects, &bytes).map_err(named)?;
        if counts.placed == 0 {
            return Err(failed(path, format!("no sample lies in {}", artifact.display())));
        }
        Ok((profile, counts))
    }

    /// The artifact that ran, and what the samples call it.
    fn artifact<'s>(
        &self,
        path: &Path,
        script: &'s PerfScript,
    ) -> Result<(PathBuf, BTreeSet<&'s str>)> {
        let objects = script.objects().into_iter().map(|(object, _)| object);
        let objects: Vec<&str> = objects.filter(|object| !object.is_empty()).collect();
        if let Some(artifact) = &self.profile_artifact {
            let same = |object: &&str| Path::new(object).file_name() == artifact.file_name();
            let named: BTreeSet<&str> = objects.iter().copied().filter(same).collect();
            // A copy may have another name; it is the only artifact then.
            let other = || objects.iter().copied().filter(|o| o.ends_with(".cwasm")).collect();
            let named = if named.is_empty() { other() } else { named };
            return Ok((artifact.clone(), named));
        }
        let opens = |object: &str| {
            let bytes = std::fs::read(object).ok()?;
            Container::open(&bytes).ok()
        };
        let mut artifacts = objects.iter().filter(|o| o.starts_with('/') && opens(o).is_some());
        match (artifacts.next(), artifacts.next()) {
            (Some(artifact), None) => Ok((PathBuf::from(artifact), [*artifact].into())),
            (Some(one), Some(other)) => Err(Failure::Usage(format!(
                "{}: samples lie in several artifacts, such as {one} and {other}: give the one of \
                 this file with `--profile-artifact`",
                path.display()
            ))),
            (None, _) => Err(Failure::Usage(format!(
                "{}: the samples name no artifact that is still there (they name {}): give the one \
                 that ran with `--profile-artifact`",
                path.display(),
                match &objects[..] {
                    [] => "no file at all".to_owned(),
                    some => some.iter().take(5).copied().collect::<Vec<_>>().join(", "),
                }
            ))),
        }
    }
}

impl GivenProfile {
    /// What became of the samples, as a note.
    pub fn told(&self) -> String {
        let functions = self.profile.sampled_functions();
        let mut text =
            format!("profile: {} samples in {functions} functions", self.profile.samples());
        let SampleCounts { stubs, unknown, elsewhere, .. } = self.counts;
        let others =
            [(stubs, "in stubs"), (unknown, "at no known place"), (elsewhere, "in other files")];
        for (count, what) in others.into_iter().filter(|(count, _)| *count != 0) {
            text.push_str(&format!(", {count} {what}"));
        }
        text
    }
}

fn failed(path: &Path, why: String) -> Failure {
    Failure::Error(format!("{}: {why}", path.display()))
}
