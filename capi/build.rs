//! Gives the shared library the name that programs ask for: with the version of
//! the interface, as `precast.h` has it.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=include/precast.h");
    let header = std::fs::read_to_string("include/precast.h")?;
    let version = header.lines().find_map(|line| line.strip_prefix("#define PRECAST_ABI_VERSION "));
    let version: u32 = version.ok_or("precast.h has no PRECAST_ABI_VERSION")?.trim().parse()?;
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libprecast.so.{version}");
    Ok(())
}
