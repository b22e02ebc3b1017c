//! The suite for other machines: every module is compiled here, and run under
//! QEMU by a loader that was built for the machine. Scripts are read and
//! modules compiled in this process, because a compiler under an emulator
//! takes many times as long; requests go to the loader through a pipe.

use super::files::{self, Group, check};
use precast_cli::commands::wast::Settings;
use precast_compiler::{OptLevel, Options};
use precast_tests::cross::{Machine, need_cross};

fn run(machine: &Machine, group: &Group) {
    let options = Options {
        target: Some(machine.target.to_owned()),
        cpu_features: machine.cpu_features.iter().map(|&change| change.to_owned()).collect(),
        opt_level: OptLevel::Speed,
        features: group.features,
        ..Options::default()
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let runner = machine.command("precast-script-host");
    check(group, &[(machine.arch, Settings { options, jobs, print: false, runner })]);
}

fn run_all(machine: &Machine) {
    run(machine, &files::wasm_2());
    run(machine, &files::later_proposals());
    files::proposals_on_their_own().iter().for_each(|group| run(machine, group));
    run(machine, &files::own());
}

#[test]
fn aarch64() {
    run_all(need_cross!("aarch64"));
}

#[test]
fn riscv64() {
    run_all(need_cross!("riscv64"));
}
