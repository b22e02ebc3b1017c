//! `precast`: compile WebAssembly ahead of time, and run it natively.

use std::process::ExitCode;

fn main() -> ExitCode {
    precast_compiler::mute_caught_panics();
    precast_cli::exit::finish("precast", precast_cli::commands::main())
}
