//! The suite for other machines: every module is compiled here, and run under
//! QEMU by a loader that was built for the machine. Scripts are read and
//! modules compiled in this process, because a compiler under an emulator
//! takes many times as long; requests go to the loader through a pipe.

use super::files::{self, Group, check, needs_garbage_collection};
use precast_cli::commands::wast::Settings;
use precast_compiler::{OptLevel, Options};
use precast_tests::cross::{Machine, need_cross};

fn run(machine: &Machine, group: &Group) {
    run_with(machine, group, None);
}

fn run_with(machine: &Machine, group: &Group, precise_stores: Option<bool>) {
    run_at(OptLevel::Aggressive, machine, group, precise_stores);
    if std::env::var_os("PRECAST_LONG").is_some() {
        run_at(OptLevel::Speed, machine, group, precise_stores);
    }
}

fn run_at(opt_level: OptLevel, machine: &Machine, group: &Group, precise_stores: Option<bool>) {
    let options = Options {
        target: Some(machine.target.to_owned()),
        cpu_features: machine.cpu_features.iter().map(|&change| change.to_owned()).collect(),
        opt_level,
        precise_stores,
        features: group.features,
        ..Options::default()
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let runner = machine.command("precast-script-host");
    let leave_out = needs_garbage_collection;
    let settings = Settings { options, jobs, print: false, runner, leave_out };
    let name = format!("{} {opt_level:?}", machine.arch);
    check(group, &[(&name, settings)]);
}

fn run_all(machine: &Machine) {
    run(machine, &files::wasm_2());
    run(machine, &files::later_proposals());
    run(machine, &files::wasm_3());
    files::proposals_on_their_own().iter().for_each(|group| run(machine, group));
    run(machine, &files::own());
    // The default on riscv64 alone.
    let asked = (machine.arch != "riscv64").then_some(true);
    run_with(machine, &files::precise_stores(), asked);
}

#[test]
fn aarch64() {
    run_all(need_cross!("aarch64"));
}

#[test]
fn riscv64() {
    run_all(need_cross!("riscv64"));
}
