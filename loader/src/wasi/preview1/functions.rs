//! The functions of `wasi_snapshot_preview1`.
//!
//! To add a function: write it in the module of its subject, with a `u32` for
//! each `i32` parameter and a `u64` for each `i64`, and add its line here.

use super::{args, clock, dir, fd, io, open, path, poll, proc, random, sock, stat};
use crate::wasi::preview1::function::{WasiFunction, function};

/// The module name under which guests import [`FUNCTIONS`].
pub const MODULE: &str = "wasi_snapshot_preview1";

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
