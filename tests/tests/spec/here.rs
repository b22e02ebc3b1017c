//! The suite on this machine, at every level of optimisation.

use super::files::{self, Group, check};
use precast_cli::commands::wast::Settings;
use precast_compiler::{OptLevel, Options};

fn run(group: &Group) {
    let ways = [("-O", OptLevel::Speed), ("-O0", OptLevel::None)].map(|(name, opt_level)| {
        let options = Options { opt_level, features: group.features, ..Options::default() };
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        (name, Settings { options, jobs, print: false, runner: Vec::new() })
    });
    check(group, &ways);
}

#[test]
fn wasm_2() {
    run(&files::wasm_2());
}

#[test]
fn later_proposals() {
    run(&files::later_proposals());
}

#[test]
fn proposals_on_their_own() {
    files::proposals_on_their_own().iter().for_each(run);
}

#[test]
fn own() {
    run(&files::own());
}
