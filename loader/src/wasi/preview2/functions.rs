//! All functions and resource types of WASI 0.2 that there are here.
//!
//! A new function: a row in its interface, and the function in the file of its
//! subject. Its Rust types must be those of the WIT, or linking says that they
//! are not.

use super::entries::EntryStream;
use super::files::FileDescriptor;
use super::function::{Preview2Function, Preview2Resource, invoke, matches};
use super::input::InputStream;
use super::io::{IoError, Pollable};
use super::output::OutputStream;
use super::{cli, clocks, entries, files, input, io, output, paths, random};
use crate::wasi::host::context::WasiCtx;
use std::any::TypeId;

macro_rules! functions {
    ($($interface:literal { $($name:literal => $function:path,)* })*) => {
        &[$($(Preview2Function {
            interface: $interface,
            name: $name,
            call: |guest, params, results| invoke(guest, params, results, $function),
            is: |known, ty| matches(known, ty, $function),
        },)*)*]
    };
}

/// The functions, by interface.
pub(crate) const FUNCTIONS: &[Preview2Function] = functions! {
    "wasi:io/error" {
        "[method]error.to-debug-string" => io::to_debug_string,
    }
    "wasi:io/poll" {
        "[method]pollable.ready" => io::ready,
        "[method]pollable.block" => io::block,
        "poll" => io::poll,
    }
    "wasi:io/streams" {
        "[method]input-stream.read" => input::read,
        "[method]input-stream.blocking-read" => input::blocking_read,
        "[method]input-stream.skip" => input::skip,
        "[method]input-stream.blocking-skip" => input::blocking_skip,
        "[method]input-stream.subscribe" => input::subscribe,
        "[method]output-stream.check-write" => output::check_write,
        "[method]output-stream.write" => output::write,
        "[method]output-stream.blocking-write-and-flush" => output::blocking_write_and_flush,
        "[method]output-stream.flush" => output::flush,
        "[method]output-stream.blocking-flush" => output::flush,
        "[method]output-stream.subscribe" => output::subscribe,
        "[method]output-stream.write-zeroes" => output::write_zeroes,
        "[method]output-stream.blocking-write-zeroes-and-flush" =>
            output::blocking_write_zeroes_and_flush,
        "[method]output-stream.splice" => output::splice,
        "[method]output-stream.blocking-splice" => output::blocking_splice,
    }
    "wasi:clocks/monotonic-clock" {
        "now" => clocks::monotonic_now,
        "resolution" => clocks::monotonic_resolution,
        "subscribe-instant" => clocks::subscribe_instant,
        "subscribe-duration" => clocks::subscribe_duration,
    }
    "wasi:clocks/wall-clock" {
        "now" => clocks::wall_now,
        "resolution" => clocks::wall_resolution,
    }
    "wasi:random/random" {
        "get-random-bytes" => random::bytes,
        "get-random-u64" => random::number,
    }
    "wasi:random/insecure" {
        "get-insecure-random-bytes" => random::bytes,
        "get-insecure-random-u64" => random::number,
    }
    "wasi:random/insecure-seed" {
        "insecure-seed" => random::seed,
    }
    "wasi:cli/environment" {
        "get-environment" => cli::get_environment,
        "get-arguments" => cli::get_arguments,
        "initial-cwd" => cli::initial_cwd,
    }
    "wasi:cli/exit" {
        "exit" => cli::exit,
        "exit-with-code" => cli::exit_with_code,
    }
    "wasi:cli/stdin" {
        "get-stdin" => cli::get_stdin,
    }
    "wasi:cli/stdout" {
        "get-stdout" => cli::get_stdout,
    }
    "wasi:cli/stderr" {
        "get-stderr" => cli::get_stderr,
    }
    "wasi:cli/terminal-stdin" {
        "get-terminal-stdin" => cli::get_terminal_stdin,
    }
    "wasi:cli/terminal-stdout" {
        "get-terminal-stdout" => cli::get_terminal_stdout,
    }
    "wasi:cli/terminal-stderr" {
        "get-terminal-stderr" => cli::get_terminal_stderr,
    }
    "wasi:filesystem/types" {
        "[method]descriptor.read-via-stream" => files::read_via_stream,
        "[method]descriptor.write-via-stream" => files::write_via_stream,
        "[method]descriptor.append-via-stream" => files::append_via_stream,
        "[method]descriptor.advise" => files::advise,
        "[method]descriptor.sync-data" => files::sync_data,
        "[method]descriptor.get-flags" => files::get_flags,
        "[method]descriptor.get-type" => files::get_type,
        "[method]descriptor.set-size" => files::set_size,
        "[method]descriptor.set-times" => files::set_times,
        "[method]descriptor.read" => files::read,
        "[method]descriptor.write" => files::write,
        "[method]descriptor.read-directory" => entries::read_directory,
        "[method]descriptor.sync" => files::sync,
        "[method]descriptor.create-directory-at" => paths::create_directory_at,
        "[method]descriptor.stat" => files::stat,
        "[method]descriptor.stat-at" => paths::stat_at,
        "[method]descriptor.set-times-at" => paths::set_times_at,
        "[method]descriptor.link-at" => paths::link_at,
        "[method]descriptor.open-at" => paths::open_at,
        "[method]descriptor.readlink-at" => paths::readlink_at,
        "[method]descriptor.remove-directory-at" => paths::remove_directory_at,
        "[method]descriptor.rename-at" => paths::rename_at,
        "[method]descriptor.symlink-at" => paths::symlink_at,
        "[method]descriptor.unlink-file-at" => paths::unlink_file_at,
        "[method]descriptor.is-same-object" => files::is_same_object,
        "[method]descriptor.metadata-hash" => files::metadata_hash,
        "[method]descriptor.metadata-hash-at" => paths::metadata_hash_at,
        "[method]directory-entry-stream.read-directory-entry" => entries::read_directory_entry,
        "filesystem-error-code" => files::filesystem_error_code,
    }
    "wasi:filesystem/preopens" {
        "get-directories" => files::get_directories,
    }
};

/// The resource types.
pub(crate) const RESOURCES: &[Preview2Resource] = &[
    resource::<IoError>("wasi:io/error", "error", forget::<IoError>),
    resource::<Pollable>("wasi:io/poll", "pollable", Pollable::drop),
    resource::<InputStream>("wasi:io/streams", "input-stream", InputStream::drop),
    resource::<OutputStream>("wasi:io/streams", "output-stream", OutputStream::drop),
    resource::<cli::TerminalInput>(
        "wasi:cli/terminal-input",
        "terminal-input",
        forget::<cli::TerminalInput>,
    ),
    resource::<cli::TerminalOutput>(
        "wasi:cli/terminal-output",
        "terminal-output",
        forget::<cli::TerminalOutput>,
    ),
    resource::<FileDescriptor>("wasi:filesystem/types", "descriptor", FileDescriptor::drop),
    resource::<EntryStream>(
        "wasi:filesystem/types",
        "directory-entry-stream",
        forget::<EntryStream>,
    ),
];

const fn resource<R: 'static>(
    interface: &'static str,
    name: &'static str,
    drop: fn(&mut WasiCtx, u32),
) -> Preview2Resource {
    Preview2Resource { interface, name, ty: TypeId::of::<R>, drop }
}

/// Drops what uses nothing else.
fn forget<R: Send + 'static>(ctx: &mut WasiCtx, rep: u32) {
    let _ = ctx.resources.remove::<R>(rep);
}
