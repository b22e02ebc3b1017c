//! The functions of `wasi_snapshot_preview1`.
//!
//! To add a function: write it in the module of its subject, with a `u32` for
//! each `i32` parameter and a `u64` for each `i64`, and add its line here.

use super::context::WasiCtx;
use super::memory::GuestMemory;
use super::outcome::{Outcome, Stop};
use super::{args, clock, dir, fd, io, open, path, poll, preview0, proc, random, sock, stat};

/// The module name under which guests import [`FUNCTIONS`].
pub const MODULE: &str = "wasi_snapshot_preview1";

/// The types that WASI functions take and return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
}

/// One function that a guest may import.
pub struct WasiFunction {
    /// The name of the import.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [ValType],
    /// `[I32]`, the errno; none for `proc_exit`.
    pub results: &'static [ValType],
    /// Runs it. The arguments are as many as `params`; of an `I32` only the low
    /// 32 bits count.
    pub call: fn(&mut WasiCtx, &mut GuestMemory<'_>, &[u64]) -> Outcome,
}

/// The value of one raw argument.
macro_rules! argument {
    (I32, $raw:ident) => {
        $raw as u32
    };
    (I64, $raw:ident) => {
        $raw
    };
}
pub(super) use argument;

/// One line of a table: `module::name(parameter: Type, ...)`, or
/// `"name" = module::function(...)` where the two differ.
macro_rules! function {
    ($module:ident::$name:ident($($param:ident: $ty:ident),*)) => {
        function!(stringify!($name), [$crate::wasi::ValType::I32], $module::$name($($param: $ty),*))
    };
    ($name:expr, [$($result:expr)?], $module:ident::$function:ident($($param:ident: $ty:ident),*)) => {
        $crate::wasi::WasiFunction {
            name: $name,
            params: &[$($crate::wasi::ValType::$ty),*],
            results: &[$($result)?],
            call: |ctx, memory, args| {
                let result = match args {
                    &[$($param),*] => $module::$function(
                        ctx,
                        memory,
                        $($crate::wasi::functions::argument!($ty, $param)),*
                    ),
                    _ => Err($crate::wasi::functions::wrong_count(args.len())),
                };
                $crate::wasi::Outcome::from_result($name, result)
            },
        }
    };
}

#[cold]
pub(super) fn wrong_count(count: usize) -> Stop {
    Stop::Trap(format!("called with {count} arguments; check the import's type first"))
}

pub(super) use function;

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

/// Every function, in the order of the specification.
pub const FUNCTIONS: [WasiFunction; 46] = [
    function!(args::args_get(argv: I32, argv_buf: I32)),
    function!(args::args_sizes_get(argc: I32, argv_buf_size: I32)),
    function!(args::environ_get(environ: I32, environ_buf: I32)),
    function!(args::environ_sizes_get(count: I32, buf_size: I32)),
    function!(clock::clock_res_get(id: I32, resolution: I32)),
    function!(clock::clock_time_get(id: I32, precision: I64, time: I32)),
    function!(fd::fd_advise(fd: I32, offset: I64, len: I64, advice: I32)),
    function!(fd::fd_allocate(fd: I32, offset: I64, len: I64)),
    function!(fd::fd_close(fd: I32)),
    function!(fd::fd_datasync(fd: I32)),
    function!(fd::fd_fdstat_get(fd: I32, stat: I32)),
    function!(fd::fd_fdstat_set_flags(fd: I32, flags: I32)),
    function!(fd::fd_fdstat_set_rights(fd: I32, base: I64, inheriting: I64)),
    function!(stat::fd_filestat_get(fd: I32, buf: I32)),
    function!(stat::fd_filestat_set_size(fd: I32, size: I64)),
    function!(stat::fd_filestat_set_times(fd: I32, atim: I64, mtim: I64, fst_flags: I32)),
    function!(io::fd_pread(fd: I32, iovs: I32, iovs_len: I32, offset: I64, nread: I32)),
    function!(fd::fd_prestat_get(fd: I32, prestat: I32)),
    function!(fd::fd_prestat_dir_name(fd: I32, path: I32, path_len: I32)),
    function!(io::fd_pwrite(fd: I32, iovs: I32, iovs_len: I32, offset: I64, nwritten: I32)),
    function!(io::fd_read(fd: I32, iovs: I32, iovs_len: I32, nread: I32)),
    function!(dir::fd_readdir(fd: I32, buf: I32, buf_len: I32, cookie: I64, used: I32)),
    function!(fd::fd_renumber(from: I32, to: I32)),
    function!(io::fd_seek(fd: I32, offset: I64, whence: I32, new_offset: I32)),
    function!(fd::fd_sync(fd: I32)),
    function!(io::fd_tell(fd: I32, offset: I32)),
    function!(io::fd_write(fd: I32, iovs: I32, iovs_len: I32, nwritten: I32)),
    function!(path::path_create_directory(fd: I32, path: I32, path_len: I32)),
    function!(path::path_filestat_get(fd: I32, lookup: I32, path: I32, path_len: I32, buf: I32)),
    function!(path::path_filestat_set_times(
        fd: I32, lookup: I32, path: I32, path_len: I32, atim: I64, mtim: I64, fst_flags: I32
    )),
    function!(path::path_link(
        old_fd: I32, old_lookup: I32, old_path: I32, old_path_len: I32,
        new_fd: I32, new_path: I32, new_path_len: I32
    )),
    function!(open::path_open(
        fd: I32, dirflags: I32, path: I32, path_len: I32, oflags: I32,
        rights_base: I64, rights_inheriting: I64, fdflags: I32, opened: I32
    )),
    function!(path::path_readlink(
        fd: I32, path: I32, path_len: I32, buf: I32, buf_len: I32, used: I32
    )),
    function!(path::path_remove_directory(fd: I32, path: I32, path_len: I32)),
    function!(path::path_rename(
        old_fd: I32, old_path: I32, old_path_len: I32, new_fd: I32, new_path: I32, new_path_len: I32
    )),
    function!(path::path_symlink(
        target: I32, target_len: I32, fd: I32, path: I32, path_len: I32
    )),
    function!(path::path_unlink_file(fd: I32, path: I32, path_len: I32)),
    function!(poll::poll_oneoff(subscriptions: I32, events: I32, count: I32, occurred: I32)),
    function!("proc_exit", [], proc::proc_exit(code: I32)),
    function!(proc::proc_raise(signal: I32)),
    function!(proc::sched_yield()),
    function!(random::random_get(buf: I32, len: I32)),
    function!(sock::sock_accept(fd: I32, flags: I32, accepted: I32)),
    function!(sock::sock_recv(
        fd: I32, ri_data: I32, ri_data_len: I32, ri_flags: I32, ro_datalen: I32, ro_flags: I32
    )),
    function!(sock::sock_send(
        fd: I32, si_data: I32, si_data_len: I32, si_flags: I32, so_datalen: I32
    )),
    function!(sock::sock_shutdown(fd: I32, how: I32)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::{Errno, WasiCtxBuilder};

    /// Guest input never panics: every function with extreme arguments.
    #[test]
    fn extreme_arguments() {
        let extremes = [0, 1, 7, 8, 63, 64, 0x7fff_ffff, 0xffff_fff8, u64::MAX];
        for function in &FUNCTIONS {
            for value in extremes {
                for memory_len in [0, 64] {
                    let mut ctx = WasiCtxBuilder::new().arg("a").env("B", "c").build();
                    let mut bytes = vec![0xff; memory_len];
                    let mut memory = GuestMemory::new(&mut bytes);
                    let args = vec![value; function.params.len()];
                    (function.call)(&mut ctx, &mut memory, &args);
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
            let mut memory = GuestMemory::new(&mut bytes);
            let outcome = (function.call)(&mut ctx, &mut memory, &args);
            returned += u32::from(matches!(outcome, Outcome::Return(Errno::Success)));
        }
        assert!(returned > 1000, "only {returned} calls succeeded");
    }

    #[test]
    fn argument_counts_are_checked() {
        let mut ctx = WasiCtxBuilder::new().build();
        let mut memory = GuestMemory::new(&mut []);
        for function in &FUNCTIONS {
            let args = vec![0; function.params.len() + 1];
            let outcome = (function.call)(&mut ctx, &mut memory, &args);
            assert!(matches!(outcome, Outcome::Trap(_)), "{}", function.name);
        }
    }

    #[test]
    fn names_and_results() {
        let names: std::collections::HashSet<_> =
            FUNCTIONS.iter().map(|function| function.name).collect();
        assert_eq!(names.len(), 46);
        for function in &FUNCTIONS {
            let expected: &[ValType] = match function.name {
                "proc_exit" => &[],
                _ => &[ValType::I32],
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
        let mut memory = GuestMemory::new(&mut []);
        let exit = FUNCTIONS.iter().find(|f| f.name == "proc_exit").unwrap();
        let mut call = |code| (exit.call)(&mut ctx, &mut memory, &[code]);
        assert_eq!(call(0), Outcome::Exit(0));
        assert_eq!(call(125), Outcome::Exit(125));
        assert!(matches!(call(126), Outcome::Trap(_)));
        // Only the low 32 bits count.
        assert_eq!(call(0xffff_ffff_0000_0003), Outcome::Exit(3));
        let raise = FUNCTIONS.iter().find(|f| f.name == "proc_raise").unwrap();
        let outcome = (raise.call)(&mut ctx, &mut memory, &[9]);
        assert_eq!(outcome, Outcome::Return(Errno::Notsup));
    }
}
