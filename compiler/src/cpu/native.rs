//! Which features this machine has.

/// By instructions and calls that tell them.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) fn detector() -> impl Fn(&str) -> bool {
    |name| precast_artifact::cpu::detected(name) == Some(true)
}

/// By the kernel's list, as the system call that tells them is not to be had
/// without unsafe code.
#[cfg(target_arch = "riscv64")]
pub(super) fn detector() -> impl Fn(&str) -> bool {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let harts: Vec<String> = cpuinfo.lines().filter_map(isa_line).collect();
    move |name| !harts.is_empty() && harts.iter().all(|isa| isa_has(isa, name))
}

/// None that is known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
pub(super) fn detector() -> impl Fn(&str) -> bool {
    |_| false
}

/// The value of an `isa` line of `/proc/cpuinfo`.
#[cfg(any(target_arch = "riscv64", test))]
pub(super) fn isa_line(line: &str) -> Option<String> {
    let (key, value) = line.split_once(':')?;
    (key.trim() == "isa").then(|| value.trim().to_owned())
}

/// Whether an ISA string, such as `rv64imafdc_zba_zbb`, holds an extension.
#[cfg(any(target_arch = "riscv64", test))]
pub(super) fn isa_has(isa: &str, name: &str) -> bool {
    let (letters, others) = isa.split_once('_').unwrap_or((isa, ""));
    let letters = letters.strip_prefix("rv64").unwrap_or_default();
    match name.len() {
        1 => letters.contains(name),
        _ => others.split('_').any(|other| other == name),
    }
}
