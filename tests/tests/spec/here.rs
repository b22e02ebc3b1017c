//! The suite on this machine, optimised and not, in both memory models; in the long
//! form (`PRECAST_LONG=1`) also with each optimisation alone and with all but each.

use super::files::{self, Group, check, needs_garbage_collection};
use precast_cli::commands::wast::Settings;
use precast_compiler::{MemoryModel, OptLevel, Optimisation, Options};

const CONFIGURATIONS: [(&str, OptLevel, MemoryModel); 4] = [
    ("-O3", OptLevel::Aggressive, MemoryModel::Guard),
    ("-O0", OptLevel::None, MemoryModel::Guard),
    ("-O bounds", OptLevel::Speed, MemoryModel::Bounds),
    ("-O0 bounds", OptLevel::None, MemoryModel::Bounds),
];

fn run(group: &Group) {
    let ways = CONFIGURATIONS.map(|(name, opt_level, memory_model)| {
        let features = group.features;
        (name, settings(Options { opt_level, features, memory_model, ..Options::default() }))
    });
    check(group, &ways);
    if std::env::var_os("PRECAST_LONG").is_some() {
        run_by_pass(group);
    }
}

fn run_by_pass(group: &Group) {
    for pass in Optimisation::ALL {
        let but = |disabled| {
            let opt_level = OptLevel::Aggressive;
            settings(Options {
                opt_level,
                features: group.features,
                disabled,
                ..Options::default()
            })
        };
        let others = Optimisation::ALL.into_iter().filter(|other| *other != pass).collect();
        let names = [format!("{pass} alone"), format!("no {pass}")];
        check(group, &[(&names[0], but(others)), (&names[1], but([pass].into()))]);
    }
}

fn settings(options: Options) -> Settings {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let leave_out = needs_garbage_collection;
    Settings { options, jobs, print: false, runner: Vec::new(), leave_out }
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
fn wasm_3() {
    run(&files::wasm_3());
}

#[test]
fn proposals_on_their_own() {
    files::proposals_on_their_own().iter().for_each(run);
}

#[test]
fn own() {
    run(&files::own());
    run(&files::precise_stores());
}
