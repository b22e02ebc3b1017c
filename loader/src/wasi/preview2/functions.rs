//! All functions and resource types of WASI 0.2 that there are here.
//!
//! A new function: a row in its interface, and the function in the file of its
//! subject. Its Rust types must be those of the WIT, or linking says that they
//! are not.

use super::datagrams::{IncomingDatagrams, OutgoingDatagrams};
use super::entries::EntryStream;
use super::files::FileDescriptor;
use super::function::{Preview2Function, Preview2Resource, check, invoke};
use super::input::InputStream;
use super::io::{IoError, Pollable};
use super::lookup::AddressStream;
use super::network::Network;
use super::output::OutputStream;
use super::tcp::TcpSocket;
use super::udp::UdpSocket;
use super::{
    cli, clocks, connections, datagrams, entries, files, input, io, lookup, network, output, paths,
    random, tcp, udp,
};
use crate::wasi::host::context::WasiCtx;
use std::any::TypeId;

macro_rules! functions {
    ($($interface:literal { $($name:literal => $function:path,)* })*) => {
        &[$($(Preview2Function {
            interface: $interface,
            name: $name,
            call: |guest, params, results| invoke(guest, params, results, $function),
            check: |known, ty| check(known, ty, $function),
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
        "get-directories" => paths::get_directories,
    }
    "wasi:sockets/network" {
        "network-error-code" => network::network_error_code,
    }
    "wasi:sockets/instance-network" {
        "instance-network" => network::instance_network,
    }
    "wasi:sockets/ip-name-lookup" {
        "resolve-addresses" => lookup::resolve_addresses,
        "[method]resolve-address-stream.resolve-next-address" => lookup::resolve_next_address,
        "[method]resolve-address-stream.subscribe" => lookup::subscribe_addresses,
    }
    "wasi:sockets/tcp-create-socket" {
        "create-tcp-socket" => tcp::create_tcp_socket,
    }
    "wasi:sockets/tcp" {
        "[method]tcp-socket.start-bind" => connections::start_bind,
        "[method]tcp-socket.finish-bind" => connections::finish_bind,
        "[method]tcp-socket.start-connect" => connections::start_connect,
        "[method]tcp-socket.finish-connect" => connections::finish_connect,
        "[method]tcp-socket.start-listen" => connections::start_listen,
        "[method]tcp-socket.finish-listen" => connections::finish_listen,
        "[method]tcp-socket.accept" => connections::accept,
        "[method]tcp-socket.local-address" => connections::local_address,
        "[method]tcp-socket.remote-address" => connections::remote_address,
        "[method]tcp-socket.is-listening" => connections::is_listening,
        "[method]tcp-socket.address-family" => tcp::address_family,
        "[method]tcp-socket.set-listen-backlog-size" => connections::set_listen_backlog_size,
        "[method]tcp-socket.keep-alive-enabled" => tcp::keep_alive_enabled,
        "[method]tcp-socket.set-keep-alive-enabled" => tcp::set_keep_alive_enabled,
        "[method]tcp-socket.keep-alive-idle-time" => tcp::keep_alive_idle_time,
        "[method]tcp-socket.set-keep-alive-idle-time" => tcp::set_keep_alive_idle_time,
        "[method]tcp-socket.keep-alive-interval" => tcp::keep_alive_interval,
        "[method]tcp-socket.set-keep-alive-interval" => tcp::set_keep_alive_interval,
        "[method]tcp-socket.keep-alive-count" => tcp::keep_alive_count,
        "[method]tcp-socket.set-keep-alive-count" => tcp::set_keep_alive_count,
        "[method]tcp-socket.hop-limit" => tcp::hop_limit,
        "[method]tcp-socket.set-hop-limit" => tcp::set_hop_limit,
        "[method]tcp-socket.receive-buffer-size" => tcp::receive_buffer_size,
        "[method]tcp-socket.set-receive-buffer-size" => tcp::set_receive_buffer_size,
        "[method]tcp-socket.send-buffer-size" => tcp::send_buffer_size,
        "[method]tcp-socket.set-send-buffer-size" => tcp::set_send_buffer_size,
        "[method]tcp-socket.subscribe" => connections::subscribe,
        "[method]tcp-socket.shutdown" => connections::shutdown,
    }
    "wasi:sockets/udp-create-socket" {
        "create-udp-socket" => udp::create_udp_socket,
    }
    "wasi:sockets/udp" {
        "[method]udp-socket.start-bind" => datagrams::start_bind,
        "[method]udp-socket.finish-bind" => datagrams::finish_bind,
        "[method]udp-socket.stream" => datagrams::stream,
        "[method]udp-socket.local-address" => datagrams::local_address,
        "[method]udp-socket.remote-address" => datagrams::remote_address,
        "[method]udp-socket.address-family" => udp::address_family,
        "[method]udp-socket.unicast-hop-limit" => udp::unicast_hop_limit,
        "[method]udp-socket.set-unicast-hop-limit" => udp::set_unicast_hop_limit,
        "[method]udp-socket.receive-buffer-size" => udp::receive_buffer_size,
        "[method]udp-socket.set-receive-buffer-size" => udp::set_receive_buffer_size,
        "[method]udp-socket.send-buffer-size" => udp::send_buffer_size,
        "[method]udp-socket.set-send-buffer-size" => udp::set_send_buffer_size,
        "[method]udp-socket.subscribe" => datagrams::subscribe,
        "[method]incoming-datagram-stream.receive" => datagrams::receive,
        "[method]incoming-datagram-stream.subscribe" => datagrams::subscribe_incoming,
        "[method]outgoing-datagram-stream.check-send" => datagrams::check_send,
        "[method]outgoing-datagram-stream.send" => datagrams::send,
        "[method]outgoing-datagram-stream.subscribe" => datagrams::subscribe_outgoing,
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
    resource::<Network>("wasi:sockets/network", "network", forget::<Network>),
    resource::<AddressStream>(
        "wasi:sockets/ip-name-lookup",
        "resolve-address-stream",
        AddressStream::drop,
    ),
    resource::<TcpSocket>("wasi:sockets/tcp", "tcp-socket", TcpSocket::drop),
    resource::<UdpSocket>("wasi:sockets/udp", "udp-socket", UdpSocket::drop),
    resource::<IncomingDatagrams>(
        "wasi:sockets/udp",
        "incoming-datagram-stream",
        IncomingDatagrams::drop,
    ),
    resource::<OutgoingDatagrams>(
        "wasi:sockets/udp",
        "outgoing-datagram-stream",
        OutgoingDatagrams::drop,
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
