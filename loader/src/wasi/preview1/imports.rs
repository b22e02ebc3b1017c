//! What guests may import.

use crate::wasi::preview1::function::WasiFunction;
use crate::wasi::preview1::functions::{FUNCTIONS, MODULE};
use crate::wasi::preview1::preview0;

/// The function that a guest imports as `name` from `module`, which is
/// [`MODULE`] or `wasi_unstable`, preview 0.
pub fn lookup(module: &str, name: &str) -> Option<&'static WasiFunction> {
    imports()
        .find(|(of, function)| *of == module && function.name == name)
        .map(|(_, function)| function)
}

/// Everything that a guest may import, with the module it imports it from:
/// preview 1, then preview 0.
pub fn imports() -> impl Iterator<Item = (&'static str, &'static WasiFunction)> {
    static PREVIEW_1: [WasiFunction; 46] = FUNCTIONS;
    let unchanged = PREVIEW_1.iter().filter(|function| {
        function.name != "sock_accept"
            && preview0::CHANGED.iter().all(|changed| changed.name != function.name)
    });
    let preview0 = preview0::CHANGED.iter().chain(unchanged);
    let preview0 = preview0.map(|function| (preview0::MODULE, function));
    PREVIEW_1.iter().map(|function| (MODULE, function)).chain(preview0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::{Errno, GuestMemory, Outcome, WasiCtxBuilder, WasiValType};

    /// Guest input never panics: every function with extreme arguments.
    #[test]
    fn extreme_arguments() {
        let extremes = [0, 1, 7, 8, 63, 64, 0x7fff_ffff, 0xffff_fff8, u64::MAX];
        for function in &FUNCTIONS {
            for value in extremes {
                for memory_len in [0, 64] {
                    let mut ctx = WasiCtxBuilder::new().arg("a").env("B", "c").build();
                    let mut bytes = vec![0xff; memory_len];
                    let memory = GuestMemory::new(&mut bytes);
                    let args = vec![value; function.params.len()];
                    (function.call)(&mut ctx, &memory, &args);
                }
            }
        }
    }

    /// Nor do arguments that are mostly right, in any order of calls.
    #[test]
    fn random_calls() {
        let scratch = crate::wasi::testing::Scratch::new();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let mut ctx = scratch.context();
        let mut bytes = vec![0; 4096];
        let strings = b"a\0b/../..//link\xff\xc3\xa9./";
        let mut returned = 0;
        for _ in 0..50_000 {
            let function = &FUNCTIONS[next(46) as usize];
            // Waiting may take for ever.
            if function.name == "poll_oneoff" {
                continue;
            }
            let at = next(4000) as usize;
            match next(3) {
                0 => bytes[at] = next(256) as u8,
                1 => bytes[at..at + 4].copy_from_slice(&(next(4096) as u32).to_le_bytes()),
                _ => bytes[at] = strings[next(strings.len() as u64) as usize],
            }
            let args: Vec<_> = (0..function.params.len())
                .map(|_| match next(8) {
                    0 => next(u64::MAX),
                    1 => next(4) * 1024,
                    2 | 3 => next(5000) & !7,
                    4 => next(32),
                    _ => next(6),
                })
                .collect();
            let memory = GuestMemory::new(&mut bytes);
            let outcome = (function.call)(&mut ctx, &memory, &args);
            returned += u32::from(matches!(outcome, Outcome::Return(Errno::Success)));
        }
        assert!(returned > 1000, "only {returned} calls succeeded");
    }

    #[test]
    fn argument_counts_are_checked() {
        let mut ctx = WasiCtxBuilder::new().build();
        let memory = GuestMemory::new(&mut []);
        for function in &FUNCTIONS {
            let args = vec![0; function.params.len() + 1];
            let outcome = (function.call)(&mut ctx, &memory, &args);
            assert!(matches!(outcome, Outcome::Trap(_)), "{}", function.name);
        }
    }

    #[test]
    fn names_and_results() {
        let names: std::collections::HashSet<_> =
            FUNCTIONS.iter().map(|function| function.name).collect();
        assert_eq!(names.len(), 46);
        for function in &FUNCTIONS {
            let expected: &[WasiValType] = match function.name {
                "proc_exit" => &[],
                _ => &[WasiValType::I32],
            };
            assert_eq!(function.results, expected, "{}", function.name);
        }
    }

    #[test]
    fn modules() {
        let found = |module, name| lookup(module, name).map(|found| found.name);
        assert_eq!(found(MODULE, "sock_accept"), Some("sock_accept"));
        assert_eq!(found("wasi_unstable", "sock_accept"), None);
        assert_eq!(found("wasi_unstable", "fd_seek"), Some("fd_seek"));
        assert_eq!(found("wasi_unstable", "fd_read"), Some("fd_read"));
        assert_eq!(found("wasi_snapshot_preview2", "fd_read"), None);
        assert_eq!(found(MODULE, "fd_reed"), None);
        assert_eq!(imports().count(), 46 + 45);
        for changed in &preview0::CHANGED {
            let same = lookup(MODULE, changed.name).unwrap();
            assert_eq!(same.params, changed.params);
        }
    }

    #[test]
    fn exit_codes() {
        let mut ctx = WasiCtxBuilder::new().build();
        let memory = GuestMemory::new(&mut []);
        let exit = FUNCTIONS.iter().find(|f| f.name == "proc_exit").unwrap();
        let mut call = |code| (exit.call)(&mut ctx, &memory, &[code]);
        assert_eq!(call(0), Outcome::Exit(0));
        assert_eq!(call(125), Outcome::Exit(125));
        assert_eq!(call(200), Outcome::Exit(200));
        assert_eq!(call(0xffff_ffff), Outcome::Exit(u32::MAX));
        // Only the low 32 bits count.
        assert_eq!(call(0xffff_ffff_0000_0003), Outcome::Exit(3));
        let raise = FUNCTIONS.iter().find(|f| f.name == "proc_raise").unwrap();
        let outcome = (raise.call)(&mut ctx, &memory, &[9]);
        assert_eq!(outcome, Outcome::Return(Errno::Notsup));
    }
}
