//! A guest for the tests of this preview.

use crate::wasi::{Errno, FUNCTIONS, GuestMemory, Outcome, WasiCtx};

/// A guest of 64 KiB. Strings are placed from 1024 up; results at 0.
pub(super) struct Guest {
    pub(super) ctx: WasiCtx,
    pub(super) bytes: Vec<u8>,
    next: u32,
}

impl Guest {
    pub(super) fn new(ctx: WasiCtx) -> Self {
        Self { ctx, bytes: vec![0; 65536], next: 1024 }
    }

    /// Puts bytes into memory; returns pointer and length as arguments.
    pub(super) fn place(&mut self, bytes: impl AsRef<[u8]>) -> [u64; 2] {
        let bytes = bytes.as_ref();
        let start = self.next as usize;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        self.next += bytes.len().next_multiple_of(8) as u32;
        [start as u64, bytes.len() as u64]
    }

    pub(super) fn outcome(&mut self, name: &str, args: &[u64]) -> Outcome {
        let function = FUNCTIONS.iter().find(|f| f.name == name).unwrap();
        let memory = GuestMemory::new(&mut self.bytes);
        (function.call)(&mut self.ctx, &memory, args)
    }

    pub(super) fn call(&mut self, name: &str, args: &[u64]) -> Errno {
        match self.outcome(name, args) {
            Outcome::Return(errno) => errno,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// `path_open` with every right; the descriptor or the error.
    pub(super) fn open(&mut self, path: &str, oflags: u64, rights: u64) -> Result<u64, Errno> {
        let [pointer, len] = self.place(path);
        let args = [3, 1, pointer, len, oflags, rights, 0, 0, 0];
        match self.call("path_open", &args) {
            Errno::Success => Ok(u64::from(self.result())),
            errno => Err(errno),
        }
    }

    /// What lies at a pointer with a length.
    pub(super) fn bytes_at(&self, [pointer, len]: [u64; 2]) -> &[u8] {
        &self.bytes[pointer as usize..(pointer + len) as usize]
    }

    /// The `u32` at address 0.
    pub(super) fn result(&self) -> u32 {
        u32::from_le_bytes(self.bytes[..4].try_into().unwrap())
    }
}
