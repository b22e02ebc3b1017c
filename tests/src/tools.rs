//! Tools that a machine may lack. A test that needs one is skipped by name;
//! where the environment variable `CI` is set it fails instead.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ends the test when a tool is missing. Gives the tool's path.
#[macro_export]
macro_rules! need {
    ($tool:expr) => {
        match $crate::tools::find($tool) {
            Some(path) => path,
            None => {
                $crate::tools::skip($crate::test_name!(), &$crate::tools::remedy($tool));
                return;
            }
        }
    };
}

/// As [`need!`], for a debugger of at least a version.
#[macro_export]
macro_rules! need_debugger {
    ($tool:expr, $least:expr) => {
        match $crate::tools::debugger($tool, $least) {
            Ok(path) => path,
            Err(why) => {
                $crate::tools::skip($crate::test_name!(), &why);
                return;
            }
        }
    };
}

/// Ends the test unless something holds; otherwise it is skipped for the
/// reason given.
#[macro_export]
macro_rules! need_that {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            $crate::tools::skip($crate::test_name!(), &format!($($reason)+));
            return;
        }
    };
}

/// As [`need_that!`], for what a machine may forbid even where every tool is
/// installed, as containers do: skipped by name in CI too.
#[macro_export]
macro_rules! need_permission {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            $crate::tools::note_skip($crate::test_name!(), &format!($($reason)+));
            return;
        }
    };
}

/// Name of the function that this stands in, with its test binary.
#[macro_export]
macro_rules! test_name {
    () => {{
        fn here() {}
        std::any::type_name_of_val(&here).trim_end_matches("::here")
    }};
}

/// Debian package of each tool that a test may ask for.
const PACKAGES: &[(&str, &str)] = &[
    ("aarch64-linux-gnu-objdump", "binutils-aarch64-linux-gnu"),
    ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
    ("buildah", "buildah"),
    ("cc", "gcc"),
    ("clang-19", "clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32"),
    ("cmake", "cmake"),
    ("gdb", "gdb"),
    ("lldb", "lldb-22"),
    ("lldb-dap", "lldb-22"),
    ("llvm-dwarfdump-19", "llvm-19"),
    ("llvm-dwp-19", "llvm-19"),
    ("llvm-objcopy-19", "llvm-19"),
    ("llvm-objdump-19", "llvm-19"),
    ("make", "make"),
    ("ninja", "ninja-build"),
    ("npm", "npm"),
    ("pkg-config", "pkgconf"),
    ("objdump", "binutils"),
    ("perf", "linux-perf"),
    ("python3", "python3"),
    ("qemu-aarch64-static", "qemu-user-static"),
    ("qemu-riscv64-static", "qemu-user-static"),
    ("qemu-x86_64-static", "qemu-user-static"),
    ("readelf", "binutils"),
    ("riscv64-linux-gnu-objdump", "binutils-riscv64-linux-gnu"),
    ("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"),
    ("sh", "dash"),
    ("strace", "strace"),
    ("unshare", "util-linux"),
    ("valgrind", "valgrind"),
];

/// Names that a tool may go by; the first that is there is taken.
const NAMES: &[(&str, &[&str])] = &[
    ("lldb", &["lldb-22", "lldb-21", "lldb-20", "lldb-19", "lldb"]),
    ("lldb-dap", &["lldb-dap-22", "lldb-dap-21", "lldb-dap-20", "lldb-dap-19", "lldb-dap"]),
];

/// Looks a tool up in `PATH`; a debugger first where `PRECAST_GDB` or
/// `PRECAST_LLDB` says which one is to be tried.
pub fn find(tool: &str) -> Option<PathBuf> {
    let chosen = match tool {
        "gdb" => std::env::var_os("PRECAST_GDB"),
        "lldb" => std::env::var_os("PRECAST_LLDB"),
        _ => None,
    };
    if let Some(chosen) = chosen {
        return Some(PathBuf::from(chosen)).filter(|path| path.is_file());
    }
    match NAMES.iter().find(|(name, _)| *name == tool) {
        Some((_, names)) => names.iter().find_map(|name| find_file(name)),
        None => find_file(tool),
    }
}

fn find_file(tool: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(tool)).find(|path| path.is_file())
}

/// A debugger of at least a version, or why there is none.
pub fn debugger(tool: &str, least: u32) -> Result<PathBuf, String> {
    let path = find(tool).ok_or_else(|| remedy(tool))?;
    let output = Command::new(&path).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    match text.ok().as_deref().and_then(version) {
        Some(version) if version < least => {
            Err(format!("needs {tool} {least} or newer, and this is {version}"))
        }
        _ => Ok(path),
    }
}

/// `GNU gdb (Debian 13.1-3) 13.1`, `lldb version 19.1.7`: the first number of
/// the last word of the first line.
fn version(text: &str) -> Option<u32> {
    text.lines().next()?.split_whitespace().last()?.split('.').next()?.parse().ok()
}

/// How to get a tool.
pub fn remedy(tool: &str) -> String {
    let package = PACKAGES.iter().find(|(name, _)| *name == tool);
    let (_, package) = package.unwrap_or_else(|| panic!("no package is known for {tool}"));
    format!("needs {tool}: apt-get install {package}")
}

/// Skips a test, or fails it in CI.
pub fn skip(test: &str, reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} must not be skipped in CI: {reason}");
    note_skip(test, reason);
}

/// Notes that a test is skipped, on standard error past the test harness and
/// in the file that `PRECAST_SKIPPED` names.
pub fn note_skip(test: &str, reason: &str) {
    let line = format!("skipped: {test} {}\n", reason.trim_end().replace('\n', " "));
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(file) = std::env::var_os("PRECAST_SKIPPED") {
        let file = OpenOptions::new().create(true).append(true).open(Path::new(&file));
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("the list of skipped tests");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_test_knows_its_name() {
        assert_eq!(crate::test_name!(), "precast_tests::tools::tests::a_test_knows_its_name");
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(super::version("GNU gdb (Debian 13.1-3) 13.1\nCopyright"), Some(13));
        assert_eq!(super::version("lldb version 19.1.7"), Some(19));
        assert_eq!(super::version("lldb"), None);
    }

    #[test]
    fn tools_are_looked_up() {
        assert!(super::find("sh").is_some());
        assert!(super::find("no-such-tool").is_none());
        assert!(super::remedy("perf").contains("linux-perf"));
    }
}
