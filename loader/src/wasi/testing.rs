//! A directory for the tests of this room.

use crate::wasi::{DirAccess, WasiCtx, WasiCtxBuilder};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own, removed at the end. What guests are granted is
/// `inside`; next to it lies `outside/secret`.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("precast-wasi-{}-{next}", std::process::id());
        let scratch = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(scratch.path("")).unwrap();
        std::fs::create_dir_all(scratch.0.join("outside")).unwrap();
        std::fs::write(scratch.0.join("outside/secret"), "secret").unwrap();
        scratch
    }

    /// A path on the host, below what the guest sees.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join("inside").join(name)
    }

    pub(crate) fn outside(&self) -> PathBuf {
        self.0.join("outside")
    }

    pub(crate) fn write(&self, name: &str, contents: &str) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    pub(crate) fn mkdir(&self, name: &str) {
        std::fs::create_dir(self.path(name)).unwrap();
    }

    pub(crate) fn symlink(&self, target: impl AsRef<Path>, name: &str) {
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
    }

    /// A guest whose descriptor 3 is the directory.
    pub(crate) fn context(&self) -> WasiCtx {
        self.context_with(DirAccess::ReadWrite)
    }

    pub(crate) fn context_with(&self, access: DirAccess) -> WasiCtx {
        let mut builder = WasiCtxBuilder::new();
        builder.preopen_dir(&self.path(""), "/", access).unwrap();
        builder.build()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
