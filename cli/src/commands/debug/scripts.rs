//! What debuggers are told before a guest starts.

use crate::commands::{output, store_folder};
use crate::exit::{Failure, Result};
use std::path::{Path, PathBuf};

/// The script for LLDB, as a file.
pub(super) fn lldb() -> Result<PathBuf> {
    written("precast_lldb.py", precast_debuggers::LLDB)
}

/// The script for GDB, as a file.
pub(super) fn gdb() -> Result<PathBuf> {
    written("precast_gdb.py", precast_debuggers::GDB)
}

/// LLDB's commands.
pub(super) fn lldb_setup(script: &Path) -> [String; 2] {
    [
        "settings set plugin.jit-loader.gdb.enable on".to_owned(),
        format!("command script import \"{}\"", script.display()),
    ]
}

/// GDB's commands. It finds the script by itself in `programs` that hold the
/// loader, and would say that it must not look there.
pub(super) fn gdb_setup(script: &Path, programs: &[PathBuf]) -> Vec<String> {
    let folder = script.parent().unwrap_or(script);
    let trusted = programs.iter().map(PathBuf::as_path).chain([folder]);
    let trust = trusted.map(|path| format!("add-auto-load-safe-path {}", path.display()));
    let breakpoints = "set breakpoint pending on".to_owned();
    [breakpoints].into_iter().chain(trust).chain([format!("source {}", script.display())]).collect()
}

/// LLDB's commands that add an image to a core dump, which has not all of it,
/// at a distance from its link base. LLDB knows a file once.
pub(super) fn lldb_image(artifact: &Path, slides: &[u64]) -> [String; 2] {
    let name = artifact.file_name().unwrap_or_default().to_string_lossy();
    let slide = slides.first().copied().unwrap_or(0) as i64;
    [
        format!("target modules add \"{}\"", artifact.display()),
        format!("target modules load --file \"{name}\" --slide {slide}"),
    ]
}

/// As [`lldb_image`], for GDB, which can have several.
pub(super) fn gdb_images(artifact: &Path, slides: &[u64]) -> Vec<String> {
    let slides = if slides.is_empty() { &[0] } else { slides };
    let add = |slide: &u64| format!("add-symbol-file \"{}\" -o {slide:#x}", artifact.display());
    slides.iter().map(add).collect()
}

/// Writes a script beside the cache's artifacts, unless it is there.
fn written(name: &str, text: &str) -> Result<PathBuf> {
    let folder = store_folder::folder().unwrap_or_else(std::env::temp_dir).join("debugger");
    let path = folder.join(name);
    if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(path);
    }
    let failed = || Failure::while_doing(format!("cannot write {}", path.display()));
    std::fs::create_dir_all(&folder).map_err(failed())?;
    output::write_bytes(&path, text.as_bytes())?;
    Ok(path)
}
